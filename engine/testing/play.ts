import { runId, type TaskKey } from '../base/ids.ts';
import type { Json, JsonObject } from '../base/json.ts';
import type { LoadedWorkflow, Surroundings } from '../contracts/engine.ts';
import type { RunEvent } from '../contracts/event.ts';
import { Failed } from '../contracts/failure.ts';
import type { NodeKind, TaskContext } from '../contracts/node-kind.ts';
import type { ModelRequest, Provider } from '../contracts/provider.ts';
import type { RunResult } from '../contracts/result.ts';
import { assembleOffline } from '../model-assembly.ts';
import { loadTokenCounter } from '../models/tokens.ts';
import { kinds } from '../nodes/registry.ts';
import { createReplies } from '../providers/reply-search.ts';
import { indexPlan } from '../run/plan-index.ts';
import { createTally } from '../run/tally.ts';
import { runIn } from '../run-workflow.ts';
import { ownKinds, standIn, toolsAtHome, wakesIn } from '../stand-ins.ts';
import { openMemoryStore } from '../store/memory.ts';
import { type Address, addressOf } from './address.ts';
import { type Fault, failureOf, takeFault, waitOut } from './faults.ts';
import type { Scenario } from './scenario.ts';
import { readNodes } from './seen-nodes.ts';
import { type VirtualClock, virtualClock } from './virtual-clock.ts';

/** What there was to see of a run in a test. */
export interface Seen {
  readonly result: RunResult;
  readonly inputs: JsonObject;
  readonly events: readonly RunEvent[];
  /** What models were asked, in order. */
  readonly requests: readonly ModelRequest[];
  /** Answers of people that were not taken. */
  readonly refused: readonly { readonly task: TaskKey; readonly by: string; readonly reason: string }[];
  /** What is known of the outermost nodes by id, and in them of those inside. */
  readonly nodes: Readonly<Record<string, Json>>;
  /** Where a task is, as tests name it. */
  addressOf(task: TaskKey): Address;
}

/** When every test begins, so that what depends on time is the same each time: 2026-01-15T09:30:00Z. */
const START = 1_768_469_400_000;

/** Who starts the runs of tests. */
const STARTER = 'test';

/** Runs a scenario in this process, on virtual time, asking nobody. Throws DagrunError when it cannot begin. */
export async function play(scenario: Scenario, workflow: LoadedWorkflow, around: Surroundings): Promise<Seen> {
  // Loaded before time begins: a call that waits for it must not time out.
  await loadTokenCounter();
  const clock = virtualClock(START);
  const requests: ModelRequest[] = [];
  const events: RunEvent[] = [];
  const refused: Seen['refused'][number][] = [];
  const replies = createReplies(scenario.staged.map(({ staged }) => staged));
  const { plan } = workflow;
  const offline = assembleOffline(replies, scenario.seed);
  const stuck = new AbortController();
  const store = openMemoryStore();
  const id = runId('run_test');
  const running = runIn(
    {
      clock,
      random: randomFrom(scenario.seed),
      id,
      store,
      offline: stagedProvider(offline, scenario.faults, clock, (request) => requests.push(request)),
      kinds: failing(holding(standIn(staying(kinds), replies, plan), clock), scenario.faults, clock, ownKinds(plan)),
      childKinds: (child, place) =>
        failing(holding(standIn(staying(kinds), replies, child, place), clock), scenario.faults, clock, ownKinds(child), place),
      alone: true,
      tools: toolsAtHome(kinds, replies, true),
      toolKinds: holding(kinds, clock),
      wakes: wakesIn(replies, plan, STARTER, (task, by, reason) => refused.push({ task, by, reason })),
    },
    workflow,
    {
      ...around,
      // No keys have a part in it.
      env: {},
      inputs: scenario.inputs,
      by: STARTER,
      drain: stuck.signal,
      onEvent: (event) => events.push(event),
    },
  );
  await clock.runUntil(running, () => stuck.abort());
  const result = await running;
  const started = events.find((event) => event.type === 'run.started');
  const index = indexPlan(plan);
  const tally = createTally(index);
  for (const event of events) tally.add(event);
  const nodes = await readNodes({
    index,
    store,
    tally,
    run: id,
    events,
    unfinished: result.status === 'waiting' ? 'waiting' : 'cancelled',
  });
  return { result, inputs: started?.inputs ?? {}, events, requests, refused, nodes, addressOf: (task) => addressOf(index, task) };
}

/** A provider to which things happen before it answers, and whose requests are seen. */
function stagedProvider(inner: Provider, faults: readonly Fault[], clock: VirtualClock, see: (request: ModelRequest) => void): Provider {
  return {
    ...inner,
    async complete(request, abort) {
      see(request);
      const fault = takeFault(faults, request.origin);
      const failure = fault && failureOf(fault);
      if (failure) throw failure;
      if (fault?.fault === 'slow') await waitOut(fault.delay, clock, abort);
      const release = clock.hold();
      try {
        const reply = await inner.complete(request, abort);
        return fault?.fault === 'malformed' ? { ...reply, text: cutOff(reply.text) } : reply;
      } finally {
        release();
      }
    },
  };
}

/** The first half of a text that was JSON, which it then is no more. */
function cutOff(text: string): string {
  return text.startsWith('{') || text.startsWith('[')
    ? text.slice(0, Math.max(1, Math.floor(text.length / 2))).replace(/[\]}]+$/, '')
    : '{"';
}

/** Kinds that call no model, to which things happen before they are executed. */
function failing(
  all: readonly NodeKind[],
  faults: readonly Fault[],
  clock: VirtualClock,
  isOwn: ReturnType<typeof ownKinds>,
  within?: string,
): readonly NodeKind[] {
  if (faults.length === 0) return all;
  return all.map((kind): NodeKind => {
    if (kind.callsModel) return kind;
    return {
      ...kind,
      async execute(spec, ctx) {
        const { item, attempt, task } = ctx;
        const node = within === undefined ? ctx.node : `${within}/${ctx.node}`;
        const fault = isOwn(task, kind) ? takeFault(faults, { node, attempt, ...(item !== undefined && { item }) }) : undefined;
        const failure = fault && failureOf(fault);
        if (failure) throw failure instanceof Failed ? failure : new Failed(failure);
        if (fault) await waitOut(fault.delay, clock, ctx.abort);
        return kind.execute(spec, ctx);
      },
    };
  });
}

/** Kinds that stay inside: what would run a program, ask a server or write a file fails where no stub stands for it. */
function staying(all: readonly NodeKind[]): readonly NodeKind[] {
  return all.map((kind): NodeKind => {
    if (kind.idempotent === undefined) return kind;
    const failed = (node: string): Failed =>
      new Failed({ type: 'bad_request', message: `a test does nothing outside, and "${node}" has no entry under \`stubs\`` });
    return { ...kind, execute: (_spec, { node }) => Promise.reject(failed(node)) };
  });
}

/** Kinds whose real work holds the clock: no time-out may pass while the disk is slow. */
function holding(all: readonly NodeKind[], clock: VirtualClock): readonly NodeKind[] {
  const still = <C extends Pick<TaskContext, 'readFiles'>>(ctx: C): C => ({
    ...ctx,
    async readFiles(path: string) {
      const release = clock.hold();
      try {
        return await ctx.readFiles(path);
      } finally {
        release();
      }
    },
  });
  return all.map((kind): NodeKind => {
    const { reuse, wake } = kind;
    const reads = reuse?.reads;
    return {
      ...kind,
      async execute(spec, ctx) {
        // A model call passes time by itself: it may be slow.
        if (kind.callsModel) return kind.execute(spec, still(ctx));
        const release = clock.hold();
        try {
          return await kind.execute(spec, ctx);
        } finally {
          release();
        }
      },
      ...(wake && { wake: (spec, memo, why, ctx) => wake.call(kind, spec, memo, why, still(ctx)) }),
      ...(reuse && reads && { reuse: { ...reuse, reads: (spec, ctx) => reads.call(reuse, spec, still(ctx)) } }),
    };
  });
}

/** Numbers in [0, 1) that follow from a text: mulberry32, by Tommy Ettinger, over an FNV-1a hash. */
function randomFrom(seed: string): () => number {
  let state = 0x811c9dc5;
  for (const letter of seed) state = Math.imul(state ^ (letter.codePointAt(0) ?? 0), 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
