import { displayWidth } from '../engine/index.ts';
import { costOf, countOf, elapsed } from './amounts.ts';
import { chooseRows, isSettled } from './choose-rows.ts';
import { oneLine, padEnd, padStart } from './layout.ts';
import { asksItself, type Cells, cellsOf, didNotRun } from './node-cells.ts';
import type { NodeView } from './node-view.ts';
import type { Paint } from './paint.ts';
import type { RunView } from './run-view.ts';

export interface TreeFrame {
  /** Columns of the terminal. */
  readonly width: number;
  /** The most lines the tree may have, its head included. */
  readonly height: number;
  readonly paint: Paint;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** How wide the columns have been: they only grow, so that nothing jumps from one frame to the next. */
  readonly widths?: Map<string, number>;
}

/** Below this the tier alone says who answers, and the words are worth more than the tokens: model and tokens are in the result. */
const WIDTH_FOR_DETAIL = 100;
/** From here on there is room for figures and words in one line. */
const WIDTH_FOR_WORDS = 130;
const LONGEST_NAME = 36;
/** Columns that a node inside another stands further in. */
const RAIL = 3;

/**
 * The run as lines: the workflow, and under it one line per node, those inside others below these, never more than `height` in all. All
 * that happens to a node inside, in whatever item or round, is in its one line. When there are more nodes than lines, those that are at
 * work or failed stay, and the rest is counted.
 */
export function renderTree(view: RunView, frame: TreeFrame): readonly string[] {
  const { paint } = frame;
  const foot = footOf(view, frame);
  const rows = chooseRows(view.nodes, Math.max(1, frame.height - 1 - foot.length));
  const cells = rows.map((row) => (typeof row === 'string' ? row : cellsOf(row, view, frame.now, frame.width >= WIDTH_FOR_DETAIL)));
  const rails = railsOf(rows.map((row) => (typeof row === 'string' ? 0 : depthOf(row))));
  const lines = layOut(cells, frame).map((line, at) => `${paint.dim(rails[at] ?? '')} ${line}`);
  return [headOf(view, frame), ...lines, ...foot];
}

/** How many nodes a node is inside of. */
function depthOf(node: NodeView): number {
  let depth = 0;
  for (let at = node.parent; at; at = at.parent) depth += 1;
  return depth;
}

/** What stands before lines of these depths, so that each hangs on the one it is inside of. */
function railsOf(depths: readonly number[]): readonly string[] {
  const goesOn: boolean[] = [];
  const rails: string[] = [];
  for (let at = depths.length - 1; at >= 0; at -= 1) {
    const depth = depths[at] ?? 0;
    const around = Array.from({ length: depth }, (_, level) => (goesOn[level] ? '│  ' : '   ')).join('');
    rails[at] = `${around}${goesOn[depth] ? '├─' : '└─'}`;
    goesOn[depth] = true;
    goesOn.length = depth + 1;
  }
  return rails;
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
  if (text === undefined) return answersOf(view).map((line) => frame.paint.yellow(line));
  return [frame.paint.yellow(oneLine(text, frame.width - 1))];
}

/** More questions than these are counted. */
const QUESTIONS_SHOWN = 3;

/** The commands that answer what is asked; never cut, so that they can be copied. */
function answersOf(view: RunView): readonly string[] {
  if (view.phase !== 'running') return [];
  const gates = view.nodes.flatMap((node) => [...node.parked].flatMap(([task, until]) => (until.type === 'approval' ? [task] : [])));
  const lines = gates.slice(0, QUESTIONS_SHOWN).map((task) => `to answer: dagrun approvals show ${view.run ?? ''} ${quoted(task)}`);
  return gates.length > QUESTIONS_SHOWN ? [...lines, `… ${gates.length - QUESTIONS_SHOWN} more: dagrun approvals list`] : lines;
}

/** A gate as a shell takes it: `sign_off[2]` is a pattern to one. */
export function quoted(gate: string): string {
  return /^[\w/-]+$/.test(gate) ? gate : `'${gate}'`;
}

function footText(view: RunView): string | undefined {
  const calls = countOf(view.inFlight, 'call');
  const waits = view.inFlight === 0 ? 'nothing is in flight' : `waiting for ${calls} in flight`;
  if (view.phase === 'stopping') return `stopping: ${waits}; Ctrl-C again gives ${view.inFlight === 1 ? 'it' : 'them'} up`;
  if (view.phase === 'giving_up') return `stopping: giving up ${calls} in flight`;
  if (view.phase === 'failing') return `failed: nothing new starts; ${waits}`;
  return undefined;
}

function layOut(rows: readonly (Cells | string)[], frame: TreeFrame): readonly string[] {
  const { paint } = frame;
  const cells = rows.filter((row) => typeof row !== 'string');
  const widest = (column: string, of: (row: Cells) => string): number => {
    const most = cells.reduce((sum, row) => Math.max(sum, displayWidth(of(row))), frame.widths?.get(column) ?? 0);
    frame.widths?.set(column, most);
    return most;
  };
  const names = Math.min(
    LONGEST_NAME,
    widest('name', ({ node }) => ' '.repeat(RAIL * depthOf(node)) + node.id),
  );
  // A node that did not run has nothing in these columns, so that its words can begin right behind its tier.
  const fraction = widest('fraction', (row) => fractionOf(row.cost));
  const whole = widest('cost', (row) => row.cost.slice(0, row.cost.length - fractionOf(row.cost).length));
  const columns = [
    { of: (row: Cells) => row.progress, width: widest('progress', (row) => row.progress), paint: paint.cyan },
    { of: (row: Cells) => row.tokens, width: frame.width < WIDTH_FOR_DETAIL ? 0 : widest('tokens', (row) => row.tokens), paint: paint.dim },
    {
      of: (row: Cells) => padEnd(row.cost, displayWidth(row.cost) + fraction - fractionOf(row.cost).length),
      width: whole + fraction,
      paint: plain,
    },
    { of: (row: Cells) => row.time, width: widest('time', (row) => row.time), paint: paint.dim },
  ].filter((column) => column.width > 0);
  const who = widest('who', (row) => (isSilent(row) ? '' : row.who));

  return rows.map((row) => {
    if (typeof row === 'string') return paint.dim(oneLine(row, frame.width - 3));
    const tone = toneOf(row.node, paint);
    const quiet = row.node.state === 'waiting' || row.node.state === 'skipped' || didNotRun(row.node);
    const indent = RAIL * depthOf(row.node);
    const own = Math.max(1, names - indent);
    const name = padEnd(oneLine(row.node.id, own), own);
    const parts: Part[] = [
      { text: `${row.glyph} ${name}`, paint: (text) => `${tone(row.glyph)}${(quiet ? paint.dim : plain)(text.slice(row.glyph.length))}` },
    ];
    // The rail and the space behind it (3), the glyph and its space (2).
    let used = 5 + indent + displayWidth(name);
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
    const calm = row.node.state === 'succeeded' || row.node.state === 'running' || (row.node.state === 'parked' && !asksItself(row.node));
    const note = joinFitting(row.notes, room);
    if (note !== '' && room > 8) put(note, calm ? paint.dim : tone);
    return join(parts);
  });
}

/** What stands behind an amount's decimal point: amounts are set under each other by it. */
function fractionOf(amount: string): string {
  return /\..*$/.exec(amount)?.[0] ?? '';
}

/** As many of the notes as there is room for; the first is cut rather than left out. */
function joinFitting(notes: readonly string[], room: number): string {
  const [first, ...rest] = notes;
  if (first === undefined) return '';
  let text = oneLine(first, room);
  for (const note of rest) {
    const longer = `${text} · ${note}`;
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
  const { state } = row.node;
  return state === 'failed' || state === 'retrying' || (state === 'parked' && asksItself(row.node));
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

function toneOf(node: NodeView, paint: Paint): (text: string) => string {
  const { state } = node;
  if (didNotRun(node)) return paint.dim;
  if (state === 'succeeded') return paint.green;
  if (state === 'failed') return paint.red;
  if (state === 'retrying' || state === 'cancelled' || state === 'parked') return paint.yellow;
  if (state === 'running') return paint.cyan;
  return paint.dim;
}
