import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { parse } from 'yaml';
import { positionAt } from '../../engine/base/position.ts';
import { loadConfig } from '../../engine/config.ts';
import type { Diagnostic } from '../../engine/contracts/diagnostic.ts';
import { DagrunError } from '../../engine/errors.ts';
import { checkWorkflow, renderDiagnostics, runTests } from '../../engine/index.ts';

/** One rule of the language, as `test/conformance/rules.yml` states it. */
export interface Rule {
  readonly id: string;
  readonly rule: string;
  /** The version of dagrun that has it. */
  readonly since: string;
  /** Older fixtures that show just this rule, from the root of the repository: right ones, and wrong ones with their goldens. */
  readonly pass?: readonly string[];
  readonly fail?: readonly string[];
  /** Test files that show what no single workflow can, from the root of the repository. */
  readonly tests?: readonly string[];
}

/**
 * `<rule>-pass-<what>.<type>.yml` keeps a rule and `<rule>-fail-<what>.<type>.yml` breaks it. A `workflow` is checked, a `run` is a test file whose
 * scenarios hold, a `config` is a configuration. Lines at the top say more: `# fails: DAG203 at `text``, one for each mistake, in the order of
 * the file: its code, and a text that stands on its line and on no other; `# waits for: route` of one whose feature is not there.
 */
export interface Fixture {
  /** From the root of the repository. */
  readonly path: string;
  readonly rule: string;
  readonly verdict: 'pass' | 'fail';
  readonly what: string;
  readonly type: 'workflow' | 'run' | 'config';
  readonly fails: readonly { readonly code: string; readonly at: string }[];
  readonly waitsFor?: string;
}

const root = join(import.meta.dirname, '../..');
const folder = join(root, 'test/conformance');
const NAME = /^(L\d+\.\d+)-(pass|fail)-([a-z0-9-]+)\.(workflow|run|config)\.yml$/;

/** All rules, in the order in which they are written down. */
export function readRules(): readonly Rule[] {
  const file: Readonly<Record<string, Omit<Rule, 'id'>>> = parse(readFileSync(join(folder, 'rules.yml'), 'utf8'));
  return Object.entries(file).map(([id, rule]) => ({ id, ...rule }));
}

/** The rules' fixtures in the order of their names; what else is in the folder belongs to them. */
export function readFixtures(): readonly Fixture[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.flatMap((name): Fixture[] => {
    const [, rule, verdict, what, type] = NAME.exec(basename(name)) ?? [];
    if (rule === undefined || what === undefined) return [];
    const text = readFileSync(join(folder, name), 'utf8');
    const waitsFor = /^# waits for: (.+)$/m.exec(text)?.[1];
    return [
      {
        path: `test/conformance/${name}`,
        rule,
        verdict: verdict as Fixture['verdict'],
        what,
        type: type as Fixture['type'],
        fails: [...text.matchAll(/^# fails: (DAG\d{3}|\?) at `(.+)`$/gm)].map(([, code = '', at = '']) => ({ code, at })),
        ...(waitsFor !== undefined && { waitsFor }),
      },
    ];
  });
}

/** What was found of a fixture. */
export interface Found {
  /** Every mistake and warning: `DAG203 at 7`, in the order of the text. */
  readonly places: readonly string[];
  /** The same as they are told. */
  readonly told: string;
}

/** Checks a fixture, or runs its scenarios. */
export async function examineFixture({ path, type }: Fixture): Promise<Found> {
  const diagnostics =
    type === 'workflow' ? await checkWorkflow(path, { cwd: root, env: {} }) : type === 'run' ? await ran(path) : configured(path);
  return {
    places: diagnostics.map(({ code, at }) => `${code} at ${positionAt(at.file, at.start).line}`),
    told: renderDiagnostics(diagnostics, { format: 'pretty', colour: false }),
  };
}

/** The places a fixture promises: the lines its texts stand on. Throws when a text stands on none, or on several. */
export function promised({ path, fails }: Fixture): readonly string[] {
  const lines = readFileSync(join(root, path), 'utf8').split('\n');
  return fails.map(({ code, at }) => {
    const found = lines.flatMap((line, index) => (line.includes(at) && !line.startsWith('# ') ? [index + 1] : []));
    if (found.length !== 1) throw new Error(`${path}: \`${at}\` stands on ${found.length} lines`);
    return `${code} at ${found[0]}`;
  });
}

async function ran(path: string): Promise<readonly Diagnostic[]> {
  const { files } = await runTests([path], { cwd: root, env: {} });
  return files.flatMap((file) => [...file.diagnostics, ...file.scenarios.flatMap((scenario) => scenario.diagnostics)]);
}

/** Loads a configuration from a folder of its own, as configurations are found by their name. */
function configured(path: string): readonly Diagnostic[] {
  const cwd = mkdtempSync(join(tmpdir(), 'dagrun-rule-'));
  cpSync(join(root, path), join(cwd, 'dagrun.config.yml'));
  try {
    return loadConfig({ cwd, env: { SET_KEY: 'k3y' } }).warnings;
  } catch (error) {
    if (error instanceof DagrunError) return error.diagnostics;
    throw error;
  } finally {
    rmSync(cwd, { recursive: true });
  }
}

/** True for a file of the repository that exists. */
export function isThere(path: string): boolean {
  return existsSync(join(root, path)) && dirname(path) !== '.';
}
