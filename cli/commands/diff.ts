import { type Command, EXIT, textArgument, textOption } from '../command.ts';

export const diff: Command = {
  name: 'diff',
  group: 'Workflows',
  summary: 'show what a change of a workflow means',
  description:
    'Compares two workflows by what they mean: what breaks callers, nodes, edges, prompts, types, prices, and which earlier outputs still stand. Nothing is run.',
  arguments: [
    { name: 'before', description: 'a file, a name, or a git revision of a file: HEAD~1:workflows/review.workflow.yml' },
    { name: 'after', description: 'the same; left out, the file is compared with the last commit', optional: true },
  ],
  options: [
    {
      flags: '--format <format>',
      description: 'pretty (default), markdown for a pull request, json',
      choices: ['pretty', 'markdown', 'json'],
    },
    { flags: '--verbose', description: 'show changed texts whole, and all nodes whose earlier outputs stand' },
    { flags: '--exit-code', description: 'exit with code 1 when callers have to change something' },
  ],
  examples: [
    ['diff review.workflow.yml', 'what is not committed yet'],
    ['diff main:review.workflow.yml review.workflow.yml', 'what a branch changes'],
    ['diff origin/main:review.workflow.yml HEAD:review.workflow.yml --format markdown', 'a comment on a pull request'],
  ],

  async action(ctx, args, options) {
    const [{ diffWorkflows, renderDiffMarkdown }, { renderWorkflowDiff }] = await Promise.all([
      import('../../engine/index.ts'),
      import('../workflow-diff-text.ts'),
    ]);
    const after = args[1] === undefined ? undefined : textArgument(args[1]);
    const found = await diffWorkflows(textArgument(args[0]), after, { cwd: ctx.cwd, env: ctx.io.env });
    const format = textOption(options, 'format') ?? 'pretty';
    if (format === 'json') ctx.printForeign(JSON.stringify(found, null, 2), 'json');
    else if (format === 'markdown') ctx.printForeign(renderDiffMarkdown(found), 'text');
    else ctx.printForeign(`${renderWorkflowDiff(found, ctx, options.verbose === true).join('\n')}\n`, 'text');
    return options.exitCode === true && found.breaking ? EXIT.failed : EXIT.done;
  },
};
