import type { RunEvent } from '../engine/index.ts';
import { countOf } from './amounts.ts';
import type { Context } from './context.ts';
import { createLineLog } from './line-log.ts';
import { type LiveView, startLiveView } from './live-view.ts';
import { renderTree } from './run-tree.ts';
import { foldEvent, type RunView } from './run-view.ts';

/** `live`: a tree redrawn in place; `lines`: a line per change, the tree at the end; `silent`: nothing. */
export type ProgressMode = 'live' | 'lines' | 'silent';

/** Tells on stderr how a run goes. */
export interface Progress {
  onEvent(event: RunEvent): void;
  /** The second wish to stop: what is in flight is not waited for any more. */
  giveUp(): void;
  /** Holds still while something else is written to the terminal. */
  pause(): void;
  resume(): void;
  /** The tree as it ended, left on the screen; once. Nothing is told when the run never started. */
  stop(): void;
}

export interface ProgressOptions {
  readonly quiet: boolean;
  /** stdout gets one JSON document at the end. */
  readonly json: boolean;
  /** stdout gets every event. */
  readonly events: boolean;
}

/** Only a terminal that a person looks at is drawn on; where events scroll by, nothing comes in between. */
export function progressMode(ctx: Context, options: ProgressOptions): ProgressMode {
  const { env, stderr, streamsMeet } = ctx.io;
  if (options.quiet || (options.events && streamsMeet)) return 'silent';
  return stderr.isTTY && !options.json && !env.CI && env.TERM !== 'dumb' ? 'live' : 'lines';
}

export function startProgress(ctx: Context, view: RunView, mode: ProgressMode): Progress {
  if (mode === 'live') return liveProgress(ctx, view);
  if (mode === 'lines') return lineProgress(ctx, view);
  return {
    onEvent: (event) => void foldEvent(view, event),
    giveUp: () => tellGivenUp(ctx, view),
    pause: () => {},
    resume: () => {},
    stop: () => {},
  };
}

function liveProgress(ctx: Context, view: RunView): Progress {
  let live: LiveView | undefined;
  return {
    onEvent(event) {
      foldEvent(view, event);
      // Drawn from the first event on: what is refused before the run starts leaves no empty tree behind.
      live ??= startLiveView(view, ctx.io, ctx.err);
      live.changed();
    },
    giveUp() {
      view.phase = 'giving_up';
      live?.changed();
    },
    pause: () => live?.pause(),
    resume: () => live?.resume(),
    stop: () => live?.stop(),
  };
}

function tellGivenUp(ctx: Context, view: RunView): void {
  ctx.tell(ctx.err.yellow(`giving up ${countOf(view.inFlight, 'call')} in flight`));
}

/** Enough to see everything of an ordinary workflow; of a huge one, what matters. */
const FINAL_LINES = 40;
const TICK_MS = 1000;

function lineProgress(ctx: Context, view: RunView): Progress {
  const log = createLineLog(view, ctx.err);
  let stopTicking: (() => void) | undefined;
  let stopped = false;
  return {
    onEvent(event) {
      const node = foldEvent(view, event);
      stopTicking ??= ctx.io.every(TICK_MS, () => {
        const line = log.onTick(ctx.io.now());
        if (line !== undefined) ctx.tell(line);
      });
      const lines = log.onEvent(event, node);
      if (lines.length > 0) ctx.tell(lines);
    },
    giveUp: () => tellGivenUp(ctx, view),
    pause: () => {},
    resume: () => {},
    stop() {
      if (stopped || stopTicking === undefined) return;
      stopped = true;
      stopTicking();
      ctx.tell(['', ...renderTree(view, { width: ctx.errWidth, height: FINAL_LINES, paint: ctx.err, now: ctx.io.now() })]);
    },
  };
}
