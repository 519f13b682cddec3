import { type Command, type CommandGroup, EXIT, type OptionDecl, type Options, textOption, UsageError } from '../command.ts';
import type { Context } from '../context.ts';

const JSON_OPTION: OptionDecl = { flags: '--json', description: 'print it as JSON' };

const stats: Command = {
  name: 'stats',
  group: 'Project',
  summary: 'show what the cache holds, and what it has saved',
  options: [JSON_OPTION],
  examples: [['cache stats', 'hit rate and money saved']],

  async action(ctx, _args, options) {
    const [{ summarizeCache }, { renderCache }] = await Promise.all([import('../../engine/index.ts'), import('../cache-text.ts')]);
    const summary = await summarizeCache(aroundOf(ctx));
    return tell(ctx, options, summary, renderCache(summary, ctx.outWidth, ctx.out).join('\n'));
  },
};

const clear: Command = {
  name: 'clear',
  group: 'Project',
  summary: 'forget the answers of the cache',
  description: 'Forgets the answers that the cache holds. Runs that have ended keep what they have.',
  options: [{ flags: '--workflow <name>', description: 'only the answers that this workflow has paid for' }, JSON_OPTION],
  examples: [
    ['cache clear', 'everything, and the counts'],
    ['cache clear --workflow code-review', 'to have its next run ask again'],
  ],

  async action(ctx, _args, options) {
    const [{ clearCache }, { countOf }] = await Promise.all([import('../../engine/index.ts'), import('../amounts.ts')]);
    const forgotten = await clearCache(textOption(options, 'workflow'), aroundOf(ctx));
    return tell(ctx, options, { forgotten }, `${countOf(forgotten, 'answer')} forgotten`);
  },
};

const prune: Command = {
  name: 'prune',
  group: 'Project',
  summary: 'forget what is too old, or too much',
  description:
    'Forgets answers whose `ttl` is over, then the longest unused until the cache is small enough. It does so by itself when it is full.',
  options: [{ flags: '--max-size <size>', description: 'keep at most so much: 500kB, 50MB, 1GB' }, JSON_OPTION],
  examples: [['cache prune --max-size 50MB', 'make room']],

  async action(ctx, _args, options) {
    const size = textOption(options, 'maxSize');
    const [{ parseSize, pruneCache }, { countOf }] = await Promise.all([import('../../engine/index.ts'), import('../amounts.ts')]);
    const maxBytes = size === undefined ? undefined : parseSize(size);
    if (size !== undefined && maxBytes === undefined)
      throw new UsageError(`"${size}" is not a size`, 'write a number with kB, MB or GB: --max-size 50MB');
    const pruned = await pruneCache(maxBytes, aroundOf(ctx));
    const words = `${countOf(pruned.expired, 'answer')} forgotten for age, ${pruned.evicted} for room`;
    return tell(ctx, options, pruned, words);
  },
};

/** Answers that later runs may use again. */
export const cache: CommandGroup = {
  name: 'cache',
  group: 'Project',
  summary: 'answers that are kept to be used again',
  description: 'The answers of nodes at temperature 0, and of those with `cache`, are kept: the same question is not paid for twice.',
  commands: [stats, clear, prune],
};

function aroundOf(ctx: Context): { readonly cwd: string; readonly env: Context['io']['env'] } {
  return { cwd: ctx.cwd, env: ctx.io.env };
}

function tell(ctx: Context, options: Options, result: object, words: string): number {
  ctx.print(options.json === true ? `${JSON.stringify(result, null, 2)}\n` : `${words}\n`);
  return EXIT.done;
}
