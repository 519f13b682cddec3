import { type Command, EXIT, textArgument, textOption } from '../../command.ts';
import { countOption } from './list.ts';

export const eventsCommand: Command = {
  name: 'events',
  group: 'Runs',
  summary: 'print the journal of a run, one JSON document per line',
  arguments: [{ name: 'run', description: 'the id of a run, its beginning, or last' }],
  options: [
    { flags: '--after <n>', description: 'only the events behind this number (their `seq`)' },
    { flags: '--follow', description: 'go on until the run stops' },
  ],
  examples: [
    ['runs events last | jq \'select(.type == "model.called").call.model\'', 'who was asked'],
    ['runs events last --follow', 'watch a run that another process drives'],
  ],

  async action(ctx, args, options) {
    const { readEvents } = await import('../../../engine/index.ts');
    const after = countOption(textOption(options, 'after'), '--after');
    const stop = new AbortController();
    const close = ctx.io.onStopSignal(() => stop.abort());
    try {
      await readEvents(textArgument(args[0]), {
        cwd: ctx.cwd,
        env: ctx.io.env,
        ...(after !== undefined && { after }),
        follow: options.follow === true,
        abort: stop.signal,
        onEvent: (event) => ctx.printForeign(JSON.stringify(event), 'json'),
      });
    } finally {
      close();
    }
    return EXIT.done;
  },
};
