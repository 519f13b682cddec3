import { systemClock } from './base/clock.ts';
import type { Json } from './base/json.ts';
import type { Surroundings } from './contracts/engine.ts';
import { Failed } from './contracts/failure.ts';
import { DagrunError } from './errors.ts';
import { deadBefore } from './owner.ts';
import { openProjectStore } from './project-store.ts';
import { sendSignal } from './run/send-signal.ts';

export interface SignalOptions extends Surroundings {
  /** The id of a run, or `all` that are not over. */
  readonly to: string;
  readonly payload?: Json;
  readonly by: string;
}

/** A run that got a signal; `driven`: a process is there that takes it at once. */
export interface SignalledRun {
  readonly run: string;
  readonly driven: boolean;
}

/** Sends a signal from outside. Throws DagrunError when it is for one run and that run is over, or does not exist. */
export async function signal(name: string, { to, payload = null, by, ...around }: SignalOptions): Promise<readonly SignalledRun[]> {
  const store = await openProjectStore(around);
  try {
    const at = systemClock.now();
    const runs = await sendSignal(store, { name, payload, to, by, at });
    return await Promise.all(
      runs.map(async (run) => {
        const record = await store.runs.find(run);
        const { owner = null, beatAt = null } = record ?? {};
        return { run, driven: owner !== null && beatAt !== null && beatAt >= deadBefore(owner, at) };
      }),
    );
  } catch (error) {
    if (error instanceof Failed) throw new DagrunError(error.message, { exitCode: 2, help: '`dagrun runs list` shows the runs there are' });
    throw error;
  } finally {
    await store.close();
  }
}
