import { type Command, EXIT, textArgument } from '../../command.ts';

export const whyCommand: Command = {
  name: 'why',
  group: 'Runs',
  summary: 'say why a node ran, was skipped, failed or waits',
  arguments: [
    { name: 'run', description: 'the id of a run, its beginning, or last' },
    { name: 'node', description: 'a node of its workflow: scan, review/draft inside another, or one of its runs, review[1]#2/draft' },
  ],
  options: [{ flags: '--json', description: 'print it as JSON' }],
  examples: [['runs why last summary', 'what happened to one node']],

  async action(ctx, args, options) {
    const [engine, { wrap }] = await Promise.all([import('../../../engine/index.ts'), import('../../layout.ts')]);
    const around = { cwd: ctx.cwd, env: ctx.io.env };
    const reasons = await engine.explainNode(textArgument(args[0]), textArgument(args[1]), around);
    if (options.json === true) {
      ctx.printForeign(JSON.stringify(reasons, null, 2), 'json');
      return EXIT.done;
    }
    const { toneOf } = await import('../../runs-table.ts');
    const { out } = ctx;
    const lines = reasons.because.flatMap((sentence) =>
      wrap(sentence, Math.min(ctx.outWidth, 120) - 4).map((line, at) => `${at === 0 ? '  - ' : '    '}${line}`),
    );
    ctx.printForeign(`${[`${out.bold(reasons.node)}  ${toneOf(reasons.status, out)(reasons.status)}`, ...lines].join('\n')}\n`, 'text');
    return EXIT.done;
  },
};
