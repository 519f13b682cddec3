import { dirname, join } from 'node:path';
import type { LoadedWorkflow, Surroundings } from '../contracts/engine.ts';
import type { PlanNode } from '../contracts/plan.ts';
import type { SourceTree } from '../contracts/source.ts';
import type { ServerTool } from '../contracts/tool.ts';
import { toolsWanted } from '../lang/tool-readings.ts';
import { onDisk, planFile } from '../load.ts';
import { LOCK_NAME, parseLock, renderLock } from '../lock-file.ts';
import { workspaceOf } from '../workspace.ts';

/**
 * A workflow some of whose MCP servers were never asked what they offer, planned as if they had the tools that `stubs` stand in for, and those
 * that its nodes name. No server is asked. Throws WorkflowInvalid where that makes a mistake of something.
 */
export function withStubbedServers(workflow: LoadedWorkflow, stubs: readonly string[], around: Surroundings): LoadedWorkflow {
  const named = [...stubs, ...namedIn(workflow.plan.nodes)];
  const assumed = new Map<string, readonly ServerTool[]>();
  for (const [server, { identity, offers }] of Object.entries(workflow.plan.tools?.servers ?? {})) {
    const isOwn = (tool: string): boolean => tool.startsWith(`${server}/`) && !tool.includes('*');
    if (offers !== undefined || !stubs.some(isOwn)) continue;
    const names = [...new Set(named.filter(isOwn).map((tool) => tool.slice(server.length + 1)))];
    assumed.set(
      identity,
      names.map((name) => ({ name, description: '', input: { type: 'object' } })),
    );
  }
  if (assumed.size === 0) return workflow;
  const file = onDisk(workflow.file, around);
  const lock = join(workspaceOf(dirname(file.path)), LOCK_NAME);
  const tree: SourceTree = {
    ...file.tree,
    read: (path) => (path === lock ? renderLock(new Map([...parseLock(file.tree.read(path)), ...assumed])) : file.tree.read(path)),
  };
  const { plan, warnings } = planFile({ ...file, tree }, around);
  return { ...workflow, plan, warnings };
}

/** The tools that nodes name, those inside others too. */
function namedIn(nodes: readonly PlanNode[]): readonly string[] {
  return nodes.flatMap(({ stages }) => stages.flatMap(({ spec, body }) => [...toolsWanted(spec), ...(body ? namedIn(body.nodes) : [])]));
}
