import { type Command, EXIT, textArgument, textOption } from '../../command.ts';

export const showCommand: Command = {
  name: 'show',
  group: 'Runs',
  summary: 'show a run as it is now',
  description:
    'Shows a run: its nodes, tries, costs and mistakes; with --task, every try of a node or of one item, with what was answered.',
  arguments: [{ name: 'run', description: 'the id of a run, its beginning, or last', optional: true }],
  options: [
    { flags: '--task <task>', description: 'a node, one item or round of it, or what is inside: scan, scan[3], draft#2, review[1]/read' },
    { flags: '--json', description: 'print it as JSON' },
  ],
  examples: [
    ['runs show last', 'the newest run'],
    ['runs show last --task scan[3]', 'the tries of one item'],
  ],

  async action(ctx, args, options) {
    const [engine, { createRunView, foldEvent }] = await Promise.all([import('../../../engine/index.ts'), import('../../run-view.ts')]);
    const around = { cwd: ctx.cwd, env: ctx.io.env };
    const named = args[0] === undefined ? 'last' : textArgument(args[0]);
    const { plan } = await engine.openRun(named, around);
    const view = createRunView(plan);
    const run = await engine.readRun(named, { ...around, onEvent: (event) => void foldEvent(view, event) });
    const task = textOption(options, 'task');
    if (task !== undefined) {
      const { findTasks, renderTasks, taskJson } = await import('../../task-text.ts');
      const found = findTasks(run.story, task);
      if (options.json === true) ctx.printForeign(JSON.stringify(taskJson(found), null, 2), 'json');
      else ctx.printForeign(`${renderTasks(found, ctx).join('\n')}\n`, 'text');
      return EXIT.done;
    }
    if (options.json === true) {
      ctx.printForeign(JSON.stringify({ ...run.summary, result: run.result }, null, 2), 'json');
      return EXIT.done;
    }
    const { renderRun } = await import('../../run-page.ts');
    ctx.printForeign(`${renderRun(run, view, ctx).join('\n')}\n`, 'text');
    return EXIT.done;
  },
};
