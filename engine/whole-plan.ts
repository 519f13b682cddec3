import type { NodeKind } from './contracts/node-kind.ts';
import type { Plan, PlanNode, Stage } from './contracts/plan.ts';
import type { ModelWant } from './contracts/provider.ts';
import type { PlanTools } from './contracts/tool.ts';

/** All that may be done in a run of a plan, however deep it is. */
export interface WholePlan {
  /** Of nodes, of those inside them, and of those of workflows that are called as tools. */
  readonly stages: readonly Stage[];
  /** Of the workflow, of its sub-workflows, and of those that are called as tools. */
  readonly tools: readonly PlanTools[];
}

export function wholePlan(plan: Plan): WholePlan {
  const stages: Stage[] = [];
  const tools: PlanTools[] = [];
  const addTools = (of: PlanTools | undefined): void => {
    if (!of) return;
    tools.push(of);
    for (const { does } of Object.values(of.tools)) if (does.type === 'workflow') addPlan(does.plan);
  };
  const addNodes = (nodes: readonly PlanNode[]): void => {
    for (const stage of nodes.flatMap((node) => node.stages)) {
      stages.push(stage);
      const { body } = stage;
      if (body?.type === 'workflow') addTools(body.tools);
      if (body) addNodes(body.nodes);
    }
  };
  const addPlan = (one: Plan): void => {
    addTools(one.tools);
    addNodes(one.nodes);
  };
  addPlan(plan);
  return { stages, tools };
}

/** What a plan, and all that is in it, asks models for. */
export function wantsIn(plan: Plan, kinds: readonly NodeKind[]): readonly ModelWant[] {
  const byName = new Map(kinds.map((kind) => [kind.kind, kind]));
  return wholePlan(plan).stages.flatMap((stage) => byName.get(stage.kind)?.wants?.(stage.spec) ?? []);
}
