import { posix } from 'node:path';
import { type Millis, millis } from '../base/ids.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { Plan, PlanNode } from '../contracts/plan.ts';
import type { OwnToolDecl, PlanServer, PlanTool, PlanTools, ServerDecl, ServerTool } from '../contracts/tool.ts';
import type { NodeDecl, Workflow } from '../contracts/workflow.ts';
import { allNodes } from '../lang/frames.ts';
import { serverIn, toolsNamed } from '../lang/tool-names.ts';
import { callableTools, toolsWanted } from '../lang/tool-readings.ts';

/** How long a tool may take when nothing is said. */
const TIMEOUT: Millis = millis(60_000);

/** The tools that the nodes of a workflow can call, as a plan has them: nothing when there are none. */
export function planTools(
  workflow: Workflow,
  kinds: readonly NodeKind[],
  planOf: (workflow: Workflow) => Plan,
): { readonly tools?: PlanTools } {
  const wanted = [...new Set(allNodes(workflow).flatMap(({ node }) => wantedBy(node)))];
  if (wanted.length === 0) return {};
  const tools: Record<string, PlanTool> = {};
  const servers: Record<string, PlanServer> = {};
  const names = toolsNamed(wanted, callableTools(workflow));
  const touched = new Set([...names, ...wanted].map((name) => serverIn(name) ?? name));
  for (const decl of workflow.tools.values()) {
    if (!touched.has(decl.name)) continue;
    if (decl.type !== 'mcp') tools[decl.name] = decl.workflow ? workflowTool(decl, planOf(decl.workflow)) : ownTool(decl, kinds);
    else {
      const used = (decl.offers ?? []).filter(({ name }) => names.includes(`${decl.name}/${name}`));
      servers[decl.name] = { spec: decl.spec, identity: decl.identity, ...(decl.offers && { offers: used }) };
      for (const offer of used) tools[`${decl.name}/${offer.name}`] = serverTool(decl, offer);
    }
  }
  return { tools: { tools, servers } };
}

function wantedBy({ spec, onError }: NodeDecl): readonly string[] {
  return [...toolsWanted(spec), ...(onError.action === 'fallback' ? toolsWanted(onError.spec) : [])];
}

function ownTool(decl: OwnToolDecl, kinds: readonly NodeKind[]): PlanTool {
  const { description = '', input, type, spec, timeout = TIMEOUT, approve } = decl;
  const idempotent = decl.idempotent ?? kinds.find(({ kind }) => kind === type)?.idempotent?.(spec) ?? true;
  return {
    description,
    input,
    does: { type: 'kind', kind: type, spec },
    timeout,
    ...(!idempotent && { idempotent: false as const }),
    ...(approve && { approve: true as const }),
  };
}

/** How long a workflow may take: it asks models itself. */
const WORKFLOW_TIMEOUT: Millis = millis(600_000);

function workflowTool({ description = '', input, spec, ...decl }: OwnToolDecl, { file: _, ...plan }: Plan): PlanTool {
  const file = String(spec.workflow);
  const folder = posix.dirname(file.replaceAll('\\', '/'));
  return {
    description,
    input,
    does: { type: 'workflow', plan: { ...plan, file }, folder: folder === '.' ? '' : folder },
    timeout: decl.timeout ?? WORKFLOW_TIMEOUT,
    ...(!(decl.idempotent ?? isHarmless(plan.nodes)) && { idempotent: false as const }),
    ...(decl.approve && { approve: true as const }),
  };
}

/** True when all that nodes do may be done twice. */
function isHarmless(nodes: readonly PlanNode[]): boolean {
  return nodes.every(({ stages }) => stages.every(({ idempotent, body }) => idempotent !== false && isHarmless(body?.nodes ?? [])));
}

function serverTool({ name: server, rules, timeout }: ServerDecl, { name, description, input, output, readOnly }: ServerTool): PlanTool {
  const rule = rules.get(name);
  return {
    description,
    input,
    ...(output && { output }),
    does: { type: 'mcp', server, tool: name },
    timeout: rule?.timeout ?? timeout ?? TIMEOUT,
    ...(!(rule?.idempotent ?? readOnly ?? false) && { idempotent: false as const }),
    ...(rule?.approve && { approve: true as const }),
  };
}
