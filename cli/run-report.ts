import {
  type Code,
  type CostReport,
  type Diagnostic,
  type Document,
  fromDollars,
  type Millis,
  type NodeResult,
  type Path,
  type ResultError,
  type RunResult,
  renderDuration,
  renderTokens,
  renderUsd,
} from '../engine/index.ts';
import { adviceFor } from './advice.ts';
import { countOf } from './amounts.ts';
import { oneLine, padEnd } from './layout.ts';
import { byRank } from './node-cells.ts';
import type { NodeView } from './node-view.ts';
import type { Paint } from './paint.ts';
import type { RunView } from './run-view.ts';

const PROBLEMS_SHOWN = 10;
/** Enough for a provider's explanation; what is longer is in the result. */
const HEADLINE_WIDTH = 200;

/** How a run ended, and what it cost: the last lines of a run that did not fail. */
export function renderBill(result: RunResult, view: RunView, paint: Paint): readonly string[] {
  const { cost } = result;
  const reused = reusedOf(cost);
  if (view.total.calls === 0 && reused === undefined) return [verdict(result, paint), `  ${paint.dim('no model was called')}`];
  const rows: Row[] = [];
  rows.push([result.simulated ? 'would cost' : 'cost', costOf(result, paint)]);
  // What was saved is a question about work that was done.
  if (result.status === 'succeeded' && view.total.calls > 0) rows.push(...comparison(cost, paint));
  rows.push(['calls', view.total.calls > 0 ? callsOf(view, result) : 'none']);
  const stoodIn = severalModels(view);
  if (stoodIn !== '') rows.push(['answered by', stoodIn]);
  if (cost.promptCache) rows.push(['prompt cache', promptCacheOf(cost.promptCache)]);
  if (reused !== undefined) rows.push(['reused', `${reused}  ${paint.dim('not in the comparison')}`]);
  const skipped = result.nodes.filter((node) => node.status === 'skipped');
  if (skipped.length > 0) rows.push(['skipped', `${listOf(skipped)}  ${paint.dim('not in the comparison')}`]);
  const recovered = result.nodes.filter((node) => node.recovered);
  if (recovered.length > 0) rows.push(['recovered', `${listOf(recovered)}  ${paint.dim('on_error stood in for them')}`]);

  const label = Math.max(...rows.map(([name]) => name.length));
  return [verdict(result, paint), ...rows.map(([name, text]) => `  ${paint.dim(padEnd(name, label))}  ${text}`)];
}

/**
 * Why a run failed, as one more message about the workflow: the node in its file, the failure, how its tries ended,
 * and what can be done. undefined when nothing failed.
 */
export function failureOf(
  result: RunResult,
  view: RunView,
  document: Document,
  /** Reads the file of a sub-workflow; the path is relative to that of the workflow. */
  documentAt: (path: string) => Document,
): Diagnostic | undefined {
  const { error } = result;
  if (!error) return undefined;
  const node = error.node === undefined ? undefined : view.byPlace.get(error.node);
  const began = node && deepestFailed(node);
  const tries = node && !node.items ? node.failedTries.length : 0;
  const who = error.node === undefined ? 'the run failed' : `"${error.node}" failed${tries > 1 ? ` after ${tries} tries` : ''}`;
  const notRun = result.nodes.filter((other) => other.status === 'cancelled');
  const message = oneLine(`${who}: ${error.message}`, HEADLINE_WIDTH);
  const details = [
    ...(began && began !== node ? chainOf(began, message) : []),
    ...(tries > 1 || node?.items ? triesOf(node, began === node ? '' : message) : problemsOf(causeOf(error))),
    ...(notRun.length > 0 ? [`not run: ${listOf(notRun)}`] : []),
  ];
  const help = adviceFor(causeOf(error), began?.kind);
  return {
    code: error.code as Code,
    severity: 'error',
    message,
    at: began && began !== node ? whereIs(began, document, documentAt) : document.spanOf(blamed(error), 'key'),
    ...(details.length > 0 && { details }),
    ...(help !== undefined && { help }),
  };
}

/** The part of the file to look at: a limit that was met, else the node, else the workflow's name. */
function blamed(error: ResultError): Path {
  if (error.type === 'budget_exceeded') return ['limits', 'max_cost'];
  if (error.node !== undefined) return ['nodes', error.node];
  return error.type === 'timed_out' ? ['limits', 'timeout'] : ['name'];
}

/** The node inside which it began, or the node itself: the first that failed, as deep inside as any did. */
function deepestFailed(node: NodeView): NodeView {
  const inner = node.inside.find((one) => one.state === 'failed' && one.failure !== undefined);
  return inner ? deepestFailed(inner) : node;
}

/** What went wrong at the bottom of it. */
function causeOf(error: ResultError): ResultError {
  return error.cause ? causeOf(error.cause) : error;
}

/** From the outermost node to the one that failed first; a sub-workflow with its file. What was said before is not said again. */
function chainOf(node: NodeView, said: string): readonly string[] {
  const { failure, place } = node;
  const steps: string[] = [];
  for (let at: NodeView | undefined = node; at; at = at.parent) {
    const { sub } = at.planned;
    const entered = sub !== undefined && sub !== at.parent?.planned.sub ? ` (${sub.file})` : '';
    steps.unshift(`${at.id}${entered}`);
  }
  const tries = node.failedTries.length > 1 ? triesOf(node) : [];
  const message = oneLine(failure?.message ?? '', HEADLINE_WIDTH);
  const where = steps.some((step) => step.includes(' ')) ? steps.join(' → ') : (node.failedTries[0]?.task ?? place);
  return [
    `it began at ${where}${said.includes(message) ? '' : `: ${message}`}`,
    ...('problems' in (failure ?? {}) ? (failure as { readonly problems: readonly string[] }).problems.slice(0, PROBLEMS_SHOWN) : []),
    ...tries,
  ];
}

/** Where a node inside others is written. */
function whereIs({ planned }: NodeView, document: Document, documentAt: (path: string) => Document): Diagnostic['at'] {
  const { sub, folder, node } = planned;
  const name = sub?.file.split('/').at(-1) ?? '';
  const file = sub === undefined ? document : documentAt(folder === '' ? name : `${folder}/${name}`);
  return file.spanOf(node.origin.path, 'key');
}

function problemsOf(error: ResultError): readonly string[] {
  const problems = (error.problems ?? []).filter((problem) => !error.message.includes(problem));
  return withRest(problems.slice(0, PROBLEMS_SHOWN), problems.length);
}

/** How each try ended, so that a person sees whether it is always the same thing; nothing where that has been `said`. */
function triesOf(node: NodeView | undefined, said: string = ''): readonly string[] {
  if (!node) return [];
  const [only] = node.failedTries;
  if (node.items?.failed === 1 && only && said.includes(only.failure.message)) return [];
  const several = node.items !== undefined || node.parent !== undefined;
  const tasks = several ? Math.max(0, ...node.failedTries.map((entry) => entry.task.length)) : 0;
  const lines = node.failedTries.map(({ task, attempt, tier, failure }) => {
    const text = ('problems' in failure ? failure.problems[0] : undefined) ?? failure.message;
    return [
      ...(several ? [padEnd(task, tasks)] : []),
      `try ${attempt}`,
      ...(tier === undefined ? [] : [padEnd(tier, 7)]),
      oneLine(text, HEADLINE_WIDTH),
    ].join('  ');
  });
  return withRest(lines, node.items ? node.items.failed : lines.length);
}

function withRest(lines: readonly string[], all: number): readonly string[] {
  return all > lines.length ? [...lines, `… and ${all - lines.length} more`] : lines;
}

function verdict(result: RunResult, paint: Paint): string {
  const took = renderDuration(result.durationMs as Millis);
  // Whoever reads one line of a run reads this one: it must not look as if something real had answered.
  const simulated = result.simulated ? `  ${paint.yellow('simulated: no model was called, nothing was spent')}` : '';
  if (result.status === 'succeeded') return `${paint.green('✓')} ${paint.bold('succeeded')} in ${took}${simulated}`;
  if (result.status === 'failed') return `${paint.red('✗')} ${paint.bold('failed')} after ${took}${simulated}`;
  if (result.status === 'waiting') return `${paint.yellow('●')} ${paint.bold('waiting')}${simulated}`;
  return `${paint.yellow('■')} ${paint.bold('stopped')} after ${took}${simulated}`;
}

/** The command that goes on with a run that is not done; undefined for one that is. */
export function howToGoOn(result: RunResult, paint: Paint): string | undefined {
  if (result.status === 'succeeded') return undefined;
  const command = paint.bold(`dagrun resume ${result.run}`);
  const kept = result.nodes.filter((node) => node.status === 'succeeded' || node.status === 'skipped').length;
  const nodes = `${kept} of ${countOf(result.nodes.length, 'node')}`;
  if (result.status === 'waiting') return `${command} goes on when it may; ${nodes} ${kept === 1 ? 'is' : 'are'} done`;
  if (kept === 0) return `${command} tries again`;
  return `${command} tries again; ${nodes} ${kept === 1 ? 'is' : 'are'} kept`;
}

/** What helps where going on tried nothing again: the run fails of what its answers say, and they are kept. */
export function whyAgain(result: RunResult, paint: Paint): string | undefined {
  if (result.status !== 'failed') return howToGoOn(result, paint);
  const at = result.error?.node ?? '<node>';
  return [
    'nothing was tried again: it fails of what its answers say, and those are kept',
    `${paint.bold(`dagrun resume ${result.run} --edited`)} goes on after a change of the file`,
    `${paint.bold(`dagrun runs fork ${result.run} --at ${at}`)} asks anew`,
  ].join('\n');
}

type Row = readonly [label: string, text: string];

function comparison(cost: CostReport, paint: Paint): readonly Row[] {
  if (cost.baseline === null || cost.savings === null || cost.savingsPercent === null) {
    return [['all premium', paint.dim('not known: there is no price to compare with')]];
  }
  return [
    [
      'all premium',
      `${usd(cost.baseline)}  ${paint.dim(cost.unpricedCalls > 0 ? ONLY_PRICED : 'the same tokens, every node on the premium tier')}`,
    ],
    ['saved', savings(cost.savings, cost.savingsPercent, paint)],
  ];
}

const ONLY_PRICED = 'the same tokens on the premium tier, of calls with a known price';

/** Of tiers that more than one model answered for: which of them made how many outputs, `cheap: qwen 3, haiku 1`. */
function severalModels({ nodes }: RunView): string {
  const tiers = new Map<string, Map<string, number>>();
  for (const { tier, model, count } of nodes.flatMap(({ answers }) => [...answers.values()])) {
    if (tier === undefined) continue;
    const models = tiers.get(tier) ?? new Map<string, number>();
    tiers.set(tier, models.set(model, (models.get(model) ?? 0) + count));
  }
  const texts = [...tiers].flatMap(([tier, models]) => {
    const answers = byRank([...models].map(([model, count]) => ({ tier, model, count })));
    return answers.length > 1 ? [`${tier}: ${answers.map(({ model, count }) => `${model} ${count}`).join(', ')}`] : [];
  });
  return texts.join(' · ');
}

/** What was taken over, and what that had cost. */
function reusedOf({ reused: { fromRun, fromCache, saved } }: CostReport): string | undefined {
  const parts = [fromRun > 0 ? `${fromRun} from the earlier run` : '', fromCache > 0 ? `${fromCache} from the cache` : ''];
  const text = parts.filter((part) => part !== '').join(' · ');
  if (text === '') return undefined;
  return saved === 0 ? text : `${text} · ${usd(saved)} not paid again`;
}

/** What providers kept of prompts, and what that made of the bill. */
function promptCacheOf({ read, written, saved }: NonNullable<CostReport['promptCache']>): string {
  const tokens = `${renderTokens(read)} tokens read · ${renderTokens(written)} written`;
  if (saved === 0) return tokens;
  return saved > 0 ? `${tokens} · ${usd(saved)} saved` : `${tokens} · ${usd(-saved)} more than without`;
}

/** What is not priced is said, never shown as nothing. */
function costOf({ cost }: RunResult, paint: Paint): string {
  if (cost.unpricedCalls === 0) return paint.bold(usd(cost.total));
  const calls = countOf(cost.unpricedCalls, 'call');
  if (cost.total === 0) return `not known: ${calls} without a known price`;
  return `${paint.bold(usd(cost.total))}  and ${calls} without a known price`;
}

function savings(saved: number, percent: number, paint: Paint): string {
  if (saved < 0) return paint.yellow(`nothing: ${usd(-saved)} more than on the premium tier`);
  const share = `${Math.round(percent)}%`;
  return saved === 0 ? 'nothing' : `${paint.green(usd(saved))}  ${paint.green(share)}`;
}

function callsOf(view: RunView, result: RunResult): string {
  const retries = view.nodes.reduce((sum, node) => sum + node.retries, 0);
  const input = result.nodes.reduce((sum, node) => sum + node.tokens.input, 0);
  const output = result.nodes.reduce((sum, node) => sum + node.tokens.output, 0);
  const again = retries > 0 ? ` · ${countOf(retries, 'try', 'tries')} repeated` : '';
  const repairs = view.total.repairs > 0 ? ` · ${countOf(view.total.repairs, 'answer')} sent back to be mended` : '';
  return `${view.total.calls} · ${renderTokens(input)} tokens in · ${renderTokens(output)} out${again}${repairs}`;
}

/** Names, the first few of many. */
function listOf(nodes: readonly NodeResult[]): string {
  const names = nodes.slice(0, 5).map((node) => node.id);
  return nodes.length > names.length ? `${names.join(', ')} and ${nodes.length - names.length} more` : names.join(', ');
}

const usd = (dollars: number): string => renderUsd(fromDollars(dollars));
