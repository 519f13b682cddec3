import type { TaskKey } from '../base/ids.ts';

/** Frames a task is inside of, each with the calls that may be in flight in it at a time. */
export type FramesAround = (task: TaskKey) => readonly { readonly frame: string; readonly concurrency: number }[];

/** Which calls are in flight, where only so many may be: those that find no slot are kept until one is free. */
export interface Slots<Call extends { readonly task: TaskKey }> {
  /** True when the call may go; else it is kept. */
  take(call: Call): boolean;
  /** A call has come back; gives those that may have a slot now. */
  free(call: Call): readonly Call[];
}

const NONE: readonly never[] = [];

export function createSlots<Call extends { readonly task: TaskKey }>(framesAround: FramesAround): Slots<Call> {
  const frames = new Map<string, { busy: number; readonly kept: Call[] }>();
  const at = (frame: string): { busy: number; readonly kept: Call[] } => {
    const known = frames.get(frame) ?? { busy: 0, kept: [] };
    frames.set(frame, known);
    return known;
  };
  return {
    take(call) {
      if (!call.task.includes('/')) return true;
      const around = framesAround(call.task);
      const full = around.find(({ frame, concurrency }) => at(frame).busy >= concurrency);
      if (full) at(full.frame).kept.push(call);
      else for (const { frame } of around) at(frame).busy += 1;
      return full === undefined;
    },
    free(call) {
      if (!call.task.includes('/')) return NONE;
      return framesAround(call.task).flatMap(({ frame }) => {
        const slots = at(frame);
        slots.busy -= 1;
        const next = slots.kept.shift();
        if (slots.busy === 0 && slots.kept.length === 0) frames.delete(frame);
        return next ? [next] : [];
      });
    },
  };
}
