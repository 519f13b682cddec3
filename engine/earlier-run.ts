import { type NodeId, planDigest, type RunId, runId } from './base/ids.ts';
import { digestOf, isObject, type JsonObject } from './base/json.ts';
import type { RunOptions } from './contracts/engine.ts';
import type { RunEvent, RunReuse } from './contracts/event.ts';
import type { Plan } from './contracts/plan.ts';
import type { RunRecord, Store } from './contracts/store.ts';
import { adviceOn } from './diagnostics/suggest.ts';
import { DagrunError } from './errors.ts';
import { type PastOutputs, readPastOutputs } from './run/past-outputs.ts';
import { openPastRun } from './run/past-run.ts';
import { placesByName } from './run/places.ts';
import { indexPlan, keyOf } from './run/plan-index.ts';

/** The part of a run's options that says what it takes from an earlier one. Throws DagrunError (exit code 2) for what cannot be meant. */
export function reuseWanted({ from, refresh = [], only }: RunOptions, plan: Plan): RunReuse | undefined {
  if (from === undefined) {
    const which = only === undefined ? (refresh.length > 0 ? 'refresh' : undefined) : 'only';
    if (which === undefined) return undefined;
    throw new DagrunError(`--${which} needs an earlier run to take the other nodes from`, {
      exitCode: 2,
      help: `add \`--from <run>\`; \`dagrun runs list\` shows the runs there are`,
    });
  }
  const places = placesByName(indexPlan(plan));
  const outermost = plan.nodes.map((node) => node.id);
  const unknown = (name: string, known: readonly string[]): DagrunError => {
    const help = adviceOn(name, known);
    return new DagrunError(`"${name}" is not a node of ${plan.workflow}`, { exitCode: 2, ...(help !== undefined && { help }) });
  };
  for (const name of refresh) if (!places.has(name)) throw unknown(name, name.includes('/') ? [...places.keys()] : outermost);
  const alone = outermost.find((id) => id === only);
  if (only !== undefined && alone === undefined) {
    if (!places.has(only)) throw unknown(only, outermost);
    throw new DagrunError(`"${only}" is inside another node, and cannot be done alone`, {
      exitCode: 2,
      help: `\`--only ${only.slice(0, only.indexOf('/'))}\` does all that is in it; \`--refresh ${only}\` does this again, and what follows`,
    });
  }
  return { run: runId(from), refresh, ...(alone !== undefined && { only: alone }) };
}

/** An earlier run, and how it began. Throws DagrunError (exit code 2) when there is none, or when its answers may not be used. */
export async function findEarlier(
  store: Store,
  run: RunId,
  simulated: boolean,
): Promise<{ readonly record: RunRecord; readonly plan: Plan; readonly started: Started }> {
  const record = await store.runs.find(run);
  const plan = record && (await store.runs.plan(run));
  const started = plan && (await startOf(store.journal.read(run)));
  if (!record || !plan || !started)
    throw new DagrunError(`there is no run ${run} to reuse`, { exitCode: 2, help: '`dagrun runs list` shows the runs there are' });
  if (started.simulated !== simulated) {
    throw new DagrunError(
      simulated
        ? `${run} was answered by real models, and this run would be simulated`
        : `${run} was simulated: its answers are not taken for real ones`,
      { exitCode: 2, help: simulated ? 'run it without --offline and --replies' : 'add --offline, or start without --from' },
    );
  }
  return { record, plan, started };
}

export type Started = RunEvent & { readonly type: 'run.started' };

/** The inputs of an earlier run as if they were given anew: what was only a default is left to the defaults of now. */
export function inputsOf({ plan, started }: { readonly plan: Plan; readonly started: Started }, now: Plan): JsonObject {
  const given = Object.entries(started.inputs).filter(([name, value]) => {
    if (!now.inputs[name]) return false;
    const before = plan.inputs[name]?.default;
    return before === undefined || digestOf(before) !== digestOf(value);
  });
  return Object.fromEntries(given);
}

/** A plan of one node, which is its only output; what it reads comes from elsewhere. */
export function planOfOnly(plan: Plan, id: NodeId): Plan {
  const { digest: _, file, ...rest } = plan;
  const nodes = plan.nodes.filter((node) => node.id === id).map(({ anyOf: _any, ...node }) => ({ ...node, after: [], height: 1 }));
  const alone = { ...rest, nodes, outputs: { [id]: { value: `nodes.${id}.output` } } };
  return { ...alone, file, digest: planDigest(digestOf(alone as unknown as JsonObject)) };
}

/** What a run takes from an earlier one. */
export interface Earlier {
  readonly reuses: RunReuse;
  readonly outputs?: PastOutputs;
  /** With `only`: the nodes of the earlier run, as expressions read them. */
  readonly nodes?: JsonObject;
}

/** Opens the earlier run of one that starts or goes on. Throws DagrunError (exit code 2) when it cannot be used. */
export async function openEarlier(store: Store, reuses: RunReuse, whole: Plan): Promise<Earlier> {
  if (reuses.only === undefined) return { reuses, outputs: await readPastOutputs(store.journal.read(reuses.run)) };
  const past = await openPastRun(store, reuses.run);
  if (!past) throw new DagrunError(`run ${reuses.run}, on whose values this one stands, is gone`, { exitCode: 2 });
  const scope = await past.scopes.ofOutputs();
  const nodes = isObject(scope.nodes) ? scope.nodes : {};
  for (const edge of whole.nodes.find((node) => node.id === reuses.only)?.after ?? []) {
    const source = nodes[keyOf(edge.from)];
    const status = isObject(source) ? source.status : undefined;
    if (status === 'succeeded' || status === 'skipped' || edge.optional) continue;
    throw new DagrunError(`"${reuses.only}" reads "${edge.from}", which has no output in ${reuses.run}`, {
      exitCode: 2,
      help: `run both: leave out --only, or start with \`--only ${edge.from}\``,
    });
  }
  return { reuses, nodes };
}

async function startOf(events: AsyncIterable<RunEvent>): Promise<Started | undefined> {
  for await (const event of events) if (event.type === 'run.started') return event;
  return undefined;
}
