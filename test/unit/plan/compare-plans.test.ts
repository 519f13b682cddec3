import { describe, expect, test } from 'vitest';
import type { JsonObject, JsonSchema } from '../../../engine/base/json.ts';
import type { WorkflowDiff } from '../../../engine/contracts/diff.ts';
import type { Plan, PlanBody, PlanNode } from '../../../engine/contracts/plan.ts';
import { compileValidator } from '../../../engine/lang/validate.ts';
import { kinds } from '../../../engine/nodes/registry.ts';
import { buildPlan } from '../../../engine/plan/build.ts';
import { comparePlans } from '../../../engine/plan/compare-plans.ts';
import { renderDiffMarkdown } from '../../../engine/plan/render-diff-markdown.ts';
import { renderDiffMermaid } from '../../../engine/plan/render-diff-mermaid.ts';
import { diffSchema } from '../../../engine/syntax/diff-schema.ts';
import { planOf } from '../../support/plan-of.ts';
import { workflowOf } from '../../support/workflow-of.ts';

const isDiff = compileValidator(diffSchema);

interface Side {
  readonly plan: Plan;
  readonly outputs?: Readonly<Record<string, JsonSchema>>;
}

function compare(before: Side, after: Side): WorkflowDiff {
  const [a, b] = [before, after].map(({ plan, outputs = {} }) => ({
    plan,
    file: 'test.workflow.yml',
    outputs: new Map(Object.entries(outputs)),
    callsOf: ({ stages: [{ spec }] }: PlanNode) =>
      typeof spec.tier === 'string' ? [{ model: `maker/${spec.tier}`, input: null, output: null, call: null }] : [],
  }));
  const diff = comparePlans(a!, b!, kinds);
  expect(isDiff(JSON.parse(JSON.stringify(diff))).map((problem) => problem.message)).toEqual([]);
  // Whatever it is, it can be drawn and written.
  for (const text of [renderDiffMarkdown(diff), renderDiffMermaid(diff.graph)]) expect(text).not.toMatch(/undefined|\[object/);
  return diff;
}

const sideOf = (body: string): Side => ({ plan: buildPlan(workflowOf(`dagrun: 1\nname: test\n${body}`), kinds) });

const diffOf = (before: string, after: string): WorkflowDiff => compare(sideOf(before), sideOf(after));

const CHAIN = `
inputs: { text: { type: string } }
constants: { tone: calm }
nodes:
  a: { tier: cheap, prompt: "Say in one sentence what this text is about, and for whom it was written: {{inputs.text}}" }
  b: { tier: cheap, prompt: "Name three questions that this leaves open: {{nodes.a.output}}" }
  c: { kind: set, value: nodes.b.output }
  d: { tier: cheap, prompt: "In a {{constants.tone}} voice: {{inputs.text}}" }
`;

test('a workflow is the same as itself, whatever order it is written in', () => {
  const diff = diffOf(
    CHAIN,
    CHAIN.replace('{ tier: cheap, prompt: "In', '{ prompt: "In').replace(
      'voice: {{inputs.text}}" }',
      'voice: {{inputs.text}}", tier: cheap }',
    ),
  );
  expect(diff).toMatchObject({ same: true, breaking: false, signature: [], nodes: [], edges: [], settings: [], prices: [] });
  expect(diff.reuse.every(({ verdict }) => verdict === 'kept')).toBe(true);
});

describe('nodes', () => {
  test('fields by their names in the file', () => {
    const { nodes } = diffOf(
      `nodes:\n  a: { kind: set, value: [1] }\n  b: { tier: cheap, prompt: Hello, retry: { max_attempts: 3 } }\n`,
      `nodes:
  a: { kind: set, value: [1] }
  b:
    tier: premium
    system: Be brief.
    prompt: Hello there
    foreach: { items: nodes.a.output, as: number, where: number > 1 }
    retry: { max_attempts: 5, initial_delay: 2s }
    timeout: 90s
    on_error: { fallback: { tier: cheap } }
    check: [{ that: size(output) > 0, message: nothing was said }]
`,
    );
    expect(nodes.map(({ node, change, is }) => [node, change, is])).toEqual([['b', 'changed', 'llm · premium']]);
    const fields = Object.fromEntries(nodes[0]!.fields.map(({ field, holds, before, after }) => [field, [holds, before, after]]));
    expect(fields).toEqual({
      tier: ['value', 'cheap', 'premium'],
      system: ['text', null, 'Be brief.'],
      prompt: ['text', 'Hello', 'Hello there'],
      foreach: ['expression', null, 'nodes.a.output'],
      'foreach.as': ['value', null, 'number'],
      'foreach.where': ['expression', null, 'number > 1'],
      'retry.max_attempts': ['value', 3, 5],
      'retry.initial_delay': ['value', '1.0s', '2.0s'],
      timeout: ['value', null, '1m 30s'],
      'on_error.fallback.tier': ['value', null, 'cheap'],
      'check[0].that': ['expression', null, 'size(output) > 0'],
      'check[0].message': ['text', null, 'nothing was said'],
    });
  });

  test('a new name is no new node, and no change of who reads it', () => {
    const diff = diffOf(CHAIN, CHAIN.replace('  a: {', '  topic: {').replace('nodes.a.', 'nodes.topic.'));
    expect(diff.nodes).toEqual([
      { node: 'topic', change: 'renamed', before: 'a', similarity: 1, is: 'llm · cheap', fields: [], output: [] },
    ]);
    expect(diff.edges).toEqual([]);
    expect(diff.reuse.map(({ node, verdict }) => `${node} ${verdict}`)).toEqual(['topic cache', 'b kept', 'c kept', 'd kept']);
  });

  test('a new name and some new words are still the same node', () => {
    const { nodes } = diffOf(
      CHAIN,
      CHAIN.replace('  a: {', '  topic: {').replace('nodes.a.', 'nodes.topic.').replace('one sentence', 'two sentences'),
    );
    expect(nodes).toMatchObject([{ node: 'topic', change: 'renamed', before: 'a', fields: [{ field: 'prompt' }] }]);
    expect(nodes[0]!.similarity).toBeGreaterThan(0.8);
    expect(nodes[0]!.similarity).toBeLessThan(1);
  });

  test('another text, another kind: another node', () => {
    const other = (line: string): readonly string[] =>
      diffOf(CHAIN, CHAIN.replace(/ {2}b: .*/, `  other: ${line}`).replace('nodes.b.', 'nodes.other.')).nodes.map(
        ({ node, change }) => `${node} ${change}`,
      );
    expect(other('{ tier: cheap, prompt: "Translate to French. {{nodes.a.output}}" }')).toEqual(['other added', 'c changed', 'b removed']);
    expect(other('{ kind: set, value: nodes.a.output }')).toEqual(['other added', 'c changed', 'b removed']);
  });

  test('of two that are alike, each finds the one that stands where it stood', () => {
    const twins = (one: string, other: string): string => `
nodes:
  x: { kind: set, value: 1 }
  y: { kind: set, value: 2 }
  ${one}: { prompt: "Say {{nodes.x.output}}", tier: cheap }
  ${other}: { prompt: "Say {{nodes.y.output}}", tier: cheap }
`;
    const { nodes } = diffOf(twins('a', 'b'), twins('second', 'first').replace(/(.*second.*)\n(.*first.*)/, '$2\n$1'));
    expect(nodes.map(({ node, before }) => `${before} → ${node}`).sort()).toEqual(['a → second', 'b → first']);
  });
});

test('edges with what makes them', () => {
  const { edges } = diffOf(
    CHAIN,
    CHAIN.replace(
      'questions that this leaves open: {{nodes.a.output}}',
      'questions that this leaves open: {{default nodes.d.output \\"x\\"}}',
    )
      .replace('value: nodes.b.output', `value: 'coalesce(nodes.b.output, "")'`)
      .replace('d: {', 'd: { needs: [a],'),
  );
  expect(edges).toEqual([
    { from: 'a', to: 'd', change: 'added', why: 'needs' },
    { from: 'd', to: 'b', change: 'added', why: 'prompt reads output' },
    { from: 'b', to: 'c', change: 'optional', why: 'value reads output' },
    { from: 'a', to: 'b', change: 'removed', why: 'prompt reads output' },
  ]);
});

test('what belongs to no node, in the words of the file', () => {
  const { settings } = diffOf(
    `limits: { max_cost: 0.5, timeout: 10m }\nconstants: { tone: calm, sizes: { a: 1 } }\n${CHAIN.replace('constants: { tone: calm }', '').replace('constants.tone', 'run.workflow')}`,
    `limits: { max_cost: 1 }\ntiers: { cheap: [maker/small] }\nconstants: { tone: calm, sizes: { a: 2 } }\n${CHAIN.replace('constants: { tone: calm }', '').replace('constants.tone', 'run.workflow')}`,
  );
  expect(settings.map(({ field, before, after }) => [field, before, after])).toEqual([
    ['constants.sizes.a', 1, 2],
    ['tiers.cheap', null, ['maker/small']],
    ['limits.max_cost', 0.5, 1],
    ['limits.timeout', 600, null],
  ]);
});

describe('for callers', () => {
  const input = (before: string, after: string): readonly string[] =>
    diffOf(
      `inputs: { ${before} }\nnodes: { a: { kind: set, value: 1 } }`,
      `inputs: { ${after} }\nnodes: { a: { kind: set, value: 1 } }`,
    ).signature.map(({ of, name, change, breaking }) => `${of} ${name} ${change}${breaking ? ' breaking' : ''}`);

  test.each<[string, string, string, readonly string[]]>([
    ['a required input more', '', 'x: { type: string }', ['input x added breaking']],
    ['an optional input more', '', 'x: { type: string, default: "" }', ['input x added']],
    ['an input less', 'x: { type: string, default: "" }', '', ['input x removed breaking']],
    ['an input by another name', 'x: { type: string }', 'y: { type: string }', ['input y renamed breaking']],
    ['no default any more', 'x: { type: string, default: "" }', 'x: { type: string }', ['input x default breaking']],
    ['a default', 'x: { type: string }', 'x: { type: string, default: "" }', ['input x default']],
    ['a narrower type', 'x: { type: string }', 'x: { enum: [a, b] }', ['input x type breaking']],
    ['a wider type', 'x: { enum: [a, b] }', 'x: { type: string }', ['input x type']],
    ['other words', 'x: { type: string, description: one }', 'x: { type: string, description: two }', ['input x description']],
  ])('%s', (_, before, after, expected) => expect(input(before, after)).toEqual(expected));

  test('outputs: gone, another name, wider, null', () => {
    const side = (outputs: string, schemas: Record<string, JsonSchema>): Side => ({
      ...sideOf(`nodes: { a: { kind: set, value: 1 } }\noutputs: { ${outputs} }`),
      outputs: schemas,
    });
    const text = { type: 'string' };
    const { signature, breaking } = compare(
      side('gone: 1 + 1, old: nodes.a.output, wide: "1", null_now: "2", narrow: "3"', {
        gone: text,
        old: text,
        wide: { enum: ['a'] },
        null_now: text,
        narrow: text,
      }),
      side('new: nodes.a.output, wide: "1", null_now: "2", narrow: "3", more: "4"', {
        new: text,
        wide: { enum: ['a', 'b'] },
        null_now: { anyOf: [text, { type: 'null' }] },
        narrow: { enum: ['a'] },
        more: text,
      }),
    );
    expect(breaking).toBe(true);
    expect(signature.map(({ name, change, breaking: breaks, message }) => [name, change, breaks, message])).toEqual([
      ['more', 'added', false, 'text'],
      ['gone', 'removed', true, 'who reads it finds nothing'],
      ['new', 'renamed', true, 'who reads the old name finds nothing'],
      ['wide', 'type', true, 'may be "b" now'],
      ['null_now', 'type', true, 'may be null now'],
      ['narrow', 'type', false, 'was any text, is one of "a" now'],
    ]);
  });

  test('the name of the workflow breaks nobody', () => {
    const plan = planOf([{ id: 'a' }]);
    expect(compare({ plan }, { plan: { ...plan, workflow: 'other' } })).toMatchObject({
      breaking: false,
      signature: [{ of: 'workflow', name: 'other', before: 'test', change: 'renamed' }],
    });
  });
});

describe('earlier outputs', () => {
  const verdicts = (after: string): readonly string[] =>
    diffOf(CHAIN, after).reuse.map(({ node, verdict, because }) => `${node} ${verdict}${because && `: ${because}`}`);

  test.each<[string, string, string, readonly string[]]>([
    [
      'another prompt, and all that follows',
      'one sentence',
      'two',
      ['a again: its prompt changed', 'b may_change: it reads a', 'c may_change: it reads b', 'd kept'],
    ],
    [
      'another tier',
      'a: { tier: cheap',
      'a: { tier: premium',
      ['a again: other models answer it', 'b may_change: it reads a', 'c may_change: it reads b', 'd kept'],
    ],
    ['a constant', 'tone: calm', 'tone: loud', ['a kept', 'b kept', 'c kept', 'd again: the constant tone changed']],
    [
      'a default',
      '{ type: string }',
      '{ type: string, default: x }',
      [
        'a may_change: the default of inputs.text changed',
        'b may_change: it reads a',
        'c may_change: it reads b',
        'd may_change: the default of inputs.text changed',
      ],
    ],
    ['how often it is tried', 'b: {', 'b: { retry: { max_attempts: 7 },', ['a kept', 'b kept', 'c kept', 'd kept']],
    ['when it is skipped', 'b: {', 'b: { skip_if: inputs.text == "",', ['a kept', 'b kept', 'c may_change: it reads b', 'd kept']],
    [
      'what it has to look like',
      'b: {',
      'b: { output: { fields: { q: string } },',
      ['a kept', 'b again: its output changed', 'c may_change: it reads b', 'd kept'],
    ],
    [
      'a check',
      'b: {',
      'b: { check: [{ that: output != "" }],',
      ['a kept', 'b again: its check[0].that changed', 'c may_change: it reads b', 'd kept'],
    ],
  ])('%s', (_, from, to, expected) => expect(verdicts(CHAIN.replace(from, to))).toEqual(expected));

  test('what is always done again', () => {
    const wait = 'nodes:\n  a: { kind: wait, for: 5s }\n';
    expect(diffOf(wait, wait.replace('5s', '6s')).reuse).toEqual([{ node: 'a', verdict: 'never', because: '`wait` is always done again' }]);
  });
});

test('prices: another tier, a new call, one less; unknown is unknown', () => {
  const { prices } = diffOf(
    CHAIN,
    CHAIN.replace('a: { tier: cheap', 'a: { tier: premium')
      .replace('  d: {', '  e: { kind: set, value: 1 }\n  f: {')
      .replace('"In a {{constants.tone}} voice', '"Quite another thing'),
  );
  const call = (tier: string) => [{ model: `maker/${tier}`, input: null, output: null, call: null }];
  expect(prices).toEqual([
    { node: 'a', repeated: false, before: call('cheap'), after: call('premium') },
    { node: 'f', repeated: false, after: call('cheap') },
    { node: 'd', repeated: false, before: call('cheap') },
  ]);
});

describe('nodes inside nodes', () => {
  const inner = (id: string, value: string, after: readonly string[] = []): PlanNode => {
    const [node] = planOf([{ id, after }]).nodes;
    const [stage] = node!.stages;
    return { ...node!, stages: [{ ...stage, spec: { value } }] };
  };
  const holding = (id: string, body: PlanBody, more: Partial<PlanNode> = {}): PlanNode => {
    const [node] = planOf([{ id }]).nodes;
    const [stage] = node!.stages;
    return { ...node!, kind: 'group', stages: [{ ...stage, kind: 'group', spec: {}, body }], ...more };
  };
  const planWith = (...nodes: readonly PlanNode[]): Side => ({
    plan: { ...planOf([]), digest: JSON.stringify(nodes) as Plan['digest'], nodes },
  });
  const group = (...nodes: readonly PlanNode[]): PlanBody => ({ type: 'group', nodes });

  test('have addresses, also where the node around them has a new name', () => {
    const diff = compare(
      planWith(holding('g', group(inner('x', '1 + 1'), inner('y', 'nodes.x.output', ['x']), inner('z', 'inputs.a')))),
      planWith(holding('box', group(inner('x', '2 + 2'), inner('y', 'nodes.x.output', ['x']), inner('w', '"new"', ['y'])))),
    );
    expect(diff.nodes.map(({ node, change, before }) => `${before === undefined ? '' : `${before} → `}${node} ${change}`)).toEqual([
      'g → box renamed',
      'box/x changed',
      'box/w added',
      'g/z removed',
    ]);
    expect(diff.edges).toEqual([{ from: 'box/y', to: 'box/w', change: 'added', why: 'needs' }]);
    expect(diff.reuse.map(({ node, verdict }) => `${node} ${verdict}`)).toEqual(['box/x again', 'box/y may_change', 'box/w new']);
    expect(diff.graph.nodes.map(({ node, inside }) => [node, inside])).toEqual([
      ['box', undefined],
      ['box/x', 'box'],
      ['box/y', 'box'],
      ['box/w', 'box'],
      ['g/z', 'box'],
    ]);
    expect(renderDiffMermaid(diff.graph)).toContain(
      '  subgraph n_box ["box · group · was g"]\n    direction TB\n    n_boxINx["x<br/>set"]',
    );
  });

  test('what is read further out is an edge of the node around them', () => {
    const outer = planOf([{ id: 'a' }]).nodes[0]!;
    const side = (text: string): Side =>
      planWith(outer, holding('g', group(inner('x', text, ['a'])), { after: inner('g', '', ['a']).after }));
    const { graph } = compare(side('1'), side('2'));
    expect(graph.edges.map(({ from, to }) => [from, to])).toEqual([['a', 'g']]);
  });

  test('a route, its cases and its conditions', () => {
    const route = (by: string, ...names: readonly string[]): PlanBody => ({
      type: 'route',
      by,
      cases: names.map((name) => ({ name })),
      nodes: names.map((name) => inner(name, `"${name}"`)),
    });
    const { nodes } = compare(
      planWith(holding('r', route('inputs.a', 'one', 'two'))),
      planWith(holding('r', route('inputs.b', 'one', 'two', 'three'))),
    );
    expect(nodes.map(({ node, change, fields }) => [node, change, fields.map(({ field, holds }) => `${field} ${holds}`)])).toEqual([
      ['r', 'changed', ['route.by expression', 'route.cases[2].name value']],
      ['r/three', 'added', []],
    ]);
  });

  test('a loop: what inner nodes read of it may be different', () => {
    const loop = (until: string): Partial<PlanNode> => ({ loop: { type: 'repeat', until, max: 3, carry: {}, onExhausted: 'accept' } });
    const body = group(inner('x', 'previous'), inner('y', 'inputs.a'));
    const diff = compare(planWith(holding('g', body, loop('iteration > 1'))), planWith(holding('g', body, loop('iteration > 2'))));
    expect(diff.nodes).toMatchObject([{ node: 'g', fields: [{ field: 'repeat.until', holds: 'expression' }] }]);
    expect(diff.reuse).toEqual([
      { node: 'g/x', verdict: 'may_change', because: 'it reads previous of g' },
      { node: 'g/y', verdict: 'kept', because: '' },
    ]);
  });

  test('a sub-workflow has its own inputs, constants and names', () => {
    const child = (constants: JsonObject): PlanBody => ({
      type: 'workflow',
      workflow: 'child',
      file: './child.workflow.yml',
      folder: '.',
      inputs: { a: { schema: { type: 'string' } } },
      constants,
      partials: {},
      outputs: {},
      limits: {},
      nodes: [inner('x', 'constants.tone'), inner('y', 'inputs.a'), inner('z', 'nodes.outer.output')],
    });
    const outer = (value: string): PlanNode => inner('outer', value);
    const diff = compare(
      planWith(outer('1'), holding('call', child({ tone: 'calm' }))),
      planWith(outer('2'), holding('call', child({ tone: 'loud' }))),
    );
    expect(diff.nodes.map(({ node, fields }) => [node, fields.map(({ field }) => field)])).toEqual([
      ['outer', ['value']],
      ['call', ['workflow.constants.tone']],
    ]);
    expect(diff.reuse.map(({ node, verdict }) => `${node} ${verdict}`)).toEqual([
      'outer again',
      'call/x again',
      'call/y kept',
      'call/z kept',
    ]);
  });
});
