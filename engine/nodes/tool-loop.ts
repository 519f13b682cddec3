import { invariant } from '../base/assert.ts';
import { isObject, type Json, type JsonObject, type JsonSchema } from '../base/json.ts';
import { Failed } from '../contracts/failure.ts';
import { Parked, type TaskContext, type Wake } from '../contracts/node-kind.ts';
import type { CommonStart, Message, ModelAsk, ToolCall, ToolChoice } from '../contracts/provider.ts';
import type { OfferedTool, ToolBox, ToolOutcome } from '../contracts/tool.ts';
import { toolsNamed } from '../lang/tool-names.ts';
import { askToCall, askToRepeat, notAllowed, notRepeated } from './tool-questions.ts';

/** The fields of a model call that may call tools before it answers. */
export interface ToolFields {
  readonly tools?: readonly string[];
  readonly max_turns?: number;
  readonly tool_choice?: ToolChoice;
  readonly approve?: readonly string[];
}

/** Their schema. */
export const toolFields: Readonly<Record<keyof ToolFields, JsonSchema>> = {
  tools: {
    type: 'array',
    minItems: 1,
    items: { type: 'string', minLength: 1 },
    'x-holds': 'literal',
    description: 'Tools it may call before it answers, of those below `tools`: `[search_db, "fs/*"]`.',
  },
  max_turns: {
    anyOf: [{ type: 'integer', minimum: 1 }, { type: 'string' }],
    'x-holds': 'expression',
    'x-bound': true,
    description: 'Asks in all, the last of which it has to answer without calling a tool. Default: 8.',
  },
  tool_choice: {
    enum: ['auto', 'required', 'none'],
    'x-holds': 'literal',
    description: 'Whether it calls tools: as it likes, at least one before it answers, or none. Default: auto.',
  },
  approve: {
    type: 'array',
    minItems: 1,
    items: { type: 'string', minLength: 1 },
    'x-holds': 'literal',
    description: 'Those of its tools for each call of which a person is asked.',
  },
};

/** What is asked in the first turn. */
export type FirstAsk = Omit<ModelAsk, 'origin' | 'problemsOf'>;

/** Turns of a conversation when the author does not say: enough to look something up, act on it, and answer. */
const MAX_TURNS = 8;
/** Characters of what a tool gave that a model is shown: some 25,000 tokens. */
const MOST_SHOWN = 100_000;

/**
 * A conversation in which the model calls tools until it answers: its answer, or `Parked` to ask a person whether a call may be made.
 * The calls of one turn are made at once. What fails is told to the model. In its last turn it has to answer. Throws Failed.
 */
export function converse(fields: ToolFields, ask: FirstAsk, ctx: TaskContext): Promise<Json | Parked> {
  return createLoop(fields, ask, ctx).goOn({ turn: 0, added: [] });
}

/** Goes on when somebody has said whether a call may be made. Throws Failed. */
export function converseOn(fields: ToolFields, ask: FirstAsk, memo: Json, wake: Wake, ctx: TaskContext): Promise<Json | Parked> {
  const { asked, ...state } = readMemo(memo);
  const said = wake.type === 'answered' ? wake : { approved: false, by: 'nobody', reason: 'nobody answered' };
  return createLoop(fields, ask, ctx).goOn(state, asked && { ...asked, ...said });
}

/** How far a conversation has come: what was said after the first ask, and the calls that are being made. */
interface State {
  /** Asks that were answered. */
  readonly turn: number;
  readonly added: readonly Message[];
  /** Of the calls of the last message: those that have ended, by id. */
  readonly ended?: Readonly<Record<string, Result>>;
  /** Of the others: those besides the one asked about that may have been made, by id. Once it waits, only its memo knows. */
  readonly doubt?: readonly string[];
}

interface Result {
  readonly text: string;
  readonly failed: boolean;
  readonly images?: Message['attachments'];
}

/** Why the conversation waits: for leave to make a call, or for a word on one that may have been made. */
interface Asked {
  readonly id: string;
  readonly why: 'approve' | 'repeat';
}

interface Said extends Asked {
  readonly approved: boolean;
  /** It is about all calls that may have been made. */
  readonly all?: true;
  readonly by: string;
  readonly reason: string | null;
}

function createLoop(fields: ToolFields, first: FirstAsk, ctx: TaskContext): { goOn(state: State, said?: Said): Promise<Json | Parked> } {
  const { tools: box } = ctx;
  invariant(box, 'a task has tools');
  const offered = box.offered(fields.tools ?? []);
  const signatures = offered.map(({ name, description, input }) => ({ name, description, input }));
  const asking = new Set(toolsNamed(fields.approve ?? [], names(offered)));
  for (const { name, approve } of offered) if (approve) asking.add(name);
  const maxTurns = turnsOf(fields.max_turns);

  return {
    async goOn(state, said) {
      let { turn, added } = state;
      let open: Omit<Open, 'turn'> | undefined =
        state.ended && added.at(-1)?.toolCalls
          ? { calls: added.at(-1)?.toolCalls ?? [], ended: state.ended, doubt: state.doubt ?? [] }
          : undefined;
      let word = said;
      for (;;) {
        if (open) {
          const made = await makeCalls(box, offered, asking, { turn, ...open }, word);
          word = undefined;
          if ('asked' in made) return parked(made, { turn, added, ended: made.ended, ...(made.doubt.length > 0 && { doubt: made.doubt }) });
          added = [...added, ...open.calls.map((call) => resultMessage(call, made.ended[call.id]))];
          open = undefined;
        }
        const last = turn + 1 >= maxTurns;
        const messages = [...first.messages, ...added];
        const answer = await ctx.ask({
          ...first,
          messages,
          starts: startsInTurn(first, messages, last, fields),
          tools: signatures,
          toolChoice: choice(last, added),
        });
        turn += 1;
        if (!answer.toolCalls) {
          if (last || fields.tool_choice !== 'required' || added.length > 0) return answer.output;
          // Some providers cannot be told to make their models call a tool; none takes an empty message.
          const said = textOf(answer.output);
          added = [...added, ...(said.trim() === '' ? [] : [{ role: 'assistant' as const, text: said }]), { role: 'user', text: INSIST }];
          continue;
        }
        if (last) throw endless(answer.toolCalls, maxTurns);
        const calls = withOwnIds(answer.toolCalls, turn, added);
        added = [
          ...added,
          {
            role: 'assistant',
            text: textOf(answer.output),
            toolCalls: calls.all,
            ...(calls.kept && answer.carry && { carry: answer.carry }),
          },
        ];
        open = { calls: calls.all, ended: {} };
      }
    },
  };

  /** The first turn may have to call one; in the last there is no time left for it. */
  function choice(last: boolean, added: readonly Message[]): ToolChoice {
    if (last || fields.tool_choice === 'none') return 'none';
    return fields.tool_choice === 'required' && !added.some((message) => message.toolCalls) ? 'required' : 'auto';
  }
}

/**
 * What a turn has in common with others: what its conversation does with those of other tasks, and what it is so far with the turns that
 * follow. In a last turn no tool may be called any more, and what is said after such a change is another beginning.
 */
function startsInTurn(
  { starts = [], messages }: FirstAsk,
  said: readonly Message[],
  last: boolean,
  { tool_choice }: ToolFields,
): readonly CommonStart[] {
  if (tool_choice === 'none' || (last && said.length === messages.length)) return starts;
  if (last) return starts.filter(({ message }) => message < 0 || said[message]?.role === 'system');
  const turn = (message: number): CommonStart => ({ message, at: said[message]?.text.length ?? 0, calls: 2, atOnce: 1 });
  const asked = said.findLastIndex((message) => message.toolCalls !== undefined) - 1;
  return [...starts, ...(asked >= messages.length - 1 ? [turn(asked)] : []), turn(said.length - 1)];
}

const INSIST = 'Call at least one of your tools before you answer.';

interface Open {
  readonly turn: number;
  readonly calls: readonly ToolCall[];
  readonly ended: Readonly<Record<string, Result>>;
  readonly doubt?: readonly string[];
}

type Doubt = Pick<Extract<ToolOutcome, { readonly status: 'in_doubt' }>, 'request' | 'inside'>;

type Made =
  | { readonly ended: Readonly<Record<string, Result>> }
  | {
      readonly ended: Readonly<Record<string, Result>>;
      readonly call: ToolCall;
      readonly asked: Asked;
      /** What it is asked about, unless it is for leave. */
      readonly about?: Doubt;
      readonly doubt: readonly string[];
    };

/** Makes the calls of a turn that have not ended, those at once for which nobody has to be asked; then the first question is put. */
async function makeCalls(
  box: ToolBox,
  offered: readonly OfferedTool[],
  asking: ReadonlySet<string>,
  { turn, calls, ended: before, doubt = [] }: Open,
  said: Said | undefined,
): Promise<Made> {
  const ended: Record<string, Result> = { ...before };
  const doubtful = new Map<ToolCall, Doubt>();
  const waiting: ToolCall[] = [];
  const end = (call: ToolCall, outcome: ToolOutcome): void => {
    if (outcome.status === 'in_doubt') doubtful.set(call, outcome);
    else ended[call.id] = resultOf(outcome);
  };
  const make = async (call: ToolCall): Promise<void> => end(call, await box.call({ tool: call.tool, args: call.args, turn, id: call.id }));

  const now: Promise<void>[] = [];
  for (const call of calls) {
    if (ended[call.id]) continue;
    if (!offered.some(({ name }) => name === call.tool)) ended[call.id] = unknownTool(call.tool, offered);
    else if (said?.id === call.id) {
      if (said.approved) now.push(make(call));
      else ended[call.id] = { failed: true, text: said.why === 'approve' ? notAllowed(call.tool, said) : notRepeated(call.tool, said) };
    } else if (doubt.includes(call.id)) {
      if (said?.all && said.approved) now.push(make(call));
      else doubtful.set(call, { request: call.id });
    } else if (asking.has(call.tool)) waiting.push(call);
    else now.push(make(call));
  }
  await settled(now);
  const inDoubt = calls.flatMap((call) => {
    const about = doubtful.get(call);
    return about ? [{ call, about }] : [];
  });
  // What was called inside of a tool is known only until another question is put.
  const first = inDoubt.find(({ about }) => about.inside) ?? inDoubt[0];
  if (first) {
    const others = inDoubt.flatMap(({ call, about }) => (call === first.call || about.inside ? [] : [call.id]));
    return { ended, ...first, asked: { id: first.call.id, why: 'repeat' }, doubt: others };
  }
  const [next] = waiting;
  return next ? { ended, call: next, asked: { id: next.id, why: 'approve' }, doubt: [] } : { ended };
}

/** All of them come to their end before the first failure is told: what was begun is journaled. */
async function settled(all: readonly Promise<void>[]): Promise<void> {
  for (const one of await Promise.allSettled(all)) if (one.status === 'rejected') throw one.reason;
}

function parked({ call, asked, about }: Extract<Made, { readonly asked: Asked }>, state: State): Parked {
  const request = about === undefined ? askToCall(call.tool, call.args) : (about.inside ?? askToRepeat(call.tool, call.args));
  const more = about && { repeats: about.request, ...(about.inside && { inside: true as const }) };
  return new Parked({ type: 'approval', request }, { ...state, asked } as unknown as JsonObject, { lasting: true, ...more });
}

function readMemo(memo: Json): State & { readonly asked?: Asked } {
  invariant(isObject(memo) && Array.isArray(memo.added), 'the memo of a conversation');
  return memo as unknown as State & { readonly asked?: Asked };
}

/** Ids are what calls and their results are told apart by, as fields of an object too: some servers give the same ones in every turn. */
function withOwnIds(
  calls: readonly ToolCall[],
  turn: number,
  added: readonly Message[],
): { readonly all: readonly ToolCall[]; readonly kept: boolean } {
  const used = new Set(added.flatMap((message) => message.toolCalls ?? []).map((call) => call.id));
  const given = new Set(calls.map((call) => call.id));
  let kept = true;
  const all = calls.map((call, index) => {
    const usable = /^[a-zA-Z0-9_-]{1,64}$/.test(call.id) && !(call.id in Object.prototype) && !used.has(call.id);
    let id = usable ? call.id : `call_${turn}_${index + 1}`;
    while (!usable && (used.has(id) || given.has(id))) id += '_';
    kept &&= usable;
    used.add(id);
    return { ...call, id };
  });
  return { all, kept };
}

function resultMessage(call: ToolCall, result: Result | undefined): Message {
  invariant(result, 'every call of a turn has ended');
  return {
    role: 'tool',
    callId: call.id,
    text: result.text,
    ...(result.failed && { isError: true }),
    ...(result.images && { attachments: result.images }),
  };
}

function resultOf(outcome: Exclude<ToolOutcome, { readonly status: 'in_doubt' }>): Result {
  return outcome.status === 'succeeded'
    ? { text: shown(textOf(outcome.output)), failed: false, ...(outcome.images && { images: outcome.images }) }
    : { text: shown(outcome.message), failed: true };
}

function shown(text: string): string {
  if (text.length <= MOST_SHOWN) return text;
  return `${text.slice(0, MOST_SHOWN)}\n[${text.length - MOST_SHOWN} more characters were left out]`;
}

function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function unknownTool(name: string, offered: readonly OfferedTool[]): Result {
  return { failed: true, text: `There is no tool "${name}". There are: ${names(offered).join(', ')}.` };
}

function names(tools: readonly OfferedTool[]): readonly string[] {
  return tools.map(({ name }) => name);
}

/** Throws Failed (expression_failed). */
function turnsOf(turns: Json | undefined): number {
  if (turns === undefined) return MAX_TURNS;
  if (typeof turns === 'number' && Number.isInteger(turns) && turns >= 1) return turns;
  throw new Failed({
    type: 'expression_failed',
    field: 'max_turns',
    message: `\`max_turns\` is ${JSON.stringify(turns)}, not a whole number from 1`,
  });
}

function endless(calls: readonly ToolCall[], turns: number): Failed {
  const wanted = [...new Set(calls.map(({ tool }) => tool))].join(', ');
  const message = `after ${turns} ${turns === 1 ? 'turn' : 'turns'} it still wants to call ${wanted}, and has no answer: raise \`max_turns\`, or ask for less`;
  return new Failed({ type: 'not_accepted', message });
}
