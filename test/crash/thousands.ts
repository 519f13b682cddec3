import { bundleOf } from './bundle.ts';
import { startCountingServer } from './counting-server.ts';
import { createHarness, type Lived } from './harness.ts';
import { referenceRuns } from './reference-run.ts';
import { atRandom, everyPlace, inWords, mulberry, newTally, sweep } from './sweep.ts';

/**
 * `npm run test:crash [-- --random N] [--every E] [--seed S] [--only NAME]`: kills every reference run at every place it comes by,
 * or each Eth of them, and then N runs at random. Says what it found; exit code 1 when anything is wrong.
 */
const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
};
const seed = Number(option('seed') ?? Date.now() % 1_000_000);
const random = Number(option('random') ?? 1000);
const every = Number(option('every') ?? 1);
const only = option('only');
/** After so many at random it says what it found. */
const AT_ONCE = 20;
const chosen = referenceRuns.filter(({ name }) => only === undefined || name === only);

const server = await startCountingServer(mulberry(seed));
const harness = createHarness(await bundleOf('test/crash/child.ts'), server);
try {
  console.log(`seed ${seed}`);
  const undisturbed = new Map<string, Lived>();
  for (const reference of chosen) undisturbed.set(reference.name, await harness.live(reference, () => undefined));
  const tally = newTally();
  let told = 0;
  const tell = (): void => {
    for (const wrong of tally.wrong.slice(told)) console.log(`✗ ${wrong}`);
    told = tally.wrong.length;
  };
  for (const reference of chosen) {
    await sweep(
      harness,
      everyPlace(reference, undisturbed.get(reference.name)!).filter((_, at) => (at + seed) % every === 0),
      undisturbed,
      tally,
    );
    tell();
    console.log(`${reference.name} at every place: ${inWords(tally)}`);
  }
  for (let from = 0; from < random; from += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, random - from) }, (_, at) =>
      atRandom(chosen[(from + at) % chosen.length]!, seed + from + at, 600),
    );
    await sweep(harness, some, undisturbed, tally);
    tell();
    console.log(`at random: ${inWords(tally)}`);
  }
  if (tally.wrong.length > 0) process.exitCode = 1;
} finally {
  harness.close();
  await server.close();
}
