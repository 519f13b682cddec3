import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadWorkflow, resume } from '../../engine/index.ts';
import { openProjectStore } from '../../engine/project-store.ts';
import { bundleOf } from '../crash/bundle.ts';
import { callsIn } from '../crash/harness.ts';
import { mulberry } from '../crash/sweep.ts';
import { startHoldingServer } from './holding-server.ts';
import { folderWith, newestRun, removeFolders } from './project.ts';

const WORKFLOW = `dagrun: 1
name: many
limits: { concurrency: 2 }
nodes:
  ask:
    foreach: { items: '[0, 1, 2, 3, 4, 5, 6, 7]' }
    model: openai/gpt-6-luna
    prompt: "{{item}}?"
  join_all: { model: openai/gpt-6-luna, prompt: "{{bullets nodes.ask.output}}" }
outputs: { said: nodes.join_all.output }
`;

let command: string;
beforeAll(async () => {
  command = await bundleOf('cli/main.ts');
}, 60_000);
afterAll(removeFolders);

/** The database and its log, as they are on the disk now. */
function copy(store: string, to: string): string {
  mkdirSync(to, { recursive: true });
  const file = join(to, 'runs.db');
  for (const suffix of ['', '-wal']) if (existsSync(store + suffix)) copyFileSync(store + suffix, file + suffix);
  return file;
}

test('a database and its log, as they were at any instant, hold the run up to there, and it goes on', { timeout: 120_000 }, async () => {
  const server = await startHoldingServer();
  const random = mulberry(7);
  try {
    const folder = folderWith({ 'many.workflow.yml': WORKFLOW });
    const store = join(folder, 'runs.db');
    const env = { ...server.env, DAGRUN_STORE: `file:${store}` };
    const child = spawn(process.execPath, [command, '-C', folder, 'run', 'many', '--quiet'], { env, stdio: 'ignore' });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    const copies: string[] = [];
    // Frozen while it is copied: both files are of the same instant.
    const copyNow = (): void => {
      child.kill('SIGSTOP');
      copies.push(copy(store, join(folder, `copy-${copies.length}`)));
      child.kill('SIGCONT');
    };
    for (let nth = 1; ; nth += 1) {
      if (await Promise.race([ended.then(() => true), server.arrived(nth).then(() => false)])) break;
      copyNow();
      server.answer();
      await pass(random() * 8);
      if (child.exitCode === null) copyNow();
    }
    server.answer(true);
    expect(await ended).toBe(0);
    const whole = (await newestRun(store)).events;
    expect(whole.at(-1)).toMatchObject({ type: 'run.finished', status: 'succeeded' });

    const logged = copies.findLast((file) => existsSync(`${file}-wal`))!;
    // Whoever opens a copy writes its log into its database.
    const last = copy(logged, join(folder, 'logged'));
    const seen = new Set<number>();
    for (const file of copies) {
      const { events } = await newestRun(file);
      expect(events).toEqual(whole.slice(0, events.length));
      seen.add(events.length);
    }
    expect(seen.size).toBeGreaterThan(1);

    // The log cut off anywhere, in the middle of a page, too: what a loss of power leaves of the last writes.
    const { size } = statSync(`${last}-wal`);
    const lengths = new Set<number>();
    for (let cut = 0; cut < 60; cut += 1) {
      const file = copy(last, join(folder, `cut-${cut}`));
      truncateSync(`${file}-wal`, Math.floor(random() * size));
      const { id, events } = await newestRun(file);
      expect(events).toEqual(whole.slice(0, events.length));
      if (events.length === 0 || lengths.has(events.length)) continue;
      lengths.add(events.length);
      const before = server.asked;
      const result = await resume(id, { cwd: folder, env: { ...server.env, DAGRUN_STORE: `file:${file}` } });
      expect(result).toMatchObject({ status: 'succeeded', outputs: { said: 'Done.' } });
      // Only what was not kept is asked for.
      expect(server.asked - before).toBe(9 - Object.keys(callsIn(events)).length);
    }
    expect(lengths.size).toBeGreaterThan(5);
  } finally {
    server.close();
  }
});

test('a run whose clock is set back ends well, and no time is negative', async () => {
  const { runIn } = await import('../../engine/run-workflow.ts');
  const { instant, runId } = await import('../../engine/base/ids.ts');
  const folder = folderWith({ 'many.workflow.yml': WORKFLOW });
  const store = join(folder, 'runs.db');
  const server = await startHoldingServer();
  server.answer(true);
  try {
    const env = { ...server.env, DAGRUN_STORE: `file:${store}` };
    let now = 1_800_000_000_000;
    const clock = {
      // An hour back at every look.
      now() {
        now -= 3_600_000;
        return instant(now);
      },
      after(delay: number, call: () => void) {
        const timer = setTimeout(call, delay);
        return () => clearTimeout(timer);
      },
    };
    const workflow = await loadWorkflow(join(folder, 'many.workflow.yml'), { cwd: folder, env });
    const result = await runIn({ clock, random: () => 0.5, id: runId('run_back') }, workflow, { cwd: folder, env });
    expect(result.error).toBeUndefined();
    expect(result.status).toBe('succeeded');
    expect([result.durationMs, ...result.nodes.map(({ durationMs }) => durationMs)].every((ms) => ms >= 0)).toBe(true);
    const { events } = await newestRun(store);
    for (const event of events) {
      if (event.type === 'model.called') expect(event.call.latency).toBeGreaterThanOrEqual(0);
      if ('duration' in event) expect(event.duration).toBeGreaterThanOrEqual(0);
    }
    const opened = await openProjectStore({ env });
    expect((await opened.runs.list())[0]).toMatchObject({ status: 'succeeded', owner: null });
    await opened.close();
  } finally {
    server.close();
  }
});
