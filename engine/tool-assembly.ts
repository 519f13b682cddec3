import { posix } from 'node:path';
import type { Clock } from './base/clock.ts';
import type { JsonObject } from './base/json.ts';
import type { NodeKind, Outside } from './contracts/node-kind.ts';
import type { Plan, PlanNode } from './contracts/plan.ts';
import type { Attachment } from './contracts/provider.ts';
import type { OpenToolBox, ToolsOf } from './contracts/tool.ts';
import { mediaOf } from './media.ts';
import { requireServers } from './server-tools.ts';
import { stayHome, type ToolStandIn } from './stand-ins.ts';
import { createServers } from './tools/servers.ts';
import { createTools } from './tools/toolbox.ts';
import { createWorkflowRunner } from './workflow-tool.ts';

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
  random(): number;
  /** What templates of tools read: `inputs`, `run`. */
  readonly scope: JsonObject;
  /** In place of the tools, of a run that asks nobody; and the kinds of the workflows that are called all the same. */
  readonly standIn?: ToolStandIn;
  readonly childKinds?: (plan: Plan, place: string) => readonly NodeKind[];
}

/**
 * Opens the tools of a run; undefined when its nodes call none. Its servers are started, and asked whether they offer what the plan says,
 * before anything is paid. Throws DagrunError (exit code 3).
 */
export async function openTools({
  plan,
  kinds,
  outside,
  clock,
  random,
  scope,
  standIn,
  childKinds,
}: RunToolsOptions): Promise<RunTools | undefined> {
  const all = [
    ...(plan.tools ? [{ plan: plan.tools, partials: plan.partials, folder: '', constants: plan.constants }] : []),
    ...toolsInside(plan.nodes, ''),
  ];
  if (all.length === 0) return undefined;
  const servers = createServers(outside, imageOf);
  try {
    for (const { constants, ...of } of standIn ? [] : all) {
      const isInner = of.plan !== plan.tools;
      // What a sub-workflow will be told is not known yet: a server that is told of it is asked when it is first called.
      const known = Object.entries(of.plan.servers).filter(([, { spec }]) => !isInner || !JSON.stringify(spec).includes('inputs'));
      const inputs = isInner ? {} : (scope.inputs ?? {});
      const tools = { ...of.plan, servers: Object.fromEntries(known) };
      await requireServers({ ...of, plan: tools, scope: { ...scope, inputs, constants } }, servers, plan.file);
    }
  } catch (error) {
    await servers.close();
    throw error;
  }
  const runWorkflow = createWorkflowRunner({
    kindsFor: (child, place) => childKinds?.(child, place) ?? (standIn ? stayHome(kinds, child) : kinds),
    clock,
    random,
    tools: () => open,
  });
  const open: OpenToolBox = createTools({ kinds, servers, clock, workflow: plan.file, runWorkflow, ...(standIn && { standIn }) });
  return { open, close: () => servers.close() };
}

/** An image that models take, by its bytes. */
function imageOf(bytes: Buffer): Pick<Attachment, 'mediaType' | 'pixels'> | undefined {
  const media = mediaOf(bytes);
  return media?.type === 'image' ? media : undefined;
}

interface ToolsInside extends Omit<ToolsOf, 'scope'> {
  readonly constants: JsonObject;
}

/** The tools of the sub-workflows in a plan. */
function toolsInside(nodes: readonly PlanNode[], folder: string): readonly ToolsInside[] {
  return nodes.flatMap(({ stages }) =>
    stages.flatMap(({ body }) => {
      if (!body) return [];
      if (body.type !== 'workflow') return toolsInside(body.nodes, folder);
      const { tools, partials, constants } = body;
      const within = posix.join(folder, body.folder);
      const place = within === '.' ? '' : within;
      return [...(tools ? [{ plan: tools, partials, constants, folder: place }] : []), ...toolsInside(body.nodes, place)];
    }),
  );
}
