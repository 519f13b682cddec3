import type { Json, JsonObject } from '../base/json.ts';
import type { Report } from '../contracts/diagnostic.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { Path } from '../contracts/source.ts';
import type { OwnToolDecl, ServerDecl } from '../contracts/tool.ts';
import type { NodeDecl, Workflow } from '../contracts/workflow.ts';
import { allNodes, authorsNode, hasOwnSpec } from '../lang/frames.ts';
import { isPattern, serverIn, toolsNamed } from '../lang/tool-names.ts';
import { callableTools, toolsWanted } from '../lang/tool-readings.ts';
import { didYouMean, listed, nearestOf } from './known-names.ts';
import type { CheckInput } from './rule.ts';

/** The tools that nodes name are there, and what is said of them goes together. */
export function checkTools({ workflow, kinds }: CheckInput, report: Report): void {
  const known = callableTools(workflow);
  const unread = new Map<ServerDecl, Path>();
  for (const { node } of allNodes(workflow)) {
    if (hasOwnSpec(node)) checkSpec(node, node.spec, node.path);
    if (node.onError.action === 'fallback') checkSpec(node, node.onError.spec, node.onError.path);
  }
  for (const [server, path] of unread) reportUnread(workflow, server, path, report);
  for (const tool of workflow.tools.values()) {
    if (tool.type === 'mcp') checkRules(workflow, tool, report);
    else if (tool.workflow) checkWaits(workflow, tool, kinds, report);
  }

  function checkSpec(node: NodeDecl, spec: JsonObject, base: Path): void {
    const { tools, tool, approve } = spec;
    const at = (field: string, ...below: Path): Path => [...(node.places?.[field] ?? [...base, field]), ...below];
    if (typeof tool === 'string') checkName(tool, at('tool'), node);
    const wanted = texts(tools);
    for (const [index, name] of wanted) checkName(name, at('tools', index), node);
    if (tools === undefined) {
      for (const field of ['max_turns', 'tool_choice', 'approve'])
        if (spec[field] !== undefined)
          report({
            code: 'DAG533',
            severity: 'error',
            message: `"${field}" is about tools, and "${authorsNode(workflow, node).id}" has none`,
            at: workflow.document.spanOf(at(field), 'key'),
            help: 'add `tools: [<name>]`, or remove it',
          });
      return;
    }
    const own = toolsNamed(
      wanted.map(([, name]) => name),
      known,
    );
    for (const [index, name] of texts(approve)) {
      if (isUnread(name) || toolsNamed([name], own).length > 0) continue;
      const path = at('approve', index);
      if (toolsNamed([name], known).length === 0) checkName(name, path, node);
      else
        report({
          code: 'DAG531',
          severity: 'error',
          message: `"${authorsNode(workflow, node).id}" does not have the tool "${name}", for which somebody is asked`,
          at: workflow.document.spanOf(path),
          label: 'not in its `tools`',
          help: `add "${name}" to \`tools\`, or take it out here`,
        });
    }
  }

  /** True for a tool of a server of which nothing is known yet. */
  function isUnread(name: string): boolean {
    const server = serverNamed(name);
    return server?.type === 'mcp' && server.offers === undefined;
  }

  function serverNamed(name: string): ServerDecl | undefined {
    const found = workflow.tools.get(serverIn(name) ?? '');
    return found?.type === 'mcp' ? found : undefined;
  }

  function checkName(name: string, path: Path, node: NodeDecl): void {
    const server = serverNamed(name);
    if (server && server.offers === undefined) {
      if (!unread.has(server)) unread.set(server, path);
      return;
    }
    if (toolsNamed([name], known).length > 0 || workflow.broken.tools?.has(serverIn(name) ?? name)) return;
    const span = workflow.document.spanOf(path);
    const near = nearestOf(name, known);
    const { message, label, help } = unknown(name, node);
    report({
      code: 'DAG530',
      severity: 'error',
      message,
      at: span,
      label,
      ...(near !== undefined && help === undefined ? { help: near.help, fix: { at: span, replacement: near.nearest } } : help && { help }),
    });
  }

  function unknown(name: string, node: NodeDecl): { readonly message: string; readonly label: string; readonly help?: string } {
    const declared = workflow.tools.get(name);
    if (declared?.type === 'mcp') {
      const some = (declared.offers ?? []).slice(0, 3).map((tool) => `${name}/${tool.name}`);
      return {
        message: `"${name}" is a server, which has tools of its own`,
        label: 'not a tool',
        help: `write "${name}/*" for all of them${some.length > 0 ? `, or name some: ${listed(some)}` : ''}`,
      };
    }
    if (isPattern(name)) {
      const server = serverNamed(name);
      const offers = server?.offers?.map((tool) => `${server.name}/${tool.name}`);
      return {
        message: `"${authorsNode(workflow, node).id}" wants tools called "${name}", and there are none`,
        label: 'matches no tool',
        ...(offers && offers.length <= 20 && { help: `there are ${listed(offers)}` }),
      };
    }
    const server = serverNamed(name);
    if (server) {
      const offers = (server.offers ?? []).map((tool) => `${server.name}/${tool.name}`);
      const near = didYouMean(name, offers).help;
      return {
        message: `the server "${server.name}" has no tool "${name.slice(server.name.length + 1)}"`,
        label: 'not among its tools',
        help: near ?? `\`dagrun tools list ${workflow.document.file.name}\` shows what it has`,
      };
    }
    const near = didYouMean(name, known).help;
    return {
      message: `"${authorsNode(workflow, node).id}" names the tool "${name}", which is not declared`,
      label: 'no tool has this name',
      ...(near === undefined ? { help: 'declare it under `tools:`' } : nearestOf(name, known) === undefined && { help: near }),
    };
  }
}

function reportUnread({ document }: Workflow, server: ServerDecl, path: Path, report: Report): void {
  report({
    code: 'DAG534',
    severity: 'warning',
    message: `what tools the server "${server.name}" has is not known yet`,
    at: document.spanOf(path),
    label: 'cannot be checked',
    because: 'they are kept in dagrun.lock, which has no entry for it',
    help: `\`dagrun tools update ${document.file.name}\` asks it, and so does the first run`,
  });
}

/** What is said of single tools of a server is said of tools it has. */
function checkRules({ document }: Workflow, { name: server, offers, rules }: ServerDecl, report: Report): void {
  if (offers === undefined) return;
  const names = offers.map(({ name }) => name);
  for (const [name, { path }] of rules) {
    if (names.includes(name)) continue;
    const at = document.spanOf(path, 'key');
    const near = nearestOf(name, names);
    report({
      code: 'DAG530',
      severity: 'error',
      message: `the server "${server}" has no tool "${name}"`,
      at,
      label: 'not among its tools',
      ...(near ? { help: near.help, fix: { at, replacement: near.nearest } } : didYouMean(name, names)),
    });
  }
}

/** A workflow that is called as a tool comes to its end by itself: it is kept nowhere, so that nobody could answer it. */
function checkWaits({ document }: Workflow, { name, at, workflow }: OwnToolDecl, kinds: readonly NodeKind[], report: Report): void {
  const who = workflow && waitsIn(workflow, kinds);
  if (who === undefined) return;
  report({
    code: 'DAG535',
    severity: 'error',
    message: `the workflow of tool "${name}" waits, which a tool cannot`,
    at: document.spanOf([...at, 'workflow']),
    label: `its node "${who}" waits`,
    because: 'it runs within the call of a model, and is kept nowhere else',
    help: `let a node of this file wait, or say \`approve: true\` of the tool: somebody is then asked before each call`,
  });
}

/** The first node of a workflow that waits for a person, a signal or a time, or whose tools do. */
function waitsIn(workflow: Workflow, kinds: readonly NodeKind[]): string | undefined {
  const waiting = new Set(kinds.filter((kind) => kind.waits).map((kind) => kind.kind));
  const asks = (name: string): boolean => {
    const tool = workflow.tools.get(serverIn(name) ?? name);
    return tool?.type === 'mcp' ? [...tool.rules.values()].some((rule) => rule.approve) : tool?.approve === true;
  };
  for (const { node, path } of allNodes(workflow)) {
    if (waiting.has(node.kind) || (hasOwnSpec(node) && (node.spec.approve !== undefined || toolsWanted(node.spec).some(asks)))) return path;
    const child = node.body?.type === 'workflow' && node.body.workflow ? waitsIn(node.body.workflow, kinds) : undefined;
    if (child !== undefined) return `${path}/${child}`;
  }
  return undefined;
}

function texts(list: Json | undefined): readonly (readonly [number, string])[] {
  return Array.isArray(list) ? list.flatMap((one, index) => (typeof one === 'string' ? [[index, one] as const] : [])) : [];
}
