import type { CallBook, ModelAsk, PaidCall } from '../contracts/provider.ts';
import type { Where } from './where.ts';

/** Who asks in a workflow that is called as a tool: its node, below that which calls it, in all items and rounds around both. */
export function originInTool(
  outer: Where['origin'],
  inner: ModelAsk['origin'],
  { task, attempt }: Pick<ModelAsk['origin'], 'task' | 'attempt'>,
): ModelAsk['origin'] {
  const itemsOf = ({ item, items }: Pick<ModelAsk['origin'], 'item' | 'items'>): readonly number[] =>
    items ?? (item === undefined ? [] : [item]);
  const items = [...itemsOf(outer), ...itemsOf(inner)];
  const iterations = [...(outer.iterations ?? []), ...(inner.iterations ?? [])];
  const item = items.at(-1);
  return {
    node: `${outer.node}/${inner.node}`,
    task,
    attempt,
    inTool: true,
    ...(item !== undefined && { item }),
    ...(items.length > 1 && { items }),
    ...(iterations.length > 0 && { iterations }),
    ...(inner.role && { role: inner.role }),
  };
}

/** A book that tells of what is in it. */
export function toldOf(book: CallBook, tell: (paid: PaidCall) => Promise<void>): CallBook {
  let before: Promise<void> = Promise.resolve();
  return {
    ...book,
    paid(request) {
      const known = book.paid(request);
      if (known) before = before.then(() => tell(known));
      return known;
    },
    async record(call, request, reply) {
      await before;
      await book.record(call, request, reply);
      await tell({ call, request, reply });
    },
  };
}
