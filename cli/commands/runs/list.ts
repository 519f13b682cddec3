import { type Command, EXIT, textOption, UsageError } from '../../command.ts';

const SHOWN = 20;

export const listCommand: Command = {
  name: 'list',
  group: 'Runs',
  summary: 'list runs, newest first',
  description: 'Lists runs, newest first. A stale one should be running, but its process is gone: dagrun resume goes on with it.',
  options: [
    { flags: '--workflow <name>', description: 'only the runs of one workflow' },
    {
      flags: '--status <status>',
      description: 'only the runs in one state',
      choices: ['running', 'stale', 'waiting', 'succeeded', 'failed', 'cancelled'],
    },
    { flags: '--limit <n>', description: `how many, at most; ${SHOWN} when left out` },
    { flags: '--json', description: 'print the list as JSON' },
  ],
  examples: [
    ['runs list', 'the newest runs'],
    ['runs list --status failed --workflow review', 'what went wrong'],
  ],

  async action(ctx, _args, options) {
    const [{ listRuns }, { renderRuns }] = await Promise.all([import('../../../engine/index.ts'), import('../../runs-table.ts')]);
    const limit = countOption(textOption(options, 'limit'), '--limit') ?? SHOWN;
    const workflow = textOption(options, 'workflow');
    const status = textOption(options, 'status') as 'running' | undefined;
    const found = await listRuns(
      { ...(workflow !== undefined && { workflow }), ...(status !== undefined && { status }), limit: limit + 1 },
      { cwd: ctx.cwd, env: ctx.io.env },
    );
    const shown = found.slice(0, limit);
    if (options.json === true) {
      ctx.print(`${JSON.stringify(shown, null, 2)}\n`);
      return EXIT.done;
    }
    if (shown.length === 0) {
      ctx.tell(workflow === undefined && status === undefined ? 'no runs yet: dagrun run <workflow> makes one' : 'no such runs');
      return EXIT.done;
    }
    ctx.print(`${renderRuns(shown, ctx).join('\n')}\n`);
    const stale = shown.filter((run) => run.status === 'stale').length;
    const notes = [
      ...(found.length > shown.length ? [`Older ones are left out: --limit ${limit * 5} shows more.`] : []),
      ...(stale > 0
        ? [
            `${stale === 1 ? 'One is' : `${stale} are`} stale: ${stale === 1 ? 'its' : 'their'} process is gone. dagrun resume <run> goes on.`,
          ]
        : []),
    ];
    if (notes.length > 0) ctx.tell(notes.map((note) => ctx.err.dim(note)));
    return EXIT.done;
  },
};

/** A whole number that was given as an option. Throws UsageError. */
export function countOption(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`"${text}" is no value of "${flag}"`, 'a whole number, as in 20');
  return Number(text);
}
