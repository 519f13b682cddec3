import type { Failpoint } from '../../engine/base/failpoint.ts';
import { wrongIn } from './compare.ts';
import type { Harness, Kill, Lived } from './harness.ts';
import type { ReferenceRun } from './reference-run.ts';

/** What a sweep did. */
export interface Tally {
  runs: number;
  kills: number;
  /** Calls the server was asked for. */
  asked: number;
  /** Of them, made again because the process ended before they were kept. */
  lost: number;
  /** From an answer to its commit, in milliseconds. */
  readonly windows: number[];
  /** How often a process was killed at each place. */
  readonly places: Map<Failpoint, number>;
  readonly wrong: string[];
}

export function newTally(): Tally {
  return { runs: 0, kills: 0, asked: 0, lost: 0, windows: [], places: new Map(), wrong: [] };
}

/** Kills by name: what a failure prints, and what repeats it. */
export interface Scenario {
  readonly reference: ReferenceRun;
  readonly name: string;
  readonly kills: (process: number) => Kill | undefined;
}

/** Every place a process comes by in an undisturbed run, each of them once the last one; what may do harm is also interrupted when it is done again. */
export function everyPlace(reference: ReferenceRun, undisturbed: Lived): readonly Scenario[] {
  return Object.entries(undisturbed.told.visits).flatMap(([point, visits]) =>
    Array.from({ length: visits }, (_, at) => atPlace(reference, point as Failpoint, at + 1)).concat(
      point === 'tool.before' ? Array.from({ length: visits }, (_, at) => atPlace(reference, point, at + 1, 1)) : [],
    ),
  );
}

/** A process is killed at a visit of a place, from 1, the one that goes on at another if one is given, and the next one comes to the end. */
export function atPlace(reference: ReferenceRun, point: Failpoint, visit: number, then?: number): Scenario {
  const kills = [visit, ...(then === undefined ? [] : [then])].map((at): Kill => ({ point, visit: at }));
  return {
    reference,
    name: `${reference.name} at ${point} #${[visit, then].filter(Boolean).join(', #')}`,
    kills: (process) => kills[process],
  };
}

/** A run whose processes are killed again and again: at the nth place each comes by, or after some time. */
export function atRandom(reference: ReferenceRun, seed: number, span: number): Scenario {
  const random = mulberry(seed);
  const kills: Kill[] = Array.from({ length: 1 + Math.floor(random() * 6) }, () =>
    random() < 0.5 ? { visit: 1 + Math.floor(random() * 60) } : { afterMs: Math.floor(span * (0.3 + random())) },
  );
  return { reference, name: `${reference.name} with seed ${seed}`, kills: (process) => kills[process] };
}

/** Lives through the scenarios, two at a time, and compares each with the run nobody disturbed. */
export async function sweep(
  harness: Harness,
  scenarios: readonly Scenario[],
  undisturbed: ReadonlyMap<string, Lived>,
  tally: Tally,
): Promise<void> {
  const left = [...scenarios];
  const work = async (): Promise<void> => {
    for (let scenario = left.shift(); scenario; scenario = left.shift()) {
      const { reference, name, kills } = scenario;
      try {
        const lived = await harness.live(reference, kills);
        tally.runs += 1;
        tally.kills += lived.kills;
        tally.asked += lived.asked;
        tally.lost += lived.lostByProcess.reduce((sum, lost) => sum + lost, 0);
        tally.windows.push(...lived.told.windows);
        const first = kills(0);
        if (lived.kills > 0 && first && 'point' in first && first.point)
          tally.places.set(first.point, (tally.places.get(first.point) ?? 0) + 1);
        for (const wrong of wrongIn(lived, undisturbed.get(reference.name)!)) tally.wrong.push(`${name}: ${wrong}`);
      } catch (error) {
        tally.wrong.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  };
  await Promise.all([work(), work()]);
}

/** A line that says what was done. */
export function inWords({ runs, kills, asked, lost, windows }: Tally): string {
  const sorted = windows.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(2);
  return `${runs} runs, ${kills} kills, ${asked} calls, ${lost} of them made again; from answer to commit ${at(0.5)} ms, p99 ${at(0.99)} ms, at most ${at(1)} ms`;
}

/** A small seeded generator of numbers in [0, 1). */
export function mulberry(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
