import { ANY, INTEGER, listOf, NULL, NUMBER, objectOf, oneOf, type Shape, STRING, union } from './shape.ts';

const STATUS: Shape = oneOf('succeeded', 'failed', 'skipped', 'cancelled');

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
  /** What `output` holds, null after a skip included. */
  readonly output: Shape;
  readonly maySkip: boolean;
  /** True when a model has been called for certain, once the node has not been skipped. */
  readonly called: boolean;
  /** True when it was called by tier and not by name. */
  readonly byTier: boolean;
  /** Of a fan-out: one item, and what one item gives. */
  readonly items?: { readonly item: Shape; readonly output: Shape };
}

/** A node as others read it: `nodes.<id>`. */
export function nodeShape({ output, maySkip, called, byTier, items }: NodeFacts): Shape {
  const orNull = (shape: Shape, certain: boolean): Shape => (certain ? shape : union(shape, NULL));
  const fields: Record<string, Shape> = {
    output,
    status: STATUS,
    error: union(ERROR, NULL),
    skip_reason: union(STRING, NULL),
    cost: NUMBER,
    tier: orNull(oneOf('cheap', 'capable', 'premium'), called && byTier && !maySkip),
    model: orNull(STRING, called && !maySkip),
  };
  if (items !== undefined) {
    const item = objectOf({
      index: INTEGER,
      key: STRING,
      item: items.item,
      status: STATUS,
      output: union(items.output, NULL),
      error: union(ERROR, NULL),
      cost: NUMBER,
    });
    // A skipped fan-out has no items.
    fields[maySkip ? 'items?' : 'items'] = listOf(item);
  }
  // Which other properties there are is told by those who check names.
  return objectOf(fields, ANY);
}
