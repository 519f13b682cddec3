import type { Plan } from '../contracts/plan.ts';
import { renderDot } from './render-dot.ts';
import { renderMermaid } from './render-mermaid.ts';
import { renderTree } from './render-tree.ts';

export type PlanFormat = 'tree' | 'mermaid' | 'dot' | 'json';

/** A plan as text, with a final newline; the same plan always gives the same text. */
export function renderPlan(plan: Plan, format: PlanFormat): string {
  return RENDERERS[format](plan);
}

const RENDERERS: Readonly<Record<PlanFormat, (plan: Plan) => string>> = {
  tree: renderTree,
  mermaid: renderMermaid,
  dot: renderDot,
  json: (plan) => `${JSON.stringify(plan, null, 2)}\n`,
};
