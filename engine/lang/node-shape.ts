import { ANY, INTEGER, listOf, NEVER, NULL, NUMBER, objectOf, oneOf, type Shape, STRING, union } from './shape.ts';

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
  /** Of a fan-out: one item, and what one item gives when it succeeds. */
  readonly items?: { readonly item: Shape; readonly output: Shape };
}

/** A node as others read it: `nodes.<id>`. Its status tells apart what it gives and what a skip leaves. */
export function nodeShape({ output, skipped, called, byTier, items }: NodeFacts): Shape {
  const orNull = (shape: Shape, certain: boolean): Shape => (certain ? shape : union(shape, NULL));
  const maySkip = skipped !== undefined;
  const common: Record<string, Shape> = {
    error: union(ERROR, NULL),
    cost: NUMBER,
    tier: orNull(TIER, called && byTier && !maySkip),
    model: orNull(STRING, called && !maySkip),
  };
  // Which other properties there are is told by those who check names.
  const whole = (fields: Record<string, Shape>): Shape => objectOf({ ...common, ...fields }, ANY);
  const made: Record<string, Shape> = { output, ...(items !== undefined && { items: listOf(itemShape(items)) }) };
  if (skipped === undefined) return whole({ ...made, status: STATUS, skip_reason: union(STRING, NULL) });
  // A skipped fan-out has no items.
  return union(
    whole({ ...made, status: oneOf('succeeded', 'failed', 'cancelled'), skip_reason: NULL }),
    whole({ output: skipped, status: oneOf('skipped'), skip_reason: STRING, ...(items !== undefined && { 'items?': NEVER }) }),
  );
}

/** `nodes.<id>.items[i]`: what it holds follows from its status. */
function itemShape({ item, output }: NonNullable<NodeFacts['items']>): Shape {
  const one = (status: string, given: Shape, error: Shape): Shape =>
    objectOf({ index: INTEGER, key: STRING, item, status: oneOf(status), output: given, error, cost: NUMBER });
  return union(
    one('succeeded', output, union(ERROR, NULL)),
    one('failed', NULL, ERROR),
    one('skipped', NULL, ERROR),
    one('cancelled', NULL, union(ERROR, NULL)),
  );
}
