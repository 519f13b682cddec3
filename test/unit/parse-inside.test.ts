import { describe, expect, it } from 'vitest';
import type { BodyDecl, NodeDecl } from '../../engine/contracts/workflow.ts';
import { allNodes, innerNodes } from '../../engine/lang/frames.ts';
import { placeOfField, readingsOf } from '../../engine/lang/readings.ts';
import { kinds } from '../../engine/nodes/registry.ts';
import { workflowOf } from '../support/workflow-of.ts';

function nodeOf(fields: string, more = ''): NodeDecl {
  const [node] = workflowOf(`dagrun: 1\nname: x\n${more}\nnodes:\n  a:\n${fields.replace(/^/gm, '    ')}\n`).nodes.values();
  return node!;
}

function bodyOf<T extends BodyDecl['type']>(node: NodeDecl, type: T): Extract<BodyDecl, { type: T }> {
  expect(node.body?.type).toBe(type);
  return node.body as Extract<BodyDecl, { type: T }>;
}

describe('a route', () => {
  const node = nodeOf(
    `
skip_if: false
route:
  by: inputs.kind
  cases:
    x: { tier: premium, retry: { max_attempts: 1 } }
    y: { kind: set, value: "1", on_error: skip }
    z: skip
  default: { model: p/m }
prompt: Say it.
tier: cheap
timeout: 5s
check: [{ that: size(output) > 3 }]
result: output + "!"`,
    'inputs: { kind: { type: string } }\ndefaults: { system: Be exact. }',
  );
  const { cases } = bodyOf(node, 'route');

  it('leaves the node what concerns it as a whole', () => {
    expect(node).toMatchObject({ kind: 'llm', spec: {}, check: [], onError: { action: 'fail' }, retry: { maxAttempts: 1 } });
    expect([node.skipIf?.when.source, node.timeout, node.result]).toEqual([false, undefined, undefined]);
  });

  it('gives each case the fields of the node that its kind has, and its own over them', () => {
    expect(cases.map(({ name, node: one }) => [name, one?.id, one?.kind, one?.spec])).toEqual([
      ['x', 'x', 'llm', { system: 'Be exact.', prompt: 'Say it.', tier: 'premium' }],
      ['y', 'y', 'set', { value: '1' }],
      ['z', undefined, undefined, undefined],
      ['default', 'default', 'llm', { system: 'Be exact.', prompt: 'Say it.', model: 'p/m' }],
    ]);
    expect(cases.map(({ node: one }) => [one?.timeout, one?.retry.maxAttempts, one?.onError.action, one?.check.length])).toEqual([
      [5000, 1, 'fail', 1],
      [5000, 1, 'skip', 1],
      [undefined, undefined, undefined, undefined],
      [5000, 3, 'fail', 1],
    ]);
  });

  it('knows where the fields of a case stand', () => {
    const [x] = cases.map((one) => one.node!);
    expect(['tier', 'prompt', 'system', 'timeout'].map((field) => placeOfField(x!, field).join('.'))).toEqual([
      'nodes.a.route.cases.x.tier',
      'nodes.a.prompt',
      'defaults.system',
      'nodes.a.timeout',
    ]);
    expect(x!.result?.path).toEqual(['nodes', 'a', 'result']);
  });
});

it('the cases of a list are named by their number, and the last one is the default', () => {
  const node = nodeOf('route: { cases: [{ when: "true" }, { when: "false", tier: cheap }, { tier: premium }] }\nprompt: Say it.');
  const { cases } = bodyOf(node, 'route');
  expect(cases.map(({ name, when }) => [name, when?.source])).toEqual([
    ['case_1', 'true'],
    ['case_2', 'false'],
    ['default', undefined],
  ]);
});

describe('an evaluate', () => {
  it('has the call of the node in its parts, best_of inside', () => {
    const node = nodeOf(`
prompt: Say it.
tier: cheap
escalate: { to: premium }
retry: { max_attempts: 2 }
best_of: { n: 3 }
output: { type: string }
on_error: skip
result: output
evaluate: { prompt: "{{candidate}}", accept_if: evaluation == "yes", revise: "Better. {{candidate}}" }`);
    const { generate, revise, judge, ...rest } = bodyOf(node, 'evaluate');
    expect(node).toMatchObject({ spec: {}, onError: { action: 'skip' }, result: { source: 'output' } });
    expect(node.output).toBeUndefined();
    expect(innerNodes(node).map(({ id }) => id)).toEqual(['generate', 'revise', 'judge']);
    expect(bodyOf(generate, 'best_of').candidate).toMatchObject({
      id: 'candidate',
      spec: { prompt: 'Say it.', tier: 'cheap' },
      retry: { maxAttempts: 2 },
      escalate: { to: 'premium', on: ['output_invalid', 'check_failed'] },
      output: { type: 'string' },
    });
    const candidate = bodyOf(revise!, 'best_of').candidate;
    expect(candidate.spec).toEqual({ prompt: 'Better. {{candidate}}', tier: 'cheap' });
    expect(placeOfField(candidate, 'prompt')).toEqual(['nodes', 'a', 'evaluate', 'revise']);
    expect(placeOfField(candidate, 'tier')).toEqual(['nodes', 'a', 'tier']);
    expect(judge).toMatchObject({ kind: 'llm', spec: { prompt: '{{candidate}}' }, retry: { maxAttempts: 3 } });
    expect(rest).toMatchObject({ keep: 'last', maxIterations: { value: 3 }, onExhausted: 'accept' });
  });

  it('keeps the best where there is a score, and fails without a revision', () => {
    const node = nodeOf(`
prompt: Say it.
evaluate: { prompt: "{{candidate}}", output: { fields: { score: number } }, accept_if: evaluation.score > 3, max_iterations: 5 }`);
    expect(bodyOf(node, 'evaluate')).toMatchObject({ keep: 'best', maxIterations: { value: 5 }, onExhausted: 'fail' });
  });
});

it('a judge of several says which, unless it says otherwise', () => {
  const { pick, judge } = bodyOf(nodeOf('prompt: Say it.\nbest_of: { n: 3, judge: { prompt: "{{json candidates}}" } }'), 'best_of');
  expect([pick, judge?.output?.required]).toEqual(['judge', ['best']]);
});

it('a loop with times has no condition', () => {
  expect(nodeOf('prompt: Say it.\nrepeat: { times: 3 }').repeat).toMatchObject({ max: { value: 3 }, onExhausted: 'accept' });
  expect(nodeOf('prompt: Say it.\nrepeat: { until: iteration > 2, max: 5, as: round }').repeat).toMatchObject({
    until: { source: 'iteration > 2' },
    max: { value: 5 },
    as: 'round',
  });
});

it('every field knows the names of what is around it', () => {
  const workflow = workflowOf(`dagrun: 1
name: x
inputs: { rows: { type: array, items: { type: string } } }
nodes:
  outer:
    kind: group
    foreach: { items: inputs.rows, as: row }
    repeat: { until: carry.n > 2, max: 3, as: round, carry: { n: { first: 0, next: carry.n + 1 } } }
    nodes:
      inner:
        skip_if: row == ""
        foreach: { items: '["x"]', where: item != "" }
        repeat: { times: 2 }
        prompt: "{{item}}"
        evaluate: { prompt: "{{candidate}}", accept_if: evaluation == "yes", revise: "{{candidate}}" }
        result: output
`);
  const names = readingsOf(workflow, kinds).map(({ node, field, names: known }) => `${node?.id}.${field}: ${[...known.keys()].join(' ')}`);
  expect(names).toEqual([
    'outer.foreach: ',
    'outer.repeat.carry.first: row index',
    'outer.repeat.until: row index iteration previous carry round output',
    'outer.repeat.carry.next: row index iteration previous carry round output',
    'inner.skip_if: row index iteration previous carry round',
    'inner.foreach: row index iteration previous carry round',
    'inner.foreach.where: row index iteration previous carry round item',
    'inner.evaluate.accept_if: row index iteration previous round item candidate evaluation',
    'inner.result: row index iteration previous round item output',
    'generate.prompt: row index iteration previous round item',
    'revise.prompt: row index iteration previous round item candidate evaluation',
    'judge.prompt: row index iteration previous round item candidate',
  ]);
  expect(allNodes(workflow).map(({ path }) => path)).toEqual([
    'outer',
    'outer/inner',
    'outer/inner/generate',
    'outer/inner/revise',
    'outer/inner/judge',
  ]);
});
