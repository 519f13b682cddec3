import { type Command, EXIT, textArgument, textOption } from '../command.ts';

export const graph: Command = {
  name: 'graph',
  group: 'Workflows',
  summary: 'draw the graph of a workflow',
  description: 'Draws what waits for what, and why.',
  arguments: [{ name: 'workflow', description: 'a file, or the name of a workflow' }],
  options: [
    {
      flags: '--format <format>',
      description: 'tree (default), mermaid, dot, or json for the whole plan',
      choices: ['tree', 'mermaid', 'dot', 'json'],
    },
  ],
  examples: [
    ['graph code-review', 'in the terminal'],
    ['graph code-review --format dot | dot -Tsvg > graph.svg', 'as a picture'],
  ],

  async action(ctx, args, options) {
    const { findWorkflow, loadWorkflow, renderPlan } = await import('../../engine/index.ts');
    const surroundings = { cwd: ctx.cwd, env: ctx.io.env };
    const workflow = await loadWorkflow(await findWorkflow(textArgument(args[0]), surroundings), surroundings);
    const format = (textOption(options, 'format') ?? 'tree') as 'tree' | 'mermaid' | 'dot' | 'json';
    // In a file or a pipe there is no edge to run over.
    const width = ctx.io.stdout.isTTY ? ctx.outWidth : Number.POSITIVE_INFINITY;
    const text = renderPlan(workflow.plan, format, { width, name: ctx.out.bold, faint: ctx.out.dim });
    ctx.print(text.endsWith('\n') ? text : `${text}\n`);
    return EXIT.done;
  },
};
