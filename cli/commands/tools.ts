import type { ServerUpdate } from '../../engine/index.ts';
import { type Command, type CommandGroup, EXIT, listOption, type OptionDecl, textArgument } from '../command.ts';
import type { Paint } from '../paint.ts';

const JSON_OPTION: OptionDecl = { flags: '--json', description: 'print it as JSON' };
const WORKFLOW = { name: 'workflow', description: 'a file, or the name of a workflow (see: dagrun list)' };

const list: Command = {
  name: 'list',
  group: 'Project',
  summary: 'list the tools a workflow has',
  description:
    'Lists what models and `tool` nodes of a workflow may call. What MCP servers offer is taken from dagrun.lock; none is started.',
  arguments: [WORKFLOW],
  options: [JSON_OPTION],
  examples: [['tools list support.workflow.yml', 'names, arguments, and who is asked']],

  async action(ctx, args, options) {
    const [engine, { renderTable }] = await Promise.all([import('../../engine/index.ts'), import('../layout.ts')]);
    const around = { cwd: ctx.cwd, env: ctx.io.env };
    const tools = await engine.listTools(await engine.findWorkflow(textArgument(args[0]), around), around);
    if (options.json === true) {
      ctx.print(`${JSON.stringify(tools, null, 2)}\n`);
      return EXIT.done;
    }
    const { dim } = ctx.out;
    const rows = tools.map((tool) => [
      tool.name,
      tool.arguments ?? '?',
      tool.approve ? 'asks' : tool.idempotent ? '' : 'once',
      // The first sentence says it; models are told the rest.
      tool.description.split(/(?<=\.)\s/)[0] ?? '',
    ]);
    const columns = [{ title: 'tool' }, { title: 'takes' }, { title: 'call' }, { title: 'does', shrinks: true, paint: dim }];
    if (rows.length > 0) ctx.print(`${renderTable(columns, rows, { width: ctx.outWidth, title: dim }).join('\n')}\n`);
    ctx.tell(
      ctx.err.dim(
        rows.length === 0 ? 'It declares no tools.' : 'asks: a person is asked before each call; once: not repeated unasked after a crash.',
      ),
    );
    return EXIT.done;
  },
};

const update: Command = {
  name: 'update',
  group: 'Project',
  summary: 'ask the MCP servers of a workflow what they offer',
  description: 'Starts the MCP servers of a workflow, and writes what they offer into dagrun.lock, which is to be committed.',
  arguments: [WORKFLOW],
  options: [
    { flags: '-i <key=value>', description: 'an input that the servers are started with; repeat it for more', repeatable: true },
    JSON_OPTION,
  ],
  examples: [['tools update support.workflow.yml', 'after a server has changed']],

  async action(ctx, args, options) {
    const engine = await import('../../engine/index.ts');
    const around = { cwd: ctx.cwd, env: ctx.io.env };
    const file = await engine.findWorkflow(textArgument(args[0]), around);
    const inputs = Object.fromEntries(listOption(options, 'i').map((pair) => [pair.replace(/=.*$/s, ''), pair.replace(/^[^=]*=/, '')]));
    const updates = await engine.updateTools(file, { ...around, inputs });
    ctx.print(
      options.json === true
        ? `${JSON.stringify(updates, null, 2)}\n`
        : `${renderUpdates(updates, engine.lockOf(file, ctx.cwd), ctx.out).join('\n')}\n`,
    );
    return EXIT.done;
  },
};

/** What models may call. */
export const tools: CommandGroup = {
  name: 'tools',
  group: 'Project',
  summary: 'what the models of a workflow may call',
  commands: [list, update],
};

/** What servers said, line by line. */
export function renderUpdates(updates: readonly ServerUpdate[], lock: string, { dim, bold }: Paint): readonly string[] {
  if (updates.length === 0) return ['It has no MCP servers.'];
  const lines = updates.flatMap(({ server, identity, tools: count, isNew, changes }) => {
    const news = isNew ? 'new' : changes.length === 0 ? 'as before' : `${changes.length} changed`;
    return [
      `${bold(server)}  ${count} ${count === 1 ? 'tool' : 'tools'}, ${news}  ${dim(identity)}`,
      ...changes.map(({ tool, what }) => `  ${{ added: '+', removed: '-', changed: '~' }[what]} ${tool} ${dim(what)}`),
    ];
  });
  return [...lines, dim(`Written to ${lock}.`)];
}
