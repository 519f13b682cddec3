import type { Plan } from '../contracts/plan.ts';
import { renderDot } from './render-dot.ts';
import { renderMermaid } from './render-mermaid.ts';
import { renderTree, type TreeLook } from './render-tree.ts';

export type PlanFormat = 'tree' | 'mermaid' | 'dot' | 'json';

/** A plan as text, with a final newline; the same plan always gives the same text. `look` is for the tree on a terminal. */
export function renderPlan(plan: Plan, format: PlanFormat, look?: TreeLook): string {
  return format === 'tree' ? renderTree(plan, look) : RENDERERS[format](plan);
}

const RENDERERS: Readonly<Record<Exclude<PlanFormat, 'tree'>, (plan: Plan) => string>> = {
  mermaid: renderMermaid,
  dot: renderDot,
  json: (plan) => `${JSON.stringify(plan, null, 2)}\n`,
};
