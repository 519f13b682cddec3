import { describe, expect, test } from 'vitest';
import { checkCapabilities } from '../../../engine/check/capabilities.ts';
import type { Diagnostic } from '../../../engine/contracts/diagnostic.ts';
import type { ModelFact, ModelFacts } from '../../../engine/contracts/provider.ts';
import { readingsOf } from '../../../engine/lang/readings.ts';
import { kinds } from '../../../engine/nodes/registry.ts';
import { workflowOf } from '../../support/workflow-of.ts';

const MODELS: Readonly<Record<string, ModelFact>> = {
  'a/sees': { vision: true, pdf: true, tools: true, reasoning: 'effort', structured: true },
  'a/blind': { vision: false, pdf: false, tools: false, reasoning: false, structured: false },
  'a/always': { reasoning: 'always', temperature: true },
  'a/budget': { reasoning: 'budget', temperature: true },
  'a/endless': { tools: true, stop: false, api: 'responses' },
  'a/chatty': { tools: false, chatTools: false, api: 'chat_completions' },
  'a/quiet': { tools: 'without_reasoning', chatTools: 'without_reasoning', reasoning: 'effort', api: 'chat_completions' },
  'a/either': { tools: 'without_reasoning', reasoning: 'effort', temperature: false },
};
const facts: ModelFacts = {
  tiers: { cheap: ['a/sees', 'a/blind'], capable: ['a/sees'], premium: ['a/blind'] },
  providers: ['a'],
  find: (name) => MODELS[name],
  modelsOf: () => [],
};

/** What is told of one node with these fields. */
function told(fields: string, file = ''): readonly string[] {
  const lines = fields.split('; ').map((line) => `    ${line}\n`);
  const workflow = workflowOf(`dagrun: 1\nname: example\n${file}nodes:\n  one:\n    prompt: Look.\n${lines.join('')}`);
  const found: Diagnostic[] = [];
  checkCapabilities({ workflow, kinds, references: readingsOf(workflow, kinds), models: facts }, (diagnostic) => found.push(diagnostic));
  return found.map(({ code, severity, message }) => `${code} ${severity}: ${message}`);
}

describe('what a model cannot do is told before the run', () => {
  test.each<[string, readonly string[]]>([
    ['tier: cheap', []],
    ['tier: cheap; attach: [notes.md]', []],
    ['tier: cheap; attach: [notes.md, chart.png]', ['DAG511 warning: "a/blind" takes no images: passed over for this call']],
    ['tier: premium; attach: ["scans/*.JPG"]', ['DAG511 error: "a/blind" takes no images']],
    ['tier: premium; attach: [report.pdf]', ['DAG511 error: "a/blind" takes no PDFs']],
    ['model: a/unheard_of; attach: [report.pdf]; reasoning: high', []],
    ['tier: cheap; reasoning: high', ['DAG510 warning: "a/blind" does not think: `reasoning` is left out there']],
    ['tier: cheap; reasoning: none', []],
    ['model: a/always; reasoning: none', ['DAG510 warning: "a/always" always thinks: `none` means as little as possible there']],
    [
      'model: a/budget; reasoning: low; max_tokens: 500',
      ['DAG510 warning: "a/budget" cannot think within `max_tokens`: thinking takes 1024 tokens at least, so there is none'],
    ],
    ['model: a/budget; reasoning: low; max_tokens: 5000', []],
    [
      'model: a/budget; reasoning: low; temperature: 0.5',
      ['DAG505 warning: "a/budget" takes no temperature beside `reasoning`: it is left out there'],
    ],
    ['model: a/either; reasoning: low; temperature: 0.5', []],
    [
      'tier: premium; output: { fields: { a: string } }',
      ['DAG513 warning: "a/blind" is not held to a schema: it is part of the prompt there'],
    ],
    ['tier: premium; output: { type: string }', []],
    ['model: a/endless; stop: [END]', ['DAG515 warning: "a/endless" goes on writing: the answer is cut at `stop`, and paid as a whole']],
    ['model: a/endless', []],
    ['model: a/sees; stop: [END]', []],
    ['model: a/chatty; tools: [look]', ['DAG512 error: "a/chatty" takes no tools over Chat Completions']],
    ['model: a/blind; tools: [look]', ['DAG512 error: "a/blind" takes no tools']],
    [
      'model: a/quiet; tools: [look]; reasoning: low',
      ['DAG512 warning: "a/quiet" takes tools over Chat Completions only while it does not think: `reasoning` is `none` there'],
    ],
  ])('%s', (fields, messages) => {
    expect(told(fields)).toEqual(messages);
  });

  test('what many nodes have from `defaults` is told once, and a fallback is looked at too', () => {
    expect(told('attach: [a.pdf]; on_error: { fallback: { tier: premium } }', 'defaults: { tier: capable }\n')).toEqual([
      'DAG511 error: "a/blind" takes no PDFs',
    ]);
  });
});

test('what would be better over another API of the provider is told so', () => {
  const helps = (model: string): readonly (string | undefined)[] => {
    const workflow = workflowOf(
      `dagrun: 1\nname: example\nnodes:\n  one: { prompt: Look., model: ${model}, tools: [look], reasoning: low }\n`,
    );
    const found: Diagnostic[] = [];
    checkCapabilities({ workflow, kinds, references: readingsOf(workflow, kinds), models: facts }, (diagnostic) => found.push(diagnostic));
    return found.filter(({ code }) => code === 'DAG512').map(({ help }) => help);
  };
  expect(helps('a/chatty')).toEqual(['write `api: responses` at the provider, if its server speaks it, or name a model that takes tools']);
  expect(helps('a/quiet')).toEqual(['write `api: responses` at the provider, if its server speaks it, or take `reasoning` out']);
  expect(helps('a/either')).toEqual(['take `reasoning` out, or name models that think while they use tools']);
});
