import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { instant, type TaskKey } from '../../engine/base/ids.ts';
import type { InEvent } from '../../engine/contracts/store.ts';
import {
  cancelRun,
  explainNode,
  forkRun,
  listRuns,
  loadWorkflow,
  openRun,
  type RunEvent,
  readEvents,
  readRun,
  renderRecording,
  resume,
  run,
  watchPast,
} from '../../engine/index.ts';
import { openProjectStore } from '../../engine/project-store.ts';
import { createKernel } from '../../engine/run/kernel.ts';
import { indexPlan } from '../../engine/run/plan-index.ts';
import { newRunId } from '../../engine/run-id.ts';

let cwd: string;
const around = (): { cwd: string; env: Record<string, string> } => ({ cwd, env: { DAGRUN_STORE: `file:${join(cwd, 'runs.db')}` } });
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'dagrun-runs-'));
});
afterEach(() => rmSync(cwd, { recursive: true }));

const NODES = `nodes:
  scan:
    model: openai/gpt-6.1-sol
    max_tokens: 100
    foreach: { items: '["a", "b", "c"]', as: letter }
    prompt: Look at {{letter}}.
  sum: { kind: set, value: size(nodes.scan.output) }
outputs: { it: nodes.sum.output }`;

async function load(nodes = NODES): ReturnType<typeof loadWorkflow> {
  writeFileSync(join(cwd, 'test.workflow.yml'), `dagrun: 1\nname: test\n${nodes}\n`);
  return loadWorkflow('test.workflow.yml', around());
}

/** A run whose process died with two of three items in flight. */
async function crashed(): Promise<string> {
  const { plan, file } = await load();
  const store = await openProjectStore(around());
  const id = newRunId();
  const at = instant(Date.now() - 60_000);
  // No process of this number lives: Linux ends before it.
  await store.create({ id, plan, file, at });
  await store.runs.claim(id, `${hostname()}/99999999/x`, at, at);
  const decide = createKernel(indexPlan(plan));
  const tell = (event: Partial<InEvent>): Promise<unknown> => store.advance(id, { at, ...event } as InEvent, decide);
  const scan = (index: number): TaskKey => `scan[${index}]` as TaskKey;
  await tell({ type: 'start', inputs: {}, simulated: true, by: 'ada' });
  await tell({
    type: 'opened',
    node: 'scan' as TaskKey,
    opening: { type: 'expand', items: ['a', 'b', 'c'], window: 16, maxFailures: null },
  });
  for (const index of [0, 1, 2]) await tell({ type: 'started', task: scan(index), attempt: 1 });
  const outcome = { type: 'output', output: { json: 'fine' } } as const;
  await tell({ type: 'done', task: scan(0), attempt: 1, outcome, startedAt: at, roll: 0 });
  await store.close();
  return id;
}

describe('a run whose process is gone', () => {
  test('is stale, with how far it is', async () => {
    const id = await crashed();
    expect(await listRuns({ status: 'running' }, around())).toEqual([]);
    expect(await listRuns({ status: 'stale' }, around())).toEqual([
      expect.objectContaining({
        run: id,
        status: 'stale',
        drivenBy: null,
        endedAt: null,
        progress: { done: 0, total: 2, share: 0.167, current: ['scan'] },
      }),
    ]);
  });

  test('tells what is in doubt, and what that costs at most', async () => {
    const id = await crashed();
    const { plan } = await openRun(id, around());
    const past = watchPast(plan);
    await readRun(id, { ...around(), onEvent: past.add });
    const { kept, keptItems, inDoubt } = past.past();
    expect({ kept, keptItems, tasks: inDoubt.map(({ task }) => task) }).toEqual({ kept: 0, keptItems: 1, tasks: ['scan[1]', 'scan[2]'] });
    // 100 tokens of answer at $12 a million, and a short prompt.
    for (const { upTo } of inDoubt) expect(upTo).toBeGreaterThan(0.001);
    for (const { upTo } of inDoubt) expect(upTo).toBeLessThan(0.003);
  });

  test('goes on, and does again only what was in flight', async () => {
    const id = await crashed();
    const events: RunEvent[] = [];
    const result = await resume(id, { ...around(), onEvent: (event) => events.push(event) });
    expect(result).toMatchObject({ status: 'succeeded', outputs: { it: 3 } });
    const asked = events.flatMap((event) => (event.type === 'model.called' ? [`${event.task} ${event.attempt}`] : []));
    expect(asked.toSorted()).toEqual(['scan[1] 2', 'scan[2] 2']);
    expect((await explainNode(id, 'scan', around())).because).toContain('scan[1]: try 1 was in flight when its process ended');
  });

  test('is ended where somebody wishes it, and calls nobody for that', async () => {
    const id = await crashed();
    expect(await cancelRun(id, { ...around(), by: 'grace' })).toEqual({ type: 'ended' });
    const { summary, story } = await readRun(id, around());
    expect(summary).toMatchObject({ status: 'cancelled' });
    expect([...story.nodes.values()].map(({ status, calls }) => [status, calls])).toEqual([
      ['cancelled', 0],
      ['cancelled', 0],
    ]);
    expect(await cancelRun(id, { ...around(), by: 'grace' })).toEqual({ type: 'over', status: 'cancelled' });
    expect(await resume(id, around())).toMatchObject({ status: 'succeeded' });
  });
});

test('a store of a kind that there is not is refused, and no file is made of it', async () => {
  for (const url of ['runs.db', '/runs/of/mine.db', 'mysql://ada:secret@db/runs']) {
    const opening = openProjectStore({ cwd, env: { DAGRUN_STORE: url } });
    await expect(opening).rejects.toMatchObject({
      exitCode: 3,
      message: 'DAGRUN_STORE or store.url names no kind of store that there is',
      help: 'write file:<path>, postgres://… or memory:',
    });
  }
  expect(readdirSync(cwd)).toEqual([]);
});

test('a fork is recorded with the answers it took over, and its replay says them again', async () => {
  const nodes = 'one: { prompt: "First." }, two: { prompt: "Then {{nodes.one.output}}" }';
  const workflow = await load(`nodes: { ${nodes} }\noutputs: { one: nodes.one.output }`);
  writeFileSync(join(cwd, 'first.yml'), 'replies: [{ node: one, text: said once }, { node: two, text: and again }]\n');
  const first = await run(workflow, { ...around(), replies: 'first.yml' });
  const { run: forked } = await forkRun(first.run, { ...around(), at: 'two' });
  await resume(forked, around());
  const { plan } = await openRun(forked, around());
  const events: RunEvent[] = [];
  await readEvents(forked, { ...around(), onEvent: (event) => void events.push(event) });
  writeFileSync(join(cwd, 'forked.yml'), renderRecording(events, plan));
  expect((await run(workflow, { ...around(), replies: 'forked.yml' })).outputs).toEqual({ one: 'said once' });
});

test('a fork has all that does not follow from its node, for nothing', async () => {
  const nodes = `nodes:
  one: { prompt: One. }
  two: { prompt: "Two, after {{nodes.one.output}}" }
  beside: { prompt: Beside. }
outputs: { it: nodes.two.output, other: nodes.beside.output }`;
  const first = await run(await load(nodes), { ...around(), offline: true });
  const forked = await forkRun(first.run, { ...around(), at: 'two' });
  expect(forked.taken).toEqual(['one', 'beside']);
  const events: RunEvent[] = [];
  const second = await resume(forked.run, { ...around(), onEvent: (event) => events.push(event) });
  expect(second.outputs).toEqual(first.outputs);
  expect(events.flatMap((event) => (event.type === 'model.called' ? [event.task] : []))).toEqual(['two']);
  expect(second.cost.total).toBeLessThan(first.cost.total);
  expect((await listRuns({}, around())).map(({ run: id, parent }) => [id, parent])).toEqual([
    [forked.run, first.run],
    [first.run, null],
  ]);
});

test('old runs are forgotten when the configuration says so, those that are not over never', async () => {
  const workflow = await load('nodes: { gate: { kind: approval, message: Go? } }\noutputs: { it: nodes.gate.output }');
  const waiting = await run(workflow, { ...around(), offline: true, wait: false });
  const quick = await load('nodes: { one: { kind: set, value: 1 + 1 } }\noutputs: { it: nodes.one.output }');
  await run(quick, around());
  writeFileSync(join(cwd, 'dagrun.config.yml'), 'runs: { keep: 0s }\n');
  const last = await run(quick, around());
  expect((await listRuns({}, around())).map(({ run: id }) => id)).toEqual([last.run, waiting.run]);
});
