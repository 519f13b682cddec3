import { describe, expect, test } from 'vitest';
import type { Diagnostic } from '../../engine/contracts/diagnostic.ts';
import type { NodeDecl } from '../../engine/contracts/workflow.ts';
import { workflowOf } from '../support/workflow-of.ts';

function nodeOf(fields: string, more = ''): NodeDecl {
  const [node] = workflowOf(`dagrun: 1\nname: x\n${more}\nnodes:\n  a: ${fields}\n`).nodes.values();
  return node!;
}

const LANGUAGE_RETRY = {
  backoff: 'exponential',
  initialDelay: 1000,
  maxDelay: 30_000,
  retryOn: ['rate_limited', 'unavailable', 'timed_out', 'output_invalid', 'check_failed', 'task_failed'],
};

test('what the language adds', () => {
  expect(nodeOf('{ prompt: x }')).toEqual({
    id: 'a',
    kind: 'llm',
    path: ['nodes', 'a'],
    needs: [],
    retry: { maxAttempts: 3, ...LANGUAGE_RETRY },
    onError: { action: 'fail' },
    check: [],
    spec: { prompt: 'x' },
  });
  expect(nodeOf('{ kind: set, value: "1" }').retry).toEqual({ maxAttempts: 1, ...LANGUAGE_RETRY });
});

describe('defaults of the file', () => {
  const defaults = 'defaults: { tier: cheap, system: s, timeout: 90s, retry: { max_attempts: 5, backoff: constant } }';

  test('are those of model calls, field by field', () => {
    const node = nodeOf('{ prompt: x, retry: { max_attempts: 2, max_delay: 1m } }', defaults);
    expect(node.spec).toEqual({ tier: 'cheap', system: 's', prompt: 'x' });
    expect(node.timeout).toBe(90_000);
    expect(node.retry).toMatchObject({ maxAttempts: 2, backoff: 'constant', maxDelay: 60_000 });
  });

  test('are not those of other kinds', () => {
    const node = nodeOf('{ kind: set, value: "1" }', defaults);
    expect([node.spec, node.timeout, node.retry.maxAttempts]).toEqual([{ value: '1' }, undefined, 1]);
  });

  test('a tier of the node puts a model of the file aside, and the other way round', () => {
    expect(nodeOf('{ prompt: x, tier: premium }', 'defaults: { model: p/m }').spec).toEqual({ tier: 'premium', prompt: 'x' });
    expect(nodeOf('{ prompt: x, model: p/m }', 'defaults: { tier: cheap }').spec).toEqual({ model: 'p/m', prompt: 'x' });
  });

  test('a long first delay moves the longest one', () => {
    expect(nodeOf('{ prompt: x, retry: { initial_delay: 2m } }').retry).toMatchObject({ initialDelay: 120_000, maxDelay: 120_000 });
  });
});

test('every form of needs', () => {
  const need = (from: string, path: readonly (string | number)[], optional = false, anyOf = false): unknown => ({
    from,
    path: ['nodes', 'a', 'needs', ...path],
    optional,
    anyOf,
  });
  const needs = (text: string): unknown => nodeOf(`{ prompt: x, needs: ${text} }`).needs;
  expect(needs('b')).toEqual([need('b', [])]);
  expect(needs('[b, c]')).toEqual([need('b', [0]), need('c', [1])]);
  expect(needs('{ b: optional, c: required }')).toEqual([need('b', ['b'], true), need('c', ['c'])]);
  expect(needs('[b, { any_of: [c, d] }]')).toEqual([
    need('b', [0]),
    need('c', [1, 'any_of', 0], true, true),
    need('d', [1, 'any_of', 1], true, true),
  ]);
});

test('both forms of a condition and of a fan-out', () => {
  const path = ['nodes', 'a', 'skip_if'];
  expect(nodeOf('{ prompt: x, skip_if: a == 1 }').skipIf).toEqual({ when: { source: 'a == 1', path }, negate: false, path });
  expect(nodeOf('{ prompt: x, run_if: { when: true, reason: r } }').skipIf).toMatchObject({
    when: { source: true },
    negate: true,
    reason: { text: 'r' },
  });
  expect(nodeOf('{ prompt: x, foreach: [1, 2] }').foreach).toMatchObject({ items: { source: [1, 2] }, as: 'item' });
  expect(nodeOf('{ prompt: x, foreach: { items: i, as: f, concurrency: inputs.n, max_failures: 12.5% } }').foreach).toMatchObject({
    as: 'f',
    concurrency: { expression: { source: 'inputs.n' } },
    maxFailures: { percent: 12.5 },
  });
  expect(nodeOf('{ prompt: x, foreach: { items: i, max_failures: 3 } }').foreach?.maxFailures).toEqual({ value: 3 });
});

describe('what to do after the last try', () => {
  test('the short ways', () => {
    expect(nodeOf('{ prompt: x, on_error: skip }').onError).toEqual({ action: 'skip' });
    expect(nodeOf('{ prompt: x, on_error: { value: null } }').onError).toMatchObject({ action: 'value', value: { source: null } });
  });

  test('a fallback is the node with some fields replaced', () => {
    const node = nodeOf(
      '{ prompt: x, tier: cheap, timeout: 1m, retry: { max_attempts: 2 }, on_error: { fallback: { model: p/m } } }',
      'defaults: { system: s }',
    );
    expect(node.onError).toMatchObject({
      action: 'fallback',
      kind: 'llm',
      spec: { system: 's', prompt: 'x', model: 'p/m' },
      timeout: 60_000,
      retry: { maxAttempts: 2 },
    });
    expect(node.onError).not.toHaveProperty('spec.tier');
  });

  test('a fallback of another kind leaves out what that kind lacks', () => {
    const { onError } = nodeOf('{ prompt: x, on_error: { fallback: { kind: set, value: "1", retry: { max_attempts: 1 } } } }');
    expect(onError).toMatchObject({ kind: 'set', spec: { value: '1' }, retry: { maxAttempts: 1 } });
  });
});

test('limits and inputs come in the units of the engine', () => {
  const workflow = workflowOf(
    'dagrun: 1\nname: x\nlimits: { max_cost: 0.25, timeout: 1.5h, concurrency: 4 }\ninputs: { n: { type: integer, description: d, default: 3 } }\nnodes: { a: { prompt: x } }\n',
  );
  expect(workflow.limits).toEqual({ maxCost: 250_000_000, timeout: 5_400_000, concurrency: 4, onFailure: 'stop' });
  expect(workflow.inputs.get('n')).toEqual({
    name: 'n',
    path: ['inputs', 'n'],
    schema: { type: 'integer', description: 'd' },
    description: 'd',
    default: 3,
  });
});

test('partials come from the folder beside the file; of one name, the template first', () => {
  const files: Readonly<Record<string, string>> = {
    'partials/a.md': 'md',
    'partials/a.hbs': 'hbs',
    'partials/b.txt': 'txt',
    'partials/c.png': 'no',
  };
  const host = { read: (path: string) => files[path], list: () => Object.keys(files).map((file) => file.slice('partials/'.length)) };
  const { partials } = workflowOf('dagrun: 1\nname: x\nnodes: { a: { prompt: x } }\n', { host });
  expect([...partials]).toEqual(
    expect.arrayContaining([
      ['a', 'hbs'],
      ['b', 'txt'],
    ]),
  );
  expect(partials.size).toBe(2);
});

test('what is wrong is left out, and the rest goes on', () => {
  const found: Diagnostic[] = [];
  const workflow = workflowOf(
    'dagrun: 1\nname: x\ninputs: { bad: { type: str }, good: { type: string } }\ndefaults: { tier: cheap, timeout: 5 }\nnodes:\n  bad: { promt: x }\n  good: { prompt: x }\n  Bad: { prompt: x }\n',
    { report: (diagnostic) => found.push(diagnostic) },
  );
  expect([...workflow.nodes.keys()]).toEqual(['good']);
  expect([...workflow.inputs.keys()]).toEqual(['good']);
  expect([...workflow.broken.nodes]).toEqual(['bad', 'Bad']);
  expect([...workflow.broken.inputs]).toEqual(['bad']);
  expect(found.map((diagnostic) => diagnostic.code).sort()).toEqual(['DAG120', 'DAG127', 'DAG129', 'DAG132']);
});
