import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { findTests, renderDiagnostics, runTests, type TestReport } from '../engine/index.ts';

const root = join(import.meta.dirname, '..');
const around = { cwd: root, env: {} };

/** The condition guards a form that is there whenever the node before it has run. */
const OUT_OF_REACH = ['announce: run_if is never false'];

/** What `dagrun test` does in this repository: every workflow of the gallery has tests, and they hold. */
describe('the gallery', () => {
  let report: TestReport;
  beforeAll(async () => {
    report = await runTests(findTests(['workflows'], around), around);
    // A hundred scenarios, on a machine that may be busy.
  }, 120_000);

  test('every scenario holds', () => {
    const told = report.files.flatMap((file) => [...file.diagnostics, ...file.scenarios.flatMap((scenario) => scenario.diagnostics)]);
    expect(renderDiagnostics(told, { format: 'pretty', colour: false })).toBe('');
    expect(report.failed).toBe(0);
    expect(report.passed).toBeGreaterThan(80);
  });

  test('every workflow has tests, which take every way through it', () => {
    const names = readdirSync(join(root, 'workflows'))
      .filter((file) => file.endsWith('.workflow.yml'))
      .map((file) => file.replace('.workflow.yml', ''));
    // Those of its folders are parts of others, and run in them.
    const own = report.coverage?.filter(({ file }) => dirname(file) === 'workflows');
    expect(own?.map(({ workflow }) => workflow).sort()).toEqual(names.sort());
    const notTaken = report.coverage?.flatMap((one) => one.notTaken.map(({ node, what }) => `${node}: ${what}`));
    expect(notTaken).toEqual(OUT_OF_REACH);
  });
});
