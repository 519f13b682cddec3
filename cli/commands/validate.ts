import type { Diagnostic, EdgesExplained } from '../../engine/index.ts';
import { type Command, EXIT, textOption, UsageError } from '../command.ts';

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
    { flags: '--explain', description: 'print what waits for what, and which fields make it so; pretty or json' },
  ],
  examples: [
    ['validate review.workflow.yml', 'check one file'],
    ['validate review.workflow.yml --explain', 'see why its nodes wait for each other'],
    ['validate --format github', 'check the project in a GitHub workflow'],
  ],

  async action(ctx, args, options) {
    const engine = await import('../../engine/index.ts');
    const surroundings = { cwd: ctx.cwd, env: ctx.io.env };
    const given = Array.isArray(args[0]) ? (args[0] as readonly string[]) : [];
    const files = given.length > 0 ? await Promise.all(given.map((name) => engine.findWorkflow(name, surroundings))) : await projectFiles();
    const format = (textOption(options, 'format') ?? 'pretty') as 'pretty' | 'line' | 'json' | 'github';
    if (options.explain === true && format !== 'pretty' && format !== 'json')
      throw new UsageError(`--explain prints no format ${format}`, 'use --format pretty or json');

    const found: (readonly Diagnostic[])[] = [];
    for (const file of files) found.push(await engine.checkWorkflow(file, surroundings));
    const diagnostics = found.flat();
    const text = engine.renderDiagnostics(diagnostics, { format, colour: ctx.out.on });
    const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length;
    if (options.explain === true && format === 'json') {
      const workflows = await explained();
      ctx.print(`${JSON.stringify({ diagnostics: JSON.parse(text), workflows }, null, 2)}\n`);
    } else {
      if (text !== '') ctx.print(text.endsWith('\n') ? text : `${text}\n`);
      if (options.explain === true) await explainAll();
    }
    if (format === 'pretty') ctx.tell(summary(errors, diagnostics.length - errors));
    return errors > 0 ? EXIT.usage : EXIT.done;

    /** Of the files without mistakes. */
    async function explained(): Promise<readonly EdgesExplained[]> {
      const right = files.filter((_, index) => !found[index]?.some(({ severity }) => severity === 'error'));
      return Promise.all(right.map((file) => engine.explainEdges(file, surroundings)));
    }

    async function explainAll(): Promise<void> {
      const { edgesText } = await import('../edges-text.ts');
      const texts = (await explained()).map((one) => edgesText(one, Math.min(110, ctx.outWidth), ctx.out));
      if (texts.length > 0) ctx.print(`${diagnostics.length > 0 ? '\n' : ''}${texts.join('\n')}`);
    }

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
