import type { NodeDecl, Workflow } from '../contracts/workflow.ts';
import { type Carried, carriedBy } from '../lang/carried.ts';
import { innerNodes, type Local, nodeNamed } from '../lang/frames.ts';
import { type FieldReading, readingsOf } from '../lang/readings.ts';
import { typesOf } from '../lang/scope-shape.ts';
import { ANY, elementOf, fieldOf, isFree, membersOf, type Shape, union } from '../lang/shape.ts';
import type { CheckInput } from './rule.ts';

/** Follows what a field reads back to the models that wrote it. */
export interface ModelText {
  /** The nodes a text has come through, from the model that wrote it to the one that is read; undefined when no model is free to choose it. */
  wayOf(read: Pick<Carried, 'path'>, from: FieldReading): readonly NodeDecl[] | undefined;
}

type Steps = readonly string[];
type Way = readonly NodeDecl[] | undefined;
/** What is being followed: a loop leads back to itself. */
type Open = ReadonlySet<string>;

/** Follows values through `set`, `result`, fan-outs, groups, routes, loops and stand-ins for failures. Programs, servers and people answer for what they give. */
export function modelText({ workflow, kinds, references }: Pick<CheckInput, 'workflow' | 'kinds' | 'references'>): ModelText {
  const types = typesOf(workflow, kinds);
  const kindOf = new Map(kinds.map((kind) => [kind.kind, kind]));
  const readings = new Map<NodeDecl, FieldReading[]>();
  for (const reading of references) {
    if (reading.node === undefined) continue;
    const own = readings.get(reading.node);
    if (own === undefined) readings.set(reading.node, [reading]);
    else own.push(reading);
  }
  return { wayOf: ({ path }, from) => wayTo(path, from, new Set()) };

  function wayTo(path: Steps, from: FieldReading, open: Open): Way {
    const [root = '', id = '', property, ...steps] = path;
    if (root !== 'nodes') {
      const local = from.names.get(root);
      return local === undefined ? undefined : wayToLocal(local, path.slice(1), from, open);
    }
    const node = nodeNamed(from.frame, id)?.node;
    if (node === undefined) return undefined;
    if (property === 'output') return wayToOutput(node, steps, open);
    if (property !== 'items') return undefined;
    if (steps[1] === 'item') return wayThrough(node, ['foreach'], ['[]', ...steps.slice(2)], open);
    return steps[1] === undefined || steps[1] === 'output' ? wayToOutput(node, ['[]', ...steps.slice(2)], open) : undefined;
  }

  function wayToLocal({ type, of }: Local, steps: Steps, from: FieldReading, open: Open): Way {
    switch (type) {
      case 'item':
        return onWay(of, wayThrough(of, ['foreach'], ['[]', ...steps], open), false);
      case 'previous':
        return once(of, 'previous', steps, open, (inner) => wayToOne(of, steps, inner));
      case 'carry':
        return wayToCarry(of, steps, open);
      case 'loop':
        if (steps[0] === 'carry') return wayToCarry(of, steps.slice(1), open);
        return steps[0] === 'previous' ? wayToLocal({ type: 'previous', of }, steps.slice(1), from, open) : undefined;
      case 'candidate':
        return wayToTask(of, steps, open);
      case 'candidates':
        return wayToTask(of, steps.slice(1), open);
      case 'evaluation':
        return of.body?.type === 'evaluate' ? wayToOne(of.body.judge, steps, open) : undefined;
      case 'output':
        return from.field.startsWith('repeat.') ? wayToOne(of, steps, open) : wayToTask(of, steps, open);
      default:
        return undefined;
    }
  }

  function wayToCarry(node: NodeDecl, [name, ...steps]: Steps, open: Open): Way {
    const fold = name === undefined ? undefined : node.repeat?.carry.get(name);
    const own = fieldsOf(node, ['repeat.carry.first', 'repeat.carry.next']).filter(({ path }) =>
      fold?.path.every((step, at) => step === path[at]),
    );
    return once(node, `carry.${name}`, steps, open, (inner) => through(own, steps, inner));
  }

  function wayToOutput(node: NodeDecl, steps: Steps, open: Open): Way {
    if (!mayHoldFreeText(partAt(types.seenOf(node), steps))) return undefined;
    return once(node, 'output', steps, open, (inner) =>
      onWay(node, wayToOne(node, node.foreach === undefined ? steps : steps.slice(1), inner)),
    );
  }

  /** What one task gives in the end. */
  function wayToOne(node: NodeDecl, steps: Steps, open: Open): Way {
    const adapted = fieldsOf(node, ['result']);
    const way = adapted.length > 0 ? through(adapted, steps, open) : wayToTask(node, steps, open);
    if (way !== undefined) return way;
    return node.onError.action === 'value' ? wayThrough(node, ['on_error'], steps, open) : undefined;
  }

  /** What one task gives, before `result`. */
  function wayToTask(node: NodeDecl, steps: Steps, open: Open): Way {
    if (!mayHoldFreeText(partAt(types.taskOf(node), steps))) return undefined;
    const { body, onError } = node;
    if (body?.type === 'group') {
      const [id, ...inner] = steps;
      for (const one of body.nodes.values()) {
        const way = id === undefined || id === '[]' || id === one.id ? wayToOutput(one, inner, open) : undefined;
        if (way !== undefined) return way;
      }
    } else if (body !== undefined && body.type !== 'workflow') {
      for (const part of innerNodes(node)) {
        const makes = body.type === 'route' || part !== body.judge;
        const way = makes ? wayToOne(part, steps, open) : undefined;
        // The parts of a node have no name of their own.
        if (way !== undefined) return way.map((one) => (one === part ? node : one));
      }
    } else if (body?.type === 'workflow') {
      return body.workflow !== undefined && wayInChild(body.workflow, steps, kinds) ? [node] : undefined;
    }
    for (const name of [...(body === undefined ? [node.kind] : []), ...(onError.action === 'fallback' ? [onError.kind] : [])]) {
      const kind = kindOf.get(name);
      if (kind?.callsModel) return [node];
      const way = kind?.outputField === undefined ? undefined : wayThrough(node, [kind.outputField], steps, open);
      if (way !== undefined) return way;
    }
    return undefined;
  }

  function wayThrough(node: NodeDecl, fields: readonly string[], steps: Steps, open: Open): Way {
    return through(fieldsOf(node, fields), steps, open);
  }

  function through(own: readonly FieldReading[], steps: Steps, open: Open): Way {
    for (const reading of own) {
      for (const one of carriedBy(reading, steps)) {
        const way = wayTo(one.path, reading, open);
        if (way !== undefined) return way;
      }
    }
    return undefined;
  }

  function fieldsOf(node: NodeDecl, fields: readonly string[]): readonly FieldReading[] {
    return (readings.get(node) ?? []).filter(({ field, holds }) => fields.includes(field) && holds === 'expression');
  }
}

function once(node: NodeDecl, what: string, steps: Steps, open: Open, follow: (open: Open) => Way): Way {
  // A loop that puts one thing into another leads ever deeper.
  const key = `${node.path.join('/')} ${what} ${steps.join('.')}`;
  return open.has(key) || steps.length > 20 ? undefined : follow(new Set(open).add(key));
}

/** A way that leads to a node as well. */
function onWay(node: NodeDecl, way: Way, own = true): Way {
  return way === undefined || !own || way.at(-1) === node ? way : [...way, node];
}

/** True when an output of another file, or a part of it, is text a model of that file is free to choose. */
function wayInChild(child: Workflow, [name, ...steps]: Steps, kinds: CheckInput['kinds']): boolean {
  const references = readingsOf(child, kinds);
  const text = modelText({ workflow: child, kinds, references });
  return references.some(
    (reading) =>
      reading.place === 'file' &&
      (name === undefined || name === '[]' || reading.field === name) &&
      carriedBy(reading, steps).some((one) => text.wayOf(one, reading) !== undefined),
  );
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
