import { type Millis, type RunEvent, renderDuration } from '../engine/index.ts';
import { countOf, describeSpending } from './amounts.ts';
import { oneLine, padEnd, padStart } from './layout.ts';
import { reusedIn } from './node-cells.ts';
import type { Paint } from './paint.ts';
import { quoted } from './run-tree.ts';
import type { NodeView, RunView } from './run-view.ts';
import { isStandIn } from './run-view.ts';

/** A run told in plain lines, for pipes and CI: one line when a node's state changes, a summary now and then for a fan-out. */
export interface LineLog {
  /** Lines for an event that was just folded into the view; `node` is what `foldEvent` returned. */
  onEvent(event: RunEvent, node: NodeView | undefined): readonly string[];
  /** A sign of life when nothing was said for a while; undefined otherwise. Call it about once a second. */
  onTick(now: number): string | undefined;
}

/** A fan-out is told of at every tenth of its items, or after this time if a tenth takes longer. */
const PROGRESS_EVERY_MS = 10_000;
const HEARTBEAT_AFTER_MS = 15_000;
/** Failed items told of one by one, per node; the rest is counted. */
const ITEM_FAILURES_TOLD = 3;
const MESSAGE_WIDTH = 160;

export function createLineLog(view: RunView, paint: Paint): LineLog {
  const names = Math.min(
    32,
    view.nodes.reduce((most, node) => Math.max(most, node.id.length), 'run'.length),
  );
  const fanOuts = new Map<NodeView, { told: number; at: number; failures: number }>();
  let saidAt: number | undefined;

  const line = (at: number, name: string, text: string): string => {
    saidAt = at;
    const since = renderDuration(Math.max(0, at - (view.startedAt ?? at)) as Millis);
    return `${paint.dim(padStart(since, 7))}  ${padEnd(name, names)}  ${text}`.trimEnd();
  };

  const progress = (node: NodeView, at: number): readonly string[] => {
    const items = node.items;
    if (!items || items.settled === items.count) return [];
    const before = fanOuts.get(node) ?? { told: 0, at: node.startedAt ?? at, failures: 0 };
    fanOuts.set(node, before);
    const tenth = Math.max(1, Math.ceil(items.count / 10));
    const aTenthOn = items.count >= 10 && items.settled - before.told >= tenth && at - before.at >= 1000;
    if (!aTenthOn && at - before.at < PROGRESS_EVERY_MS) return [];
    before.told = items.settled;
    before.at = at;
    const facts = [`${items.settled}/${items.count}`, items.failed > 0 ? `${items.failed} failed` : '', describeSpending(node.spent)];
    return [line(at, node.id, facts.filter((fact) => fact !== '').join(' · '))];
  };

  return {
    onEvent(event, node) {
      switch (event.type) {
        case 'run.started':
          return [
            line(
              event.at,
              'run',
              paint.dim(`${event.run} · ${countOf(view.nodes.length, 'node')}${event.simulated ? ' · simulated' : ''}`),
            ),
          ];
        case 'run.cancel_requested':
          return [
            line(event.at, 'run', paint.yellow(`stopping: nothing new starts, ${countOf(view.inFlight, 'call')} in flight will finish`)),
          ];
        case 'run.failing':
          return view.inFlight === 0
            ? []
            : [line(event.at, 'run', paint.red(`failing: nothing new starts, ${countOf(view.inFlight, 'call')} in flight will finish`))];
        case 'node.expanded':
          return node && event.count > 0 ? [line(event.at, node.id, `0/${event.count}`)] : [];
        case 'node.succeeded':
        case 'node.failed':
        case 'node.skipped':
          return node ? [line(event.at, node.id, outcome(node, paint))] : [];
        case 'node.cancelled':
          // When a run ends early, everything that has not started is cancelled: the tree tells of it.
          return node?.startedAt === undefined ? [] : [line(event.at, node.id, outcome(node, paint))];
        case 'attempt.failed': {
          if (!node) return [];
          const message = oneLine(event.failure.message, MESSAGE_WIDTH);
          if (!node.items) {
            if (event.next.type !== 'retry') return [];
            if (isStandIn(event)) return [line(event.at, node.id, paint.yellow(`failed, on_error stands in: ${message}`))];
            const wait = renderDuration(Math.max(0, event.next.at - event.at) as Millis);
            return [line(event.at, node.id, paint.yellow(`try ${event.attempt} failed, next one in ${wait}: ${message}`))];
          }
          const told = fanOuts.get(node) ?? { told: 0, at: event.at, failures: 0 };
          fanOuts.set(node, told);
          if (event.next.type === 'retry' || told.failures >= ITEM_FAILURES_TOLD) return progress(node, event.at);
          told.failures += 1;
          const more = told.failures === ITEM_FAILURES_TOLD ? ' (further ones are only counted)' : '';
          return [line(event.at, node.id, paint.red(`${event.task} failed: ${message}${more}`)), ...progress(node, event.at)];
        }
        case 'attempt.parked':
          return node ? [line(event.at, node.id, paint.yellow(`${taskOf(event, node)}${waitLine(view, event)}`))] : [];
        case 'attempt.woken':
          return node ? [line(event.at, node.id, `${taskOf(event, node)}${wakeLine(event)}`)] : [];
        case 'answer.refused':
          return node
            ? [line(event.at, node.id, paint.yellow(`the answer of ${event.by} was not taken: ${oneLine(event.reason, MESSAGE_WIDTH)}`))]
            : [];
        case 'attempt.logged':
          return node ? [line(event.at, node.id, paint.dim(`${taskOf(event, node)}${oneLine(event.text, MESSAGE_WIDTH)}`))] : [];
        case 'attempt.succeeded':
          return node ? progress(node, event.at) : [];
        default:
          return [];
      }
    },
    onTick(now) {
      saidAt ??= now;
      if (now - saidAt < HEARTBEAT_AFTER_MS) return undefined;
      const atWork = view.nodes.filter((node) => node.state === 'running' || node.state === 'retrying');
      // Who waits for a person is not told so four times a minute.
      if (atWork.length === 0 && view.nodes.some((node) => node.state === 'parked')) return undefined;
      const named = atWork.slice(0, 4).map((node) => {
        if (node.retry) return `${node.id} (next try in ${Math.max(0, Math.ceil((node.retry.at - now) / 1000))}s)`;
        if (node.items) return `${node.id} ${node.items.settled}/${node.items.count}`;
        return `${node.id} (${renderDuration((now - (node.startedAt ?? now)) as Millis)})`;
      });
      if (atWork.length > named.length) named.push(`${atWork.length - named.length} more`);
      return line(now, 'run', paint.dim(named.length === 0 ? 'still running' : `still running: ${named.join(', ')}`));
    },
  };
}

/** The item of a fan-out, `sign_off[2] `; nothing for a node that has none. */
function taskOf({ task }: { readonly task: string }, node: NodeView): string {
  return node.items ? `${task} ` : '';
}

/** What a task waits for, and how to answer it. */
function waitLine(view: RunView, { task, until }: Extract<RunEvent, { type: 'attempt.parked' }>): string {
  if (until.type === 'timer') return `waits until ${new Date(until.at).toISOString()}`;
  if (until.type === 'signal') return `waits for the signal ${until.name}`;
  return `asks: ${oneLine(until.request.message, MESSAGE_WIDTH)}; to answer: dagrun approvals show ${view.run ?? ''} ${quoted(task)}`;
}

function wakeLine({ wake }: Extract<RunEvent, { type: 'attempt.woken' }>): string {
  if (wake.type === 'answered') {
    const reason = wake.reason === null ? '' : `: ${oneLine(wake.reason, MESSAGE_WIDTH)}`;
    return `was ${wake.approved ? 'approved' : 'rejected'} by ${wake.by}${reason}`;
  }
  if (wake.type === 'signalled') return `got its signal from ${wake.by}`;
  return wake.type === 'due' ? 'has waited' : 'its time was over';
}

function outcome(node: NodeView, paint: Paint): string {
  const took =
    node.startedAt === undefined || node.endedAt === undefined ? '' : renderDuration(Math.max(0, node.endedAt - node.startedAt) as Millis);
  const items = node.items ? `${node.items.settled - node.items.failed}/${node.items.count}` : '';
  const facts = [items, node.tier ?? '', node.model ?? '', describeSpending(node.spent), reusedIn(node), took]
    .filter((fact) => fact !== '')
    .join(' · ');
  const behind = facts === '' ? '' : `  ${paint.dim(facts)}`;
  if (node.state === 'succeeded') {
    if (node.recovered) return `${paint.green('done')}, by its on_error: ${oneLine(node.failure?.message ?? '', MESSAGE_WIDTH)}${behind}`;
    return `${paint.green('done')}${behind}`;
  }
  if (node.state === 'skipped') return paint.dim(`skipped: ${oneLine(node.detail ?? '', MESSAGE_WIDTH)}`);
  if (node.state === 'failed') return `${paint.red(`failed: ${oneLine(node.failure?.message ?? '', MESSAGE_WIDTH)}`)}${behind}`;
  return paint.yellow(`cancelled${node.detail ? `: ${oneLine(node.detail, MESSAGE_WIDTH)}` : ''}`);
}
