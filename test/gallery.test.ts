import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import {
  checkWorkflow,
  type Json,
  type JsonSchema,
  type LoadedWorkflow,
  loadWorkflow,
  type RunOptions,
  type RunResult,
  renderPlan,
  run,
} from '../engine/index.ts';
import { compileValidator } from '../engine/lang/validate.ts';

const folder = join(import.meta.dirname, '../workflows');
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.workflow.yml'))
  .map((file) => file.replace('.workflow.yml', ''));
const surroundings = { cwd: folder, env: { DAGRUN_STORE: 'memory:' } };

const textOf = (file: string): string => readFileSync(join(folder, file), 'utf8');

/** A new git repository with two commits. */
function smallRepository(): string {
  const path = mkdtempSync(join(tmpdir(), 'dagrun-gallery-'));
  const git = (...args: readonly string[]): unknown =>
    execFileSync('git', ['-C', path, '-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', ...args]);
  git('init', '--quiet');
  for (const [text, subject] of [
    ['export const one = 2;\n', 'One'],
    ['export const one = 1;\n', 'Fix one'],
  ] as const) {
    writeFileSync(join(path, 'one.ts'), text);
    git('add', 'one.ts');
    git('commit', '--quiet', '--message', subject);
  }
  return path;
}

/** Inputs that have no default, for runs without any answer. */
const examples: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'bug-predict': { repository: smallRepository() },
  'bulk-classification': { tickets: textOf('bulk-classification/tickets.jsonl') },
  'code-review': { diff: textOf('code-review/change.diff') },
  'log-analysis': { log: textOf('log-analysis/shop.log') },
  'test-generation': { source: textOf('test-generation/shipping.mjs') },
};

/** What a published schema finds wrong with a value. */
function problems(schema: string, value: Json): readonly string[] {
  const text = readFileSync(join(folder, '../schemas', `${schema}.schema.json`), 'utf8');
  return compileValidator(JSON.parse(text) as JsonSchema)(value).map((problem) => problem.message);
}

/** A run of a gallery workflow with the answers that lie beside it. */
async function play(name: string, inputs: RunOptions['inputs'] = {}): Promise<RunResult> {
  const workflow = await loadWorkflow(join(folder, `${name}.workflow.yml`), surroundings);
  return run(workflow, { ...surroundings, inputs, replies: join(folder, name, `${name}.replies.yml`) });
}

const statuses = (result: RunResult): Record<string, string> => Object.fromEntries(result.nodes.map((node) => [node.id, node.status]));
const skipReason = (result: RunResult, id: string): string | undefined => result.nodes.find((node) => node.id === id)?.skipReason;

describe.each(names)('%s', (name) => {
  const file = join(folder, `${name}.workflow.yml`);
  let workflow: LoadedWorkflow;
  beforeAll(async () => {
    workflow = await loadWorkflow(file, surroundings);
  });

  test('has no mistakes and no warnings', async () => {
    expect((await checkWorkflow(file, surroundings)).map((diagnostic) => `${diagnostic.code} ${diagnostic.message}`)).toEqual([]);
  });

  test('editors agree, and its replies are what they expect', () => {
    expect(problems('workflow', parse(readFileSync(file, 'utf8')) as Json)).toEqual([]);
    expect(problems('replies', parse(readFileSync(join(folder, name, `${name}.replies.yml`), 'utf8')) as Json)).toEqual([]);
  });

  test('is named like its file, and plans', () => {
    expect(workflow.name).toBe(name);
    expect(JSON.parse(JSON.stringify(workflow.plan))).toEqual(workflow.plan);
  });

  test.each(['tree', 'mermaid', 'dot'] as const)('is drawn as %s', (format) => {
    const picture = renderPlan(workflow.plan, format);
    for (const node of workflow.plan.nodes) expect(picture).toContain(node.id);
  });

  test('runs without any answer written down', async () => {
    const result = await run(workflow, { ...surroundings, inputs: examples[name] ?? {}, offline: true, wait: false });
    expect(result.error).toBeUndefined();
    expect(problems('result', JSON.parse(JSON.stringify(result)) as Json)).toEqual([]);
  });

  test('every input says what it is for', () => {
    if (name === 'app-reviews') return; // fifteen lines
    for (const input of Object.values(workflow.plan.inputs)) expect(input.description).toBeTruthy();
  });
});

describe('research-synthesis', () => {
  test('the sources disagree: the premium model writes the answer', async () => {
    const result = await play('research-synthesis');
    expect(statuses(result)).toEqual({
      summarize: 'succeeded',
      evidence: 'succeeded',
      analyze: 'succeeded',
      synthesize: 'succeeded',
    });
    expect(result.outputs).toMatchObject({
      confidence: 'medium',
      disagreements: expect.arrayContaining([expect.stringContaining('99th')]),
    });
    expect(result.outputs.answer).toContain('Move compaction first');
    expect(result.nodes.find((node) => node.id === 'summarize')?.items).toHaveLength(4);
    expect(result.simulated).toBe(true);
    expect(result.cost.total).toBeGreaterThan(0);
    expect(result.cost.savingsPercent).toBeGreaterThan(0);
    expect(problems('result', JSON.parse(JSON.stringify(result)) as Json)).toEqual([]);
  });

  test('below the threshold the analysis is the answer, and the reason names both numbers', async () => {
    const result = await play('research-synthesis', { complexity_threshold: 0.8 });
    expect(statuses(result).synthesize).toBe('skipped');
    expect(skipReason(result, 'synthesize')).toBe('complexity 0.72 is below 0.8, the analysis answers it');
    expect(result.outputs.answer).toContain('only as the search tier does it');
  });

  test('answers without any replies', async () => {
    const workflow = await loadWorkflow(join(folder, 'research-synthesis.workflow.yml'), surroundings);
    const result = await run(workflow, { ...surroundings, offline: true });
    expect(result.status).toBe('succeeded');
  });
});

describe('code-review', () => {
  const diff = readFileSync(join(folder, 'code-review/change.diff'), 'utf8');

  test('a change of the core is seen by the architect', async () => {
    const result = await play('code-review', { diff });
    expect(statuses(result)).toEqual({
      files: 'succeeded',
      core_files: 'succeeded',
      classify: 'succeeded',
      scan: 'succeeded',
      architect_review: 'succeeded',
    });
    expect(result.outputs).toMatchObject({
      verdict: 'request_changes',
      findings: [
        { file: 'src/security/session.ts', line: 22, severity: 'critical' },
        { file: 'src/http/auth.ts', line: 16, severity: 'high' },
        { file: 'src/http/auth.ts', line: 4, severity: 'medium' },
      ],
    });
  });

  test('a small change elsewhere is not, and the verdict follows from the findings', async () => {
    const result = await play('code-review', { diff, core_modules: ['billing/'], risk_threshold: 0.9 });
    expect(statuses(result).architect_review).toBe('skipped');
    expect(skipReason(result, 'architect_review')).toBe('3 files, risk 0.8, none of them in the core');
    expect(result.outputs).toMatchObject({ verdict: 'request_changes', architect: 'not needed' });
  });

  test('many files are enough', async () => {
    const result = await play('code-review', { diff, core_modules: [], risk_threshold: 0.9, file_threshold: 3 });
    expect(statuses(result).architect_review).toBe('succeeded');
  });

  test('what is not a diff fails before a model is called', async () => {
    const result = await play('code-review', { diff: 'please review' });
    expect(result.status).toBe('failed');
    expect(result.error).toMatchObject({ type: 'check_failed', node: 'files' });
  });
});

describe('app-reviews', () => {
  test('two problems: something has to be decided', async () => {
    const result = await play('app-reviews');
    expect(result.outputs.answer).toContain('login');
  });

  test('one problem: nothing to decide', async () => {
    const result = await play('app-reviews', { reviews: ['Crashes'] });
    expect(statuses(result).fix_first).toBe('skipped');
    expect(result.outputs.answer).toBe('nothing urgent');
  });
});

describe('deploy-approval', () => {
  test('everybody agrees: it goes out, and whoever waits for it is told', async () => {
    const result = await play('deploy-approval', { soak: '1ms' });
    expect(statuses(result)).toEqual({
      assess: 'succeeded',
      sign_off: 'succeeded',
      release: 'succeeded',
      soak: 'succeeded',
      announce: 'succeeded',
    });
    expect(result.outputs).toEqual({
      risk: 'high',
      deployed: true,
      window: 'tonight',
      decided_by: 'barbara',
      reason: 'Tonight, with a small share first',
    });
  });

  test('without answers it asks every reviewer, and waits', async () => {
    const workflow = await loadWorkflow(join(folder, 'deploy-approval.workflow.yml'), surroundings);
    const asked: string[] = [];
    const result = await run(workflow, {
      ...surroundings,
      offline: true,
      wait: false,
      onEvent: (event) => {
        if (event.type === 'attempt.parked' && event.until.type === 'approval') asked.push(event.task);
      },
    });
    expect(result.status).toBe('waiting');
    expect(asked.length).toBeGreaterThan(0);
    expect(problems('result', JSON.parse(JSON.stringify(result)) as Json)).toEqual([]);
  });
});
