import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Json } from '../../engine/index.ts';
import { type Command, EXIT, textArgument, textOption, UsageError } from '../command.ts';
import type { Context } from '../context.ts';
import { userName } from '../user.ts';

export const signal: Command = {
  name: 'signal',
  group: 'Runs',
  summary: 'send a signal to runs that wait for it',
  description:
    'Sends a signal to a run, or to all that are not over. Nodes that wait for it go on; where none does yet, the signal is kept for the first that will.',
  arguments: [{ name: 'name', description: 'the name of the signal, as in `wait: { signal: … }`' }],
  options: [
    { flags: '--run <id>', description: 'the run it is for' },
    { flags: '--all', description: 'every run of the project that is not over' },
    { flags: '--payload <json>', description: 'what it carries; @file, or - for stdin. Default: null' },
    { flags: '--by <name>', description: 'who sends it. Default: the user of this machine' },
    { flags: '--json', description: 'print who got it as JSON' },
  ],
  examples: [
    ['signal build-finished --all', 'to everybody'],
    ['signal paid --run run_01k9zq4w --payload \'{"amount": 12.5}\'', 'to one run, with a payload'],
  ],

  async action(ctx, args, options) {
    const run = textOption(options, 'run');
    if ((run === undefined) === (options.all !== true)) {
      throw new UsageError(
        run === undefined ? 'nothing says who the signal is for' : '--run and --all exclude each other',
        'give --run <id> for one run, or --all for every run that is not over',
      );
    }
    const engine = await import('../../engine/index.ts');
    const name = textArgument(args[0]);
    const payload = await payloadIn(ctx, textOption(options, 'payload'));
    const got = await engine.signal(name, {
      to: run ?? 'all',
      by: textOption(options, 'by') ?? userName(ctx.io.env),
      ...(payload !== undefined && { payload }),
      cwd: ctx.cwd,
      env: ctx.io.env,
    });
    if (options.json === true) ctx.printForeign(JSON.stringify({ signal: name, runs: got }, null, 2), 'json');
    else if (got.length === 0) ctx.tell('no run is under way: nobody got it');
    else {
      ctx.tell(`sent ${name} to ${got.map((one) => one.run).join(', ')}`);
      for (const one of got.filter(({ driven }) => !driven)) {
        ctx.tell(`${ctx.err.cyan('help:')} no process drives ${one.run} now; it goes on with: dagrun resume ${one.run}`);
      }
    }
    return EXIT.done;
  },
};

async function payloadIn(ctx: Context, given: string | undefined): Promise<Json | undefined> {
  if (given === undefined) return undefined;
  const text = given === '-' ? await ctx.io.readStdin() : given.startsWith('@') ? await textOf(ctx, given.slice(1)) : given;
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new UsageError('the payload is not JSON', 'a text is JSON between double quotes: --payload \'"done"\'');
  }
}

async function textOf(ctx: Context, path: string): Promise<string> {
  try {
    return await readFile(resolve(ctx.cwd, path), 'utf8');
  } catch {
    throw new UsageError(`the file "${path}" cannot be read`, 'paths start at the folder you are in');
  }
}
