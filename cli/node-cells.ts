import { type Millis, renderDuration, renderTokens, type WakeCondition } from '../engine/index.ts';
import { costOf, countOf, elapsed } from './amounts.ts';
import { shownInside } from './choose-rows.ts';
import { oneLine } from './layout.ts';
import { until } from './moments.ts';
import type { Answerer, LoopView, NodeState, NodeView } from './node-view.ts';
import type { RunView } from './run-view.ts';
import { callsAtWork, callsMade, turnOf } from './tools-view.ts';

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
/** Slow enough to be looked past. */
const SPINNER_STEP_MS = 160;

const GLYPHS: Readonly<Record<NodeState, string>> = {
  waiting: '·',
  running: '⠿',
  parked: '◇',
  retrying: '↻',
  succeeded: '✓',
  failed: '✗',
  skipped: '–',
  cancelled: '■',
};

/** What the line of a node says, not yet laid out. */
export interface Cells {
  readonly node: NodeView;
  readonly glyph: string;
  readonly who: string;
  readonly progress: string;
  readonly tokens: string;
  readonly cost: string;
  readonly time: string;
  /** What there is to say in words, the most important first; what has no room is left out. */
  readonly notes: readonly string[];
}

/** The words and figures of a node at a moment; `withModel` is false where there is room for the tier alone. */
export function cellsOf(node: NodeView, view: RunView, now: number, withModel: boolean): Cells {
  const spinner = SPINNER[Math.floor(now / SPINNER_STEP_MS) % SPINNER.length] ?? '';
  const { spent } = node;
  return {
    node,
    glyph: node.state === 'running' && view.phase !== 'finished' ? spinner : didNotRun(node) ? GLYPHS.waiting : GLYPHS[node.state],
    who: whoOf(node, withModel),
    progress: progressOf(node),
    tokens: spent.calls > 0 ? `${renderTokens(spent.inputTokens + spent.outputTokens)} tok` : '',
    cost: costOf(spent),
    time: node.startedAt === undefined ? '' : elapsed(node.startedAt, node.endedAt ?? view.endedAt, now),
    notes: notesOf(node, now).filter((note) => note !== ''),
  };
}

/** True for a node that the end of the run kept from starting. */
export function didNotRun(node: NodeView): boolean {
  return node.state === 'cancelled' && node.startedAt === undefined;
}

/** How much of a fan-out is done; of a node inside others how often it ran, where that is not once. */
function progressOf({ items, runs, parent }: NodeView): string {
  if (items) return `${items.settled}/${items.count}`;
  return parent && runs.begun > 1 ? `${runs.begun}×` : '';
}

function whoOf(node: NodeView, withModel: boolean): string {
  const body = node.planned.bodies[0]?.body.type;
  // Who answers stands in the lines of those inside.
  if (body === 'group' || body === 'workflow') return node.kind;
  if (body === 'route' && (node.startedAt === undefined || shownInside(node).length > 0)) return 'route';
  const { tool } = node.planned.node.stages[0].spec;
  if (node.kind === 'tool' && typeof tool === 'string') return withModel ? `tool · ${tool}` : 'tool';
  const answers = byRank(node.answers.values());
  if (answers.length > 1) return severalOf(answers, withModel);
  if (node.tier === undefined && node.model === undefined) return body === 'route' ? 'route' : node.kind;
  if (node.tier === undefined) return node.model ?? '';
  return withModel && node.model !== undefined ? `${node.tier} · ${node.model}` : node.tier;
}

const TIERS: readonly string[] = ['cheap', 'capable', 'premium'];

/** Several answered: their tiers, or how many there were on the one they share. */
function severalOf(answers: readonly Answerer[], withModel: boolean): string {
  const tiers = [...new Set(answers.map(({ tier }) => tier ?? 'own'))];
  const [tier] = tiers;
  if (tiers.length > 1) return withModel ? tiers.join(', ') : `${tiers.length} tiers`;
  return withModel ? `${tier} · ${answers.length} models` : (tier ?? '');
}

/** How many outputs each of several made, `qwen 3, haiku 1`: by tier where that tells them apart, `cheap 3 → capable 1` where one is asked after the other. */
export function answersOf(node: NodeView, what: 'tiers' | 'models' = 'models'): string {
  const { answers } = node;
  // Who answers inside stands in the lines of those inside.
  if (answers.size < 2 || node.inside.length > 0) return '';
  const all = byRank(answers.values());
  const byTier = new Set(all.map(({ tier }) => tier)).size === all.length;
  // In a tree the names of models are too long to stand behind everything else: the bill has them.
  if (what === 'tiers' && !byTier) return '';
  return all
    .map(({ tier, model, count }) => `${(byTier ? tier : undefined) ?? model} ${count}`)
    .join(node.escalated.length > 0 ? ' → ' : ', ');
}

/** The cheapest tier first, a model that was named last; of each who answered most. */
export function byRank(answers: Iterable<Answerer>): readonly Answerer[] {
  const rank = ({ tier }: Answerer): number => (tier === undefined ? TIERS.length : TIERS.indexOf(tier));
  return [...answers].sort((a, b) => rank(a) - rank(b) || b.count - a.count || (a.model < b.model ? -1 : 1));
}

function notesOf(node: NodeView, now: number): readonly string[] {
  switch (node.state) {
    case 'skipped':
      return [`skipped: ${node.detail ?? ''}`];
    case 'cancelled':
      return [didNotRun(node) ? 'not run' : (node.detail ?? 'given up')];
    case 'failed':
      return [failureText(node), ...waysOf(node)];
    case 'parked':
      return asksItself(node) ? [...waitsOf(node, now), failedItems(node)] : [...waysOf(node), ...waitsOf(node, now), failedItems(node)];
    case 'retrying':
      return [...waysOf(node), nextTry(node, now)];
    case 'succeeded':
      if (node.recovered) return [`by its on_error: ${node.failure?.message ?? ''}`];
      return [
        ...withRecovered(node, waysOf(node)),
        failedItems(node),
        answersOf(node, 'tiers'),
        toolCallsOf(node),
        skippedRuns(node),
        reusedIn(node),
        judgeOf(node),
      ];
    case 'running':
      return [
        callsAtWork(node.tools, now),
        turnOf(node.tools),
        ...waysOf(node),
        failedItems(node),
        nextTry(node, now),
        ...(node.parked.size > 0 ? waitsOf(node, now) : []),
        remaining(node, now),
        node.items && node.inFlight > 1 ? `${node.inFlight} at once` : '',
        toolCallsOf(node),
        node.retries > 0 ? countOf(node.retries, 'retry', 'retries') : '',
      ];
    default:
      return [];
  }
}

/** What it failed of; where that was inside, the line of what failed there says why. */
function failureText({ failure, inside }: NodeView): string {
  const isBelow = inside.some((inner) => inner.state === 'failed');
  if (isBelow && failure?.type === 'items_failed') return `${failure.failed} of ${failure.items} items failed`;
  if (isBelow && failure?.type === 'node_failed') return `${failure.node} failed`;
  return failure?.message ?? 'failed';
}

/** With what stood in for the case that was taken, where that has no line of its own: it is cut rather than left out. */
function withRecovered(node: NodeView, ways: readonly string[]): readonly string[] {
  const shown = shownInside(node);
  const found = node.inside.find((inner) => inner.recovered && !shown.includes(inner));
  if (!found) return ways;
  return [[...ways, `by its on_error: ${found.failure?.message ?? ''}`].filter((way) => way !== '').join(' · ')];
}

/** How many calls of tools a model wanted; of a node that is one there is nothing to tell. */
export function toolCallsOf({ kind, tools }: NodeView): string {
  return kind === 'tool' ? '' : callsMade(tools);
}

/** When a failed try is made again: why, where it is the only one. */
function nextTry({ backoff, inFlight }: NodeView, now: number): string {
  const waits = [...backoff.values()];
  const [only] = waits;
  if (!only) return '';
  if (waits.length === 1 && inFlight === 0) return `try ${only.attempt} ${dueIn(only.at - now)}: ${only.failure.message}`;
  return `${waits.length} ${waits.length === 1 ? 'waits for its' : 'wait for their'} next try`;
}

/** True where what is asked is asked by the node itself, and not inside of it. */
export function asksItself({ parked, inside }: NodeView): boolean {
  return [...parked.keys()].some((task) => !inside.some((inner) => inner.parked.has(task)));
}

/** How it came, or is coming, to its output, where there are several ways. */
export function waysOf(node: NodeView): readonly string[] {
  const { routes, loop, escalated, answers, accepted, state } = node;
  const isOver = state !== 'running' && state !== 'parked';
  const cases = [...routes];
  const taken = cases.length === 1 ? cases.map(([name]) => name) : cases.map(([name, count]) => `${name} ${count}`);
  return [
    taken.length > 0 ? `→ ${taken.join(', ')}` : '',
    // How many of each follows, where there are several.
    answers.size > 1 ? '' : escalated.join(' → '),
    // Before what a narrow terminal cuts off.
    (loop?.accepted === false || !accepted) && isOver ? 'not accepted' : '',
    ...(loop ? roundsOf(node, loop, isOver) : []),
    ...candidatesOf(node, isOver),
  ];
}

/** How many there were, and how many of those that did not fail agreed. */
function candidatesOf({ candidates, votes }: NodeView, isOver: boolean): readonly string[] {
  if (!candidates) return [];
  if (!isOver) return [`${candidates.settled}/${candidates.count} candidates`];
  const agreed = votes ? [`${votes.agreed} of ${votes.of} agreed`] : [];
  return votes?.of === candidates.count ? agreed : [countOf(candidates.count, 'candidate'), ...agreed];
}

function roundsOf(node: NodeView, { rounds, max, score, scores }: LoopView, isOver: boolean): readonly string[] {
  if (node.items || node.runs.begun > 1) return [countOf(rounds, 'round')];
  if (!isOver) return [`round ${rounds}${max === undefined ? '' : ` of ${max}`}`, partAtWork(node), scoresText(scores)];
  // The scores tell how many rounds there were.
  if (scores.length > 0 && scores.length === rounds && rounds <= SCORES_SHOWN) return [scoresText(scores, score)];
  return [countOf(rounds, 'round'), scoresText(scores, score)];
}

/** Who judged, where that is another tier than the one that stands in its line. */
function judgeOf({ judges, tier }: NodeView): string {
  const others = [...judges].filter((one) => one !== tier);
  return others.length === 0 ? '' : `judged by ${others.join(', ')}`;
}

/** Of a loop that judges: what is being done in this round. */
function partAtWork({ running, planned }: NodeView): string {
  const [task] = running.keys();
  const part = planned.node.loop?.type === 'evaluate' || planned.bodies[0] ? task?.slice(task.lastIndexOf('/') + 1) : undefined;
  return part === undefined ? '' : (PARTS[part] ?? '');
}

const PARTS: Readonly<Record<string, string>> = { generate: 'writing', revise: 'revising', judge: 'judging' };

/** More scores than these do not fit a line. */
const SCORES_SHOWN = 5;

/** How the scores went, `score 4 → 7 → 9`; which of them is kept, where that is not the last. */
export function scoresText(scores: readonly number[], kept?: number): string {
  if (scores.length === 0) return kept === undefined ? '' : `score ${kept}`;
  const shown = `${scores.length > SCORES_SHOWN ? '… → ' : ''}${scores.slice(-SCORES_SHOWN).join(' → ')}`;
  return `score ${shown}${kept === undefined || kept === scores.at(-1) ? '' : `, kept ${kept}`}`;
}

function skippedRuns({ runs }: NodeView): string {
  const parts = [runs.skipped > 0 ? `${runs.skipped} skipped` : '', runs.notBegun > 0 ? `${runs.notBegun} not run` : ''];
  return parts.filter((part) => part !== '').join(', ');
}

/** Enough of a question to know it by; all of it is shown to whoever answers. */
const QUESTION_WIDTH = 60;

/** What a node waits for: in its own words when that is one thing, and the node itself waits for it. */
function waitsOf(node: NodeView, now: number): readonly string[] {
  const waits = [...node.parked.values()];
  const [only] = waits;
  if (waits.length === 1 && only && asksItself(node)) {
    if (only.type === 'approval')
      return [`asks: ${oneLine(only.request.message, QUESTION_WIDTH)}`, leftUntil('expires', only.deadline, now)];
    if (only.type === 'signal') return [`waits for the signal ${only.name}`, leftUntil('gives up', only.deadline, now)];
    return [`goes on ${until(only.at, now)}`];
  }
  const count = (type: WakeCondition['type'], words: string): string => {
    const number = waits.filter((wait) => wait.type === type).length;
    if (number === 0) return '';
    return waits.length === 1 ? `waits for ${words}` : `${number} ${number === 1 ? 'waits' : 'wait'} for ${words}`;
  };
  return [count('approval', 'an answer'), count('signal', 'a signal'), count('timer', 'a time')];
}

function leftUntil(what: string, at: number | undefined, now: number): string {
  return at === undefined ? '' : `${what} ${until(at, now)}`;
}

/** What was taken over; how much of a fan-out where it was not all of it. */
export function reusedIn({ reused: { fromRun, fromCache }, items }: NodeView): string {
  const of = (count: number, from: string): string => {
    if (count === 0) return '';
    return items ? `${count} from ${from}` : `from ${from}`;
  };
  return [of(fromRun, 'the earlier run'), of(fromCache, 'the cache')].filter((part) => part !== '').join(', ');
}

function failedItems({ items, runs, state }: NodeView): string {
  if (items) return items.failed > 0 ? `${items.failed} failed` : '';
  return runs.lost.size > 0 && state !== 'failed' ? `${runs.lost.size} failed` : '';
}

/** A guess from the pace so far; none before a tenth is done, when it would jump about. */
function remaining(node: NodeView, now: number): string {
  if (!node.items || node.startedAt === undefined) return '';
  const { settled, count } = node.items;
  if (settled < 3 || settled * 10 < count || settled === count) return '';
  const left = ((now - node.startedAt) / settled) * (count - settled);
  return left < 5000 ? '' : `about ${roughly(left)} left`;
}

/** A guess is not given to the tenth of a second. */
function roughly(ms: number): string {
  return ms < 60_000 ? `${Math.round(ms / 1000)}s` : renderDuration(ms as Millis);
}

function dueIn(ms: number): string {
  return ms > 0 ? `in ${Math.ceil(ms / 1000)}s` : 'starts';
}
