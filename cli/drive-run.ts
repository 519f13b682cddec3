import { resolve } from 'node:path';
import type { Diagnostic, Document, Plan, RunEvent, RunResult, Surroundings } from '../engine/index.ts';
import { EXIT, type OptionDecl, type Options, UsageError } from './command.ts';
import type { Context } from './context.ts';
import type { GatePrompt } from './gate-prompt.ts';
import { listenForInterrupts, STOPPED } from './interrupts.ts';
import type { StopSignal } from './io.ts';
import type { Progress } from './progress.ts';
import { userName } from './user.ts';

/** What is shown of a run, and where it stops: options of every command that drives one. */
export const driveOptions: readonly OptionDecl[] = [
  { flags: '--no-wait', description: 'do not wait for people, signals or times: exit with code 5, to be resumed later' },
  { flags: '--json', description: 'print the whole result as one JSON document' },
  { flags: '--events <format>', description: 'print every event as it happens, one JSON document per line', choices: ['jsonl'] },
  { flags: '-q, --quiet', description: 'no progress, no bill: only the result, and what went wrong' },
];

export interface Drive {
  readonly quiet: boolean;
  readonly json: boolean;
  readonly events: boolean;
  readonly wait: boolean;
}

/** Throws UsageError for options that contradict each other. */
export function driveOf(options: Options): Drive {
  const json = options.json === true;
  const events = options.events !== undefined;
  if (json && events) throw new UsageError('--json and --events both want stdout', 'use one of them: the last event holds the outputs');
  return { quiet: options.quiet === true, json, events, wait: options.wait !== false };
}

/** What a run that is driven is given: how it is stopped, and who watches. */
export interface Hooks {
  readonly wait: boolean;
  readonly drain: AbortSignal;
  readonly abort: AbortSignal;
  /** Events of the time before: they are taken over, and not told. */
  onPast(event: RunEvent): void;
  onEvent(event: RunEvent): void;
  onWarning(warning: Diagnostic): void;
}

export interface Driven {
  readonly plan: Plan;
  readonly document: Document;
  readonly around: Surroundings;
  /** What to say between the past and the present. */
  readonly resumed?: (event: RunEvent) => readonly string[];
  /** What there is to say of the whole run, above its bill. */
  readonly compared?: (result: RunResult) => Promise<readonly string[]>;
}

/** Watches a run to its end: progress and bill on stderr, the result on stdout. Returns the exit code. */
export async function driveRun(
  ctx: Context,
  drive: Drive,
  { plan, document, around, resumed, compared }: Driven,
  go: (hooks: Hooks) => Promise<RunResult>,
): Promise<number> {
  const { quiet } = drive;
  const [engine, { createRunView, foldEvent }, { progressMode, startProgress }, report] = await Promise.all([
    import('../engine/index.ts'),
    import('./run-view.ts'),
    import('./progress.ts'),
    import('./run-report.ts'),
  ]);
  const view = createRunView(plan);
  const progress = startProgress(ctx, view, progressMode(ctx, drive));
  const interrupts = listenForInterrupts(ctx.io, { giveUp: progress.giveUp, leave: progress.stop });
  const prompt = await promptFor(ctx, drive, around, progress);
  let begun = false;
  let tried = false;
  const warnings: Diagnostic[] = [];
  let result: RunResult;
  try {
    result = await go({
      wait: drive.wait,
      drain: interrupts.drain,
      abort: interrupts.abort,
      onPast(event) {
        foldEvent(view, event);
        prompt?.onPast(event);
      },
      onEvent(event) {
        if (!begun && resumed && !quiet) ctx.tell(resumed(event));
        begun = true;
        tried ||= event.type === 'attempt.started';
        if (drive.events) ctx.printForeign(JSON.stringify(event), 'json');
        progress.onEvent(event);
        prompt?.onEvent(event);
      },
      onWarning: (warning) => warnings.push(warning),
    });
  } finally {
    prompt?.close();
    progress.stop();
    interrupts.close();
  }

  const above = quiet ? [] : ((await compared?.(result)) ?? []);
  const bill = quiet ? [] : [...(above.length > 0 ? ['', ...above] : []), '', ...report.renderBill(result, view, ctx.err)];
  const failure = report.failureOf(result, view, document, (path) =>
    engine.documentBeside(resolve(ctx.cwd, document.file.name), path, around),
  );
  if (drive.json) ctx.printForeign(JSON.stringify(result, null, 2), 'json');
  else if (!drive.events && result.status === 'succeeded') {
    const { renderOutputs } = await import('./outputs.ts');
    const text = renderOutputs(result.outputs);
    // A blank line sets the result apart where it stands below the tree.
    if (!quiet && ctx.io.streamsMeet && text !== '') ctx.tell('\n');
    ctx.printForeign(text, 'text');
  }
  // What matters most stands last, next to the prompt.
  if (bill.length > 0) ctx.tell(bill);
  if (!quiet && warnings.length > 0) ctx.tell(`\n${engine.renderDiagnostics(warnings, { format: 'pretty', colour: ctx.err.on })}`);
  if (failure) ctx.tell(`${quiet ? '' : '\n'}${engine.renderDiagnostics([failure], { format: 'pretty', colour: ctx.err.on })}`);
  const onward = resumed && !tried ? report.whyAgain(result, ctx.err) : report.howToGoOn(result, ctx.err);
  if (onward !== undefined && engine.keepsRuns(around)) ctx.tell(`${quiet ? '' : '\n'}${onward}`);
  return exitCodeOf(result, interrupts.cause);
}

/** Questions are asked where a person sits and watches, and waits for the run. */
async function promptFor(ctx: Context, drive: Drive, around: Surroundings, progress: Progress): Promise<GatePrompt | undefined> {
  const { ask } = ctx.io;
  if (!ask || !drive.wait || drive.quiet || drive.json || drive.events) return undefined;
  const [{ answerGate }, { createGatePrompt }] = await Promise.all([import('../engine/index.ts'), import('./gate-prompt.ts')]);
  return createGatePrompt(ctx, {
    user: userName(ctx.io.env),
    ask,
    answer: (run, gate, answer) => answerGate(run, gate, answer, around),
    pause: progress.pause,
    resume: progress.resume,
  });
}

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
