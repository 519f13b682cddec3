import { setMaxListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { millis } from '../../../engine/base/ids.ts';
import { Failed } from '../../../engine/contracts/failure.ts';
import { createGate, type Ending, type Leave } from '../../../engine/models/gate.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

const never = new AbortController().signal;
setMaxListeners(0, never);

/** Notes who came in, in order. */
function turnstile(options: { concurrency: number; requestsPerMinute?: number }) {
  const clock = virtualClock();
  const gate = createGate({ provider: 'acme', clock, ...options });
  const entered: string[] = [];
  const leave = new Map<string, Leave>();
  const come = (name: string, abort: AbortSignal = never): Promise<unknown> =>
    gate.enter(abort).then((go) => {
      entered.push(`${name}@${clock.now()}`);
      leave.set(name, go);
    });
  return { clock, gate, entered, come, leave: (name: string, ending: Ending = 'answered') => leave.get(name)?.(ending) };
}

describe('a gate', () => {
  test('lets in as many as fit, and the others in the order they came', async () => {
    const { clock, entered, come, leave } = turnstile({ concurrency: 2 });
    for (const name of ['a', 'b', 'c', 'd']) void come(name);
    await clock.run();
    expect(entered).toEqual(['a@0', 'b@0']);
    leave('b');
    leave('b');
    await clock.run();
    expect(entered).toEqual(['a@0', 'b@0', 'c@0']);
  });

  test('spaces calls to their share of a minute', async () => {
    const { clock, entered, come } = turnstile({ concurrency: 9, requestsPerMinute: 60 });
    for (const name of ['a', 'b', 'c']) void come(name);
    await clock.run();
    expect(entered).toEqual(['a@0', 'b@1000', 'c@2000']);
  });

  test('after a 429 it halves, stays closed as long as it was told, and recovers one by one', async () => {
    const { clock, gate, entered, come, leave } = turnstile({ concurrency: 4 });
    void come('a');
    await clock.run();
    leave('a', { slowDown: millis(5000) });
    expect(gate.limit).toBe(2);
    for (const name of ['b', 'c', 'd']) void come(name);
    await clock.run();
    expect(entered).toEqual(['a@0', 'b@5000', 'c@5000']);
    leave('b');
    expect(gate.limit).toBe(2);
    leave('c', 'failed');
    expect(gate.limit).toBe(2);
    await clock.run();
    leave('d');
    expect(gate.limit).toBe(3);
  });

  test('calls that were in flight together halve it once, and it never closes for good', async () => {
    const { clock, gate, come, leave } = turnstile({ concurrency: 8 });
    for (const name of ['a', 'b', 'c', 'd']) void come(name);
    await clock.run();
    for (const name of ['a', 'b', 'c', 'd']) leave(name, { slowDown: undefined });
    expect(gate.limit).toBe(4);
    for (const name of ['e', 'f', 'g', 'h']) {
      void come(name);
      await clock.run();
      leave(name, { slowDown: undefined });
    }
    expect(gate.limit).toBe(1);
  });

  test('nobody waits for longer than a minute: those who do, and those who come, are told', async () => {
    const { clock, come, leave } = turnstile({ concurrency: 2 });
    void come('a');
    void come('b');
    await clock.run();
    const waiting = come('c').catch((error: unknown) => error);
    leave('a', { slowDown: millis(3_600_000) });
    const message = expect.stringMatching(/ asks to wait 1h 00m; longer than the 1m 00s dagrun waits$/);
    expect(await waiting).toMatchObject({ failure: { type: 'rate_limited', retryAfter: 3_600_000, message } });
    await expect(come('d')).rejects.toMatchObject({ failure: { type: 'rate_limited' } });
  });

  test('who gives up while waiting leaves the queue', async () => {
    const { clock, entered, come, leave } = turnstile({ concurrency: 1 });
    const abort = new AbortController();
    void come('a');
    const second = come('b', abort.signal).catch((error: unknown) => error);
    void come('c');
    await clock.run();
    abort.abort(new Failed({ type: 'timed_out', message: 'late', after: millis(1) }));
    expect(await second).toMatchObject({ failure: { type: 'timed_out' } });
    leave('a');
    await clock.run();
    expect(entered).toEqual(['a@0', 'c@0']);
    await expect(come('d', abort.signal)).rejects.toMatchObject({ failure: { type: 'timed_out' } });
  });

  test('when nobody waits any more, no timer is left', async () => {
    const { clock, come, leave } = turnstile({ concurrency: 1 });
    const abort = new AbortController();
    void come('a');
    await clock.run();
    leave('a', { slowDown: millis(30_000) });
    const second = come('b', abort.signal).catch((error: unknown) => error);
    abort.abort();
    await second;
    await clock.run();
    expect(clock.now()).toBe(0);
  });

  test('ten thousand in the queue all get their turn', async () => {
    const { clock, gate } = turnstile({ concurrency: 64 });
    let done = 0;
    const all = Array.from({ length: 10_000 }, async () => {
      const leave = await gate.enter(never);
      await Promise.resolve();
      done += 1;
      leave('answered');
    });
    await clock.run();
    await Promise.all(all);
    expect(done).toBe(10_000);
  });
});
