import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../engine/contracts/diagnostic.ts';
import type { Plan } from '../engine/contracts/plan.ts';
import { renderDiagnostics } from '../engine/diagnostics/render.ts';
import { kinds } from '../engine/nodes/registry.ts';
import { buildPlan } from '../engine/plan/build.ts';
import { renderPlan } from '../engine/plan/render.ts';
import { workflowOf } from './support/workflow-of.ts';

const folder = join(import.meta.dirname, 'fixtures/plan');
const cases = readdirSync(folder)
  .filter((name) => name.endsWith('.workflow.yml'))
  .map((name) => name.replace(/\.workflow\.yml$/, ''));

/** The plan of a fixture, which must be a right file. */
function planOf(text: string, name: string): Plan {
  const mistakes: Diagnostic[] = [];
  const workflow = workflowOf(text, { name: `${name}.workflow.yml`, report: (diagnostic) => mistakes.push(diagnostic) });
  expect(renderDiagnostics(mistakes, { format: 'pretty', colour: false })).toBe('');
  return buildPlan(workflow, kinds);
}

describe.each(cases)('%s', (name) => {
  const text = readFileSync(join(folder, `${name}.workflow.yml`), 'utf8');

  it('is planned and drawn as written down', async () => {
    const plan = planOf(text, name);
    await expect(renderPlan(plan, 'tree')).toMatchFileSnapshot(join(folder, `${name}.plan.txt`));
    await expect(renderPlan(plan, 'mermaid')).toMatchFileSnapshot(join(folder, `${name}.plan.mmd`));
    await expect(renderPlan(plan, 'dot')).toMatchFileSnapshot(join(folder, `${name}.plan.dot`));
  });

  it('is plain JSON, whose digest is of what runs and not of where it was written', () => {
    const plan = planOf(text, name);
    expect(JSON.parse(renderPlan(plan, 'json'))).toStrictEqual(plan);
    const moved = planOf(`# a comment\n${text}`, 'elsewhere');
    expect(moved.digest).toBe(plan.digest);
    expect(moved.file).not.toBe(plan.file);
    expect(planOf(text.replace('inputs:', 'constants: { changed: true }\ninputs:'), name).digest).not.toBe(plan.digest);
  });

  it('has every node after what it waits for', () => {
    const place = new Map(planOf(text, name).nodes.map((node, index) => [node.id, index]));
    for (const node of planOf(text, name).nodes) {
      for (const edge of node.after) expect(place.get(edge.from)).toBeLessThan(place.get(node.id) ?? -1);
    }
  });
});

it('every golden has its fixture', () => {
  const goldens = readdirSync(folder).filter((name) => !name.endsWith('.workflow.yml'));
  expect(goldens.filter((name) => !cases.includes(name.replace(/\.plan\.(txt|mmd|dot)$/, '')))).toEqual([]);
});
