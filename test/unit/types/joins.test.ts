import { describe, expect, it } from 'vitest';
import { nodeId } from '../../../engine/base/ids.ts';
import { edgesOf } from '../../../engine/lang/edges.ts';
import { kinds } from '../../../engine/nodes/registry.ts';
import { workflowOf } from '../../support/workflow-of.ts';

/** Which edges of `joined` are optional, for branches with these conditions and this expression. */
function optional(branches: Readonly<Record<string, string>>, value: string): Readonly<Record<string, boolean>> {
  const nodes = Object.entries(branches).map(([id, condition]) => `  ${id}: { ${condition}, prompt: Do it. }\n`);
  const text = `dagrun: 1
name: joins
inputs: { urgent: { type: boolean }, size: { type: number }, mode: { type: string } }
nodes:
  classify:
    prompt: Classify.
    output: { fields: { kind: bug | feature | docs, sure: boolean } }
${nodes.join('')}  joined: { kind: set, value: '${value}' }
outputs:
  joined: optional(nodes.joined.output)
`;
  const workflow = workflowOf(text);
  const edges = edgesOf(workflow, kinds).get(workflow.nodes.get(nodeId('joined'))!) ?? [];
  return Object.fromEntries(edges.map((edge) => [edge.from, edge.optional]));
}

const kind = (name: string): string => `run_if: 'nodes.classify.output.kind == "${name}"'`;

describe('a coalesce over nodes of which one always runs reads all of them guarded', () => {
  it.each<[string, Record<string, string>]>([
    ['an enum', { a: kind('bug'), b: kind('feature'), c: kind('docs') }],
    ['an enum and what is left', { a: kind('bug'), b: `skip_if: 'nodes.classify.output.kind == "bug"'` }],
    ['a boolean', { a: 'run_if: nodes.classify.output.sure', b: 'skip_if: nodes.classify.output.sure' }],
    ['an input', { a: 'run_if: inputs.urgent', b: 'run_if: "!inputs.urgent"' }],
    ['ranges', { a: 'run_if: inputs.size < 10', b: 'run_if: inputs.size >= 10 && inputs.size < 20', c: 'run_if: inputs.size >= 20' }],
    ['texts', { a: `run_if: 'inputs.mode == "fast"'`, b: `run_if: 'inputs.mode != "fast"'` }],
    ['one after the other', { a: kind('bug'), b: 'run_if: nodes.a.output == null' }],
  ])('%s', (_, branches) => {
    const ids = Object.keys(branches);
    const value = `coalesce(${ids.map((id) => `nodes.${id}.output`).join(', ')})`;
    expect(optional(branches, value)).toEqual(Object.fromEntries(ids.map((id) => [id, true])));
  });
});

describe('otherwise the last argument is a use as any other', () => {
  it.each<[string, Record<string, string>]>([
    ['a value of the enum is left out', { a: kind('bug'), b: kind('feature') }],
    ['a gap between ranges', { a: 'run_if: inputs.size < 10', b: 'run_if: inputs.size > 10' }],
    ['two switches', { a: 'run_if: inputs.urgent', b: 'skip_if: nodes.classify.output.sure' }],
    ['a branch that may fail', { a: 'run_if: inputs.urgent', b: 'skip_if: inputs.urgent, on_error: skip' }],
  ])('%s', (_, branches) => {
    const ids = Object.keys(branches);
    const value = `coalesce(${ids.map((id) => `nodes.${id}.output`).join(', ')})`;
    expect(optional(branches, value)[ids.at(-1) ?? '']).toBe(false);
  });

  it('and a use besides the coalesce stays one', () => {
    const branches = { a: 'run_if: inputs.urgent', b: 'skip_if: inputs.urgent' };
    expect(optional(branches, 'coalesce(nodes.a.output, nodes.b.output) + nodes.b.output')).toEqual({ a: true, b: false });
  });
});
