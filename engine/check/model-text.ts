import type { NodeId } from '../base/ids.ts';
import type { NodeDecl } from '../contracts/workflow.ts';
import { type Carried, carriedBy } from '../lang/carried.ts';
import type { FieldReading } from '../lang/readings.ts';
import { typesOf } from '../lang/scope-shape.ts';
import { ANY, elementOf, fieldOf, isFree, membersOf, type Shape, union } from '../lang/shape.ts';
import type { CheckInput } from './rule.ts';

/** Follows what a field reads back to the models that wrote it. */
export interface ModelText {
  /** The nodes a text has come through, from the model that wrote it to the one that is read; undefined when no model is free to choose it. */
  wayOf(read: Pick<Carried, 'path'>, reader: NodeDecl): readonly NodeId[] | undefined;
}

/** Follows values through `set`, `result`, fan-outs and stand-ins for failures. Programs, servers and people answer for what they give. */
export function modelText({ workflow, kinds, references }: CheckInput): ModelText {
  const types = typesOf(workflow, kinds);
  const kindOf = new Map(kinds.map((kind) => [kind.kind, kind]));
  const readings = new Map<NodeDecl, FieldReading[]>();
  for (const reading of references) {
    if (reading.node === undefined) continue;
    const own = readings.get(reading.node);
    if (own === undefined) readings.set(reading.node, [reading]);
    else own.push(reading);
  }
  return { wayOf: ({ path }, reader) => wayTo(path, reader, new Set()) };

  function wayTo(path: readonly string[], reader: NodeDecl, open: ReadonlySet<string>): readonly NodeId[] | undefined {
    const [root, id = '', property, ...steps] = path;
    if (root === 'nodes') {
      const node = workflow.nodes.get(id as NodeId);
      if (node === undefined) return undefined;
      if (property === 'output') return wayToOutput(node, steps, open);
      if (property !== 'items') return undefined;
      if (steps[1] === 'item') return wayToItem(node, steps.slice(2), open);
      return steps[1] === undefined || steps[1] === 'output' ? wayToOutput(node, ['[]', ...steps.slice(2)], open) : undefined;
    }
    if (root !== undefined && root === reader.foreach?.as) return wayToItem(reader, path.slice(1), open);
    return root === 'output' ? wayToTask(reader, path.slice(1), open) : undefined;
  }

  function wayToOutput(node: NodeDecl, steps: readonly string[], before: ReadonlySet<string>): readonly NodeId[] | undefined {
    const key = `${node.path.join('/')} ${steps.join('.')}`;
    if (before.has(key) || !mayHoldFreeText(partAt(types.seenOf(node.id), steps))) return undefined;
    const open = new Set(before).add(key);
    const own = node.foreach === undefined ? steps : steps.slice(1);
    const { onError } = node;
    if (fieldsOf(node, 'result').length === 0 && kindOf.get(node.kind)?.callsModel === true) return [node.id];
    const way = wayThrough(node, 'result', own, open) ?? (fieldsOf(node, 'result').length === 0 ? wayToTask(node, own, open) : undefined);
    if (way !== undefined) return way;
    return onError.action === 'value' ? wayThrough(node, 'on_error', own, open) : undefined;
  }

  /** What one task gives, before `result`. */
  function wayToTask(node: NodeDecl, steps: readonly string[], open: ReadonlySet<string>): readonly NodeId[] | undefined {
    const { onError } = node;
    for (const name of [node.kind, ...(onError.action === 'fallback' ? [onError.kind] : [])]) {
      const kind = kindOf.get(name);
      if (kind?.callsModel) return [node.id];
      const way = kind?.outputField === undefined ? undefined : wayThrough(node, kind.outputField, steps, open);
      if (way !== undefined) return way;
    }
    return undefined;
  }

  function wayToItem(node: NodeDecl, steps: readonly string[], open: ReadonlySet<string>): readonly NodeId[] | undefined {
    for (const reading of fieldsOf(node, 'foreach')) {
      for (const one of carriedBy(reading, ['[]', ...steps])) {
        const way = wayTo(one.path, node, open);
        if (way !== undefined) return way;
      }
    }
    return undefined;
  }

  /** Through a field of a node, which is on the way then. */
  function wayThrough(node: NodeDecl, field: string, steps: readonly string[], open: ReadonlySet<string>): readonly NodeId[] | undefined {
    for (const reading of fieldsOf(node, field)) {
      for (const one of carriedBy(reading, steps)) {
        const way = wayTo(one.path, node, open);
        if (way !== undefined) return way.at(-1) === node.id ? way : [...way, node.id];
      }
    }
    return undefined;
  }

  function fieldsOf(node: NodeDecl, field: string): readonly FieldReading[] {
    return (readings.get(node) ?? []).filter((reading) => reading.field === field && reading.holds === 'expression');
  }
}

/** What a path leads to, as far as it is known. */
function partAt(whole: Shape, steps: readonly string[]): Shape {
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
function mayHoldFreeText(shape: Shape, depth = 0): boolean {
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
