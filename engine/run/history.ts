import type { TaskKey } from '../base/ids.ts';
import type { Json, JsonObject } from '../base/json.ts';
import type { RunEvent } from '../contracts/event.ts';
import { frameOf } from './address.ts';
import type { PlanIndex } from './plan-index.ts';

/** What the journal tells of bodies and loops that the state of a run that is over does not hold any more. */
export interface History {
  add(event: RunEvent): void;
  /** The inputs of the sub-workflow in a frame. */
  inputs(frame: string): JsonObject | undefined;
  /** What a round of a loop began with. */
  memory(unit: TaskKey, round: number): Json | undefined;
  /** How many rounds of a loop have begun. */
  rounds(unit: TaskKey): number;
  /** The frame inside the last attempt at a task that was made in a stage; undefined when there was none. */
  frameIn(task: TaskKey, stage: number): string | undefined;
}

export function createHistory(index: PlanIndex): History {
  const stages = new Map<TaskKey, number>();
  const frames = new Map<string, string>();
  const inputs = new Map<string, JsonObject>();
  const memories = new Map<TaskKey, Json[]>();
  return {
    add(event) {
      if (event.type === 'attempt.scheduled') {
        if (index.at(event.task).bodies[event.stage]) stages.set(event.task, event.stage);
      } else if (event.type === 'attempt.entered') {
        const stage = stages.get(event.task) ?? 0;
        const frame = frameOf(event.task, event.attempt, stage);
        frames.set(`${event.task} ${stage}`, frame);
        if (event.inputs) inputs.set(frame, event.inputs);
      } else if (event.type === 'loop.turned') {
        memories.set(event.task, [...(memories.get(event.task) ?? []).slice(0, event.round - 1), event.memory]);
      }
    },
    inputs: (frame) => inputs.get(frame),
    memory: (unit, round) => memories.get(unit)?.[round - 1],
    rounds: (unit) => memories.get(unit)?.length ?? 0,
    frameIn: (task, stage) => frames.get(`${task} ${stage}`),
  };
}
