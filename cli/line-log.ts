import { type Millis, type RunEvent, renderDuration } from '../engine/index.ts';
import { countOf, describeSpending } from './amounts.ts';
import { oneLine, padEnd, padStart } from './layout.ts';
import { standsIn } from './loop-view.ts';
import { answersOf, reusedIn, scoresText, toolCallsOf, waysOf } from './node-cells.ts';
import { type NodeView, rootNode } from './node-view.ts';
import type { Paint } from './paint.ts';
import { quoted } from './run-tree.ts';
import { type RunView, stageAfter } from './run-view.ts';
import { callsAtWork, callText } from './tools-view.ts';

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
/** Failed items, and failed tries inside, told of one by one, per outermost node; the rest is counted. */
const FAILURES_TOLD = 3;
/** Rounds told of one by one; of the others one now and then. */
const ROUNDS_TOLD = 10;
/** Calls of tools told of one by one, per outermost node. */
const CALLS_TOLD = 10;
const MESSAGE_WIDTH = 160;
const CALL_WIDTH = 60;

export function createLineLog(view: RunView, paint: Paint): LineLog {
  const names = Math.min(
    32,
    view.nodes.reduce((most, node) => Math.max(most, node.id.length), 'run'.length),
  );
  const fanOuts = new Map<NodeView, { told: number; at: number; failures: number }>();
  const rounds = new Map<NodeView, number>();
  const calls = new Map<NodeView, number>();
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

  /** A loop's next round; of many, some. */
  const turned = (node: NodeView, { at, round }: Extract<RunEvent, { type: 'loop.turned' }>): readonly string[] => {
    const before = rounds.get(node) ?? at;
    rounds.set(node, before);
    if (round > ROUNDS_TOLD && at - before < PROGRESS_EVERY_MS) return [];
    rounds.set(node, at);
    const scores = scoresText(node.loop?.scores ?? []);
    const most = node.loop?.max === undefined ? '' : ` of ${node.loop.max}`;
    return [line(at, node.id, `round ${round}${most}${scores === '' ? '' : `  ${paint.dim(scores)}`}`)];
  };

  /** A call of a tool that has ended; those of a fan-out would be too many. */
  const called = (node: NodeView, { at, task, call }: Extract<RunEvent, { type: 'tool.called' }>): readonly string[] => {
    const root = rootNode(node);
    const told = calls.get(root) ?? 0;
    if (call.status === 'begun' || node.kind === 'tool' || root.items || told >= CALLS_TOLD) return [];
    calls.set(root, told + 1);
    const more = told + 1 === CALLS_TOLD ? ' (further ones are only counted)' : '';
    const text = `${task === root.id ? '' : `${task} `}${callText(call.tool, call.args, CALL_WIDTH)}`;
    if (call.status === 'succeeded') return [line(at, root.id, paint.dim(`${text} · ${renderDuration(call.latency)}${more}`))];
    const message = typeof call.result === 'string' ? call.result : JSON.stringify(call.result);
    return [line(at, root.id, paint.yellow(`${text} failed: ${oneLine(message, MESSAGE_WIDTH)}${more}`))];
  };

  const failed = (node: NodeView, event: Extract<RunEvent, { type: 'attempt.failed' }>): readonly string[] => {
    const message = oneLine(event.failure.message, MESSAGE_WIDTH);
    const root = rootNode(node);
    const isOwn = isOutermost(event.task);
    const next = stageAfter(view, event);
    const wait = event.next.type === 'retry' ? renderDuration(Math.max(0, event.next.at - event.at) as Millis) : '';
    if (isOwn && !root.items) {
      if (next === undefined) return [];
      if (next === 'stand_in') return [line(event.at, root.id, paint.yellow(`failed, on_error stands in: ${message}`))];
      if (next === 'escalated') return [line(event.at, root.id, paint.yellow(`${higher(node)}: ${message}`))];
      return [line(event.at, root.id, paint.yellow(`try ${event.attempt} failed, next one in ${wait}: ${message}`))];
    }
    const told = fanOuts.get(root) ?? { told: 0, at: event.at, failures: 0 };
    fanOuts.set(root, told);
    // What fails inside fails what is around it, which tells of it; a wait would look like nothing going on.
    const isTold = isOwn ? event.next.type !== 'retry' : next === 'same';
    if (!isTold || told.failures >= FAILURES_TOLD) return progress(root, event.at);
    told.failures += 1;
    const more = told.failures === FAILURES_TOLD ? ' (further ones are only counted)' : '';
    const text = isOwn
      ? paint.red(`${event.task} failed: ${message}${more}`)
      : paint.yellow(`${event.task}: try ${event.attempt} failed, next one in ${wait}: ${message}${more}`);
    return [line(event.at, root.id, text), ...progress(root, event.at)];
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
          return node && isOutermost(event.node) && event.count > 0
            ? [line(event.at, node.id, `0/${event.count}${event.warmUp ? paint.dim('  one goes first, to fill the prompt cache') : ''}`)]
            : [];
        case 'node.succeeded':
        case 'node.failed':
        case 'node.skipped':
          return node && isOutermost(event.node) ? [line(event.at, node.id, outcome(node, paint))] : [];
        case 'node.cancelled':
          // When a run ends early, everything that has not started is cancelled: the tree tells of it.
          return node?.startedAt === undefined || !isOutermost(event.node) ? [] : [line(event.at, node.id, outcome(node, paint))];
        case 'loop.turned':
          return node && isOutermost(event.task) && event.round > 1 && !standsIn(event) && !node.items ? turned(node, event) : [];
        case 'tool.called':
          return node ? called(node, event) : [];
        case 'attempt.failed':
          return node ? failed(node, event) : [];
        case 'attempt.parked':
          return node ? [line(event.at, rootNode(node).id, paint.yellow(`${taskOf(event, node)}${waitLine(view, event)}`))] : [];
        case 'attempt.woken':
          return node ? [line(event.at, rootNode(node).id, `${taskOf(event, node)}${wakeLine(event)}`)] : [];
        case 'answer.refused':
          return node
            ? [
                line(
                  event.at,
                  rootNode(node).id,
                  paint.yellow(`${taskOf(event, node)}the answer of ${event.by} was not taken: ${oneLine(event.reason, MESSAGE_WIDTH)}`),
                ),
              ]
            : [];
        case 'attempt.logged':
          return node ? [line(event.at, rootNode(node).id, paint.dim(`${taskOf(event, node)}${oneLine(event.text, MESSAGE_WIDTH)}`))] : [];
        case 'attempt.succeeded':
        case 'loop.ended':
          return node ? progress(rootNode(node), event.at) : [];
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
        const [retry] = node.state === 'retrying' ? node.backoff.values() : [];
        if (retry) return `${node.id} (next try in ${Math.max(0, Math.ceil((retry.at - now) / 1000))}s)`;
        const calls = callsAtWork(node.tools, now);
        if (calls !== '') return `${node.id} (${calls})`;
        if (node.items) return `${node.id} ${node.items.settled}/${node.items.count}`;
        return `${node.id} (${renderDuration((now - (node.startedAt ?? now)) as Millis)})`;
      });
      if (atWork.length > named.length) named.push(`${atWork.length - named.length} more`);
      return line(now, 'run', paint.dim(named.length === 0 ? 'still running' : `still running: ${named.join(', ')}`));
    },
  };
}

/** False for what happens inside a node. */
function isOutermost(key: string): boolean {
  return !key.includes('/');
}

/** The tier that is asked next, and the one that was not good enough. */
function higher({ escalated }: NodeView): string {
  const [before = 'it', now = 'the next tier'] = escalated.slice(-2);
  return `${before} was not good enough, asks ${now}`;
}

/** Where inside a node it is, `sign_off[2] `; nothing where the node itself says it. */
function taskOf({ task }: { readonly task: string }, node: NodeView): string {
  return task === node.id ? '' : `${task} `;
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

/** Who answered; of many inside, nobody in particular. */
function whoOf(node: NodeView): readonly string[] {
  const { planned, answers, tier = '', model = '' } = node;
  const body = planned.bodies[0]?.body.type;
  if (body === 'group' || body === 'workflow') return [];
  return answers.size > 1 ? [answersOf(node)] : [tier, model];
}

function outcome(node: NodeView, paint: Paint): string {
  const took =
    node.startedAt === undefined || node.endedAt === undefined ? '' : renderDuration(Math.max(0, node.endedAt - node.startedAt) as Millis);
  const items = node.items ? `${node.items.settled - node.items.failed}/${node.items.count}` : '';
  const facts = [items, ...waysOf(node), ...whoOf(node), toolCallsOf(node), describeSpending(node.spent), reusedIn(node), took]
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
