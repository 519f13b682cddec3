import { topologicalOrder } from '../base/graph.ts';
import type { JsonObject } from '../base/json.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { ToolDecl } from '../contracts/tool.ts';
import type { NodeDecl, Workflow } from '../contracts/workflow.ts';
import { nodeGraphOf } from '../lang/edges.ts';
import { type Frame, framesOf, hasOwnSpec, innerNodes, standingOf } from '../lang/frames.ts';
import { nodeRead, readingsOf } from '../lang/readings.ts';
import { serverIn, toolsNamed } from '../lang/tool-names.ts';
import { toolsWanted } from '../lang/tool-readings.ts';

/** Something that a workflow does in files as they were when it began: no node before it could have written any. */
export interface FirstUse {
  readonly node: NodeDecl;
  /** `spec` are the fields of the node's kind, or those of its fallback. */
  readonly of: 'node' | 'fallback';
}

/** What uses files as they are when a workflow begins. */
export interface FirstUses {
  readonly uses: readonly FirstUse[];
  /** Tools that are called, and by nodes of that sort only. */
  readonly tools: readonly ToolDecl[];
}

/** Which nodes and tools of a workflow find the files that there are when it begins; linear in its size. */
export function firstUses(workflow: Workflow, kinds: readonly NodeKind[]): FirstUses {
  const uses: FirstUse[] = [];
  /** Whether all that call a tool come first. */
  const called = new Map<ToolDecl, boolean>();
  const writes = writersIn(workflow, kinds);
  const unsure = readersOfBroken(workflow, kinds);
  const [outermost] = framesOf(workflow);
  visit(outermost, false);
  return { uses, tools: [...called].flatMap(([tool, first]) => (first ? [tool] : [])) };

  /** `after`: something that may write comes before all of the frame. */
  function visit(frame: Frame, after: boolean): void {
    const { predecessors } = nodeGraphOf(workflow, kinds, frame);
    const written: boolean[] = frame.nodes.map(() => true);
    for (const index of topologicalOrder(nodeGraphOf(workflow, kinds, frame))) {
      const node = frame.nodes[index];
      if (node === undefined) continue;
      const before = after || unsure.has(node) || (predecessors[index] ?? []).some((source) => written[source] === true);
      written[index] = before || writes(node);
      visitNode(node, before);
    }
  }

  function visitNode(node: NodeDecl, before: boolean): void {
    const { onError } = node;
    if (hasOwnSpec(node)) use(node, 'node', node.spec, before);
    if (onError.action === 'fallback') use(node, 'fallback', onError.spec, before || mayWriteOwn(workflow, node, kinds, writes));
    const { body } = standingOf(workflow, node);
    // Round after round, what comes last comes before what is first.
    const again =
      node.repeat !== undefined || node.foreach !== undefined || node.body?.type === 'evaluate' || node.body?.type === 'best_of';
    if (body !== undefined) visit(body, before || (again && (writes(node) || workflow.broken.nodes.size > 0)));
  }

  function use(node: NodeDecl, of: FirstUse['of'], spec: JsonObject, before: boolean): void {
    if (!before) uses.push({ node, of });
    const tools = calledBy(workflow, spec);
    const writing = tools.filter((tool) => toolWrites(tool, kinds));
    for (const tool of tools) {
      // The model may have called another one before.
      const first = !before && writing.every((one) => one === tool);
      called.set(tool, (called.get(tool) ?? true) && first);
    }
  }
}

/** Whether anything in a workflow may write files. */
function mayWrite(workflow: Workflow | undefined, kinds: readonly NodeKind[]): boolean {
  if (workflow === undefined) return true;
  const done = writing.get(workflow);
  if (done !== undefined) return done;
  const writes = writersIn(workflow, kinds);
  const found = [...workflow.nodes.values()].some((node) => writes(node)) || workflow.broken.nodes.size > 0;
  writing.set(workflow, found);
  return found;
}

const writing = new WeakMap<Workflow, boolean>();

/** Whether a node, or anything inside it, may write files. */
function writersIn(workflow: Workflow, kinds: readonly NodeKind[]): (node: NodeDecl) => boolean {
  const known = new Map<NodeDecl, boolean>();
  const writes = (node: NodeDecl): boolean => {
    const done = known.get(node);
    if (done !== undefined) return done;
    const { onError } = node;
    const instead =
      onError.action === 'fallback' && (specWrites(workflow, onError.kind, onError.spec, kinds) || childWrites(onError.body, kinds));
    const found = instead || mayWriteOwn(workflow, node, kinds, writes);
    known.set(node, found);
    return found;
  };
  return writes;
}

/** The same but for what the node does when it has failed. */
function mayWriteOwn(workflow: Workflow, node: NodeDecl, kinds: readonly NodeKind[], writes: (node: NodeDecl) => boolean): boolean {
  if (hasOwnSpec(node) && specWrites(workflow, node.kind, node.spec, kinds)) return true;
  return childWrites(node.body, kinds) || innerNodes(node).some(writes);
}

function childWrites(body: NodeDecl['body'], kinds: readonly NodeKind[]): boolean {
  return body?.type === 'workflow' && mayWrite(body.workflow, kinds);
}

function specWrites(workflow: Workflow, kind: string, spec: JsonObject, kinds: readonly NodeKind[]): boolean {
  if (!leavesFiles(kind, kinds)) return true;
  const broken = workflow.broken.tools ?? new Set();
  return (
    calledBy(workflow, spec).some((tool) => toolWrites(tool, kinds)) ||
    toolsWanted(spec).some((name) => broken.has(serverIn(name) ?? name) || name.includes('*'))
  );
}

function toolWrites(tool: ToolDecl, kinds: readonly NodeKind[]): boolean {
  return tool.type === 'workflow' ? mayWrite(tool.workflow, kinds) : !leavesFiles(tool.type, kinds);
}

function leavesFiles(kind: string, kinds: readonly NodeKind[]): boolean {
  return kinds.some((one) => one.kind === kind && one.leavesFiles === true);
}

/** The tools, and the servers whose tools, fields name. */
function calledBy({ tools }: Workflow, spec: JsonObject): readonly ToolDecl[] {
  const own = [...tools.values()].filter(({ type }) => type !== 'mcp').map(({ name }) => name);
  const wanted = toolsWanted(spec);
  if (wanted.length === 0) return [];
  const names = new Set([...toolsNamed(wanted, own), ...wanted.flatMap((name) => serverIn(name) ?? [])]);
  return [...names].flatMap((name) => tools.get(name) ?? []);
}

/** Nodes that wait, in themselves or inside them, for one of which nothing is known. */
function readersOfBroken(workflow: Workflow, kinds: readonly NodeKind[]): ReadonlySet<NodeDecl> {
  const { nodes: broken } = workflow.broken;
  const found = new Set<NodeDecl>();
  if (broken.size === 0) return found;
  const add = (node: NodeDecl | undefined): void => {
    for (let at = node; at !== undefined && !found.has(at); at = standingOf(workflow, at).frame.parent) found.add(at);
  };
  for (const { node, references } of readingsOf(workflow, kinds)) {
    if (references.some((reference) => broken.has(nodeRead(reference) ?? ''))) add(node);
  }
  for (const { nodes } of framesOf(workflow)) for (const node of nodes) if (node.needs.some(({ from }) => broken.has(from))) add(node);
  return found;
}
