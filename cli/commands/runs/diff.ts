import { type Command, EXIT, textArgument } from '../../command.ts';

export const diffCommand: Command = {
  name: 'diff',
  group: 'Runs',
  summary: 'show where two runs part',
  description: 'Compares two runs: their inputs, the first node at which they part and why, their outputs and their costs.',
  arguments: [
    { name: 'first', description: 'the id of a run, its beginning, or last' },
    { name: 'second', description: 'the same for the other' },
  ],
  options: [{ flags: '--json', description: 'print it as JSON' }],
  examples: [['runs diff run_01k9f2m3q7 last', 'what is different now']],

  async action(ctx, args, options) {
    const [{ diffRuns }, { renderDiff }] = await Promise.all([import('../../../engine/index.ts'), import('../../diff-text.ts')]);
    const diff = await diffRuns(textArgument(args[0]), textArgument(args[1]), { cwd: ctx.cwd, env: ctx.io.env });
    if (options.json === true) ctx.printForeign(JSON.stringify(diff, null, 2), 'json');
    else ctx.printForeign(`${renderDiff(diff, ctx).join('\n')}\n`, 'text');
    return EXIT.done;
  },
};
