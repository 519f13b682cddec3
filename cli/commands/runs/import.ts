import { createReadStream, type ReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { type Command, EXIT, textArgument, UsageError } from '../../command.ts';

export const importCommand: Command = {
  name: 'import',
  group: 'Runs',
  summary: 'take in a run that was written out',
  arguments: [{ name: 'file', description: 'what dagrun runs export has written' }],
  examples: [['runs import run.jsonl', 'look at a run of somebody else']],

  async action(ctx, args) {
    const { importRun } = await import('../../../engine/index.ts');
    const path = textArgument(args[0]);
    const input = createReadStream(resolve(ctx.cwd, path), 'utf8');
    try {
      await new Promise((open, fail) => input.once('open', open).once('error', fail));
    } catch {
      throw new UsageError(`the file "${path}" cannot be read`, 'paths start at the folder you are in');
    }
    const { run, events } = await importRun(linesOf(input), { cwd: ctx.cwd, env: ctx.io.env });
    ctx.tell([`${run} is here now, with ${events} events`, `${ctx.err.cyan('help:')} dagrun runs show ${run}`]);
    return EXIT.done;
  },
};

/** The reader is made when the first line is asked for: what it reads before anybody listens is lost. */
async function* linesOf(input: ReadStream): AsyncGenerator<string> {
  yield* createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
}
