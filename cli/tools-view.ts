import { type Json, type Millis, type RunEvent, renderDuration } from '../engine/index.ts';
import { countOf } from './amounts.ts';
import { oneLine } from './layout.ts';

/** What a node has its tools do. */
export interface ToolsView {
  /** Asked for by a model, and not yet at their end: by task and place in its turn. */
  readonly calling: Map<string, ToolAtWork>;
  /** Conversations in progress: task → turns in which tools were asked for. */
  readonly turns: Map<string, number>;
  /** The most turns of a conversation, where that is known. */
  most: number | undefined;
  made: number;
  failed: number;
}

interface ToolAtWork {
  readonly task: string;
  readonly tool: string;
  readonly args: Json;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** Nothing was called. */
export function noTools(): ToolsView {
  return { calling: new Map(), turns: new Map(), most: undefined, made: 0, failed: 0 };
}

/**
 * A model has spoken: the tools it wants called are at work from now on, and those of the turn before have ended. `isRun` says of a tool
 * whether it is a workflow: what models say while one is at work is said inside of it.
 */
export function askedFor(
  tools: ToolsView,
  { task, call, reply, at }: Extract<RunEvent, { type: 'model.called' }>,
  isRun: (tool: string) => boolean,
): void {
  if (call.status !== 'succeeded') return;
  const open = [...tools.calling].filter(([, one]) => one.task === task);
  if (open.some(([, { tool }]) => isRun(tool))) return;
  for (const [key] of open) tools.calling.delete(key);
  const wanted = reply?.toolCalls ?? [];
  if (wanted.length === 0) return;
  tools.turns.set(task, (tools.turns.get(task) ?? 0) + 1);
  for (const [index, { tool, args }] of wanted.entries()) tools.calling.set(`${task} ${index}`, { task, tool, args, since: at });
}

/** A call has come to its end. */
export function called(tools: ToolsView, { task, call }: Extract<RunEvent, { type: 'tool.called' }>): void {
  if (call.status === 'begun') return;
  const same = [...tools.calling].filter(([, one]) => one.task === task && one.tool === call.tool);
  const [key] = same.find(([, { args }]) => JSON.stringify(args) === JSON.stringify(call.args)) ?? same[0] ?? [];
  if (key !== undefined) tools.calling.delete(key);
  tools.made += 1;
  if (call.status === 'failed') tools.failed += 1;
}

/** A task does not work any more: whatever it had asked for is not waited for. */
export function lookAway({ calling, turns }: ToolsView, task: string, isOver: boolean): void {
  for (const [key, one] of calling) if (one.task === task) calling.delete(key);
  if (isOver) turns.delete(task);
}

/** Which turn the conversation is in, `turn 2 of 6`; empty before the second, and where there are several. */
export function turnOf({ turns, most }: ToolsView): string {
  const [only] = turns.values();
  if (only === undefined || turns.size > 1) return '';
  return `turn ${only + 1}${most === undefined ? '' : ` of ${most}`}`;
}

/** Enough of its arguments to tell one call from another. */
const ARGUMENTS_WIDTH = 32;
/** A call that takes less time is not worth a number that jumps about. */
const SHOWN_FROM_MS = 1000;

/** The calls at work in a few words, `find(parcel) 3.0s`, of several `find ×2, count 3.0s`; empty when there are none. */
export function callsAtWork({ calling }: ToolsView, now: number): string {
  const calls = [...calling.values()];
  const [first] = calls;
  if (!first) return '';
  const since = Math.min(...calls.map((one) => one.since));
  const took = now - since < SHOWN_FROM_MS ? '' : ` ${renderDuration((now - since) as Millis)}`;
  if (calls.length === 1) return `${callText(first.tool, first.args)}${took}`;
  const counts = new Map<string, number>();
  for (const { tool } of calls) counts.set(tool, (counts.get(tool) ?? 0) + 1);
  return `${[...counts].map(([tool, count]) => (count === 1 ? tool : `${tool} ×${count}`)).join(', ')}${took}`;
}

/** A call as it would be written: the values of its arguments, cut. */
export function callText(tool: string, args: Json, width: number = ARGUMENTS_WIDTH): string {
  const values = args !== null && typeof args === 'object' ? Object.values(args) : [args];
  const text = values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join(', ');
  return `${tool}(${oneLine(text, width)})`;
}

/** `4 tool calls, 1 failed`; empty when none was made. */
export function callsMade({ made, failed }: ToolsView): string {
  if (made === 0) return '';
  return `${countOf(made, 'tool call')}${failed > 0 ? `, ${failed} failed` : ''}`;
}
