import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { RunEvent, RunResult, SourceFile } from '../../engine/index.ts';
import { type Command, EXIT, listOption, textArgument, textOption, UsageError } from '../command.ts';
import type { Context } from '../context.ts';
import { listenForInterrupts, STOPPED } from '../interrupts.ts';
import type { StopSignal } from '../io.ts';

export const run: Command = {
  name: 'run',
  group: 'Workflows',
  summary: 'run a workflow',
  description: 'Runs a workflow: its outputs go to stdout, its progress and its bill to stderr.',
  arguments: [{ name: 'workflow', description: 'a file, or the name of a workflow (see: dagrun list)' }],
  options: [
    { flags: '-i <key=value>', description: 'one input; @file reads its value from a file; repeat it for more', repeatable: true },
    { flags: '--input <json>', description: 'all inputs as a JSON object; @file, or - for stdin' },
    { flags: '--offline', description: 'make the answers up: no key, no network, nothing spent' },
    { flags: '--replies <file>', description: 'take the answers from a replies file; implies --offline' },
    { flags: '--json', description: 'print the whole result as one JSON document' },
    { flags: '--events <format>', description: 'print every event as it happens, one JSON document per line', choices: ['jsonl'] },
    { flags: '-q, --quiet', description: 'no progress, no bill: only the result, and what went wrong' },
  ],
  examples: [
    ['run research-synthesis --offline', 'try a workflow of the gallery, without a key'],
    ['run review.workflow.yml -i diff=@change.diff', 'pass the text of a file'],
    ['run review -i files=a.ts -i files=b.ts', 'pass a list'],
    ['run review --json | jq .cost.total', 'go on with the result'],
  ],

  async action(ctx, args, options) {
    const quiet = options.quiet === true;
    const asJson = options.json === true;
    const asEvents = options.events !== undefined;
    if (asJson && asEvents)
      throw new UsageError('--json and --events both want stdout', 'use one of them: the last event holds the outputs');

    const engine = await import('../../engine/index.ts');
    const surroundings = { cwd: ctx.cwd, env: ctx.io.env };
    const file = await engine.findWorkflow(textArgument(args[0]), surroundings);
    const workflow = await engine.loadWorkflow(file, surroundings);
    if (!quiet && workflow.warnings.length > 0) {
      ctx.tell(`${engine.renderDiagnostics(workflow.warnings, { format: 'pretty', colour: ctx.err.on })}\n`);
    }
    const document = await inputDocument(ctx, textOption(options, 'input'));
    const inputs = engine.parseInputs(workflow, { pairs: listOption(options, 'i'), ...(document && { document }) }, surroundings);

    const [{ createRunView }, { progressMode, startProgress }, report] = await Promise.all([
      import('../run-view.ts'),
      import('../progress.ts'),
      import('../run-report.ts'),
    ]);
    const view = createRunView(workflow.plan);
    const progress = startProgress(ctx, view, progressMode(ctx, { quiet, json: asJson, events: asEvents }));
    const onEvent = (event: RunEvent): void => {
      if (asEvents) ctx.printForeign(JSON.stringify(event), 'json');
      progress.onEvent(event);
    };
    const interrupts = listenForInterrupts(ctx.io, { giveUp: progress.giveUp, leave: progress.stop });
    const replies = textOption(options, 'replies');
    let result: RunResult;
    try {
      result = await engine.run(workflow, {
        ...surroundings,
        inputs,
        offline: options.offline === true || replies !== undefined,
        ...(replies !== undefined && { replies }),
        drain: interrupts.drain,
        abort: interrupts.abort,
        onEvent,
      });
    } finally {
      progress.stop();
      interrupts.close();
    }

    const bill = quiet ? [] : ['', ...report.renderBill(result, view, ctx.err)];
    const failure = report.failureOf(result, view, workflow.document);
    if (asJson) ctx.printForeign(JSON.stringify(result, null, 2), 'json');
    else if (!asEvents && result.status === 'succeeded') {
      const { renderOutputs } = await import('../outputs.ts');
      const text = renderOutputs(result.outputs);
      // A blank line sets the result apart where it stands below the tree.
      if (!quiet && ctx.io.streamsMeet && text !== '') ctx.tell('\n');
      ctx.printForeign(text, 'text');
    }
    // What matters most stands last, next to the prompt.
    if (bill.length > 0) ctx.tell(bill);
    if (failure) ctx.tell(`${quiet ? '' : '\n'}${engine.renderDiagnostics([failure], { format: 'pretty', colour: ctx.err.on })}`);
    return exitCodeOf(result, interrupts.cause);
  },
};

/** Where a run ended, as an exit code. A run without a node to blame that timed out met a limit of the whole. */
function exitCodeOf(result: RunResult, cause: StopSignal | undefined): number {
  if (result.status === 'succeeded') return EXIT.done;
  if (result.status === 'waiting') return EXIT.waiting;
  if (result.status === 'cancelled') return cause === undefined ? EXIT.failed : STOPPED[cause];
  switch (result.error?.type) {
    case 'budget_exceeded':
      return EXIT.limit;
    case 'timed_out':
      return result.error.node === undefined ? EXIT.limit : EXIT.failed;
    case 'unauthorized':
      return EXIT.configuration;
    case 'bug':
      return EXIT.bug;
    default:
      return EXIT.failed;
  }
}

/** What was given with `--input`, and what messages call it: the JSON itself, `@file`, or `-` for stdin. */
async function inputDocument(ctx: Context, given: string | undefined): Promise<SourceFile | undefined> {
  if (given === undefined) return undefined;
  if (given === '-') return { name: 'stdin', text: await ctx.io.readStdin() };
  if (!given.startsWith('@')) return { name: '--input', text: given };
  const path = given.slice(1);
  try {
    return { name: path, text: await readFile(resolve(ctx.cwd, path), 'utf8') };
  } catch {
    throw new UsageError(`the file "${path}" cannot be read`, 'paths start at the folder you are in');
  }
}
