import { displayWidth, type Millis, renderDuration, renderTokens, renderUsd } from '../engine/index.ts';
import { oneLine, padEnd, padStart } from './layout.ts';
import type { Paint } from './paint.ts';
import type { NodeState, NodeView, RunView, Spending } from './run-view.ts';

export interface TreeFrame {
  /** Columns of the terminal. */
  readonly width: number;
  /** The most lines the tree may have, its head included. */
  readonly height: number;
  readonly paint: Paint;
  /** Milliseconds since 1970. */
  readonly now: number;
}

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
/** Slow enough to be looked past. */
const SPINNER_STEP_MS = 160;

const GLYPHS: Readonly<Record<NodeState, string>> = {
  waiting: '·',
  running: '⠿',
  retrying: '↻',
  succeeded: '✓',
  failed: '✗',
  skipped: '–',
  cancelled: '■',
};

/** Below this the tier alone says who answers; the model is in the result. */
const WIDTH_FOR_MODELS = 100;
/** From here on there is room for figures and words in one line. */
const WIDTH_FOR_WORDS = 130;
const LONGEST_NAME = 36;

/**
 * The run as lines: the workflow, and under it one line per node, never more than `height` in all. When there are more
 * nodes than lines, those that are at work or failed stay, and the rest is counted.
 */
export function renderTree(view: RunView, frame: TreeFrame): readonly string[] {
  const { paint } = frame;
  const foot = footOf(view, frame);
  const rows = chooseRows(view.nodes, Math.max(1, frame.height - 1 - foot.length));
  const cells = rows.map((row) => (typeof row === 'string' ? row : cellsOf(row, view, frame)));
  const lines = layOut(cells, frame).map((line, at) => `${paint.dim(at === cells.length - 1 ? '└─' : '├─')} ${line}`);
  return [headOf(view, frame), ...lines, ...foot];
}

function headOf(view: RunView, frame: TreeFrame): string {
  const { paint } = frame;
  const facts: string[] = [];
  if (view.phase !== 'finished') {
    const done = view.nodes.filter((node) => isSettled(node.state)).length;
    facts.push(`${done}/${view.nodes.length} nodes`);
    if (view.total.calls > 0) facts.push(costOf(view.total).replace(/^\?$/, 'cost not known'));
  }
  if (view.startedAt !== undefined) facts.push(elapsed(view.startedAt, view.endedAt, frame.now));
  if (view.simulated) facts.push('simulated');
  const name = oneLine(view.workflow, frame.width - 1);
  const words = oneLine(facts.join(' · '), frame.width - displayWidth(name) - 3);
  return words === '' ? paint.bold(name) : `${paint.bold(name)}  ${paint.dim(words)}`;
}

function footOf(view: RunView, frame: TreeFrame): readonly string[] {
  const text = footText(view);
  return text === undefined ? [] : [frame.paint.yellow(oneLine(text, frame.width - 1))];
}

function footText(view: RunView): string | undefined {
  const calls = countOf(view.inFlight, 'call');
  const waits = view.inFlight === 0 ? 'nothing is in flight' : `waiting for ${calls} in flight`;
  if (view.phase === 'stopping') return `stopping: ${waits}; Ctrl-C again gives ${view.inFlight === 1 ? 'it' : 'them'} up`;
  if (view.phase === 'giving_up') return `stopping: giving up ${calls} in flight`;
  if (view.phase === 'failing') return `failed: nothing new starts; ${waits}`;
  return undefined;
}

interface Cells {
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

function cellsOf(node: NodeView, view: RunView, frame: TreeFrame): Cells {
  const spinner = SPINNER[Math.floor(frame.now / SPINNER_STEP_MS) % SPINNER.length] ?? '';
  const { spent } = node;
  return {
    node,
    glyph: node.state === 'running' && view.phase !== 'finished' ? spinner : GLYPHS[node.state],
    who: whoOf(node, frame.width >= WIDTH_FOR_MODELS),
    progress: node.items ? `${node.items.settled}/${node.items.count}` : '',
    tokens: spent.calls > 0 ? `${renderTokens(spent.inputTokens + spent.outputTokens)} tok` : '',
    cost: costOf(spent),
    time: node.startedAt === undefined ? '' : elapsed(node.startedAt, node.endedAt ?? view.endedAt, frame.now),
    notes: notesOf(node, frame.now).filter((note) => note !== ''),
  };
}

/** What is not priced shows as a question, never as nothing. */
function costOf(spent: Spending): string {
  if (spent.calls === 0) return '';
  if (spent.unpriced > 0 && spent.cost === 0) return '?';
  return `${renderUsd(spent.cost)}${spent.unpriced > 0 ? '+?' : ''}`;
}

function whoOf(node: NodeView, withModel: boolean): string {
  if (node.tier === undefined && node.model === undefined) return node.kind;
  if (node.tier === undefined) return node.model ?? '';
  return withModel && node.model !== undefined ? `${node.tier} · ${node.model}` : node.tier;
}

function notesOf(node: NodeView, now: number): readonly string[] {
  switch (node.state) {
    case 'skipped':
      return [`skipped: ${node.detail ?? ''}`];
    case 'cancelled':
      // What did not start says so; what was given up says why.
      return [node.startedAt === undefined ? 'not run' : (node.detail ?? 'given up')];
    case 'failed':
      return [node.failure?.message ?? 'failed'];
    case 'retrying':
      return node.retry ? [`try ${node.retry.attempt} ${dueIn(node.retry.at - now)}: ${node.retry.failure.message}`] : [];
    case 'succeeded':
      if (node.recovered) return [`used its on_error value: ${node.failure?.message ?? ''}`];
      return [failedItems(node)];
    case 'running':
      return [
        failedItems(node),
        remaining(node, now),
        node.items && node.running.size > 1 ? `${node.running.size} at once` : '',
        node.retries > 0 ? countOf(node.retries, 'retry', 'retries') : '',
      ];
    default:
      return [];
  }
}

function failedItems(node: NodeView): string {
  return node.items && node.items.failed > 0 ? `${node.items.failed} failed` : '';
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

function layOut(rows: readonly (Cells | string)[], frame: TreeFrame): readonly string[] {
  const { paint } = frame;
  const cells = rows.filter((row) => typeof row !== 'string');
  const widest = (of: (row: Cells) => string): number => cells.reduce((most, row) => Math.max(most, displayWidth(of(row))), 0);
  const names = Math.min(
    LONGEST_NAME,
    widest((row) => row.node.id),
  );
  // A node that did not run has nothing in these columns, so that its words can begin right behind its tier.
  const fraction = widest((row) => fractionOf(row.cost));
  const columns = [
    { of: (row: Cells) => row.progress, width: widest((row) => row.progress), paint: paint.cyan },
    { of: (row: Cells) => row.tokens, width: widest((row) => row.tokens), paint: paint.dim },
    {
      of: (row: Cells) => padEnd(row.cost, displayWidth(row.cost) + fraction - fractionOf(row.cost).length),
      width: widest((row) => row.cost.slice(0, row.cost.length - fractionOf(row.cost).length)) + fraction,
      paint: plain,
    },
    { of: (row: Cells) => row.time, width: widest((row) => row.time), paint: paint.dim },
  ].filter((column) => column.width > 0);
  const who = widest((row) => (isSilent(row) ? '' : row.who));

  return rows.map((row) => {
    if (typeof row === 'string') return paint.dim(oneLine(row, frame.width - 3));
    const tone = toneOf(row.node.state, paint);
    const quiet = row.node.state === 'waiting' || row.node.state === 'skipped';
    const name = padEnd(oneLine(row.node.id, names), names);
    const parts: Part[] = [
      { text: `${row.glyph} ${name}`, paint: (text) => `${tone(row.glyph)}${(quiet ? paint.dim : plain)(text.slice(row.glyph.length))}` },
    ];
    // The rail and the space behind it (3), the glyph and its space (2).
    let used = 5 + displayWidth(name);
    const put = (text: string, painted: (text: string) => string): void => {
      parts.push({ text, paint: painted });
      used += 2 + displayWidth(text);
    };
    if (!isSilent(row)) {
      put(padEnd(row.who, who), paint.dim);
      for (const column of wordsFirst(row) && frame.width < WIDTH_FOR_WORDS ? [] : columns) {
        if (used + 2 + column.width < frame.width) put(padStart(column.of(row), column.width), column.paint);
      }
    }
    const room = frame.width - used - 3;
    const calm = row.node.state === 'succeeded' || row.node.state === 'running';
    const note = joinFitting(row.notes, room);
    if (note !== '' && room > 8) put(note, calm ? paint.dim : tone);
    return join(parts);
  });
}

/** What stands behind an amount's decimal point: amounts are set under each other by it. */
function fractionOf(amount: string): string {
  return /\..*$/.exec(amount)?.[0] ?? '';
}

/** As many of the notes as there is room for; a single one is cut rather than left out. */
function joinFitting(notes: readonly string[], room: number): string {
  const [first, ...rest] = notes;
  if (first === undefined) return '';
  if (rest.length === 0) return oneLine(first, room);
  let text = '';
  for (const note of notes) {
    const longer = text === '' ? note : `${text} · ${note}`;
    if (displayWidth(longer) <= room) text = longer;
  }
  return text;
}

/** True for a node that never ran and whose reason is all there is to say. */
function isSilent(row: Cells): boolean {
  return (row.node.state === 'skipped' || row.node.state === 'cancelled') && row.time === '';
}

/** True where a narrow terminal shows the words rather than the figures. */
function wordsFirst(row: Cells): boolean {
  return row.node.state === 'failed' || row.node.state === 'retrying';
}

/** The parts painted, two blanks between them, nothing blank at the end. */
function join(parts: readonly Part[]): string {
  const last = parts.findLastIndex((part) => part.text.trim() !== '');
  return parts
    .slice(0, last + 1)
    .map(({ text, paint }, at) => paint(at === last ? text.trimEnd() : text))
    .join('  ');
}

const plain = (text: string): string => text;

interface Part {
  readonly text: string;
  readonly paint: (text: string) => string;
}

function toneOf(state: NodeState, paint: Paint): (text: string) => string {
  if (state === 'succeeded') return paint.green;
  if (state === 'failed') return paint.red;
  if (state === 'retrying' || state === 'cancelled') return paint.yellow;
  if (state === 'running') return paint.cyan;
  return paint.dim;
}

/**
 * The nodes that get a line of their own, in plan order, and counts for those that get none. Whoever is at work or
 * failed comes first, then what finished last, then what comes next.
 */
function chooseRows(nodes: readonly NodeView[], room: number): readonly (NodeView | string)[] {
  if (nodes.length <= room) return nodes;
  const kept = new Set<NodeView>();
  // Up to three counts (finished, at work, waiting) need a line each.
  const places = Math.max(1, room - 3);
  const keep = (candidates: readonly NodeView[]): void => {
    for (const node of candidates) if (kept.size < places) kept.add(node);
  };
  keep(nodes.filter((node) => node.state === 'failed'));
  keep(nodes.filter((node) => node.state === 'running' || node.state === 'retrying'));
  keep(
    nodes
      .filter((node) => isSettled(node.state))
      .toSorted((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0))
      .slice(0, Math.ceil((places - kept.size) / 2)),
  );
  keep(nodes.filter((node) => node.state === 'waiting'));
  keep(nodes.filter((node) => isSettled(node.state)));

  const rest = nodes.filter((node) => !kept.has(node));
  const count = (state: NodeState, word: string): string => {
    const number = rest.filter((node) => node.state === state).length;
    return number === 0 ? '' : `${number} ${word}`;
  };
  const before = [count('succeeded', 'done'), count('skipped', 'skipped'), count('cancelled', 'cancelled'), count('failed', 'failed')];
  const during = [count('running', 'running'), count('retrying', 'waiting for their next try')];
  const after = [count('waiting', 'waiting')];
  const line = (parts: readonly string[]): readonly string[] => {
    const text = parts.filter((part) => part !== '').join(', ');
    return text === '' ? [] : [`… ${text}`];
  };
  return [...line(before), ...nodes.filter((node) => kept.has(node)), ...line(during), ...line(after)].slice(0, room);
}

export function isSettled(state: NodeState): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'skipped' || state === 'cancelled';
}

/** `1 call`, `3 calls`. */
export function countOf(count: number, one: string, many: string = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

function elapsed(from: number, to: number | undefined, now: number): string {
  return renderDuration(Math.max(0, (to ?? now) - from) as Millis);
}

/** `1.2k tokens · $0.0042`; empty when no call was made. */
export function describeSpending(spent: Spending): string {
  if (spent.calls === 0) return '';
  const tokens = `${renderTokens(spent.inputTokens + spent.outputTokens)} tokens`;
  if (spent.unpriced > 0 && spent.cost === 0) return `${tokens} · price not known`;
  return `${tokens} · ${renderUsd(spent.cost)}${spent.unpriced > 0 ? ` and ${countOf(spent.unpriced, 'call')} not priced` : ''}`;
}
