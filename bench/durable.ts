import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { millis as duration, nanoUsd, runId } from '../engine/base/ids.ts';
import type { Plan } from '../engine/contracts/plan.ts';
import type { ModelCall, ModelClient, ModelReply } from '../engine/contracts/provider.ts';
import type { Fold, Store } from '../engine/contracts/store.ts';
import { changesOf } from '../engine/run/fold.ts';
import { indexPlan } from '../engine/run/plan-index.ts';
import { openMemoryStore } from '../engine/store/memory.ts';
import { openSqlStore } from '../engine/store/sql/sql-store.ts';
import { openSqlite } from '../engine/store/sql/sqlite.ts';
import { type Figure, megabytes, millis, times } from './measure.ts';
import { planOf, runPlan } from './rig.ts';
import { fanOut } from './workloads.ts';

const USAGE = { input: 40, output: 12, cacheRead: 0, cacheWrite: 0 };
const CALL: ModelCall = {
  provider: 'bench',
  model: 'instant-1',
  tier: 'cheap',
  call: 'ask',
  status: 'succeeded',
  usage: USAGE,
  cost: nanoUsd(10_000),
  baseline: nanoUsd(400_000),
  latency: duration(1),
  simulated: false,
};
const REPLY: ModelReply = {
  text: 'A short answer, as a classifier or an extractor gives it.',
  stop: 'end',
  usage: USAGE,
  model: 'instant-1',
};

/** Answers at once, and hands the call to the journal as a real client does. */
const INSTANT: ModelClient = {
  async ask(ask, book) {
    await book.record(CALL, ask.origin.task.padEnd(64, '0'), REPLY);
    return { output: REPLY.text, model: 'instant-1', provider: 'bench', tier: 'cheap' };
  },
  ruler: () => Promise.reject(new Error('nothing is measured in this bench')),
  close: async () => undefined,
};

/** What it costs to keep a fan-out of model calls in SQLite, every answer safe on the disk before it is used, over keeping it in memory. */
export async function benchDurable(): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'dagrun-bench-'));
  try {
    const plan = planOf(fanOut(64, 'tier: cheap\n    prompt: "Sort this: {{item}}"'));
    // The code is compiled before anything counts.
    await measured(plan, 5_000, openMemoryStore());
    await measured(plan, 5_000, await open(join(folder, 'warm.db')));
    return [...(await keep(plan, 10_000, folder)), ...(await keep(plan, 100_000, folder))];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function keep(plan: Plan, count: number, folder: string): Promise<readonly Figure[]> {
  const file = join(folder, `${count}.db`);
  const kept = await measured(plan, count, await open(file));
  // Second, so that the growth above is the kept run's own.
  const inMemory = await measured(plan, count, openMemoryStore());
  const bytes = statSync(file).size;
  const store = await open(file);
  const start = performance.now();
  await store.load(runId('run_bench'));
  const loaded = performance.now() - start;
  await store.close();
  const each = (ms: number): string => `${((ms * 1000) / count).toFixed(1)} µs`;
  const name = `${count.toLocaleString('en')} items, 64 at a time`;
  return [
    { what: `${name}: CPU per item in memory`, value: each(inMemory.cpuMs) },
    { what: '— kept in SQLite', value: each(kept.cpuMs), ratio: times(kept.cpuMs, inMemory.cpuMs), memory: megabytes(kept.rssMb) },
    { what: '— what keeping adds', value: each(kept.cpuMs - inMemory.cpuMs), aim: '≤ 80 µs' },
    { what: '— on the disk, per item', value: `${Math.round(bytes / count)} bytes` },
    { what: '— growth of the process, per item', value: `${((kept.rssMb * 1024) / count).toFixed(2)} KB`, aim: '≤ 1 KB' },
    { what: '— reading it back to go on', value: millis(loaded), ...(count === 100_000 && { aim: '≤ 3000 ms' }) },
  ];
}

interface Run {
  readonly cpuMs: number;
  /** How much the process had grown at the end, after collecting. */
  readonly rssMb: number;
}

async function measured(plan: Plan, count: number, store: Store): Promise<Run> {
  const items = Array.from({ length: count }, (_, index) => index);
  globalThis.gc?.();
  const rss = process.memoryUsage().rss;
  const cpu = process.cpuUsage();
  await runPlan(plan, { items }, INSTANT, store);
  const { user, system } = process.cpuUsage(cpu);
  return { cpuMs: (user + system) / 1000, rssMb: Math.max(0, process.memoryUsage().rss - rss) / 1048576 };
}

function open(file: string): Promise<Store> {
  const foldOf = (plan: Plan): Fold => {
    const index = indexPlan(plan);
    return (view, event) => changesOf(index, view, event, event.at);
  };
  return openSqlStore(openSqlite(file), foldOf);
}
