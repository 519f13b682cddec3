import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { parse } from 'yaml';
import type { Json, JsonSchema } from '../../engine/index.ts';
import { renderDiagnostics, runTests, type TestReport } from '../../engine/index.ts';
import { compileValidator } from '../../engine/lang/validate.ts';
import { testSchema } from '../../engine/testing/test-schema.ts';

/** A folder for test files of workflows. */
export interface TestSandbox {
  readonly folder: string;
  /** Writes a file of the folder. */
  write(path: string, text: string): void;
  /** The report of a test file about a workflow, both given as text: the fields of the one, the scenarios of the other. */
  report(workflow: string, scenarios: string): Promise<TestReport>;
  remove(): void;
}

export function testSandbox(): TestSandbox {
  const folder = mkdtempSync(join(tmpdir(), 'dagrun-tests-'));
  let count = 0;
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  return {
    folder,
    write,
    async report(workflow, scenarios) {
      count += 1;
      const name = `w${count}`;
      write(`${name}.workflow.yml`, `dagrun: 1\nname: ${name}\n${workflow}`);
      const text = `workflow: ${name}.workflow.yml\nscenarios:\n${scenarios}`;
      write(`${name}.test.yml`, text);
      expect(compileValidator(testSchema as JsonSchema)(parse(text) as Json)).toEqual([]);
      return runTests([`${name}.test.yml`], { cwd: folder });
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** What does not hold, one line each; nothing when all holds. */
export function told({ files }: TestReport): string {
  const all = files.flatMap((file) => [...file.diagnostics, ...file.scenarios.flatMap((scenario) => scenario.diagnostics)]);
  return renderDiagnostics(all, { format: 'line', colour: false });
}
