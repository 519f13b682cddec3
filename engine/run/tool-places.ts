import type { NodeId } from '../base/ids.ts';
import type { Plan, PlanNode } from '../contracts/plan.ts';
import type { PlanTool, PlanTools } from '../contracts/tool.ts';
import { toolsNamed } from '../lang/tool-names.ts';
import { toolsWanted } from '../lang/tool-readings.ts';
import { type IndexedNode, indexPlan, placesOf } from './plan-index.ts';

/** A node of a workflow that is called as a tool. */
export interface ToolPlace {
  /** That of the node that calls the tool, the name of the tool, and the place in its workflow: `answer/research/summary`. */
  readonly place: string;
  readonly node: PlanNode;
  /** The tool that it is part of, the outermost one. */
  readonly tool: string;
  /** It does something itself. */
  readonly does: boolean;
}

/** The nodes of all workflows that nodes of a plan can call as tools, by place; of parts and stages, each. */
export function toolPlacesOf(plan: Plan): readonly ToolPlace[] {
  return nodesOf(plan).flatMap(({ indexed, tools }) =>
    [...tools].flatMap(([name, { does }]) =>
      does.type === 'workflow'
        ? [
            ...nodesOf(does.plan).map(({ indexed: { place, node, bodies } }) => ({
              place,
              node,
              tool: name,
              does: bodies.includes(undefined),
            })),
            ...toolPlacesOf(does.plan),
          ].map((inner) => ({ ...inner, place: placeInTool(indexed.place, name, inner.place), tool: name }))
        : [],
    ),
  );
}

/** The places of all nodes that can be answered for: those of the plan, and those of workflows that are called as tools. */
export function answerablePlaces(plan: Plan): readonly string[] {
  return [...new Set([...placesOf(plan), ...toolPlacesOf(plan).flatMap(({ place, does }) => (does ? [place] : []))])];
}

/** What a node of a workflow that is called as a tool is called by replies and tests. */
export function placeInTool(caller: string, tool: string, place: string): NodeId {
  return `${caller}/${tool}/${place}` as NodeId;
}

/** The names of all tools that nodes of a plan can call, also from workflows that are tools themselves. */
export function toolsIn(plan: Plan): readonly string[] {
  const all = nodesOf(plan).flatMap(({ tools }) =>
    [...tools].flatMap(([name, { does }]) => [name, ...(does.type === 'workflow' ? toolsIn(does.plan) : [])]),
  );
  return [...new Set(all)];
}

/** All nodes of a plan, and the tools that each can call. */
function nodesOf(plan: Plan): readonly { readonly indexed: IndexedNode; readonly tools: ReadonlyMap<string, PlanTool> }[] {
  const found: { readonly indexed: IndexedNode; readonly tools: ReadonlyMap<string, PlanTool> }[] = [];
  const walk = (indexed: IndexedNode): void => {
    const known: PlanTools = (indexed.sub ?? plan).tools ?? { tools: {}, servers: {} };
    const names = toolsNamed(
      indexed.node.stages.flatMap(({ spec }) => toolsWanted(spec)),
      Object.keys(known.tools),
    );
    found.push({ indexed, tools: new Map(names.flatMap((name) => (known.tools[name] ? [[name, known.tools[name]] as const] : []))) });
    for (const body of indexed.bodies) for (const inner of body?.nodes.values() ?? []) walk(inner);
  };
  for (const indexed of indexPlan(plan).nodes.values()) walk(indexed);
  return found;
}
