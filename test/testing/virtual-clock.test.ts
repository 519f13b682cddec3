import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { millis } from '../../engine/base/ids.ts';
import { type VirtualClock, virtualClock } from '../../engine/testing/virtual-clock.ts';

const pause = (clock: VirtualClock, ms: number): Promise<void> => new Promise((resolve) => void clock.after(millis(ms), resolve));

test('an hour passes at once, and in order', async () => {
  const clock = virtualClock(1000);
  const seen: string[] = [];
  const work = Promise.all([
    pause(clock, 3_600_000).then(() => seen.push(`hour ${clock.now()}`)),
    pause(clock, 5).then(() => seen.push(`soon ${clock.now()}`)),
  ]);
  await clock.runUntil(work, () => seen.push('stuck'));
  expect(seen).toEqual(['soon 1005', 'hour 3601000']);
});

test('time stands still while real work holds it', async () => {
  const clock = virtualClock();
  const release = clock.hold();
  const read = readFile('package.json', 'utf8').finally(release);
  const first = await Promise.race([
    read.then(() => 'the file was read'),
    (async () => {
      void clock.runUntil(
        read.then(() => pause(clock, 10)),
        () => {},
      );
      await pause(clock, 1);
      return 'time passed';
    })(),
  ]);
  expect(first).toBe('the file was read');
});

test('work that nothing will ever finish is told of, once', async () => {
  const clock = virtualClock();
  let told = 0;
  let finish: () => void = () => {};
  const work = new Promise<void>((resolve) => {
    finish = resolve;
  });
  await clock.runUntil(work, () => {
    told += 1;
    finish();
  });
  expect(told).toBe(1);
});
