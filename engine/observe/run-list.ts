import { type Instant, instant } from '../base/ids.ts';
import { toDollars } from '../base/units.ts';
import type { RunStatus } from '../contracts/event.ts';
import type { RunRecord } from '../contracts/store.ts';
import { isSettled } from './run-story.ts';
import type { RunStory } from './story.ts';

/** One run of a list. Money in dollars, durations in milliseconds, times as ISO 8601. */
export interface RunSummary {
  readonly run: string;
  readonly workflow: string;
  /** Absolute. */
  readonly file: string;
  /** `stale`: it should be running, but its process is gone; `dagrun resume` goes on with it. */
  readonly status: 'running' | 'stale' | 'waiting' | RunStatus;
  readonly startedAt: string;
  readonly endedAt: string | null;
  /** Up to its end, or to when it was last heard of. */
  readonly durationMs: number;
  /** Known cost of its calls. */
  readonly cost: number;
  readonly progress: RunProgress;
  /** The process that drives it: its host and number. */
  readonly drivenBy: string | null;
  readonly lastHeardAt: string | null;
  /** The run it was forked from, or whose answers it reuses. */
  readonly parent: string | null;
}

export interface RunProgress {
  /** Nodes that succeeded or were skipped, of all. */
  readonly done: number;
  readonly total: number;
  /** From 0 to 1; the items of a fan-out count by what is done of them. */
  readonly share: number;
  /** Nodes at work, or waiting for somebody. */
  readonly current: readonly string[];
}

/** `deadBefore`: whoever was last heard of before that is dead. */
export function summarize(record: RunRecord, progress: RunProgress, now: Instant, deadBefore: Instant): RunSummary {
  const status = statusOf(record, deadBefore);
  const until =
    record.endedAt ?? (status === 'stale' || status === 'waiting' ? record.beatAt : null) ?? (status === 'running' ? now : null);
  return {
    run: record.id,
    workflow: record.workflow,
    file: record.file,
    status,
    startedAt: iso(record.startedAt),
    endedAt: record.endedAt === null ? null : iso(record.endedAt),
    durationMs: until === null ? 0 : Math.max(0, until - record.startedAt),
    cost: toDollars(record.cost),
    progress,
    drivenBy: status === 'running' && record.owner !== null ? driverName(record.owner) : null,
    lastHeardAt: record.beatAt === null ? null : iso(record.beatAt),
    parent: record.parent,
  };
}

/** A run's status, seen from outside. */
export function statusOf(record: Pick<RunRecord, 'status' | 'owner' | 'beatAt'>, deadBefore: Instant): RunSummary['status'] {
  if (record.status !== 'running') return record.status;
  const lives = record.owner !== null && record.beatAt !== null && record.beatAt >= deadBefore;
  return lives ? 'running' : 'stale';
}

/** `process 4711 on laptop`. */
export function driverName(owner: string): string {
  const [host = '', pid] = owner.split('/');
  return pid === undefined ? owner : `process ${pid} on ${host}`;
}

/** How far a run is. */
export function progressOf(story: RunStory): RunProgress {
  let done = 0;
  let share = 0;
  const current: string[] = [];
  for (const node of story.nodes.values()) {
    if (isSettled(node)) {
      const lost = node.status === 'failed' || node.status === 'cancelled';
      done += lost ? 0 : 1;
      share += lost ? 0 : 1;
      continue;
    }
    if (node.fanOut && node.fanOut.count > 0) share += node.fanOut.settled / node.fanOut.count;
    if (node.status === 'running' || node.status === 'waiting') current.push(node.node.id);
  }
  const total = story.nodes.size;
  return { done, total, share: total === 0 ? 1 : Math.round((share / total) * 1000) / 1000, current };
}

function iso(at: Instant): string {
  return new Date(instant(at)).toISOString();
}
