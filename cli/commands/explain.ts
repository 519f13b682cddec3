import { type Command, EXIT, UsageError } from '../command.ts';

export const explain: Command = {
  name: 'explain',
  group: 'Project',
  summary: 'explain the code of a message',
  arguments: [{ name: 'code', description: 'such as DAG202; without one, all codes are listed', optional: true }],
  examples: [
    ['explain DAG202', 'what it means, a wrong and a right example'],
    ['explain', 'all codes'],
  ],

  async action(ctx, args) {
    const [{ allCodes, explainCode }, { wrap }] = await Promise.all([import('../../engine/index.ts'), import('../layout.ts')]);
    const { bold, dim, green, red } = ctx.out;
    const given = args[0];
    if (typeof given !== 'string') {
      const lines = allCodes().map(({ code, title }) => `${bold(code)}  ${title}`);
      ctx.print(`${lines.join('\n')}\n`);
      return EXIT.done;
    }
    const code = given
      .trim()
      .toUpperCase()
      .replace(/^(?=\d)/, 'DAG');
    const entry = explainCode(code);
    if (!entry) throw new UsageError(`there is no code "${given}"`, 'dagrun explain lists all of them');
    const width = Math.min(96, ctx.outWidth);
    const example = (title: string, text: string | undefined): readonly string[] =>
      text === undefined
        ? []
        : [
            '',
            `${title}`,
            ...text
              .trimEnd()
              .split('\n')
              .map((line) => `  ${dim('│')} ${line}`.trimEnd()),
          ];
    const lines = [
      `${bold(code)}  ${entry.title}`,
      '',
      ...wrap(entry.explanation, width),
      ...example(red('wrong'), entry.wrong),
      ...example(green('right'), entry.right),
    ];
    ctx.print(`${lines.join('\n')}\n`);
    return EXIT.done;
  },
};
