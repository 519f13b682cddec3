import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkWorkflow } from '../../../engine/check/check.ts';
import { LANGUAGE_CODES } from '../../../engine/diagnostics/codes/language.ts';
import { kinds } from '../../../engine/nodes/registry.ts';
import { workflowOf } from '../../support/workflow-of.ts';

const folder = new URL('../../fixtures/ok/', import.meta.url);

function found(text: string): readonly string[] {
  const diagnostics = checkWorkflow({ workflow: workflowOf(text), kinds });
  return diagnostics.map((one) => `${one.code} ${one.message}`);
}

describe('right workflows are silent', () => {
  for (const file of readdirSync(folder).filter((name) => name.startsWith('types-') && name.endsWith('.workflow.yml'))) {
    it(file, () => expect(found(readFileSync(new URL(file, folder), 'utf8'))).toEqual([]));
  }
});

describe('the examples of codes about types', () => {
  it.each(Object.entries(LANGUAGE_CODES))('%s', (code, { wrong = '', right = '' }) => {
    expect(found(wrong).map((one) => one.slice(0, 6))).toEqual([code]);
    expect(found(right)).toEqual([]);
  });
});
