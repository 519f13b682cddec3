import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Config, loadConfig } from '../engine/config.ts';
import { DagrunError } from '../engine/errors.ts';
import { renderDiagnostics } from '../engine/index.ts';
import { requireProviders, summarizeModels, tiersOf } from '../engine/model-assembly.ts';

const folder = join(import.meta.dirname, 'fixtures', 'config');
const env = { SET_KEY: 'k3y' };

/** What somebody sees of a configuration: its mistakes, or what it comes to. */
function told(load: () => Config): string {
  try {
    const config = load();
    const providers = [...config.providers.values()].map((one) => {
      const limits = `${one.concurrency} at once${one.requestsPerMinute === undefined ? '' : `, ${one.requestsPerMinute} a minute`}`;
      const why = one.problem ? `: ${one.problem.message}` : one.usable ? '' : `: ${one.variable} is not set`;
      return `${one.id} (${one.type}${one.api === undefined ? '' : ` over ${one.api}`}${one.baseUrl === undefined ? '' : ` at ${one.baseUrl}`}, ${limits}) ${one.usable ? 'usable' : 'not usable'}${why}`;
    });
    const tiers = Object.entries(config.tiers).map(([tier, names]) => `${tier}: ${names.join(', ')}`);
    return [...providers, ...tiers, '', renderDiagnostics(config.warnings, { format: 'pretty', colour: false })].join('\n');
  } catch (error) {
    if (!(error instanceof DagrunError)) throw error;
    return `${error.message} (exit code ${error.exitCode})\n\n${renderDiagnostics(error.diagnostics, { format: 'pretty', colour: false })}`;
  }
}

describe('a configuration', () => {
  test.each(readdirSync(folder))('%s', async (name) => {
    const text = told(() => loadConfig({ cwd: join(folder, name), env }));
    expect(text).not.toContain('abcdefgh');
    await expect(text).toMatchFileSnapshot(join(folder, name, 'expected.txt'));
  });

  test('is found upward from the workflow first, then from where one stands', () => {
    const root = mkdtempSync(join(tmpdir(), 'dagrun-config-'));
    const [project, elsewhere, bare] = ['project', 'elsewhere', 'bare'].map((name) => join(root, name, 'deep'));
    for (const path of [project, elsewhere, bare]) mkdirSync(path!, { recursive: true });
    writeFileSync(join(root, 'project', 'dagrun.config.yml'), 'tiers: { cheap: [openai/of-the-project] }\n');
    writeFileSync(join(root, 'elsewhere', 'dagrun.config.yml'), 'tiers: { cheap: [openai/of-elsewhere] }\n');
    const cheap = (cwd: string, workflowFile?: string) => loadConfig({ cwd, env: {}, ...(workflowFile && { workflowFile }) }).tiers.cheap;
    expect(cheap(elsewhere!, join(project!, 'x.workflow.yml'))).toEqual(['openai/of-the-project']);
    expect(cheap(elsewhere!, join(bare!, 'x.workflow.yml'))).toEqual(['openai/of-elsewhere']);
  });

  test('the environment sets up the built-in providers, and outweighs the file', () => {
    const inEnv = {
      ANTHROPIC_API_KEY: 'other',
      ANTHROPIC_BASE_URL: 'http://127.0.0.1:1',
      OPENAI_BASE_URL: 'http://127.0.0.1:2/v1',
      SET_KEY: 'k3y',
    };
    const { providers } = loadConfig({ cwd: join(folder, 'everything'), env: inEnv });
    expect(providers.get('anthropic')).toMatchObject({
      apiKey: 'other',
      baseUrl: 'http://127.0.0.1:1',
      variable: 'ANTHROPIC_API_KEY',
      concurrency: 4,
      usable: true,
    });
    const without = loadConfig({ cwd: join(folder, 'empty'), env: inEnv }).providers;
    // A server of one's own needs no key.
    expect(without.get('openai')).toMatchObject({ baseUrl: 'http://127.0.0.1:2/v1', usable: true });
    expect(without.get('openai')).not.toHaveProperty('apiKey');
  });
});

describe('what a workflow needs', () => {
  const missing = (name: string, wants: Parameters<typeof requireProviders>[2], around = {}) => {
    const config = loadConfig({ cwd: join(folder, name), env: around });
    try {
      requireProviders(config, tiersOf(config, {}), wants);
      return undefined;
    } catch (error) {
      expect(error).toBeInstanceOf(DagrunError);
      return error as DagrunError;
    }
  };

  test('one usable candidate of a tier is enough', () => {
    expect(missing('everything', [{ tier: 'cheap' }], {})).toBeUndefined();
    expect(missing('everything', [{ tier: 'premium' }], env)).toBeUndefined();
  });

  test('without any, it says what to set, and where the file stands in the way', () => {
    const error = missing('everything', [{ tier: 'premium' }, { model: 'hosted/x' }], {});
    expect(error).toMatchObject({ exitCode: 3, message: 'no provider can be used for tier premium, "hosted/x"' });
    expect(error?.help).toBe('set SET_KEY or UNSET_KEY, or run with --offline: answers are then made up, and nothing is spent');
    expect(error?.diagnostics.map(({ code, message }) => [code, message])).toContainEqual([
      'DAG705',
      'the environment variable SET_KEY is not set',
    ]);
  });

  test('a provider nobody has heard of is set up in the file', () => {
    expect(missing('empty', [{ model: 'groq/x' }])?.help).toBe(
      'set up groq in dagrun.config.yml, or run with --offline: answers are then made up, and nothing is spent',
    );
  });
});

test('the models that are listed are those of the tiers first, then all that live', () => {
  const config = loadConfig({ cwd: join(folder, 'everything'), env });
  const models = summarizeModels(config);
  expect(models[0]).toEqual({
    id: 'local/qwen-3.8-27b',
    name: 'qwen-3.8-27b',
    tiers: ['cheap'],
    inputPrice: null,
    outputPrice: null,
    contextWindow: null,
    maxOutput: null,
    deprecated: false,
    usable: true,
  });
  expect(models.find(({ id }) => id === 'anthropic/claude-haiku-5-5')).toMatchObject({ tiers: ['cheap'], inputPrice: 0.1, usable: true });
  expect(models.find(({ id }) => id === 'openai/gpt-4-turbo')).toBeUndefined();
});
