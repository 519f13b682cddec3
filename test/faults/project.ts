import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main } from '../../cli/main.ts';
import type { RunEvent } from '../../engine/contracts/event.ts';
import { openProjectStore } from '../../engine/project-store.ts';
import { fakeIo } from '../cli/fake-io.ts';

const folders: string[] = [];

/** A folder of its own, with these files. */
export function folderWith(files: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'dagrun-fault-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** A command line in a folder, in this process: its exit code and what it says. */
export async function cli(
  cwd: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const io = fakeIo({ cwd, env });
  const code = await main(args, io);
  return { code, stdout: io.written.stdout, stderr: io.written.stderr };
}

/** The newest run of a store, with its journal. */
export async function newestRun(store: string): Promise<{ readonly id: string; readonly events: readonly RunEvent[] }> {
  const opened = await openProjectStore({ env: { DAGRUN_STORE: `file:${store}` } });
  try {
    const [record] = await opened.runs.list({ limit: 1 });
    const events: RunEvent[] = [];
    if (record) for await (const event of opened.journal.read(record.id)) events.push(event);
    return { id: record?.id ?? '', events };
  } finally {
    await opened.close();
  }
}

/** A run without a model, whose journal takes some room: `rounds` values of about 15 kB. */
export function bulky(rounds: number): string {
  return `dagrun: 1
name: bulky
limits: { concurrency: 1 }
nodes:
  block:
    foreach: { items: '[${Array.from({ length: rounds }, (_, at) => at).join(', ')}]' }
    kind: set
    value: '"${'0123456789'.repeat(1500)}" + string(item)'
outputs: { blocks: nodes.block.output.size() }
`;
}

/** Whether file systems can be mounted here. */
export function mayMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'dagrun-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', folder], { stdio: 'ignore' });
    execFileSync('umount', [folder]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
