import { type NodeId, nodeId } from '../base/ids.ts';
import { canonicalText, isObject, type Json } from '../base/json.ts';
import { toDollars } from '../base/units.ts';
import type { Value } from '../contracts/event.ts';
import type { PlanNode, Stage } from '../contracts/plan.ts';
import { pairsInside } from './compare-inside.ts';
import { outputOf } from './run-story.ts';
import type { NodeStory, RunStory } from './story.ts';

/** What two runs have in common, and where they part. Money in dollars. */
export interface RunDiff {
  readonly runs: readonly [DiffedRun, DiffedRun];
  /** Both ran the same plan. */
  readonly samePlan: boolean;
  readonly inputs: readonly { readonly name: string; readonly values: readonly [Json | null, Json | null] }[];
  /** The first node, in plan order, at which they part, or what is inside of that; null when none does. */
  readonly first: DiffedNode | null;
  /** In the plan order of the second run; nodes that only the first has come last. */
  readonly nodes: readonly DiffedNode[];
  readonly outputs: readonly { readonly name: string; readonly values: readonly [Json | null, Json | null] }[];
}

export interface DiffedRun {
  readonly run: string;
  readonly workflow: string;
  readonly status: string;
  readonly cost: number;
  readonly unpricedCalls: number;
}

export interface DiffedNode {
  /** Its id; of one inside others the key of the one of its runs that is told of, in the second run where both have it. */
  readonly node: string;
  readonly same: boolean;
  /** Why they part, the nearest cause first; null when they do not. */
  readonly why: string | null;
  /** null where a run has no such node. */
  readonly statuses: readonly [string | null, string | null];
  readonly costs: readonly [number | null, number | null];
  /** Where the outputs part: `output.findings[2].file`, with both values; null when they are equal or there are none. */
  readonly output: { readonly path: string; readonly values: readonly [Json | null, Json | null] } | null;
  /** Of an outermost node: what is inside of it, in whichever item and round, and not the same; what holds others only where those are. */
  readonly inside?: readonly DiffedNode[];
}

/** `ids`: the names of the two runs. */
export function compareStories(ids: readonly [string, string], a: RunStory, b: RunStory): RunDiff {
  const order = [...b.nodes.keys(), ...[...a.nodes.keys()].filter((id) => !b.nodes.has(id))];
  const inside = innerDifferences(a, b);
  const nodes = order.map((id) => withInside(compareNode(id, a.nodes.get(id), b.nodes.get(id)), inside.get(id) ?? []));
  return {
    runs: [summaryOf(ids[0], a), summaryOf(ids[1], b)],
    samePlan: a.plan.digest === b.plan.digest,
    inputs: differing(a.inputs, b.inputs),
    first: firstOf(nodes.find((node) => !node.same)),
    nodes,
    outputs: differing(a.outputs ?? {}, b.outputs ?? {}),
  };
}

/** A node, or the first that it differs because of. */
function firstOf(node: DiffedNode | undefined): DiffedNode | null {
  const [inner] = node?.inside ?? [];
  return (inner && node?.why?.startsWith(`${inner.node}: `) ? inner : node) ?? null;
}

function withInside(node: DiffedNode, inside: readonly DiffedNode[]): DiffedNode {
  const [first] = inside;
  if (!first) return node;
  const isOwn = node.why !== null && node.why !== READ_DIFFERENTLY;
  return { ...node, same: false, why: isOwn ? node.why : `${first.node}: ${first.why ?? ''}`, inside };
}

/** What is inside nodes that both runs have, and is not the same, by the outermost node it is in. */
function innerDifferences(a: RunStory, b: RunStory): ReadonlyMap<NodeId, readonly DiffedNode[]> {
  const parted = pairsInside(a, b)
    .map(({ key, pair: [one, other] }) => compareNode(key, one, other))
    .filter((node) => !node.same);
  const found = new Map<NodeId, DiffedNode[]>();
  for (const node of parted) {
    // What holds others differs because they do.
    if (parted.some((other) => other !== node && isInside(other.node, node.node))) continue;
    const root = nodeId(/^[^[#~/]+/.exec(node.node)?.[0] ?? '');
    const known = found.get(root);
    if (known) known.push(node);
    else found.set(root, [node]);
  }
  return found;
}

function isInside(key: string, of: string): boolean {
  return key.startsWith(of) && /^[[#~/]/.test(key.slice(of.length));
}

function summaryOf(run: string, story: RunStory): DiffedRun {
  return {
    run,
    workflow: story.plan.workflow,
    status: story.status,
    cost: toDollars(story.cost),
    unpricedCalls: story.unpricedCalls,
  };
}

function compareNode(id: string, a: NodeStory | undefined, b: NodeStory | undefined): DiffedNode {
  const output = a && b ? firstDifference(jsonOf(outputOf(a)), jsonOf(outputOf(b)), 'output') : null;
  const why = whyApart(a, b, output !== null);
  return {
    node: id,
    same: why === null,
    why,
    statuses: [a?.status ?? null, b?.status ?? null],
    costs: [a ? toDollars(a.cost) : null, b ? toDollars(b.cost) : null],
    output,
  };
}

function whyApart(a: NodeStory | undefined, b: NodeStory | undefined, outputsDiffer: boolean): string | null {
  if (!a) return 'only the second run has it';
  if (!b) return 'only the first run has it';
  const edited = editedField(a.node, b.node);
  if (a.status !== b.status) {
    if (edited !== null) return `\`${edited}\` was edited`;
    const told = reasonOf(b) ?? '';
    return told === '' ? `${a.status} in the first${after(reasonOf(a))}` : `${b.status} in the second: ${told}`;
  }
  if (!outputsDiffer) return edited === null ? null : `\`${edited}\` was edited; its output is the same`;
  if (edited !== null) return `\`${edited}\` was edited`;
  if (a.fanOut && b.fanOut && !equal(a.fanOut.items, b.fanOut.items)) return 'it went over other items';
  const asked = [requestsOf(a), requestsOf(b)];
  if (asked[0] !== '' && asked[0] === asked[1]) return 'the same was asked, and answered otherwise';
  return asked[0] === '' ? READ_DIFFERENTLY : 'something else was asked';
}

const READ_DIFFERENTLY = 'what it reads was different';

/** Why a node did not give an output of its own, if it did not. */
function reasonOf(node: NodeStory): string | undefined {
  if (node.status === 'skipped') return node.skip?.detail;
  return node.failure?.message ?? node.detail ?? undefined;
}

function after(reason: string | undefined): string {
  return reason === undefined ? '' : `: ${reason}`;
}

/** Digests of what was asked by the tries that succeeded, in item order. */
function requestsOf(node: NodeStory): string {
  const tasks = [...node.tasks.values()].toSorted((one, other) => (one.index ?? 0) - (other.index ?? 0));
  return tasks
    .map(
      ({ attempts }) =>
        attempts
          .at(-1)
          ?.calls.map((call) => call.request)
          .join(' ') ?? '',
    )
    .join('\n')
    .trim();
}

/** The field in which two declarations of a node part: `prompt`, `foreach.items`; null when they are alike. */
function editedField(a: PlanNode, b: PlanNode): string | null {
  const [one, other] = [a, b].map(
    ({ origin: _o, height: _h, description: _d, stages, ...node }) => ({ ...node, stages: stages.map(ownPart) }) as unknown as Json,
  );
  if (one === undefined || other === undefined) return null;
  const found = firstDifference(one, other, '');
  if (!found) return null;
  return found.path
    .replace(/^\./, '')
    .replace(/^stages\[0\]\.(?:spec\.|body\.)?/, '')
    .replace(/^stages\[1\]\.(?:spec\.)?/, 'fallback.');
}

/** A way of doing a node, and of what is inside of it only which nodes there are. */
function ownPart({ body, ...stage }: Stage): unknown {
  return body ? { ...stage, body: { ...body, nodes: body.nodes.map(({ id }) => id) } } : stage;
}

function jsonOf(value: Value | undefined): Json {
  return value && 'json' in value ? value.json : null;
}

function equal(a: Value, b: Value): boolean {
  return canonicalText(jsonOf(a)) === canonicalText(jsonOf(b));
}

/** The first place at which two values part, in the order in which they are written. */
function firstDifference(
  a: Json,
  b: Json,
  path: string,
): { readonly path: string; readonly values: readonly [Json | null, Json | null] } | null {
  if (a === b) return null;
  if (Array.isArray(a) && Array.isArray(b)) {
    for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
      const found = firstDifference(a[at] ?? null, b[at] ?? null, `${path}[${at}]`);
      if (found) return found;
    }
    return null;
  }
  if (isObject(a) && isObject(b)) {
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      const found = firstDifference(a[key] ?? null, b[key] ?? null, `${path}.${key}`);
      if (found) return found;
    }
    return null;
  }
  return { path, values: [a, b] };
}

function differing(a: Readonly<Record<string, Json>>, b: Readonly<Record<string, Json>>): RunDiff['inputs'] {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return names.flatMap((name) => {
    const values = [a[name] ?? null, b[name] ?? null] as const;
    return canonicalText(values[0]) === canonicalText(values[1]) ? [] : [{ name, values }];
  });
}
