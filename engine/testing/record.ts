import type { TaskKey } from '../base/ids.ts';
import { isObject, type Json, type JsonObject } from '../base/json.ts';
import { toDollars } from '../base/units.ts';
import type { RunEvent } from '../contracts/event.ts';
import type { Failure } from '../contracts/failure.ts';
import type { NodeKind, Wake } from '../contracts/node-kind.ts';
import type { Plan } from '../contracts/plan.ts';
import type { AskedInTool, ModelCall, ModelReply, Usage } from '../contracts/provider.ts';
import type { ToolCalled } from '../contracts/tool.ts';
import { DagrunError } from '../errors.ts';
import { yamlText } from '../lang/yaml-text.ts';
import { kinds } from '../nodes/registry.ts';
import { FAILURES } from '../providers/replies-schema.ts';
import { type IndexedNode, indexPlan, itemOf, type PlanIndex } from '../run/plan-index.ts';
import { toolPlacesOf } from '../run/tool-places.ts';
import { whereIs } from '../run/where.ts';

/**
 * A run's journal as a replies file: every answer of a model, with who gave it and what it was billed at, every failure, what
 * people answered and how waiting ended. Replayed with the same inputs, the run has the same outputs and the same bill.
 *
 * A run that was interrupted or tried again is recorded as if it had gone through: what was lost in between is left out.
 * With its plan, what nodes with effects gave is recorded too.
 */
export function recordRun(events: Iterable<RunEvent>, plan?: Plan): JsonObject {
  const tasks = new Map<string, Recorded>();
  const at = (task: string): Recorded => {
    const known = tasks.get(task);
    if (known) return known;
    const made: Recorded = { failed: 0, replies: [], pending: [], answers: [], waits: [], stubs: [], tools: [], inTools: false };
    tasks.set(task, made);
    return made;
  };
  const index = plan && indexPlan(plan);
  const placeOf = placesIn(index);
  const inTools = workflowTools(plan);
  for (const event of events) {
    switch (event.type) {
      case 'model.called': {
        const { call, reply } = event;
        // Where what a workflow gave as a tool is recorded as a whole, nobody will ask its nodes.
        if (call.asked && !inTools.isReplayed(call.asked.node)) break;
        const place = call.asked ? placeOfOrigin(call.asked) : { ...placeOf(event.task), attempt: at(event.task).failed + 1 };
        at(event.task).pending.push({ entry: replyEntry(place, call, reply), answered: reply !== null });
        break;
      }
      case 'tool.called':
        if (inTools.names.has(event.call.tool)) at(event.task).inTools = true;
        else if (event.call.status !== 'begun') at(event.task).tools.push(toolEntry(event.call));
        break;
      // What was answered is used by the attempt that goes on; what failed was asked again.
      case 'attempt.interrupted':
        at(event.task).pending = at(event.task).pending.filter((one) => one.answered);
        break;
      case 'attempt.failed':
        settle(at(event.task));
        if (hasEffects(index?.at(event.task)) && !at(event.task).inTools) {
          const stubs = failedStub(placeOf(event.task), at(event.task).failed + 1, event.failure);
          at(event.task).stubs.push(...stubs);
          if (stubs.length > 0) at(event.task).tools.length = 0;
        }
        at(event.task).failed += 1;
        break;
      case 'attempt.cancelled':
        settle(at(event.task));
        break;
      case 'attempt.succeeded': {
        const task = at(event.task);
        settle(task);
        const place = { ...placeOf(event.task), attempt: task.failed + 1 };
        if (!('json' in event.output) || event.recovered) break;
        if (event.reused && !isReplayable(index?.at(event.task))) throw notRecorded(place.node, event.reused.run);
        if (event.reused?.by) task.replies.push(reusedEntry(place, event.output.json, event.reused.by));
        else if (hasEffects(index?.at(event.task)) && !task.inTools && task.waits.length + task.answers.length === 0) {
          const { role: _, ...stubbed } = place;
          task.stubs.push({ ...stubbed, json: event.output.json });
          // It stands for the calls of tools that were made for it as well.
          task.tools.length = 0;
        }
        break;
      }
      case 'attempt.woken': {
        const { node, ...rest } = placeOf(event.task);
        const attempt = at(event.task).failed + 1;
        if (event.wake.type === 'answered') at(event.task).answers.push(answerEntry({ gate: node, ...rest }, event.wake));
        else at(event.task).waits.push(waitEntry({ node, ...rest, attempt }, event.wake));
        break;
      }
      case 'node.reopened': {
        if (event.redo.length === 0) tasks.delete(event.node);
        for (const item of event.redo) tasks.delete(`${event.node}[${item}]`);
        break;
      }
    }
  }
  // Candidates are asked in their order, and have no number in a replies file.
  const number = candidatesIn(index);
  const all = [...tasks].toSorted(([one], [other]) => number(one) - number(other)).map(([, task]) => task);
  for (const task of all) settle(task);
  const list = (name: 'stubs' | 'answers' | 'waits'): JsonObject => {
    const entries = all.flatMap((task) => (name === 'stubs' ? [...task.stubs, ...task.tools] : task[name]));
    return entries.length === 0 ? {} : { [name]: entries };
  };
  return { replies: all.flatMap((task) => task.replies), ...list('stubs'), ...list('answers'), ...list('waits') };
}

/** A recording as a file, with what it is and how it is replayed at its head. */
export function renderRecording(events: Iterable<RunEvent>, plan?: Plan): string {
  const all = [...events];
  const started = all.find((event) => event.type === 'run.started');
  const head = started
    ? [
        `# Recorded from ${started.run}, a run of ${started.workflow} on ${new Date(started.at).toISOString().slice(0, 10)}.`,
        `# With --replies it is replayed: nobody is asked, and nothing is spent. Its inputs were:`,
        ...yamlText(started.inputs)
          .split('\n')
          .map((line) => `#   ${line}`.trimEnd()),
      ]
    : [];
  return `${[...head, yamlText(recordRun(all, plan))].join('\n')}\n`;
}

/** What is known of one task so far. */
interface Recorded {
  /** Attempts that failed; the next has this number plus one. */
  failed: number;
  replies: JsonObject[];
  /** Calls of the attempt under way. */
  pending: { readonly entry: JsonObject; readonly answered: boolean }[];
  readonly answers: JsonObject[];
  readonly waits: JsonObject[];
  readonly stubs: JsonObject[];
  /** What came of calls of tools. */
  readonly tools: JsonObject[];
  /** It called workflows as tools, which are done again. */
  inTools: boolean;
}

type Place = {
  readonly node: string;
  readonly item?: number | number[];
  readonly iteration?: number | number[];
  readonly role?: string;
  readonly attempt?: number;
};

function settle(task: Recorded): void {
  task.replies.push(...markRefusedSchemas(task.pending.map(({ entry }) => entry)));
  task.pending = [];
}

/** A request that was refused, and made again to the same model at once, was refused for the schema in it. */
function markRefusedSchemas(entries: readonly JsonObject[]): readonly JsonObject[] {
  return entries.map((entry, index) => {
    const next = entries[index + 1];
    const { fail, call, billed } = entry;
    if (!isObject(fail) || fail.type !== 'bad_request' || call !== 'ask' || next?.call !== 'ask') return entry;
    const isSame = isObject(billed) && isObject(next.billed) && billed.model === next.billed.model;
    return isSame ? { ...entry, fail: { ...fail, schema_refused: true } } : entry;
  });
}

/** How a node failed that calls no model; nothing where that follows from what it gave, or from calls that are written down. */
function failedStub({ role: _, ...place }: Place, attempt: number, failure: Failure): readonly JsonObject[] {
  const { type, message } = failure;
  if (type === 'task_failed') return [{ ...place, attempt, fail: { message } }];
  if (type === 'tool_failed') return [{ ...place, attempt, fail: { message: message.slice(`${failure.tool}: `.length) } }];
  if (!(FAILURES as readonly string[]).includes(type)) return [];
  return [{ ...place, attempt, fail: { type, message, ...detailsOf(failure) } }];
}

function replyEntry({ role, ...place }: Place, call: ModelCall, reply: ModelReply | null): JsonObject {
  const billed = {
    // Of a simulated call only the model it stood for is known, which the tier says again.
    ...(!call.simulated && { model: `${call.provider}/${call.model}` }),
    cost: call.cost === null ? null : toDollars(call.cost),
    baseline: call.baseline === null ? null : toDollars(call.baseline),
  };
  const where = { ...place, call: role ?? call.call };
  if (reply === null) return { ...where, fail: failEntry(call), billed };
  return {
    ...where,
    ...answerOf(reply.text),
    ...(reply.toolCalls
      ? { tool_calls: reply.toolCalls.map(({ tool, args }) => ({ tool, args })) }
      : reply.stop !== 'end' && { stop: reply.stop }),
    usage: usageEntry(reply.usage),
    billed,
  };
}

function toolEntry({ tool, args, status, result }: ToolCalled): JsonObject {
  const given =
    status === 'failed' ? { fail: { message: String(result) } } : typeof result === 'string' ? { text: result } : { json: result };
  return { tool, args, ...given };
}

/** As data where that gives the same text again. */
function answerOf(text: string): JsonObject {
  try {
    const json = JSON.parse(text) as Json;
    if (isObject(json) && JSON.stringify(json) === text) return { json };
  } catch {
    // A text, then.
  }
  return { text };
}

function failEntry({ failure, cost }: ModelCall): JsonObject {
  const known: readonly string[] = FAILURES;
  const what: Failure = failure ?? { type: 'unavailable', message: 'no answer' };
  return {
    type: known.includes(what.type) ? what.type : 'unavailable',
    message: what.message,
    ...detailsOf(what),
    ...(cost === null && { charged: 'unknown' }),
  };
}

/** What a failure has besides its type and its words. */
function detailsOf(what: Failure): JsonObject {
  return {
    ...('retryAfter' in what && what.retryAfter !== undefined && { retry_after: `${what.retryAfter}ms` }),
    ...('status' in what && what.status !== undefined && { status: what.status }),
    ...('after' in what && { after: `${what.after}ms` }),
    ...('variable' in what && what.variable !== undefined && { variable: what.variable }),
  };
}

function usageEntry({ input, output, cacheRead, cacheWrite }: Usage): JsonObject {
  return { input, output, ...(cacheRead > 0 && { cache_read: cacheRead }), ...(cacheWrite > 0 && { cache_write: cacheWrite }) };
}

/**
 * Whether an output of this node that was taken over can be given again by an answer: not where `result` has adapted it, for
 * it would be adapted twice, and not where a person, a signal or a time gave it.
 */
function isReplayable(indexed: IndexedNode | undefined): boolean {
  if (!indexed) return true;
  const { node } = indexed;
  // What was taken over of the whole is not what somebody said inside.
  if (node.stages.some((stage) => stage.body)) return false;
  return node.result === undefined && !kinds.some((kind) => kind.kind === node.kind && kind.waits);
}

function notRecorded(node: string, run: string): DagrunError {
  return new DagrunError(`what "${node}" came to was taken over from ${run}, and cannot be written down from here`, {
    exitCode: 2,
    help: `record ${run}, or run it again with --no-cache and without --from, and record that`,
  });
}

/** An output that was taken over from before: a model gave it once, and it costs nothing again. */
function reusedEntry({ role, ...place }: Place, output: Json, by: { readonly provider: string; readonly model: string }): JsonObject {
  return {
    ...place,
    ...(role !== undefined && { call: role }),
    ...(typeof output === 'string' ? { text: output } : { json: output }),
    usage: { input: 0, output: 0 },
    billed: { model: `${by.provider}/${by.model}`, cost: 0, baseline: 0 },
  };
}

function answerEntry(gate: JsonObject, { approved, by, reason, form }: Extract<Wake, { type: 'answered' }>): JsonObject {
  return { ...gate, approved, ...(reason !== null && { reason }), ...(form !== null && { form }), by };
}

function waitEntry(place: Place, wake: Exclude<Wake, { type: 'answered' }>): JsonObject {
  if (wake.type === 'signalled') return { ...place, payload: wake.payload, by: wake.by };
  return { ...place, over: wake.type };
}

/** The number of a candidate of a `best_of`; 0 for everything else. */
function candidatesIn(index: PlanIndex | undefined): (task: string) => number {
  return (task) => (index?.at(task as TaskKey).node.part === 'candidate' ? (itemOf(task as TaskKey)?.index ?? 0) : 0);
}

/** Where a task is, as a replies file names it; without a plan only of the outermost nodes. */
function placesIn(index: PlanIndex | undefined): (task: TaskKey) => Place {
  if (!index) {
    return (task) => {
      const item = itemOf(task);
      return item ? { node: item.node, item: item.index } : { node: task };
    };
  }
  return (task) => placeOfOrigin(whereIs(index, task).origin);
}

function placeOfOrigin({ node, item, items, iterations, role }: AskedInTool): Place {
  const whole = (all: readonly number[]): number | number[] => (all.length === 1 ? (all[0] ?? 0) : [...all]);
  return {
    node,
    ...(item !== undefined && { item: items ? whole(items) : item }),
    ...(iterations && { iteration: whole(iterations) }),
    ...(role && { role }),
  };
}

/** The workflows that are called as tools and done again by a replay: those that do nothing outside but call models and tools. */
function workflowTools(plan: Plan | undefined): { readonly names: ReadonlySet<string>; isReplayed(place: string): boolean } {
  const places = plan ? toolPlacesOf(plan) : [];
  const names = new Set(places.map(({ tool }) => tool));
  for (const { tool, node } of places) {
    if (node.stages.some(({ kind }) => KINDS.get(kind)?.idempotent !== undefined)) names.delete(tool);
  }
  const toolOf = new Map(places.map(({ place, tool }) => [place, tool]));
  return { names, isReplayed: (place) => names.has(toolOf.get(place) ?? '') };
}

/** Whether a node reaches out of the workflow, which a replay must not do again. Where `result` adapts what it gave, that is not known. */
function hasEffects(indexed: IndexedNode | undefined): boolean {
  if (!indexed || indexed.node.result !== undefined) return false;
  return indexed.node.stages.every((stage) => {
    // What is inside of it is recorded.
    if (stage.body) return false;
    const kind = KINDS.get(stage.kind);
    return kind !== undefined && !kind.callsModel && kind.outputField === undefined && !kind.waits;
  });
}

const KINDS: ReadonlyMap<string, NodeKind> = new Map(kinds.map((kind) => [kind.kind, kind]));
