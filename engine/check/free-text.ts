import { ANY, elementOf, fieldOf, isFree, membersOf, type Shape, union } from '../lang/shape.ts';

/** What a path leads to, as far as it is known. */
export function partAt(whole: Shape, steps: readonly string[]): Shape {
  let shape = whole;
  for (const step of steps) {
    const members = membersOf(shape);
    if (step === '[]') {
      const parts = members.flatMap((one): readonly Shape[] => {
        if (one.type === 'list') return [elementOf(one)];
        if (one.type !== 'object') return one.type === 'any' ? [ANY] : [];
        return [...[...one.fields.values()].map((field) => field.shape), ...(one.rest === undefined ? [] : [one.rest])];
      });
      shape = union(...parts);
    } else {
      const found = fieldOf(shape, step);
      shape = 'shape' in found && found.found !== 'no_object' ? found.shape : ANY;
    }
  }
  return shape;
}

/** True when some text in it may say anything. */
export function mayHoldFreeText(shape: Shape, depth = 0): boolean {
  if (depth > 12) return true;
  return membersOf(shape).some((one) => {
    switch (one.type) {
      case 'any':
        return true;
      case 'string':
        return isFree(one);
      case 'list':
        return mayHoldFreeText(elementOf(one), depth + 1);
      case 'object':
        return (
          [...one.fields.values()].some((field) => mayHoldFreeText(field.shape, depth + 1)) ||
          (one.rest !== undefined && mayHoldFreeText(one.rest, depth + 1))
        );
      default:
        return false;
    }
  });
}
