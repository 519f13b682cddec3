import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { callsIn } from '../crash/harness.ts';
import { startHoldingServer } from './holding-server.ts';
import { cli, folderWith, mayMount, newestRun, removeFolders } from './project.ts';

afterAll(removeFolders);

const ITEMS = 40;
const AT_ONCE = 3;
const WORKFLOW = `dagrun: 1
name: many
limits: { concurrency: ${AT_ONCE} }
nodes:
  ask:
    foreach: { items: '[${Array.from({ length: ITEMS }, (_, at) => at).join(', ')}]' }
    model: openai/gpt-6-luna
    prompt: "{{item}}?"
outputs: { answers: nodes.ask.output.size() }
`;

test.skipIf(!mayMount())('a full disk ends the run with what was kept, and with room it goes on', { timeout: 60_000 }, async () => {
  const folder = folderWith({ 'many.workflow.yml': WORKFLOW });
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=600k', 'none', disk]);
  // Different for every call, as answers are; too long for a line of the journal.
  const server = await startHoldingServer('0123456789'.repeat(1500));
  server.answer(true);
  try {
    const store = join(disk, 'runs.db');
    const env = { ...server.env, DAGRUN_STORE: `file:${store}`, DAGRUN_DEBUG: '1' };
    const { code, stdout, stderr } = await cli(folder, ['run', 'many', '--json', '--quiet'], env);
    const { id, events } = await newestRun(store);
    expect(stderr).toBe(
      `error: the disk is full: ${store} cannot grow\nhelp: make room on it\n      \`dagrun resume ${id}\` then goes on from what was kept\n`,
    );
    expect([code, stdout]).toEqual([1, '']);
    const keptItems = Object.keys(callsIn(events)).map((task) => /\[(\d+)\]/.exec(task)?.[1]);
    const kept = keptItems.length;
    expect(kept).toBeGreaterThan(3);
    expect(server.asked - kept).toBeGreaterThanOrEqual(0);
    expect(server.asked - kept).toBeLessThanOrEqual(AT_ONCE);

    // Still full: it cannot even be taken over, and nothing is asked for.
    const before = server.asked;
    const still = await cli(folder, ['resume', id, '--json', '--quiet'], env);
    expect([1, 3], still.stderr).toContain(still.code);
    expect(still.stderr).toContain('the disk is full');
    expect(server.asked - before).toBeLessThanOrEqual(AT_ONCE);
    const asked = server.asked;

    execFileSync('mount', ['-o', 'remount,size=8m', disk]);
    const resumed = await cli(folder, ['resume', id, '--json', '--quiet'], env);
    expect(resumed.stderr).toBe('');
    expect(JSON.parse(resumed.stdout)).toMatchObject({ status: 'succeeded', outputs: { answers: ITEMS } });
    const after = (await newestRun(store)).events;
    expect(after.slice(0, events.length)).toEqual(events);
    expect(Object.values(callsIn(after))).toEqual(Array.from({ length: ITEMS }, () => 1));
    // What was kept is not asked again. A call that the process before had begun may be counted late, so they are not counted.
    const askedAgain = server.prompts.slice(asked);
    expect(keptItems.filter((item) => askedAgain.includes(`${item}?`))).toEqual([]);
  } finally {
    server.close();
    execFileSync('umount', ['--lazy', disk]);
  }
});
