import { describe, expect, it } from 'vitest';
import { edgesIn, edgesOf } from '../../../engine/lang/edges.ts';
import { allNodes, framesOf } from '../../../engine/lang/frames.ts';
import { nodeGraphOf } from '../../../engine/lang/node-graph.ts';
import { kinds } from '../../../engine/nodes/registry.ts';
import { workflowOf } from '../../support/workflow-of.ts';

/** What the nodes of a file wait for, by their paths: `a` required, `a?` optional; what is read of frames around is in brackets. */
function waiting(nodes: string): Readonly<Record<string, string>> {
  const workflow = workflowOf(`dagrun: 1
name: test
inputs:
  on: { type: boolean, default: true }
  list: { type: array, items: { type: string } }
nodes:
  a: { run_if: inputs.on, prompt: Say a., output: { fields: { n: number, s: string } } }
  c: { prompt: Say c. }
${nodes}`);
  const found: Record<string, string> = {};
  for (const frame of framesOf(workflow)) {
    const { edges, outer } = edgesIn(workflow, kinds, frame);
    for (const { node, path, frame: own } of allNodes(workflow)) {
      if (own !== frame) continue;
      const texts = [
        ...(edges.get(node) ?? []).map(({ from, optional }) => `${from}${optional ? '?' : ''}`),
        ...(outer.get(node) ?? []).map(({ from, optional }) => `[${from}${optional ? '?' : ''}]`),
      ];
      if (texts.length > 0) found[path] = texts.join(' ');
    }
  }
  return found;
}

describe('what is read inside a node', () => {
  it('of a group counts as read by it, and leaves it free to run', () => {
    expect(
      waiting(`
  g:
    kind: group
    nodes:
      one: { prompt: "{{nodes.a.output.s}}" }
      two: { needs: [c], prompt: "{{nodes.one.output}}" }
      deep: { kind: group, nodes: { last: { prompt: "{{nodes.two.output}} {{nodes.a.output.s}}" } } }
`),
    ).toEqual({
      g: 'a? c?',
      'g/one': '[a]',
      'g/two': 'one [c]',
      'g/deep': 'two? [a?]',
      'g/deep/last': '[a] [two]',
    });
  });

  it('of the fields of a group itself is read as that of any node', () => {
    expect(
      waiting(`
  g:
    kind: group
    foreach: inputs.list
    repeat: { until: size(nodes.one.output) > size(nodes.c.output), max: 3 }
    nodes:
      one: { prompt: "{{item}} {{iteration}}" }
    result: nodes.one.output + nodes.a.output.s
`),
    ).toEqual({ g: 'a c' });
  });

  it('of a route leaves it free to run, but for what decides', () => {
    expect(
      waiting(`
  r:
    route:
      by: nodes.a.output.s == "x"
      cases:
        true: { prompt: "{{nodes.c.output}}" }
        false: { kind: set, value: nodes.a.output.n }
`),
    ).toEqual({ r: 'a c?', 'r/true': '[c]', 'r/false': '[a]' });
  });

  it('is guarded by the condition of its case', () => {
    expect(
      waiting(`
  r:
    route:
      cases:
        - { when: nodes.a.output != null, prompt: "{{nodes.a.output.s}}" }
        - { prompt: Say nothing. }
`),
    ).toEqual({ r: 'a?', 'r/case_1': '[a?]' });
  });

  it('is guarded by the condition of what is around it', () => {
    expect(
      waiting(`
  g:
    kind: group
    skip_if: nodes.a.output == null
    nodes:
      one: { prompt: "{{nodes.a.output.s}}" }
`),
    ).toEqual({ g: 'a?', 'g/one': '[a?]' });
  });

  it('of the parts of an evaluate or a best_of counts as read by the node', () => {
    expect(
      waiting(`
  e:
    prompt: "{{nodes.c.output}}"
    evaluate: { prompt: "{{candidate}} {{nodes.a.output.s}}", accept_if: evaluation == nodes.c.output }
  b:
    prompt: "{{nodes.a.output.s}}"
    best_of: { n: 3, judge: { prompt: "{{json candidates}} {{#if nodes.a.output}}{{nodes.a.output.s}}{{/if}}" } }
`),
    ).toEqual({
      e: 'a c',
      'e/generate': '[c]',
      'e/judge': '[a]',
      b: 'a',
      'b/candidate': '[a]',
      'b/judge': '[a?]',
    });
  });
});

it('joins are found inside a group as well', () => {
  expect(
    waiting(`
  g:
    kind: group
    nodes:
      yes: { run_if: inputs.on, prompt: "Yes." }
      no: { skip_if: inputs.on, prompt: "No." }
      one: { kind: set, value: "coalesce(nodes.yes.output, nodes.no.output)" }
`),
  ).toEqual({ 'g/one': 'yes? no?' });
});

it('a frame has a graph of its own', () => {
  const workflow = workflowOf(`dagrun: 1
name: test
nodes:
  g:
    kind: group
    nodes:
      one: { prompt: One. }
      two: { prompt: "{{nodes.one.output}}" }
`);
  const [outermost, inner] = framesOf(workflow);
  expect(nodeGraphOf(workflow, kinds, outermost).ids).toEqual(['g']);
  expect(nodeGraphOf(workflow, kinds, inner).successors).toEqual([[1], []]);
  expect([...edgesOf(workflow, kinds).keys()].map(({ id }) => id)).toEqual(['g', 'one', 'two']);
});
