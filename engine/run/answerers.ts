import type { TaskKey } from '../base/ids.ts';
import type { Answerer, Reuse } from '../contracts/event.ts';
import type { NodePart, PlanNode } from '../contracts/plan.ts';
import type { ModelCall, Tier } from '../contracts/provider.ts';
import type { IndexedNode } from './plan-index.ts';

/** From the cheapest up; what names its model itself comes after them. */
const LADDER: readonly (Tier | undefined)[] = ['cheap', 'capable', 'premium', undefined];

/** Whether what a part gives is said about the output of the node it is of, and is not that output. */
export function onlyJudges(part: NodePart | undefined): boolean {
  return part === 'evaluate' || part === 'judge';
}

/** Whether a call answers for its task: a shortened prompt is no answer, and a tool's own models answer only where a tool is all there is. */
export function answersFor({ stages }: PlanNode, { call, asked }: ModelCall): boolean {
  return call !== 'summarize' && (asked === undefined || stages.some(({ kind }) => kind === 'tool'));
}

/** The nodes whose output is made by what is done at a node, itself first: not those for which it only judges. */
function madeBy(indexed: IndexedNode): readonly IndexedNode[] {
  const found: IndexedNode[] = [];
  for (let at: IndexedNode | undefined = indexed; at; at = onlyJudges(at.node.part) ? undefined : at.parent) found.push(at);
  return found;
}

/** Below zero when the first comes before the second: by tier, within a tier as the run had them, then by name. */
export function compareAnswerers(one: Answerer, other: Answerer, tiers?: Readonly<Partial<Record<Tier, readonly string[]>>>): number {
  const rank = LADDER.indexOf(one.tier) - LADDER.indexOf(other.tier);
  if (rank !== 0) return rank;
  const listed = one.tier && tiers?.[one.tier];
  const place = (name: string): number => {
    const at = listed?.indexOf(name) ?? -1;
    return at < 0 ? (listed?.length ?? 0) : at;
  };
  const [a, b] = [nameOf(one), nameOf(other)];
  return place(a) - place(b) || (a < b ? -1 : a > b ? 1 : 0);
}

const nameOf = ({ provider, model }: Answerer): string => `${provider}/${model}`;

/** Who made the outputs of a node and of what is inside of it: each once, whatever came first. */
export interface Answers {
  /** Of tasks that succeeded. */
  readonly made: Map<string, Answerer>;
  /** Of all that were asked: those that answered, and those that failed. */
  readonly answered: Map<string, Answerer>;
  readonly failed: Map<string, Answerer>;
}

export function noAnswers(): Answers {
  return { made: new Map(), answered: new Map(), failed: new Map() };
}

/** Everybody who answered: for what succeeded; where nothing did, whoever was asked for it. */
export function answerersIn(all: readonly Answers[], tiers?: Readonly<Partial<Record<Tier, readonly string[]>>>): readonly Answerer[] {
  for (const which of ['made', 'answered', 'failed'] as const) {
    const found = new Map(all.flatMap((one) => [...one[which]]));
    if (found.size > 0) return [...found.values()].sort((one, other) => compareAnswerers(one, other, tiers));
  }
  return [];
}

function keep(known: Map<string, Answerer>, who: Answerer): void {
  const name = `${who.tier ?? ''} ${nameOf(who)}`;
  if (!known.has(name)) known.set(name, who);
}

/** Follows a journal: of tasks that have not ended, who answered last. */
export interface Answering {
  called(task: TaskKey, call: ModelCall): void;
  succeeded(task: TaskKey, reused: Reuse | undefined): void;
  /** Its answers were not good enough. Those of a try that was cancelled may yet be what the next one goes on with. */
  dropped(task: TaskKey): void;
}

/** `at`: what is known of the node at a task, `answers` what is known of one. */
export function createAnswering(at: (task: TaskKey) => IndexedNode, answers: (node: IndexedNode) => Answers): Answering {
  type Heard = { own?: Answerer; readonly inTools: Map<string, Answerer> };
  const heard = new Map<TaskKey, Heard>();
  return {
    called(task, call) {
      const indexed = at(task);
      if (!answersFor(indexed.node, call)) return;
      const who = answererOf(call);
      const isAnswer = call.status === 'succeeded';
      for (const node of madeBy(indexed)) keep(answers(node)[isAnswer ? 'answered' : 'failed'], who);
      if (!isAnswer) return;
      const known: Heard = heard.get(task) ?? { inTools: new Map() };
      heard.set(task, known);
      if (call.asked) keep(known.inTools, who);
      else known.own = who;
    },
    succeeded(task, reused) {
      const known = heard.get(task);
      heard.delete(task);
      const who = known?.own ? [known.own] : known ? [...known.inTools.values()] : reused?.by ? [reused.by] : [];
      for (const node of who.length === 0 ? [] : madeBy(at(task))) for (const one of who) keep(answers(node).made, one);
    },
    dropped: (task) => void heard.delete(task),
  };
}

function answererOf({ provider, model, tier }: ModelCall): Answerer {
  return { provider, model, ...(tier && { tier }) };
}
