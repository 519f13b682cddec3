import { elementOf, type Field, isAny, membersOf, type ObjectShape, type Shape, settled } from './shape.ts';

/** Longer lists of fields or values are cut, so that a message stays a line. */
const MOST_SHOWN = 6;

/** A shape in words: `text`, `"low" | "high"`, `a list of { file, line }`, `a whole number or null`. */
export function printShape(shape: Shape): string {
  const whole = settled(shape);
  if (whole.type !== 'union') return printOne(whole, true);
  const members = membersOf(whole);
  if (members.every((one) => one.type === 'null')) return 'null';
  if (isAny(whole)) return members.some((one) => one.type === 'null') ? 'any value, or null' : 'any value';
  const objects = members.filter((one) => one.type === 'object');
  const shown = members
    .filter((one) => one.type !== 'null' && (one.type !== 'object' || objects.length <= 3))
    .map((one) => printOne(one, true));
  if (objects.length > 3) shown.unshift(`one of ${objects.length} kinds of object`);
  if (members.some((one) => one.type === 'null')) shown.push('null');
  return [...new Set(shown)].join(' or ');
}

/** What sort of value it is, in a word or two, without saying what is in it: `an object`, `a list`, `text`. */
export function printSort(shape: Shape): string {
  const names = new Set(membersOf(shape).map(sortOf));
  return [...names].join(' or ');
}

function sortOf(shape: Shape): string {
  switch (shape.type) {
    case 'string':
      return 'text';
    case 'number':
      return shape.integer ? 'a whole number' : 'a number';
    case 'boolean':
      return 'true or false';
    case 'null':
      return 'null';
    case 'list':
      return 'a list';
    case 'object':
      return 'an object';
    default:
      return 'any value';
  }
}

function printOne(shape: Shape, deep: boolean): string {
  switch (shape.type) {
    case 'any':
      return 'any value';
    case 'never':
      return 'nothing';
    case 'null':
      return 'null';
    case 'boolean':
      return shape.value === undefined ? 'true or false' : String(shape.value);
    case 'number':
      if (shape.values !== undefined) return cut(shape.values.map(String), ' | ');
      return `${shape.integer ? 'a whole number' : 'a number'}${range(shape)}`;
    case 'string':
      return shape.values === undefined
        ? 'text'
        : cut(
            shape.values.map((value) => JSON.stringify(value)),
            ' | ',
          );
    case 'list': {
      const element = elementOf(shape);
      if (element.type === 'never') return 'an empty list';
      return isAny(element) ? 'a list' : `a list of ${deep ? plural(element) : 'values'}`;
    }
    case 'object':
      return printObject(shape);
    case 'ref':
      return shape.name;
    case 'union':
      return printShape(shape);
  }
}

function range(shape: Shape & { type: 'number' }): string {
  if (shape.min !== undefined && shape.max !== undefined) return ` ${shape.min}..${shape.max}`;
  if (shape.min !== undefined) return ` of at least ${shape.min}`;
  return shape.max === undefined ? '' : ` of at most ${shape.max}`;
}

function plural(shape: Shape): string {
  const one = settled(shape);
  switch (one.type) {
    case 'string':
      return one.values === undefined ? 'texts' : printOne(one, false);
    case 'number':
      return one.values !== undefined ? printOne(one, false) : one.integer ? 'whole numbers' : 'numbers';
    case 'boolean':
      return 'true or false';
    case 'list':
      return 'lists';
    case 'union':
      return `(${printShape(one)})`;
    default:
      return printOne(one, false);
  }
}

function printObject(shape: ObjectShape): string {
  if (shape.fields.size === 0) return shape.exact && shape.rest === undefined ? 'an empty object' : 'an object';
  const names = [...shape.fields].map(([name, field]: [string, Field]) => (field.required ? name : `${name}?`));
  const shown = names.slice(0, MOST_SHOWN);
  if (names.length > MOST_SHOWN || shape.rest !== undefined) shown.push('…');
  return `{ ${shown.join(', ')} }`;
}

function cut(texts: readonly string[], between: string): string {
  const shown = texts.slice(0, MOST_SHOWN);
  return texts.length > MOST_SHOWN ? `${shown.join(between)}${between}…` : shown.join(between);
}
