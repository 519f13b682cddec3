import type { RunId } from './base/ids.ts';
import { isObject, type JsonObject } from './base/json.ts';
import type { Surroundings } from './contracts/engine.ts';
import type { EventBody, RunEvent } from './contracts/event.ts';
import type { Plan } from './contracts/plan.ts';
import type { RunRecord, Store } from './contracts/store.ts';
import { DagrunError } from './errors.ts';
import { filed, withStore } from './filed-runs.ts';
import { newOwner } from './owner.ts';
import { Draft } from './run/draft.ts';
import { indexPlan } from './run/plan-index.ts';

/** The first line of an exported run; its events follow, one per line. */
interface ExportHead {
  readonly dagrun: 'run';
  readonly version: 1;
  readonly run: Pick<RunRecord, 'id' | 'file' | 'parent' | 'status' | 'startedAt' | 'endedAt'>;
  readonly plan: Plan;
}

/** A run as lines of JSON: what is filed of it and its plan first, then its events. */
export async function exportRun(run: string, around: Surroundings & { readonly onLine: (line: string) => void }): Promise<void> {
  await withStore(around, async (store) => {
    const { record, plan } = await filed(store, run);
    const { id, file, parent, status, startedAt, endedAt } = record;
    const head: ExportHead = { dagrun: 'run', version: 1, run: { id, file, parent, status, startedAt, endedAt }, plan };
    around.onLine(JSON.stringify(head));
    for await (const event of store.journal.read(id)) around.onLine(JSON.stringify(event));
  });
}

/**
 * Reads a run from the lines of an export, and files it under its own id. Throws DagrunError (exit code 2) for what is no export,
 * and for a run that is here already.
 */
export async function importRun(
  lines: AsyncIterable<string>,
  around: Surroundings = {},
): Promise<{ readonly run: string; readonly events: number }> {
  return withStore(around, async (store) => {
    const reading = lines[Symbol.asyncIterator]();
    const { value: first, done } = await reading.next();
    if (done) throw noExport('it is empty');
    const head = headIn(first);
    const { id, status, startedAt, endedAt } = head.run;
    const owner = newOwner(id);
    await begin(store, head, owner);
    try {
      const count = await appendAll(store, head, reading);
      await store.runs.release(id, owner, status, endedAt ?? startedAt);
      return { run: id, events: count };
    } catch (error) {
      // Half a run is none.
      await store.runs.remove([id]);
      throw error;
    }
  });
}

async function appendAll(store: Store, head: ExportHead, lines: AsyncIterator<string>): Promise<number> {
  let events: RunEvent[] = [];
  let count = 0;
  for (let next = await lines.next(); !next.done; next = await lines.next()) {
    if (next.value.trim() === '') continue;
    const event = eventIn(next.value, head.run.id, count + 1);
    const [first] = events;
    if (first && (first.at !== event.at || events.length >= STRETCH)) {
      await append(store, head, events);
      events = [];
    }
    events.push(event);
    count += 1;
  }
  await append(store, head, events);
  return count;
}

/** Events of one commit, at most. */
const STRETCH = 1000;

async function begin(store: Store, { run, plan }: ExportHead, owner: string): Promise<void> {
  if (await store.runs.find(run.id)) throw new DagrunError(`run ${run.id} is here already`, { exitCode: 2 });
  const { id, file, parent, startedAt } = run;
  await store.create({ id, plan, file, at: startedAt, ...(parent !== null && { parent }) });
  await store.runs.claim(id, owner, startedAt, startedAt);
}

/** Says again what was said; the events have the same time. */
async function append(store: Store, { run, plan }: ExportHead, events: readonly RunEvent[]): Promise<void> {
  const [first] = events;
  if (!first) return;
  const index = indexPlan(plan);
  await store.advance(run.id, { type: 'cancel', by: '', at: first.at }, (view) => {
    const draft = new Draft(index, view, first.at);
    for (const { run: _run, seq: _seq, at: _at, ...body } of events) draft.emit(body as EventBody);
    return draft.decision();
  });
}

function headIn(line: string): ExportHead {
  const value = jsonIn(line, 1);
  if (value.dagrun !== 'run' || !isObject(value.run) || !isObject(value.plan)) throw noExport('its first line holds no run');
  if (value.version !== 1)
    throw new DagrunError('the file was written by another version of dagrun', { exitCode: 2, help: 'update dagrun' });
  return value as unknown as ExportHead;
}

function eventIn(line: string, run: RunId, seq: number): RunEvent {
  const value = jsonIn(line, seq + 1);
  if (value.run !== run || value.seq !== seq) throw noExport(`its line ${seq + 1} holds not event ${seq} of ${run}`);
  return value as unknown as RunEvent;
}

function jsonIn(line: string, number: number): JsonObject {
  try {
    const value: unknown = JSON.parse(line);
    if (isObject(value)) return value;
  } catch {
    // Told below.
  }
  throw noExport(`its line ${number} is no JSON object`);
}

function noExport(why: string): DagrunError {
  return new DagrunError(`the file is no export of a run: ${why}`, { exitCode: 2, help: '`dagrun runs export` writes one' });
}
