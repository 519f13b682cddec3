import { describe, expect, it } from 'vitest';
import type { NodeId } from '../../../engine/base/ids.ts';
import { edgesOf } from '../../../engine/lang/edges.ts';
import { kinds } from '../../../engine/nodes/registry.ts';
import { workflowOf } from '../../support/workflow-of.ts';

/** The edges of node `b` in a file where `a` may be skipped: `a` required, `a?` optional. */
function edgesOfB(fields: string): string {
  const text = `dagrun: 1
name: test
inputs:
  on: { type: boolean, default: true }
nodes:
  a:
    run_if: inputs.on
    prompt: Say a.
    output: { fields: { n: number, s: string, list: [string] } }
  c:
    prompt: Say c.
  b:
${fields
  .split('\n')
  .map((line) => `    ${line}`)
  .join('\n')}
`;
  const workflow = workflowOf(text);
  return (edgesOf(workflow, kinds).get(workflow.nodes.get('b' as NodeId)!) ?? [])
    .map((edge) => `${edge.from}${edge.optional ? '?' : ''}`)
    .join(' ');
}

describe('an edge', () => {
  it.each([
    // from needs
    ['needs: [a]\nprompt: Say b.', 'a'],
    ['needs: { a: optional }\nprompt: Say b.', 'a?'],
    ['needs: { any_of: [a, c] }\nprompt: Say b.', 'a? c?'],
    ['needs: [c, a]\nprompt: Say b.', 'a c'],
    // from a template
    ['prompt: Say {{nodes.a.output.s}}', 'a'],
    ['prompt: "{{#if nodes.a.output}}{{nodes.a.output.s}}{{/if}}"', 'a?'],
    ['prompt: "{{#unless nodes.a.output}}nothing{{else}}{{nodes.a.output.s}}{{/unless}}"', 'a?'],
    ['prompt: \'{{default nodes.a.output.s "none"}}\'', 'a?'],
    ['prompt: "{{#each nodes.a.output.list as |x|}}{{x}}{{/each}}"', 'a'],
    ['prompt: "{{#if nodes.a.output}}{{nodes.a.output.s}}{{/if}} {{nodes.a.output.s}}"', 'a'],
    ['prompt: "{{nodes.a.status}} {{#if nodes.a.error}}{{nodes.a.error.message}}{{/if}}"', 'a?'],
    ['prompt: "{{nodes.a.skip_reason}}"', 'a?'],
    // from an expression
    ['kind: set\nvalue: nodes.a.output.n + 1', 'a'],
    ['kind: set\nvalue: coalesce(nodes.a.output.n, 1)', 'a?'],
    ['kind: set\nvalue: optional(nodes.a.output.n)', 'a?'],
    ['kind: set\nvalue: "nodes.a.output == null ? 0 : nodes.a.output.n"', 'a?'],
    ['kind: set\nvalue: nodes.a.output == null', 'a?'],
    ['kind: set\nvalue: { x: { deep: [nodes.a.output.n] } }', 'a'],
    // from a field of every kind
    ['foreach: nodes.a.output.list\nprompt: "{{item}}"', 'a'],
    ['foreach: { items: "coalesce(nodes.a.output.list, [])", where: item != nodes.c.output }\nprompt: "{{item}}"', 'a? c'],
    ['prompt: Say b.\nif_skipped: nodes.c.output\nskip_if: inputs.on', 'c'],
    ['prompt: Say b.\non_error: { value: nodes.c.output }', 'c'],
    ['prompt: Say b.\non_error: { fallback: { prompt: "{{nodes.c.output}}" } }', 'c'],
    ['prompt: Say b.\ncheck: [{ that: size(output) > size(nodes.c.output), message: too short }]', 'c'],
    ['prompt: Say b.\nresult: output + nodes.c.output', 'c'],
    ['prompt: Say b.\nskip_if: { when: inputs.on, reason: "{{nodes.c.output}}" }', 'c'],
    // by the node's own condition
    ['skip_if: nodes.a.output == null\nprompt: "{{nodes.a.output.s}}"', 'a?'],
    ['skip_if: null == nodes.a.output\nprompt: "{{nodes.a.output.s}}"', 'a?'],
    ['skip_if: nodes.a.output == null || nodes.a.output.n < 1\nprompt: "{{nodes.a.output.s}}"', 'a?'],
    ['skip_if: "!(nodes.a.output != null && nodes.a.output.n > 1)"\nprompt: "{{nodes.a.output.s}}"', 'a?'],
    ['run_if: nodes.a.output != null\nprompt: "{{nodes.a.output.s}}"', 'a?'],
    ['run_if: nodes.a.output != null && nodes.a.output.n > 1\nprompt: "{{nodes.a.output.s}}"', 'a?'],
    ['run_if: inputs.on && nodes.a.output != null\nprompt: "{{nodes.a.output.s}}"', 'a?'],
    ['skip_if: nodes.a.output == null && inputs.on\nprompt: "{{nodes.a.output.s}}"', 'a'],
    ['run_if: nodes.a.output != null || inputs.on\nprompt: "{{nodes.a.output.s}}"', 'a'],
    ['skip_if: nodes.a.output != null\nprompt: "{{nodes.a.output.s}}"', 'a'],
    ['skip_if: nodes.c.output == null\nprompt: "{{nodes.a.output.s}}"', 'a c?'],
    ['skip_if: nodes.a.output == null\nif_skipped: nodes.a.output.n\nprompt: "{{nodes.a.output.s}}"', 'a'],
    // one plain need outweighs
    ['needs: [a]\nprompt: "{{#if nodes.a.output}}x{{/if}}"', 'a'],
    ['needs: { a: optional }\nprompt: "{{nodes.a.output.s}}"', 'a'],
    // none
    ['prompt: Say b. {{inputs.on}}', ''],
  ])('%s → %s', (fields, expected) => {
    expect(edgesOfB(fields)).toBe(expected);
  });

  it('has each of its reasons once', () => {
    const workflow = workflowOf(`dagrun: 1
name: test
defaults:
  system: Mind {{nodes.a.output}}
nodes:
  a:
    kind: set
    value: 1
  b:
    needs: [a]
    prompt: "{{nodes.a.output}} {{nodes.a.output}} {{nodes.a.status}}"
`);
    expect(edgesOf(workflow, kinds).get(workflow.nodes.get('b' as NodeId)!)).toEqual([
      {
        from: 'a',
        optional: false,
        reasons: [
          { because: 'needs', path: ['nodes', 'b', 'needs', 0] },
          { because: 'reference', path: ['defaults', 'system'], text: 'nodes.a.output' },
          { because: 'reference', path: ['nodes', 'b', 'prompt'], text: 'nodes.a.output' },
          { because: 'reference', path: ['nodes', 'b', 'prompt'], text: 'nodes.a.status' },
        ],
      },
    ]);
  });
});
