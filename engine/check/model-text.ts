import type { NodeKind } from '../contracts/node-kind.ts';
import type { Path, Span } from '../contracts/source.ts';
import type { OwnToolDecl } from '../contracts/tool.ts';
import type { NodeDecl, SubWorkflowDecl, Workflow } from '../contracts/workflow.ts';
import { type Carried, carriedBy } from '../lang/carried.ts';
import { allNodes, authorsNode, innerNodes, type Local, nodeNamed } from '../lang/frames.ts';
import { type FieldReading, readingsOf } from '../lang/readings.ts';
import { shapeOf } from '../lang/schema-shape.ts';
import { typesOf } from '../lang/scope-shape.ts';
import { toolsNamed } from '../lang/tool-names.ts';
import { callableTools } from '../lang/tool-readings.ts';
import { placeOfWith } from './children.ts';
import { mayHoldFreeText, partAt } from './free-text.ts';

/** A node that a text has come through. */
export interface WayStep {
  readonly node: NodeDecl;
  /** The workflow it stands in, as it is called here. */
  readonly within: ModelText;
  /** Where the text goes from it into another file, or into a tool. */
  readonly at?: Span;
}

/** From the model that wrote a text to the node that is read. */
export type Way = readonly WayStep[];

/** Follows what a field reads back to the models that wrote it. */
export interface ModelText {
  readonly workflow: Workflow;
  /** Its call in another file; absent for the one that is checked. */
  readonly caller?: ModelText;
  /** The nodes that call it, each with a `/` after it: `review/`. */
  readonly prefix: string;
  /** The way of a text; undefined when no model is free to choose it. */
  wayOf(read: Pick<Carried, 'path'>, from: FieldReading): Way | undefined;
  /** The same of what the definition of a tool reads. */
  wayIntoTool(read: Pick<Carried, 'path'>, tool: OwnToolDecl): Way | undefined;
  /** The same of what the outputs of the workflow hold. */
  wayOut(steps: Steps, open: Open): Way | undefined;
  /** The workflows that its nodes and tools call. */
  calls(): readonly ModelText[];
}

type Steps = readonly string[];
/** What is being followed: a loop leads back to itself. */
type Open = ReadonlySet<string>;
/** The way of an input, or of an argument. */
type Given = (name: string, steps: Steps, open: Open) => Way | undefined;

interface Called {
  readonly workflow: Workflow;
  readonly caller: ModelText;
  readonly prefix: string;
  readonly given: Given;
}

/**
 * Follows values through `set`, `result`, fan-outs, groups, routes, loops, stand-ins for failures, other files and the arguments of tools.
 * Programs, servers and people answer for what they give.
 */
export function modelText({ workflow, kinds }: { readonly workflow: Workflow; readonly kinds: readonly NodeKind[] }): ModelText {
  return textOf(kinds, workflow);
}

function textOf(kinds: readonly NodeKind[], workflow: Workflow, called?: Called): ModelText {
  const references = readingsOf(workflow, kinds);
  const types = typesOf(workflow, kinds);
  const kindOf = new Map(kinds.map((kind) => [kind.kind, kind]));
  const prefix = called?.prefix ?? '';
  const readings = new Map<NodeDecl, FieldReading[]>();
  for (const reading of references) {
    if (reading.node === undefined) continue;
    const own = readings.get(reading.node);
    if (own === undefined) readings.set(reading.node, [reading]);
    else own.push(reading);
  }
  const children = new Map<string, ModelText>();
  const self: ModelText = {
    workflow,
    ...(called !== undefined && { caller: called.caller }),
    prefix,
    wayOf: ({ path }, from) => wayTo(path, from, new Set()),
    wayIntoTool: ({ path: [root = '', name = '', ...steps] }, tool) =>
      root === 'args' ? wayToArgument(tool, name, steps, new Set()) : root === 'inputs' ? wayToInput(name, steps, new Set()) : undefined,
    wayOut: ([name, ...steps], open) =>
      firstOf(references, (reading) => {
        if (reading.place !== 'file' || (name !== undefined && name !== '[]' && reading.field !== name)) return undefined;
        return through([reading], steps, open);
      }),
    calls,
  };
  return self;

  function wayTo(path: Steps, from: FieldReading, open: Open): Way | undefined {
    const [root = '', id = '', property, ...steps] = path;
    if (root === 'inputs') return wayToInput(id, path.slice(2), open);
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

  function wayToLocal({ type, of }: Local, steps: Steps, from: FieldReading, open: Open): Way | undefined {
    switch (type) {
      case 'item':
        return wayThrough(of, ['foreach'], ['[]', ...steps], open);
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

  function wayToCarry(node: NodeDecl, [name, ...steps]: Steps, open: Open): Way | undefined {
    const fold = name === undefined ? undefined : node.repeat?.carry.get(name);
    const own = fieldsOf(node, ['repeat.carry.first', 'repeat.carry.next']).filter(({ path }) =>
      fold?.path.every((step, at) => step === path[at]),
    );
    return once(node, `carry.${name}`, steps, open, (inner) => through(own, steps, inner));
  }

  function wayToOutput(node: NodeDecl, steps: Steps, open: Open): Way | undefined {
    if (!mayHoldFreeText(partAt(types.seenOf(node), steps))) return undefined;
    return once(node, 'output', steps, open, (inner) =>
      onWay(node, wayToOne(node, node.foreach === undefined ? steps : steps.slice(1), inner)),
    );
  }

  /** What one task gives in the end. */
  function wayToOne(node: NodeDecl, steps: Steps, open: Open): Way | undefined {
    const adapted = fieldsOf(node, ['result']);
    const way = adapted.length > 0 ? through(adapted, steps, open) : wayToTask(node, steps, open);
    if (way !== undefined) return way;
    return node.onError.action === 'value' ? wayThrough(node, ['on_error'], steps, open) : undefined;
  }

  /** What one task gives, before `result`. */
  function wayToTask(node: NodeDecl, steps: Steps, open: Open): Way | undefined {
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
        if (way !== undefined) return way.map((one) => (one.node === part ? { ...one, node } : one));
      }
    }
    const fromFile = wayFromFile(node, steps, open);
    if (fromFile !== undefined) return fromFile;
    for (const name of [...(body === undefined ? [node.kind] : []), ...(onError.action === 'fallback' ? [onError.kind] : [])]) {
      const kind = kindOf.get(name);
      if (kind?.callsModel) return [{ node, within: self }];
      const way = kind?.outputField === undefined ? undefined : wayThrough(node, [kind.outputField], steps, open);
      if (way !== undefined) return way;
    }
    return undefined;
  }

  // ── other files, and tools ───────────────────────────────────────────────────────────────────────────────────

  /** What an input of a workflow that is called is given; what a run is given comes from people. */
  function wayToInput(name: string, steps: Steps, open: Open): Way | undefined {
    const schema = workflow.inputs.get(name)?.schema;
    if (called === undefined || schema === undefined || !mayHoldFreeText(partAt(shapeOf(schema), steps))) return undefined;
    return called.given(name, steps, open);
  }

  /** What comes out of the file, or of the tool that is one, which a node calls itself or instead of what failed. */
  function wayFromFile(node: NodeDecl, steps: Steps, open: Open): Way | undefined {
    const { body, onError, spec } = node;
    const files = [
      body?.type === 'workflow' ? childOf(node, body, false) : undefined,
      onError.action === 'fallback' && onError.body !== undefined ? childOf(node, onError.body, true) : undefined,
      node.kind === 'tool' && typeof spec.tool === 'string' ? childOfTool(workflow.tools.get(spec.tool)) : undefined,
    ];
    return firstOf(files, (child) => onWay(node, child?.wayOut(steps, open)));
  }

  function childOf(node: NodeDecl, { workflow: child }: SubWorkflowDecl, fallback: boolean): ModelText | undefined {
    const base = placeOfWith(node, fallback);
    return child === undefined
      ? undefined
      : calling(`${base.join('/')}`, child, authorsNode(workflow, node).id, (name, steps, open) => wayGiven(node, base, name, steps, open));
  }

  function childOfTool(tool: OwnToolDecl | { readonly type: 'mcp' } | undefined): ModelText | undefined {
    if (tool?.type !== 'workflow' || tool.workflow === undefined) return undefined;
    return calling(`tools/${tool.name}`, tool.workflow, tool.name, (name, steps, open) => wayToArgument(tool, name, steps, open));
  }

  /** A workflow as it is called at a place: asked for twice, it is the same. */
  function calling(key: string, child: Workflow, name: string, given: Given): ModelText {
    const made = children.get(key) ?? textOf(kinds, child, { workflow: child, caller: self, prefix: `${prefix}${name}/`, given });
    children.set(key, made);
    return made;
  }

  function calls(): readonly ModelText[] {
    const ofNodes = allNodes(workflow).flatMap(({ node }) => [
      node.body?.type === 'workflow' ? childOf(node, node.body, false) : undefined,
      node.onError.action === 'fallback' && node.onError.body !== undefined ? childOf(node, node.onError.body, true) : undefined,
    ]);
    return [...ofNodes, ...[...workflow.tools.values()].map(childOfTool)].filter((one) => one !== undefined);
  }

  /** What a node writes below its `with` under a name. */
  function wayGiven(node: NodeDecl, base: Path, name: string, steps: Steps, open: Open): Way | undefined {
    const own = (readings.get(node) ?? []).filter(({ path }) => base.every((step, at) => path[at] === step));
    return firstOf(own, (reading) => {
      const inner = reading.path.slice(base.length).filter((step, at, all) => step !== 'cel' || at < all.length - 1);
      const wanted = [name, ...steps];
      if (!inner.every((step, at) => wanted[at] === undefined || (typeof step === 'number' ? '[]' : step) === wanted[at])) return undefined;
      return firstOf(carriedBy(reading, wanted.slice(inner.length)), (one) => {
        const way = wayTo(one.path, reading, open);
        const at = workflow.document.spanWithin(one.at, one.start, one.end);
        return way && [...way.filter((step, index) => index < way.length - 1 || step.node !== node), { node, within: self, at }];
      });
    });
  }

  /** What an argument of a tool is: a model that can call it fills it in, unless somebody is asked first; or a node says it. */
  function wayToArgument(tool: OwnToolDecl, name: string, steps: Steps, open: Open): Way | undefined {
    if (!mayHoldFreeText(partAt(shapeOf(tool.input), [name, ...steps]))) return undefined;
    const at = workflow.document.spanOf(tool.path, 'key');
    return firstOf(allNodes(workflow), ({ node }) => {
      const { spec, onError } = node;
      for (const one of [spec, ...(onError.action === 'fallback' ? [onError.spec] : [])]) {
        if (!tool.approve && fillsIn(one, tool.name)) return [{ node, within: self, at }];
        const base = placeOfWith(node, one !== spec);
        const way = one.tool === tool.name ? wayGiven(node, base, name, steps, open) : undefined;
        if (way !== undefined && !tool.approve) return way;
      }
      return undefined;
    });
  }

  /** True when a model may call the tool, and nobody is asked. */
  function fillsIn({ tools, approve }: NodeDecl['spec'], name: string): boolean {
    const known = callableTools(workflow);
    const named = (list: typeof tools): boolean =>
      Array.isArray(list) &&
      toolsNamed(
        list.filter((one) => typeof one === 'string'),
        known,
      ).includes(name);
    return named(tools) && !named(approve);
  }

  function wayThrough(node: NodeDecl, fields: readonly string[], steps: Steps, open: Open): Way | undefined {
    return through(fieldsOf(node, fields), steps, open);
  }

  function through(own: readonly FieldReading[], steps: Steps, open: Open): Way | undefined {
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

  function once(node: NodeDecl, what: string, steps: Steps, open: Open, follow: (open: Open) => Way | undefined): Way | undefined {
    // A loop that puts one thing into another leads ever deeper.
    const key = `${prefix}${node.path.join('/')} ${what} ${steps.join('.')}`;
    return open.has(key) || steps.length > 20 ? undefined : follow(new Set(open).add(key));
  }

  /** A way that leads to a node as well. */
  function onWay(node: NodeDecl, way: Way | undefined): Way | undefined {
    return way === undefined || way.at(-1)?.node === node ? way : [...way, { node, within: self }];
  }
}

/** What the first of some things gives that gives anything. */
function firstOf<T, Found>(all: readonly T[], find: (one: T) => Found | undefined): Found | undefined {
  for (const one of all) {
    const found = find(one);
    if (found !== undefined) return found;
  }
  return undefined;
}
