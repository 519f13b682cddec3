import type { NodeResult, RunResult } from '../../engine/contracts/result.ts';
import { askToRepeat } from '../../engine/nodes/tool-questions.ts';
import { askedAs, callsIn, isAct, type Lived } from './harness.ts';

/** No more calls than this are in flight in any reference run: their `limits.concurrency`. */
const IN_FLIGHT = 3;

/** What must be the same however often a process was killed: everything but times and tries. */
function essenceOf({ nodes, status, outputs, error, cost }: RunResult): Readonly<Record<string, unknown>> {
  const each = nodes.map(({ attempts: _attempts, durationMs: _duration, nodes: inner, ...node }) => {
    return [`node ${node.id}`, { ...node, nodes: inner?.map(sumOf) }] as const;
  });
  return { status, outputs, error, cost, ...Object.fromEntries(each) };
}

/** Of a node inside others: what it is over all items and rounds, which does not depend on who of them came last. */
function sumOf({ id, kind, cost, tokens, runs, rounds, nodes }: NodeResult): Readonly<Record<string, unknown>> {
  return { id, kind, cost, tokens, runs, rounds, nodes: nodes?.map(sumOf) };
}

/**
 * What is wrong with a run that was killed, compared with one that was not. Nothing that was kept may be paid again: so many calls
 * per task as in the undisturbed run are in the journal; what the server was asked for beyond them was in flight at a kill, at
 * most one call of a task and `IN_FLIGHT` of a process, and the journal says of each that it was interrupted.
 */
export function wrongIn(lived: Lived, undisturbed: Lived): readonly string[] {
  const wrong: string[] = [];
  const same = (what: string, is: unknown, was: unknown): void => {
    if (JSON.stringify(is) !== JSON.stringify(was)) wrong.push(`${what}: ${JSON.stringify(is)} instead of ${JSON.stringify(was)}`);
  };
  const is = essenceOf(lived.told.result);
  const was = essenceOf(undisturbed.told.result);
  for (const part of Object.keys(was)) same(part, is[part], was[part]);
  same('calls that were kept', sorted(callsIn(lived.told.events)), sorted(callsIn(undisturbed.told.events)));
  // A turn of a conversation that is paid once more is asked in the place of the one that would have followed.
  for (const [nth, question] of Object.entries(lived.questions)) {
    const would = undisturbed.questions[nth];
    if (would !== undefined) same(`question ${nth}`, question, would);
  }
  same('files that were written', lived.files, undisturbed.files);
  same('what was done outside and kept', sorted(lived.acts), sorted(undisturbed.acts));

  const { events } = lived.told;
  same(
    'numbers of the events',
    events.map((event) => event.seq),
    events.map((_, at) => at + 1),
  );
  const interrupted = new Map<string, number>();
  for (const event of events) {
    if (event.type !== 'attempt.interrupted') continue;
    const task = askedAs(event.task);
    interrupted.set(task, (interrupted.get(task) ?? 0) + 1);
  }
  for (const [name, times] of Object.entries(lived.lost)) {
    const [task, word] = isAct(name) ? (name.split(' ').slice(1) as [string, string?]) : [name];
    // What is asked in a workflow that is called as a tool is asked by the task that calls it.
    const by = [...interrupted.keys()].find((one) => one === task) ?? [...interrupted.keys()].find((one) => task.startsWith(`${one}/`));
    const told = interrupted.get(by ?? '') ?? 0;
    if (times > told) wrong.push(`${times} calls of ${name} were lost, and the journal tells of ${told} interruptions`);
    if (!name.startsWith('once ')) continue;
    const said = saidAgain(events, task, word);
    if (times > said) wrong.push(`${name} was done ${times} times more than is kept, and ${said} times somebody said so`);
  }
  for (const { call, times, asked } of callsBegun(events))
    if (times > 1 + asked) wrong.push(`${call} was made ${times} times, and ${asked} times somebody said so`);
  lived.lostByProcess.forEach((lost, process) => {
    if (lost > IN_FLIGHT) wrong.push(`process ${process} lost ${lost} calls`);
  });
  return wrong;
}

/** How often somebody was asked, and said, that a task, or the call of a tool with a word in its arguments, is done once more. */
function saidAgain(events: Lived['told']['events'], task: string, word: string | undefined): number {
  const questions = new Set<string>();
  let said = 0;
  for (const event of events) {
    if (!('task' in event) || askedAs(event.task) !== task) continue;
    const attempt = `${event.task}~${'attempt' in event ? event.attempt : ''}`;
    if (event.type === 'attempt.parked' && event.until.type === 'approval') {
      const { message } = event.until.request;
      const isCall = message.includes('Call it again?') && message.includes(`"word": ${JSON.stringify(word)}`);
      if (event.doubt || isCall) questions.add(attempt);
    }
    if (event.type !== 'attempt.woken' || !questions.delete(attempt)) continue;
    if (event.wake.type === 'answered' && event.wake.approved) said += 1;
  }
  return said;
}

interface Begun {
  readonly call: string;
  times: number;
  /** How often somebody was asked whether it is made again. */
  readonly asked: number;
}

/** How often each call of a tool was begun that may do harm when it is made twice. */
function callsBegun(events: Lived['told']['events']): readonly Begun[] {
  const begun = new Map<string, Begun>();
  for (const event of events) {
    if (event.type !== 'tool.called' || event.call.status !== 'begun') continue;
    const { task, call: made } = event;
    const call = `${task} ${made.tool} ${JSON.stringify(made.args)} ${made.request}`;
    const { message } = askToRepeat(made.tool, made.args);
    const asks = (other: (typeof events)[number]): boolean =>
      other.type === 'attempt.parked' && other.task === task && other.until.type === 'approval' && other.until.request.message === message;
    const known = begun.get(call);
    if (known) known.times += 1;
    else begun.set(call, { call, times: 1, asked: events.filter(asks).length });
  }
  return [...begun.values()];
}

function sorted(counts: Readonly<Record<string, number>>): unknown {
  return Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1));
}
