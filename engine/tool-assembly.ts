import type { Clock } from './base/clock.ts';
import type { JsonObject } from './base/json.ts';
import type { NodeKind, Outside } from './contracts/node-kind.ts';
import type { Plan, PlanNode } from './contracts/plan.ts';
import type { OpenToolBox, PlanTools, ToolsOf } from './contracts/tool.ts';
import { requireServers } from './server-tools.ts';
import type { ToolStandIn } from './stand-ins.ts';
import { createServers } from './tools/servers.ts';
import { createTools } from './tools/toolbox.ts';

/** The tools of a run, and the servers that were started for them. */
export interface RunTools {
  readonly open: OpenToolBox;
  close(): Promise<void>;
}

export interface RunToolsOptions {
  readonly plan: Plan;
  readonly kinds: readonly NodeKind[];
  readonly outside: Outside;
  readonly clock: Clock;
  /** What templates of tools read: `inputs`, `run`. */
  readonly scope: JsonObject;
  /** In place of the tools, of a run that asks nobody. */
  readonly standIn?: ToolStandIn;
}

/**
 * Opens the tools of a run; undefined when its nodes call none. Its servers are started, and asked whether they offer what the plan says,
 * before anything is paid. Throws DagrunError (exit code 3).
 */
export async function openTools({ plan, kinds, outside, clock, scope, standIn }: RunToolsOptions): Promise<RunTools | undefined> {
  const inner = toolsInside(plan.nodes);
  if (!plan.tools && inner.length === 0) return undefined;
  const servers = createServers(outside);
  if (!standIn && plan.tools) {
    const of: ToolsOf = { plan: plan.tools, partials: plan.partials, folder: '', scope: { ...scope, constants: plan.constants } };
    try {
      await requireServers(of, servers, plan.file);
    } catch (error) {
      await servers.close();
      throw error;
    }
  }
  return { open: createTools({ kinds, servers, clock, ...(standIn && { standIn }) }), close: () => servers.close() };
}

/** The tools of sub-workflows, whose servers are started when they are first called: what they are told is not known before. */
export function toolsInside(nodes: readonly PlanNode[]): readonly PlanTools[] {
  return nodes.flatMap(({ stages }) =>
    stages.flatMap(({ body }) => {
      if (!body) return [];
      const own = body.type === 'workflow' && body.tools ? [body.tools] : [];
      return [...own, ...toolsInside(body.nodes)];
    }),
  );
}
