import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../../engine/base/json.ts';
import type { RunResult } from '../../engine/contracts/result.ts';
import { compileValidator } from '../../engine/lang/validate.ts';
import { kinds } from '../../engine/nodes/registry.ts';
import { parseDocument } from '../../engine/source/document.ts';
import { resultSchema } from '../../engine/syntax/result-schema.ts';
import { workflowSchema } from '../../engine/syntax/schema.ts';

const root = join(import.meta.dirname, '../..');
const isWorkflow = compileValidator(workflowSchema(kinds));

function valueIn(file: string): Json {
  const document = parseDocument({ name: file, text: readFileSync(join(root, file), 'utf8') }, () => {});
  return document?.value ?? null;
}

const filesIn = (folder: string, pattern: RegExp): readonly string[] =>
  readdirSync(join(root, folder))
    .filter((name) => pattern.test(name))
    .map((name) => `${folder}/${name}`);

describe('the schema for editors', () => {
  test.each([...filesIn('workflows', /\.workflow\.yml$/), ...filesIn('test/fixtures/ok', /\.workflow\.yml$/)])('accepts %s', (file) => {
    expect(isWorkflow(valueIn(file)).map((problem) => problem.message)).toEqual([]);
  });

  // What a fallback may replace depends on the node, and what a template gives on what it reads, which a schema cannot say.
  test.each(filesIn('test/fixtures/check', /^DAG12\d-(?!fallback|computed).*\.workflow\.yml$/))('refuses %s', (file) => {
    expect(isWorkflow(valueIn(file))).not.toEqual([]);
  });

  test('describes every field, and says what it holds', () => {
    const without: string[] = [];
    const visit = (schema: Json, path: string): void => {
      if (Array.isArray(schema)) for (const [index, part] of schema.entries()) visit(part, `${path}/${index}`);
      if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return;
      for (const [key, value] of Object.entries(schema as JsonObject)) {
        // The schema of a value that is read: what it has in it is no field.
        if (key === 'x-wants') continue;
        if (key === 'properties') {
          for (const [name, field] of Object.entries(value as JsonObject)) {
            const { description, 'x-holds': holds, $ref } = field as JsonObject;
            // Inside a condition a property is a test, and inside a JSON Schema it is a keyword.
            if (!/\/if|\/schema$/.test(path) && $ref === undefined && (description === undefined || holds === undefined))
              without.push(`${path}/${name}`);
          }
        }
        visit(value, `${path}/${key}`);
      }
    };
    visit(workflowSchema(kinds), '');
    expect(without).toEqual([]);
  });
});

test('the schema of results accepts what a run gives, and nothing more', () => {
  const result: RunResult = {
    schemaVersion: 1,
    run: 'run_1',
    workflow: 'x',
    status: 'failed',
    outputs: {},
    error: { type: 'items_failed', code: 'DAG813', message: 'two failed', node: 'a', problems: ['x'] },
    nodes: [
      {
        id: 'a',
        kind: 'llm',
        status: 'failed',
        tier: 'cheap',
        model: 'm',
        provider: 'p',
        attempts: 3,
        cost: 0.1,
        unpricedCalls: 0,
        tokens: { input: 1, output: 1, cacheRead: 0, cacheWrite: 0 },
        durationMs: 5.5,
        reused: { fromRun: 1, fromCache: 0, saved: 0.2 },
        items: [{ index: 0, status: 'succeeded', cost: 0.1, unpricedCalls: 0 }],
      },
    ],
    cost: {
      currency: 'USD',
      total: 0.1,
      baseline: null,
      savings: null,
      savingsPercent: null,
      unpricedCalls: 1,
      reused: { fromRun: 1, fromCache: 0, saved: 0.2 },
    },
    simulated: false,
    durationMs: 5,
  };
  const isResult = compileValidator(resultSchema);
  const plain = JSON.parse(JSON.stringify(result)) as JsonObject;
  expect(isResult(plain)).toEqual([]);
  expect(isResult({ ...plain, extra: 1 })).toHaveLength(1);
  const { cost: _, ...incomplete } = plain;
  expect(isResult(incomplete)).toHaveLength(1);
});
