import { describe, expect, it } from 'vitest';
import { checkWorkflow } from '../../../engine/check/check.ts';
import { kinds } from '../../../engine/nodes/registry.ts';
import { workflowOf } from '../../support/workflow-of.ts';

/** The codes found in a file with these nodes, in order. */
function codesIn(nodes: string, rest = ''): string {
  const workflow = workflowOf(`dagrun: 1\nname: test\n${rest}nodes:\n${nodes}`);
  return checkWorkflow({ workflow, kinds })
    .map(({ code }) => code)
    .join(' ');
}

describe('checkWorkflow', () => {
  it('is silent about a right file', () => {
    expect(codesIn('  a: { prompt: Say a. }\n')).toBe('');
  });

  it('tells all mistakes in the order of the file', () => {
    expect(codesIn('  a: { prompt: "{{inputs.x}}", needs: [b] }\n  c: { needs: [d], prompt: "{{nodes.a.outptu}}" }\n')).toBe(
      'DAG203 DAG202 DAG202 DAG206',
    );
  });

  it('tells a misspelt name, and nothing of what it would have been', () => {
    expect(codesIn('  a: { prompt: Say a. }\n  b: { kind: set, value: nodes.aa.output + 1 > "x" }\n')).toBe('DAG202');
  });

  it('tells a mistake at each place where it was made', () => {
    const folded = '  a:\n    prompt: >-\n      {{nodes.b.output}} and\n      {{nodes.b.output}}\n';
    expect(codesIn(folded)).toBe('DAG202 DAG202');
  });

  it('gives advice on files without mistakes only', () => {
    const inputs = 'inputs: { x: { type: string } }\n';
    expect(codesIn('  a: { prompt: Say a. }\n', inputs)).toBe('DAG220');
    expect(codesIn('  a: { prompt: "Say {{inputs.y}}" }\n', inputs)).toBe('DAG203');
  });

  it('follows what variables stand for, and tells it where they get it', () => {
    const loop = '  a: { prompt: "{{#each nodes.b.output as |x|}}{{x.y}}{{x.z}}{{/each}}" }\n';
    expect(codesIn(loop)).toBe('DAG202');
  });

  it('knows nodes with mistakes of their own as nodes', () => {
    const text = 'dagrun: 1\nname: test\nnodes:\n  a: { prompt: 3 }\n  b: { prompt: "{{nodes.a.output}}" }\n';
    const workflow = workflowOf(text, { report: () => undefined });
    expect(checkWorkflow({ workflow, kinds })).toEqual([]);
  });

  it('finds the circle in a chain of 2,000 nodes', () => {
    const nodes = Array.from({ length: 2000 }, (_, index) => `  n${index}: { prompt: "{{nodes.n${(index + 1) % 2000}.output}}" }\n`);
    expect(codesIn(nodes.join(''))).toBe('DAG301');
  });
});
