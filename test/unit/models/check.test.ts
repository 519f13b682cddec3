import { expect, test } from 'vitest';
import { checkWorkflow } from '../../../engine/check/check.ts';
import { modelFacts } from '../../../engine/model-assembly.ts';
import { kinds } from '../../../engine/nodes/registry.ts';
import { workflowOf } from '../../support/workflow-of.ts';

const told = (model: string, letters: number) =>
  checkWorkflow({
    workflow: workflowOf(`dagrun: 1
name: long
nodes:
  summary:
    model: ${model}
    system: ${'a'.repeat(letters)}
    prompt: Summarize.
outputs:
  summary: nodes.summary.output
`),
    kinds,
    models: modelFacts(undefined),
  }).map(({ code, severity, message }) => [code, severity, message]);

test('a prompt that is too long before anything is filled in', () => {
  expect(told('anthropic/claude-haiku-4-5', 1_300_000)).toEqual([
    ['DAG507', 'error', 'the prompt is too long for "anthropic/claude-haiku-4-5": more than 216669 tokens before anything is filled in'],
  ]);
  expect(told('anthropic/claude-haiku-4-5', 100_000)).toEqual([]);
});
