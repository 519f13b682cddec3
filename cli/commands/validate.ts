import { type Command, EXIT, textOption } from '../command.ts';

export const validate: Command = {
  name: 'validate',
  group: 'Workflows',
  summary: 'check workflows without running them',
  description: 'Checks workflows: names, types, templates, expressions, models. All mistakes at once; no network, nothing spent.',
  arguments: [
    { name: 'workflow', description: 'files or names; without any, every workflow of the project', optional: true, variadic: true },
  ],
  options: [
    {
      flags: '--format <format>',
      description: 'pretty (default), line for editors, json, github for annotations',
      choices: ['pretty', 'line', 'json', 'github'],
    },
  ],
  examples: [
    ['validate review.workflow.yml', 'check one file'],
    ['validate --format github', 'check the project in a GitHub workflow'],
  ],

  async action(ctx, args, options) {
    const engine = await import('../../engine/index.ts');
    const surroundings = { cwd: ctx.cwd, env: ctx.io.env };
    const given = Array.isArray(args[0]) ? (args[0] as readonly string[]) : [];
    const files = given.length > 0 ? await Promise.all(given.map((name) => engine.findWorkflow(name, surroundings))) : await projectFiles();
    const format = (textOption(options, 'format') ?? 'pretty') as 'pretty' | 'line' | 'json' | 'github';

    const found = [];
    for (const file of files) found.push(await engine.checkWorkflow(file, surroundings));
    const diagnostics = found.flat();
    const text = engine.renderDiagnostics(diagnostics, { format, colour: ctx.out.on });
    if (text !== '') ctx.print(text.endsWith('\n') ? text : `${text}\n`);

    const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length;
    if (format === 'pretty') ctx.tell(summary(errors, diagnostics.length - errors));
    return errors > 0 ? EXIT.usage : EXIT.done;

    async function projectFiles(): Promise<readonly string[]> {
      const summaries = await engine.listWorkflows(surroundings);
      return summaries.filter((workflow) => !workflow.builtin).map((workflow) => workflow.file);
    }

    function summary(errorCount: number, warningCount: number): string {
      const number = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;
      const where = number(files.length, 'workflow');
      if (files.length === 0) return 'no workflows here: they end in .workflow.yml';
      if (errorCount === 0 && warningCount === 0) return `${ctx.err.green('✓')} ${where} checked, no mistakes`;
      const parts = [
        errorCount > 0 ? ctx.err.red(number(errorCount, 'mistake')) : '',
        warningCount > 0 ? ctx.err.yellow(number(warningCount, 'warning')) : '',
      ];
      return `\n${errorCount > 0 ? ctx.err.red('✗') : ctx.err.yellow('!')} ${where} checked, ${parts.filter((part) => part !== '').join(' and ')}`;
    }
  },
};
