import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Failpoint } from '../../engine/base/failpoint.ts';
import { bundleOf } from './bundle.ts';
import { wrongIn } from './compare.ts';
import { type CountingServer, startCountingServer } from './counting-server.ts';
import { createHarness, type Harness, type Lived } from './harness.ts';
import { referenceRuns } from './reference-run.ts';
import { atPlace, atRandom, everyPlace, inWords, mulberry, newTally, sweep } from './sweep.ts';

/** Of all the places the runs come by, each nth, and each kind of place; `npm run test:crash` takes them all, and more at random. */
const EVERY = 12;
const seed = Number(process.env.CRASH_SEED ?? 1);

/** Every place there is. */
const PLACES: Readonly<Record<Failpoint, true>> = {
  'migrate.before': true,
  'migrate.after': true,
  'create.before': true,
  'create.after': true,
  'claim.before': true,
  'claim.after': true,
  'beat.before': true,
  'beat.after': true,
  'append.before': true,
  'append.within': true,
  'append.after': true,
  'release.before': true,
  'release.after': true,
  'post.before': true,
  'post.after': true,
  'take.before': true,
  'take.after': true,
  'call.before': true,
  'call.after': true,
  'tool.before': true,
  'tool.after': true,
};

let server: CountingServer;
let harness: Harness;
const undisturbed = new Map<string, Lived>();
const tally = newTally();
beforeAll(async () => {
  server = await startCountingServer(mulberry(seed));
  harness = createHarness(await bundleOf('test/crash/child.ts'), server);
}, 60_000);
afterAll(async () => {
  harness.close();
  await server.close();
  console.log(`seed ${seed}: ${inWords(tally)}`);
});

let counted = seed;

describe('a run that is killed comes to what it would have come to, and pays nothing twice', () => {
  test.each(referenceRuns.map((reference) => [reference.name, reference] as const))('%s', { timeout: 300_000 }, async (_, reference) => {
    const lived = await harness.live(reference, () => undefined);
    expect(wrongIn(lived, lived)).toEqual([]);
    undisturbed.set(reference.name, lived);
    const chosen = everyPlace(reference, lived).filter(() => counted++ % EVERY === 0);
    await sweep(harness, [...chosen, atRandom(reference, seed, 400)], undisturbed, tally);
    expect(tally.wrong).toEqual([]);
  });

  test('also one of which an item goes first', () => {
    const events = [...undisturbed.values()].flatMap(({ told }) => told.events);
    expect(events.flatMap((event) => (event.type === 'node.expanded' && event.warmUp ? [event.node] : []))).toEqual(['study']);
  });

  test('at every kind of place', { timeout: 300_000 }, async () => {
    const left = Object.keys(PLACES).filter((place) => !tally.places.has(place as Failpoint)) as Failpoint[];
    const missing = left.map((place) => atPlace(referenceRuns.find(({ name }) => undisturbed.get(name)?.told.visits[place])!, place, 1));
    await sweep(harness, missing, undisturbed, tally);
    expect(tally.wrong).toEqual([]);
    expect([...tally.places.keys()].sort()).toEqual(Object.keys(PLACES).sort());
  });
});
