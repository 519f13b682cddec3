import { type FiledRun, fromDollars, type Past, renderUsd } from '../engine/index.ts';
import { countOf } from './amounts.ts';
import { type Options, textOption, type UsageError } from './command.ts';
import type { Context } from './context.ts';
import { type Drive, driveRun } from './drive-run.ts';
import { wrap } from './layout.ts';
import { ago } from './moments.ts';

/** Goes on with the run that `text` means, and watches it to its end. Returns the exit code. */
export async function resumeRun(
  ctx: Context,
  drive: Drive,
  text: string,
  options: Options,
  more: {
    readonly refuse?: (run: FiledRun) => UsageError | undefined /** It was just begun: of its past all was told. */;
    readonly fresh?: boolean;
  } = {},
): Promise<number> {
  const engine = await import('../engine/index.ts');
  const around = { cwd: ctx.cwd, env: ctx.io.env };
  const filed = await engine.openRun(text, around);
  const refusal = more.refuse?.(filed);
  if (refusal) throw refusal;
  const { summary, plan, document } = filed;
  if (summary.status === 'succeeded' && !drive.quiet) {
    ctx.tell(`nothing is left to do: ${summary.run} has succeeded ${ago(Date.parse(summary.endedAt ?? summary.startedAt), ctx.io.now())}`);
  }
  const replies = textOption(options, 'replies');
  const past = engine.watchPast(plan);
  const resumed = (): readonly string[] => renderPast(past.past(), summary.run, ctx);
  return driveRun(ctx, drive, { plan, document, around, ...(!more.fresh && { resumed }) }, (hooks) =>
    engine.resume(summary.run, {
      ...around,
      ...hooks,
      ...(replies !== undefined && { replies }),
      ...(options.repeatUnsafe === true && { repeatUnsafe: true }),
      onPast(event) {
        past.add(event);
        hooks.onPast(event);
      },
    }),
  );
}

const TASKS_NAMED = 8;

/** What a run had when it stopped, and what has to be done twice. */
function renderPast(past: Past, run: string, ctx: Pick<Context, 'err' | 'errWidth' | 'io'>): readonly string[] {
  const { err } = ctx;
  const begun = past.startedAt === null ? '' : `, begun ${ago(Date.parse(past.startedAt), ctx.io.now())}`;
  const items = past.keptItems > 0 ? ` and ${countOf(past.keptItems, 'item')} of others` : '';
  const unpriced = past.unpricedCalls > 0 ? ` and ${countOf(past.unpricedCalls, 'call')} without a known price` : '';
  const paid = past.paid > 0 || past.unpricedCalls > 0 ? `, ${renderUsd(fromDollars(past.paid))}${unpriced} already paid` : '';
  const turns = past.keptTurns > 0 ? `, and ${countOf(past.keptTurns, 'turn')} of conversations that go on` : '';
  const lines = [
    `${err.bold('resuming')} ${run}${begun}`,
    `  ${past.kept} of ${countOf(past.nodes, 'node')}${items} ${past.kept + past.keptItems === 1 ? 'is' : 'are'} kept${turns}${paid}`,
  ];
  const doubt = past.inDoubt;
  if (doubt.length > 0) {
    const known = doubt.flatMap(({ upTo }) => (upTo === null ? [] : [upTo]));
    const money = known.length === 0 ? 'at a price that is not known' : `for up to ${renderUsd(fromDollars(sum(known)))}`;
    const missing = known.length > 0 && known.length < doubt.length ? `, and ${doubt.length - known.length} without a known price` : '';
    const names = doubt.slice(0, TASKS_NAMED).map(({ task }) => task);
    if (doubt.length > names.length) names.push(`${doubt.length - names.length} more`);
    const text = `in doubt: ${countOf(doubt.length, 'call')} ${doubt.length === 1 ? 'was' : 'were'} in flight, and ${doubt.length === 1 ? 'is' : 'are'} made again ${money}${missing}: ${names.join(', ')}`;
    lines.push(...wrap(text, ctx.errWidth - 4).map((line, at) => `${at === 0 ? '  ' : '    '}${err.yellow(line)}`));
  }
  return [...lines, ''];
}

function sum(amounts: readonly number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0);
}
