import type { Plan, PlanNode } from './contracts/plan.ts';
import { kinds } from './nodes/registry.ts';
import { compileCommon } from './run/common-text.ts';
import { type IndexedNode, indexPlan } from './run/plan-index.ts';

/** Fields of a model call in the order in which they are read. */
const READ = ['system', 'messages', 'attach', 'prompt'];

/**
 * Where the prompts of nodes that ask many times are split, in words: what stands before is the same each time, and is kept by providers
 * that keep beginnings of prompts. Nothing is said of a node whose prompts differ from the start.
 */
export function promptSplits(plan: Plan): ReadonlyMap<PlanNode, string> {
  const splits = new Map<PlanNode, string>();
  const walk = (indexed: IndexedNode): void => {
    for (const body of indexed.bodies) for (const inner of body?.nodes.values() ?? []) walk(inner);
    let author = indexed;
    while (author.node.part !== undefined && author.parent) author = author.parent;
    const split = splitOf(indexed, plan);
    if (split !== undefined && !splits.has(author.node)) splits.set(author.node, split);
  };
  for (const indexed of indexPlan(plan).nodes.values()) walk(indexed);
  return splits;
}

function splitOf(indexed: IndexedNode, plan: Plan): string | undefined {
  const [stage] = indexed.node.stages;
  const kind = kinds.find((one) => one.kind === stage.kind);
  if (stage.body || !kind?.startOf) return undefined;
  // Where others revise its answer, it is asked once.
  if (indexed.node.part === 'generate' && [...indexed.siblings.values()].some(({ node }) => node.part === 'revise')) return undefined;
  const common = compileCommon(indexed, stage, kind, (indexed.sub ?? plan).partials).at(-1);
  if (!common) return undefined;
  const place = (path: string): number => READ.indexOf(path.split('.')[0] ?? '');
  if (common.differs.some(({ path }) => place(path) < 0)) return undefined;
  const [first] = common.differs.toSorted((a, b) => place(a.path) - place(b.path));
  if (first === undefined) return 'asks the same each time';
  const before = READ.slice(0, place(first.path)).map((name) => JSON.stringify(stage.spec[name] ?? ''));
  const letters = first.same.reduce((sum, part) => sum + (part.type === 'text' ? part.text.length : LONG), 0);
  const isLong = letters >= LONG || before.some((text) => text.includes('{{') || text.length >= LONG);
  return isLong ? `asks alike up to {{${first.first}}} in ${first.path.split('.')[0]}` : undefined;
}

/** Letters. What is shorter, and reads nothing, is too short to be kept by anybody. */
const LONG = 1_000;
