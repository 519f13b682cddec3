import { type Instant, type RunId, runId } from '../base/ids.ts';
import type { Json } from '../base/json.ts';
import { Failed } from '../contracts/failure.ts';
import type { RunRecord, Store } from '../contracts/store.ts';

export interface OutgoingSignal {
  readonly name: string;
  readonly payload: Json;
  /** The id of a run, or `all`. */
  readonly to: string;
  /** Who sends it: a person, or a run. */
  readonly by: string;
  readonly at: Instant;
}

/** Posts a signal to a run, or to all that are not over; gives the runs that got it. Throws Failed (bad_request) for one run that cannot. */
export async function sendSignal(
  store: Pick<Store, 'runs' | 'inbox'>,
  { name, payload, to, by, at }: OutgoingSignal,
): Promise<readonly RunId[]> {
  const runs = to === 'all' ? (await runsUnderWay(store)).map(({ id }) => id) : [await oneUnderWay(store, to)];
  for (const run of runs) await store.inbox.post(run, { type: 'signal', name, payload, by }, at);
  return runs;
}

/** Runs that are not over, newest first. */
export async function runsUnderWay(store: Pick<Store, 'runs'>): Promise<readonly RunRecord[]> {
  const lists = await Promise.all((['running', 'waiting'] as const).map((status) => store.runs.list({ status })));
  return lists.flat().sort((a, b) => b.startedAt - a.startedAt);
}

async function oneUnderWay(store: Pick<Store, 'runs'>, to: string): Promise<RunId> {
  const record = await store.runs.find(runId(to));
  if (!record) throw new Failed({ type: 'bad_request', message: `there is no run ${to} to send a signal to` });
  if (record.status !== 'running' && record.status !== 'waiting')
    throw new Failed({ type: 'bad_request', message: `run ${to} is over (${record.status}): nobody waits for a signal there` });
  return record.id;
}
