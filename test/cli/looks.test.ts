import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { main } from '../../cli/main.ts';
import { displayWidth } from '../../engine/index.ts';
import { type FakeIo, type FakeIoOptions, fakeIo } from './fake-io.ts';

/** Commands whose text follows the gallery, the catalog and the machine: what must hold whatever is in them. */
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dagrun-looks-'));
  writeFileSync(
    join(folder, 'own.workflow.yml'),
    'dagrun: 1\nname: own\ndescription: Says something\nnodes:\n  say: { tier: cheap, prompt: Speak. }\noutputs: { said: nodes.say.output }\n',
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

async function ran(line: string, options: Partial<FakeIoOptions> = {}): Promise<{ code: number; io: FakeIo }> {
  const io = fakeIo({ cwd: folder, ...options });
  return { code: await main(line.split(' '), io), io };
}

test('list: the project before the gallery, mistakes counted', async () => {
  writeFileSync(join(folder, 'odd.workflow.yml'), 'dagrun: 1\nname: odd\nnodes: {}\n');
  const { code, io } = await ran('list');
  rmSync(join(folder, 'odd.workflow.yml'));
  expect(code).toBe(0);
  const [project = '', gallery = ''] = io.written.stdout.split('Gallery');
  expect(project).toMatch(/own +1 +Says something +own\.workflow\.yml/);
  expect(project).toMatch(/odd +\d +\d mistakes? +odd\.workflow\.yml/);
  expect(gallery).toContain('code-review');
  const { io: json } = await ran('list --json');
  expect(JSON.parse(json.written.stdout).map((workflow: { name: string }) => workflow.name)).toContain('research-synthesis');
});

test('list: what is only a part of another workflow stands below it', async () => {
  const { io } = await ran('list');
  expect(io.written.stdout).toMatch(/\n {2}evaluator-optimizer .*\n {2}└ gate /);
  const { io: json } = await ran('list --json');
  const gate = JSON.parse(json.written.stdout).find(({ name }: { name: string }) => name === 'gate');
  expect(gate.runBy).toEqual([expect.stringMatching(/evaluator-optimizer\.workflow\.yml$/)]);
});

test.each(['list', 'models', 'describe code-review', 'describe own'])('%s fits a terminal of 80 columns', async (line) => {
  const { code, io } = await ran(line, { terminal: 80, env: { NO_COLOR: '1' } });
  expect(code).toBe(0);
  for (const text of io.written.stdout.split('\n')) expect(displayWidth(text), text).toBeLessThanOrEqual(80);
});

test('models: those of a tier, in the order they are tried', async () => {
  const { io } = await ran('models --tier cheap --json', { env: { OPENAI_API_KEY: 'sk-secret' } });
  const models = JSON.parse(io.written.stdout);
  expect(models.length).toBeGreaterThan(0);
  for (const model of models) expect(model.tiers).toContain('cheap');
  expect(io.written.both).not.toContain('sk-secret');
});

test('doctor: says what is there, shows no key, and fails on a problem', async () => {
  const { code, io } = await ran('doctor', { env: { ANTHROPIC_API_KEY: 'sk-secret' } });
  expect(code).toBe(0);
  expect(io.written.stdout).toContain(`Node ${process.versions.node}`);
  expect(io.written.stdout).toMatch(/✓ provider +anthropic can be used/);
  expect(io.written.stdout).toMatch(/✓ terminal +stdout is no terminal, colour off/);
  expect(io.written.both).not.toContain('sk-secret');
  writeFileSync(join(folder, 'dagrun.config.yml'), 'tiers: 3\n');
  expect((await ran('doctor')).code).toBe(3);
  rmSync(join(folder, 'dagrun.config.yml'));
});

test('explain: every code has a page, an example included where there is one', async () => {
  const { io } = await ran('explain');
  const codes = [...io.written.stdout.matchAll(/^(DAG\d{3}) {2}\S/gm)].map((match) => match[1]!);
  expect(codes.length).toBeGreaterThan(50);
  for (const code of codes.slice(0, 10)) expect((await ran(`explain ${code}`)).code).toBe(0);
});
