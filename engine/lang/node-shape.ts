import type { CaseDecl, NodeDecl } from '../contracts/workflow.ts';
import { ANY, BOOLEAN, INTEGER, listOf, membersOf, NEVER, NULL, NUMBER, objectOf, oneOf, type Shape, STRING, union } from './shape.ts';

const STATUS: Shape = oneOf('succeeded', 'failed', 'skipped', 'cancelled');

const TIER: Shape = oneOf('cheap', 'capable', 'premium');

/** What `nodes.x.error` holds when there is one. */
const ERROR: Shape = objectOf({
  type: oneOf(
    'rate_limited',
    'unavailable',
    'unauthorized',
    'context_too_long',
    'refused',
    'bad_request',
    'output_invalid',
    'check_failed',
    'timed_out',
    'budget_exceeded',
    'expression_failed',
    'file_unreadable',
    'file_unwritable',
    'task_failed',
    'in_doubt',
    'items_failed',
    'node_failed',
    'not_accepted',
    'tool_failed',
    'cancelled',
    'bug',
  ),
  code: STRING,
  message: STRING,
  'node?': STRING,
  'problems?': listOf(STRING),
  'cause?': ANY,
});

const ERROR_OR_NULL: Shape = union(ERROR, NULL);
const STRING_OR_NULL: Shape = union(STRING, NULL);

/** What there is to know about a node before its shape can be told. */
export interface NodeFacts {
  /** What `output` holds while it is not skipped. */
  readonly output: Shape;
  /** What `output` holds after a skip; absent when it is never skipped. */
  readonly skipped?: Shape;
  /** True when a model has been called for certain, once the node has not been skipped. */
  readonly called: boolean;
  /** True when it was called by tier and not by name. */
  readonly byTier: boolean;
  /** Of a fan-out: one item, what one item gives when it succeeds, and whether the node goes on when one does not. */
  readonly items?: { readonly item: Shape; readonly output: Shape; readonly mayFail: boolean };
  /** What it has besides, or each of its items: when it succeeds, and when it is skipped. */
  readonly features?: Features;
}

export interface Features {
  readonly made: Readonly<Record<string, Shape>>;
  readonly skipped: Readonly<Record<string, Shape>>;
}

const everyMember = (shape: Shape, type: Shape['type']): boolean => membersOf(shape).every((one) => one.type === type);

/** The names of what loops, routes and the like let others read of a node, or of each item of a fan-out. */
export function featureNames({ repeat, body, escalate }: NodeDecl): readonly string[] {
  const judged = body?.type === 'evaluate';
  const escalates = escalate !== undefined || (body?.type === 'best_of' && body.candidate.escalate !== undefined);
  const own = [
    ...(repeat === undefined && !judged ? [] : ['iterations']),
    ...(repeat === undefined && !judged && !escalates ? [] : ['accepted']),
    ...(judged ? ['score'] : []),
    ...(body?.type === 'route' ? ['route'] : []),
  ];
  return [...new Set([...own, ...ofEveryCase(body)])];
}

/** What can be read of a node whichever case is taken. */
function ofEveryCase(body: NodeDecl['body']): readonly string[] {
  if (body?.type !== 'route') return [];
  const [first = [], ...others] = body.cases.flatMap(({ node }) => (node === undefined ? [] : [featureNames(node)]));
  return first.filter((name) => name !== 'route' && others.every((names) => names.includes(name)));
}

/** What loops, routes and the like let others read of a node; of a route, what its cases do, which are as `cases` says. */
export function featuresOf(
  { repeat, body, escalate, onError }: NodeDecl,
  shapes: { readonly round: Shape; readonly candidate: Shape; readonly evaluation: Shape; readonly score: Shape },
  cases: readonly Features[] = [],
): Features {
  const made: Record<string, Shape> = {};
  const skipped: Record<string, Shape> = {};
  for (const name of ofEveryCase(body)) {
    made[name] = union(...cases.map((one) => one.made[name] ?? NEVER));
    skipped[name] = union(...cases.map((one) => one.skipped[name] ?? NEVER));
  }
  const both = (name: string, shape: Shape, otherwise: Shape): void => {
    made[name] = shape;
    skipped[name] = otherwise;
  };
  const round = (more: Record<string, Shape>): Shape =>
    objectOf({ output: union(shapes.candidate, NULL), status: STATUS, cost: NUMBER, ...more });
  if (body?.type === 'evaluate') {
    const score = everyMember(shapes.score, 'number') ? shapes.score : union(NUMBER, NULL);
    // What stands in for a failure was not judged.
    both('score', onError.action === 'fail' || onError.action === 'skip' ? score : union(score, NULL), NULL);
    both('iterations', listOf(round({ output: shapes.candidate, evaluation: shapes.evaluation, score })), listOf(NEVER));
  }
  if (repeat !== undefined) both('iterations', listOf(round({ output: shapes.round })), listOf(NEVER));
  const escalates = escalate !== undefined || (body?.type === 'best_of' && body.candidate.escalate !== undefined);
  if (repeat !== undefined || body?.type === 'evaluate' || escalates) both('accepted', BOOLEAN, BOOLEAN);
  if (body?.type === 'route') {
    const names = (all: readonly CaseDecl[]): Shape => (all.length === 0 ? NEVER : oneOf(...all.map(({ name }) => name)));
    both('route', names(body.cases.filter(({ node }) => node !== undefined)), union(names(body.cases), NULL));
  }
  return { made, skipped };
}

const NONE: Features = { made: {}, skipped: {} };

/** A node as others read it: `nodes.<id>`. Its status tells apart what it gives and what a skip leaves. */
export function nodeShape({ output, skipped, called, byTier, items, features = NONE }: NodeFacts): Shape {
  const orNull = (shape: Shape, certain: boolean): Shape => (certain ? shape : union(shape, NULL));
  const maySkip = skipped !== undefined;
  const common: Record<string, Shape> = {
    error: ERROR_OR_NULL,
    cost: NUMBER,
    tier: orNull(TIER, called && byTier && !maySkip),
    model: orNull(STRING, called && !maySkip),
  };
  // Which other properties there are is told by those who check names.
  const whole = (fields: Record<string, Shape>): Shape => objectOf({ ...common, ...fields }, ANY);
  const made: Record<string, Shape> =
    items === undefined ? { output, ...features.made } : { output, items: listOf(itemShape(items, features)) };
  if (skipped === undefined) return whole({ ...made, status: STATUS, skip_reason: STRING_OR_NULL });
  // A skipped fan-out has no items.
  return union(
    whole({ ...made, status: oneOf('succeeded', 'failed', 'cancelled'), skip_reason: NULL }),
    whole({
      output: skipped,
      status: oneOf('skipped'),
      skip_reason: STRING,
      ...(items === undefined ? features.skipped : { 'items?': NEVER }),
    }),
  );
}

/** `nodes.<id>.items[i]`: what it holds follows from its status. */
function itemShape({ item, output, mayFail }: NonNullable<NodeFacts['items']>, { made, skipped }: Features): Shape {
  const common = { index: INTEGER, key: STRING, item, cost: NUMBER };
  // Nobody reads a fan-out that has failed: where no item may fail, all that are read have succeeded.
  if (!mayFail) return objectOf({ ...common, status: STATUS, output, error: ERROR_OR_NULL, ...made });
  const one = (status: string, given: Shape, error: Shape, more = skipped): Shape =>
    objectOf({ ...common, status: oneOf(status), output: given, error, ...more });
  return union(
    one('succeeded', output, ERROR_OR_NULL, made),
    one('failed', NULL, ERROR),
    one('skipped', NULL, ERROR_OR_NULL),
    one('cancelled', NULL, ERROR_OR_NULL),
  );
}
