import { displayWidth } from '../engine/index.ts';
import type { Io } from './io.ts';
import { type Paint, withoutColour } from './paint.ts';
import { renderTree } from './run-tree.ts';
import type { RunView } from './run-view.ts';

/** The tree of a run, redrawn in place on a terminal. */
export interface LiveView {
  /** Something changed: the next frame will show it. */
  changed(): void;
  /** Leaves the last frame where it is, so that something else can be written below it. */
  pause(): void;
  /** Goes on drawing, below what was written meanwhile. */
  resume(): void;
  /** Stops drawing. The final tree stays on the screen, and the cursor is back. */
  stop(): void;
}

/** Twelve frames a second look alive; more only cost. */
const FRAME_MS = 83;
/** Without news every other frame will do: it keeps the clocks and the spinner going. */
const IDLE_FRAMES = 2;
/** On the screen a final tree may be longer than the terminal, but not without end. */
const FINAL_LINES = 40;

const HIDE_CURSOR = '\u001B[?25l';
const SHOW_CURSOR = '\u001B[?25h';
/** What stands between them is shown at once; terminals that do not know them ignore them. */
const BEGIN_FRAME = '\u001B[?2026h';
const END_FRAME = '\u001B[?2026l';
const CLEAR_TO_END_OF_LINE = '\u001B[K';
const CLEAR_BELOW = '\u001B[J';

/**
 * Starts drawing on stderr, which has to be a terminal. A frame is written over the one before, line by line, and only
 * the rest of each line is cleared: nothing is ever blank in between, so nothing flickers.
 */
export function startLiveView(view: RunView, io: Io, paint: Paint): LiveView {
  let shown: readonly string[] = [];
  let dirty = true;
  let idle = 0;
  let stopped = false;
  let paused = false;
  let widths = { of: 0, columns: new Map<string, number>() };
  const columns = (): number => io.stderr.columns || 80;

  const draw = (height: number): void => {
    const up = rowsOf(shown, columns());
    if (widths.of !== columns()) widths = { of: columns(), columns: new Map() };
    const lines = renderTree(view, { width: columns(), height, paint, now: io.now(), widths: widths.columns });
    const home = up === 0 ? '\r' : `\r\u001B[${up}A`;
    const body = lines.map((line) => `${line}${CLEAR_TO_END_OF_LINE}\n`).join('');
    io.stderr.write(`${BEGIN_FRAME}${home}${body}${CLEAR_BELOW}${END_FRAME}`);
    shown = lines;
  };

  io.stderr.write(HIDE_CURSOR);
  const stopTimer = io.every(FRAME_MS, () => {
    idle += 1;
    if (paused || (!dirty && idle < IDLE_FRAMES)) return;
    dirty = false;
    idle = 0;
    // The line below the last one holds the cursor.
    draw(Math.max(2, (io.stderr.rows ?? 24) - 1));
  });

  return {
    changed() {
      dirty = true;
    },
    pause() {
      if (stopped || paused) return;
      draw(FINAL_LINES);
      paused = true;
      io.stderr.write(SHOW_CURSOR);
    },
    resume() {
      if (stopped || !paused) return;
      paused = false;
      shown = [];
      io.stderr.write(`\n${HIDE_CURSOR}`);
    },
    stop() {
      if (stopped) return;
      stopped = true;
      stopTimer();
      if (paused) shown = [];
      // What stays has no frame before it to agree with.
      widths = { of: 0, columns: new Map() };
      draw(FINAL_LINES);
      io.stderr.write(SHOW_CURSOR);
    },
  };
}

/** How many rows the lines take now: a terminal made narrower has wrapped them. */
function rowsOf(lines: readonly string[], columns: number): number {
  return lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(displayWidth(withoutColour(line)) / columns)), 0);
}
