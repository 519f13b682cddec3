import { randomBytes } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import type { JsonObject } from './base/json.ts';
import { loadConfig } from './config.ts';
import type { LoadedWorkflow, ServerUpdate, Surroundings, ToolSummary } from './contracts/engine.ts';
import { Failed } from './contracts/failure.ts';
import type { PlanServer, ServerDecl, ServerTool, ToolDecl, ToolsOf } from './contracts/tool.ts';
import type { Workflow } from './contracts/workflow.ts';
import { DagrunError, WorkflowInvalid } from './errors.ts';
import { allNodes } from './lang/frames.ts';
import { shapeOf } from './lang/schema-shape.ts';
import { printShape } from './lang/shape-text.ts';
import { loadWorkflow, onDisk } from './load.ts';
import { LOCK_NAME, parseLock, renderLock } from './lock-file.ts';
import { kinds } from './nodes/registry.ts';
import { createOutside } from './outside.ts';
import { readWorkflowFile } from './read-workflow.ts';
import { changesOf, createServers, type ServerOf, type Servers } from './tools/servers.ts';
import { workspaceOf } from './workspace.ts';

/** The tools that a workflow declares, with those its servers had when they were last asked. Throws DagrunError. */
export async function listTools(file: string, around: Surroundings = {}): Promise<readonly ToolSummary[]> {
  const { workflow } = read(file, around);
  return [...workflow.tools.values()].flatMap(summariesOf);
}

/**
 * Asks the MCP servers of a workflow, and of those it names, what they offer, and writes it into `dagrun.lock`. `missing`: only those that
 * have no entry there. Throws DagrunError (exit code 3) when one cannot be asked; nothing is written then.
 */
export async function updateTools(
  file: string,
  options: Surroundings & { readonly inputs?: JsonObject; readonly missing?: boolean } = {},
): Promise<readonly ServerUpdate[]> {
  const { path, workflow, tree } = read(file, options);
  const top = workspaceOf(dirname(path));
  const lock = new Map(parseLock(tree.read(join(top, LOCK_NAME))));
  const updates: ServerUpdate[] = [];
  for (const { server, of, folder } of serversOf(workflow, dirname(path))) {
    const before = lock.get(server.identity);
    if ((options.missing && before !== undefined) || updates.some(({ identity }) => identity === server.identity)) continue;
    const servers = serversFor(folder, options);
    try {
      const tools = await servers.list(serverOf(server, of, options.inputs));
      lock.set(server.identity, tools);
      updates.push({
        server: server.name,
        identity: server.identity,
        tools: tools.length,
        isNew: before === undefined,
        changes: before ? changesOf(before, tools) : [],
      });
    } catch (error) {
      throw error instanceof Failed
        ? unreachable(error, server, options.missing === undefined ? undefined : relative(resolve(options.cwd ?? '.'), path))
        : error;
    } finally {
      await servers.close();
    }
  }
  if (updates.length > 0) writeWhole(join(top, LOCK_NAME), renderLock(lock));
  return updates;
}

/** A process that ends meanwhile leaves what was there before: half of a lock file would be refused by every run that follows. */
function writeWhole(file: string, text: string): void {
  const beside = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  writeFileSync(beside, text);
  renameSync(beside, file);
}

/**
 * A workflow whose servers are in `dagrun.lock`: those that have no entry yet are asked, and with `update` all of them; the workflow is then
 * read again. Throws DagrunError.
 */
export async function withServerTools(
  workflow: LoadedWorkflow,
  options: Surroundings & { readonly inputs?: JsonObject; readonly update?: boolean },
): Promise<{ readonly workflow: LoadedWorkflow; readonly updates: readonly ServerUpdate[] }> {
  const servers = Object.values(workflow.plan.tools?.servers ?? {});
  if (!options.update && servers.every(({ offers }) => offers !== undefined)) return { workflow, updates: [] };
  const updates = await updateTools(workflow.file, { ...options, missing: !options.update });
  return { workflow: updates.length === 0 ? workflow : await loadWorkflow(workflow.file, options), updates };
}

/**
 * Makes sure that the servers of a plan offer what they did when it was made, before anything is paid. What a server has besides is not
 * used. Throws DagrunError (exit code 3).
 */
export async function requireServers(of: ToolsOf, servers: Servers, workflow: string): Promise<void> {
  for (const [name, server] of Object.entries(of.plan.servers)) {
    const { offers = [] } = server;
    let now: readonly ServerTool[];
    try {
      now = await servers.list({ ...of, name, server });
    } catch (error) {
      throw error instanceof Failed ? unreachable(error, server, workflow) : error;
    }
    const known = new Set(offers.map((tool) => tool.name));
    const changes = changesOf(
      offers,
      now.filter((tool) => known.has(tool.name)),
    );
    if (changes.length === 0) continue;
    const what = changes.map(({ tool, what: how }) => `${tool} ${how === 'removed' ? 'is gone' : 'has changed'}`).join(', ');
    throw new DagrunError(`the server "${name}" is not what ${LOCK_NAME} says: ${what}`, {
      exitCode: 3,
      help: `look at what has changed, and if it is right: \`dagrun tools update ${workflow}\`, or run with --update-lock`,
    });
  }
}

/** `workflow`: what is run. */
function unreachable({ failure }: Failed, { identity, spec }: Pick<PlanServer, 'identity' | 'spec'>, workflow?: string): DagrunError {
  const mend = 'url' in spec ? `see whether it runs at ${identity}` : `try it in a terminal: \`${identity}\``;
  const then = workflow === undefined ? '' : `\n\`dagrun tools update ${workflow}\` asks it again; \`--offline\` runs without any server`;
  return new DagrunError(failure.message, { exitCode: 3, help: `${mend}${then}` });
}

function read(
  file: string,
  around: Surroundings,
): { readonly path: string; readonly workflow: Workflow; readonly tree: ReturnType<typeof onDisk>['tree'] } {
  const { path, source, tree } = onDisk(file, around);
  // Names of tools that the lock file does not have yet are no reason not to ask for them.
  const { workflow, diagnostics } = readWorkflowFile(path, source, tree, {});
  if (!workflow) throw new WorkflowInvalid(source.name, diagnostics);
  return { path, workflow, tree };
}

interface FoundServer {
  readonly server: ServerDecl;
  readonly of: Workflow;
  /** Where its paths start. */
  readonly folder: string;
}

/** The servers of a workflow and of all that it names. */
function serversOf(workflow: Workflow, folder: string): readonly FoundServer[] {
  const own = [...workflow.tools.values()].flatMap((server) => (server.type === 'mcp' ? [{ server, of: workflow, folder }] : []));
  const called = [...workflow.tools.values()].flatMap((tool) =>
    tool.type === 'workflow' && tool.workflow ? serversOf(tool.workflow, folderOf(folder, String(tool.spec.workflow))) : [],
  );
  const inner = allNodes(workflow).flatMap(({ node: { body } }) =>
    body?.type === 'workflow' && body.workflow ? serversOf(body.workflow, folderOf(folder, body.file)) : [],
  );
  return [...own, ...called, ...inner];
}

const folderOf = (folder: string, file: string): string => dirname(resolve(folder, file));

function serversFor(folder: string, options: Surroundings): Servers {
  const cwd = resolve(options.cwd ?? '.');
  const file = join(folder, 'workflow.yml');
  const config = loadConfig({ cwd, workflowFile: file, ...(options.env && { env: options.env }) });
  return createServers(createOutside(file, [workspaceOf(folder)], config));
}

/** A server with what its templates read before there is a run: inputs that are given, else their defaults. */
function serverOf(server: ServerDecl, workflow: Workflow, given: JsonObject = {}): ServerOf {
  const defaults = [...workflow.inputs.values()].flatMap(({ name, default: value }) => (value === undefined ? [] : [[name, value]]));
  return {
    name: server.name,
    server,
    folder: '',
    partials: Object.fromEntries(workflow.partials),
    scope: { inputs: { ...Object.fromEntries(defaults), ...given }, constants: workflow.constants, run: {} },
  };
}

function summariesOf(tool: ToolDecl): readonly ToolSummary[] {
  if (tool.type !== 'mcp') {
    const { name, type, description = '', input, approve } = tool;
    const idempotent = tool.idempotent ?? kinds.find(({ kind }) => kind === type)?.idempotent?.(tool.spec) ?? true;
    return [{ name, from: type, description, arguments: printShape(shapeOf(input)), input, approve, idempotent }];
  }
  if (!tool.offers) return [{ name: `${tool.name}/*`, from: tool.identity, description: '', approve: false, idempotent: false }];
  return tool.offers.map(({ name, description, input, readOnly }) => {
    const rule = tool.rules.get(name);
    return {
      name: `${tool.name}/${name}`,
      from: tool.identity,
      description,
      arguments: printShape(shapeOf(input)),
      input,
      approve: rule?.approve ?? false,
      idempotent: rule?.idempotent ?? readOnly ?? false,
    };
  });
}

/** Where the lock file of a workflow stands, from a folder. */
export function lockOf(file: string, cwd: string): string {
  return relative(cwd, join(workspaceOf(dirname(resolve(cwd, file))), LOCK_NAME)) || LOCK_NAME;
}
