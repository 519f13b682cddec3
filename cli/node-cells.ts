import { type Millis, renderDuration, renderTokens, type WakeCondition } from '../engine/index.ts';
import { costOf, countOf, elapsed } from './amounts.ts';
import { shownInside } from './choose-rows.ts';
import { oneLine } from './layout.ts';
import { until } from './moments.ts';
import type { NodeState, NodeView } from './node-view.ts';
import type { RunView } from './run-view.ts';

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
  if (body === 'route' && shownInside(node).length > 0) return 'route';
  if (node.tier === undefined && node.model === undefined) return node.kind;
  if (node.tier === undefined) return node.model ?? '';
  return withModel && node.model !== undefined ? `${node.tier} · ${node.model}` : node.tier;
}

function notesOf(node: NodeView, now: number): readonly string[] {
  switch (node.state) {
    case 'skipped':
      return [`skipped: ${node.detail ?? ''}`];
    case 'cancelled':
      return [didNotRun(node) ? 'not run' : (node.detail ?? 'given up')];
    case 'failed':
      return [node.failure?.message ?? 'failed', ...waysOf(node)];
    case 'parked':
      return [...waitsOf(node, now), failedItems(node)];
    case 'retrying':
      return node.retry ? [`try ${node.retry.attempt} ${dueIn(node.retry.at - now)}: ${node.retry.failure.message}`] : [];
    case 'succeeded':
      if (node.recovered) return [`by its on_error: ${node.failure?.message ?? ''}`];
      return [...waysOf(node), failedItems(node), skippedRuns(node), reusedIn(node)];
    case 'running':
      return [
        ...waysOf(node),
        failedItems(node),
        remaining(node, now),
        node.items && node.inFlight > 1 ? `${node.inFlight} at once` : '',
        node.retries > 0 ? countOf(node.retries, 'retry', 'retries') : '',
      ];
    default:
      return [];
  }
}

/** How it came, or is coming, to its output, where there are several ways. */
export function waysOf(node: NodeView): readonly string[] {
  const { routes, loop, escalated, candidates, accepted, state } = node;
  const isOver = state !== 'running' && state !== 'parked';
  const cases = [...routes];
  const taken = cases.length === 1 ? cases.map(([name]) => name) : cases.map(([name, count]) => `${name} ${count}`);
  return [
    taken.length > 0 ? `→ ${taken.join(', ')}` : '',
    escalated.join(' → '),
    ...(loop ? roundsOf(node, loop, isOver) : []),
    candidates ? (isOver ? countOf(candidates.count, 'candidate') : `${candidates.settled}/${candidates.count} candidates`) : '',
    (loop?.accepted === false || !accepted) && isOver ? 'not accepted' : '',
  ];
}

function roundsOf(
  { items, parent }: NodeView,
  { rounds, score, scores }: NonNullable<NodeView['loop']>,
  isOver: boolean,
): readonly string[] {
  const several = items !== undefined || parent !== undefined;
  const counted = isOver || several ? countOf(rounds, 'round') : `round ${rounds}`;
  if (several) return [counted];
  return [counted, isOver ? (score === undefined ? '' : `score ${score}`) : scores.length === 0 ? '' : `scores ${scores.join(', ')}`];
}

function skippedRuns({ runs }: NodeView): string {
  const parts = [runs.skipped > 0 ? `${runs.skipped} skipped` : '', runs.notBegun > 0 ? `${runs.notBegun} not run` : ''];
  return parts.filter((part) => part !== '').join(', ');
}

/** Enough of a question to know it by; all of it is shown to whoever answers. */
const QUESTION_WIDTH = 60;

/** What a node waits for: in its own words when that is one thing. */
function waitsOf(node: NodeView, now: number): readonly string[] {
  const waits = [...node.parked.values()];
  const [only] = waits;
  if (waits.length === 1 && only) {
    if (only.type === 'approval')
      return [`asks: ${oneLine(only.request.message, QUESTION_WIDTH)}`, leftUntil('expires', only.deadline, now)];
    if (only.type === 'signal') return [`waits for the signal ${only.name}`, leftUntil('gives up', only.deadline, now)];
    return [`goes on ${until(only.at, now)}`];
  }
  const count = (type: WakeCondition['type'], words: string): string => {
    const number = waits.filter((wait) => wait.type === type).length;
    return number === 0 ? '' : `${number} ${words}`;
  };
  return [count('approval', 'wait for an answer'), count('signal', 'wait for a signal'), count('timer', 'wait for a time')];
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
