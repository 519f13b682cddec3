import type { RunEvent } from '../engine/index.ts';
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
  /** The tree as it ended, left on the screen; once. Nothing is told when the run never started. */
  stop(): void;
}

/** Only a terminal that a person looks at is drawn on. */
export function progressMode(ctx: Context, options: { readonly quiet: boolean; readonly resultIsData: boolean }): ProgressMode {
  if (options.quiet) return 'silent';
  const { env, stderr } = ctx.io;
  const live = stderr.isTTY && !options.resultIsData && !env.CI && env.TERM !== 'dumb';
  return live ? 'live' : 'lines';
}

export function startProgress(ctx: Context, view: RunView, mode: ProgressMode): Progress {
  if (mode === 'silent') return { onEvent: (event) => void foldEvent(view, event), stop: () => {} };
  return mode === 'live' ? liveProgress(ctx, view) : lineProgress(ctx, view);
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
    stop: () => live?.stop(),
  };
}

/** Enough to see everything of an ordinary workflow; of a huge one, what matters. */
const FINAL_LINES = 60;
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
    stop() {
      if (stopped || stopTicking === undefined) return;
      stopped = true;
      stopTicking();
      ctx.tell(['', ...renderTree(view, { width: ctx.errWidth, height: FINAL_LINES, paint: ctx.err, now: ctx.io.now() })]);
    },
  };
}
