import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import {
  checkWorkflow,
  type Json,
  type JsonSchema,
  type LoadedWorkflow,
  loadWorkflow,
  type Plan,
  type RunOptions,
  type RunResult,
  renderDiagnostics,
  renderPlan,
  run,
  runTests,
} from '../engine/index.ts';
import { compileValidator } from '../engine/lang/validate.ts';

const fixtures = join(import.meta.dirname, 'fixtures/expressive');
const names = readdirSync(fixtures)
  .filter((file) => file.endsWith('.workflow.yml'))
  .map((file) => file.replace('.workflow.yml', ''));

/** Some of them write files: they are played in a copy. */
let folder: string;
let surroundings: { readonly cwd: string; readonly env: Readonly<Record<string, string>> };
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dagrun-expressive-'));
  cpSync(fixtures, folder, { recursive: true });
  surroundings = { cwd: folder, env: { DAGRUN_STORE: 'memory:' } };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a run cannot do without. */
const INPUTS: Readonly<Record<string, RunOptions['inputs']>> = {
  'book-translation': { text: readFileSync(join(fixtures, 'book-translation/book.md'), 'utf8'), piece: 250 },
};

const validators = new Map<string, ReturnType<typeof compileValidator>>();

/** What a published schema finds wrong with a value. */
function problems(schema: string, value: Json): readonly string[] {
  const file = join(import.meta.dirname, `../schemas/${schema}.schema.json`);
  const validate = validators.get(schema) ?? compileValidator(JSON.parse(readFileSync(file, 'utf8')) as JsonSchema);
  validators.set(schema, validate);
  return validate(value).map((problem) => problem.message);
}

const readYaml = (file: string): Json => parse(readFileSync(join(fixtures, file), 'utf8')) as Json;

/** Workflows of other systems, said in this language: see the README beside them. */
describe.each(names)('%s', (name) => {
  const file = (): string => join(folder, `${name}.workflow.yml`);
  let workflow: LoadedWorkflow;
  beforeAll(async () => {
    workflow = await loadWorkflow(file(), surroundings);
  });
  const play = (options: Partial<RunOptions>): Promise<RunResult> =>
    run(workflow, { ...surroundings, inputs: INPUTS[name] ?? {}, wait: false, ...options });

  test('has no mistakes and no warnings', async () => {
    const diagnostics = await checkWorkflow(file(), surroundings);
    expect(renderDiagnostics(diagnostics, { format: 'pretty', colour: false })).toBe('');
  });

  test('editors agree with the workflow, its replies and its tests', () => {
    expect(problems('workflow', readYaml(`${name}.workflow.yml`))).toEqual([]);
    expect(problems('replies', readYaml(`${name}.replies.yml`))).toEqual([]);
    expect(problems('test', readYaml(`${name}.test.yml`))).toEqual([]);
  });

  test('says where its idea is from', () => {
    expect(workflow.name).toBe(name);
    expect(workflow.plan.description).toMatch(/\(\S+\/\S+, .+\)/);
  });

  test.each(['tree', 'mermaid'] as const)('is drawn as %s', (format) => {
    const plan: Plan = workflow.plan;
    const picture = renderPlan(plan, format);
    for (const node of plan.nodes) expect(picture).toContain(node.id);
  });

  test('runs offline with its replies', async () => {
    const result = await play({ replies: join(folder, `${name}.replies.yml`) });
    expect(result.error).toBeUndefined();
    expect(result.status).toBe('succeeded');
    expect(problems('result', JSON.parse(JSON.stringify(result)) as Json)).toEqual([]);
  });

  test('runs offline on made-up answers', async () => {
    const result = await play({ offline: true });
    expect(result.error).toBeUndefined();
    expect(['succeeded', 'waiting']).toContain(result.status);
  });

  test('its scenarios hold', async () => {
    const report = await runTests([join(folder, `${name}.test.yml`)], { cwd: folder, env: {} });
    const told = report.files.flatMap((one) => [...one.diagnostics, ...one.scenarios.flatMap((scenario) => scenario.diagnostics)]);
    expect(renderDiagnostics(told, { format: 'pretty', colour: false })).toBe('');
    expect(report.failed).toBe(0);
    expect(report.passed).toBeGreaterThan(0);
  });
});

test('ten workflows, of at least five systems', () => {
  const systems = names.map(
    (name) => /\(([^,)]+\/[^,)]+)/.exec(String((readYaml(`${name}.workflow.yml`) as { description: string }).description))?.[1],
  );
  expect(names.length).toBeGreaterThanOrEqual(10);
  expect(new Set(systems).size).toBeGreaterThanOrEqual(5);
  expect(systems).not.toContain(undefined);
});
