/** What people write without an engine: the yardstick. */

/** Awaits `step` for each of `count`, one after the other, each with what the one before gave. */
export async function chainByHand(count: number, step: (value: number) => Promise<number>): Promise<number> {
  let value = 0;
  for (let index = 0; index < count; index += 1) value = await step(value);
  return value;
}

/** The outcomes of `work` for all items in their order, at most `width` at a time. */
export async function poolByHand<T, U>(items: readonly T[], width: number, work: (item: T) => Promise<U>): Promise<U[]> {
  const outcomes = new Array<U>(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      outcomes[index] = await work(items[index] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  return outcomes;
}

/** Runs every task as soon as those it waits for are done: one promise per task. */
export async function graphByHand(
  tasks: readonly { readonly id: string; readonly after: readonly string[]; readonly work: () => Promise<unknown> }[],
): Promise<void> {
  const started = new Map<string, Promise<unknown>>();
  for (const { id, after, work } of tasks) {
    started.set(
      id,
      Promise.all(after.map((source) => started.get(source))).then(() => work()),
    );
  }
  await Promise.all(started.values());
}
