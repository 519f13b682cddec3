/** What outlives a process, or costs money: writes to the store, by what they are for, and calls to providers and tools. */
export type Act = 'migrate' | 'create' | 'claim' | 'beat' | 'append' | 'release' | 'post' | 'take' | 'call' | 'tool';

/** A place just before or just after an act; `within` one whose writes are made and not committed. */
export type Failpoint = `${Act}.before` | `${Act}.after` | 'append.within';

let visit: ((point: Failpoint) => void) | undefined;

/** Tells a test of every place that is come by, so that it can end the process there. Nobody else listens, and nothing switches this on. */
export function onFailpoint(listener: (point: Failpoint) => void): void {
  visit = listener;
}

/** Says that this place was reached. */
export function failpoint(point: Failpoint): void {
  visit?.(point);
}

/** Does an act between its two places. */
export async function acting<T>(act: Act, work: () => Promise<T>): Promise<T> {
  visit?.(`${act}.before`);
  const value = await work();
  visit?.(`${act}.after`);
  return value;
}
