import { hash } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { acting } from '../base/failpoint.ts';
import { millis, nanoUsd, type TaskKey } from '../base/ids.ts';
import type { JsonSchema } from '../base/json.ts';
import { Failed, type Failure } from '../contracts/failure.ts';
import type {
  Breakpoint,
  CallBook,
  Message,
  ModelAsk,
  ModelCall,
  ModelClient,
  ModelReply,
  ModelRequest,
  Provider,
  RequestOrigin,
  Usage,
  WarmUp,
} from '../contracts/provider.ts';
import { answer, type Call, readReply } from './answer.ts';
import { type Budget, createBudget, withinAll } from './budget.ts';
import {
  type Candidate,
  candidatesOf,
  isOutOfReach,
  nobodyAnswered,
  type ProviderAccess,
  pricedPremium,
  type RunModels,
} from './candidates.ts';
import { reasoningOf, temperatureOf } from './capabilities.ts';
import { priceOf } from './catalog.ts';
import { createGate, type Ending, type Gate, type Leave } from './gate.ts';
import { breakpointsOf, savedByCache, warmUpOf } from './prompt-cache.ts';
import { mayBeTooLong, refuseTooLong, rulerFor } from './ruler.ts';
import { beginWait, type Turn } from './turn.ts';
import { defaultMaxOutput, leastOutput, reserve, type WorstCase } from './worst-case.ts';

export type { ProviderAccess, RunModels } from './candidates.ts';

export interface ModelsOptions {
  readonly providers: ReadonlyMap<string, ProviderAccess>;
  readonly clock: Clock;
  /** The doors to providers that others use as well, by the provider's id; it has its own to all others. */
  readonly gates?: ReadonlyMap<string, Gate>;
}

/** What all runs of one engine share: open providers, their gates, and what was learned about them. */
export interface Models {
  /** The client of one run, with the run's own tiers and money. Closing it closes nothing shared. */
  forRun(run: RunModels): ModelClient;
  close(): Promise<void>;
}

const NO_USAGE: Usage = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };

/** Opens nothing yet; providers are opened when they are first called. */
export function createModels({ providers, clock, gates: shared }: ModelsOptions): Models {
  const gates = new Map<string, Gate>(shared);
  const opened = new Map<string, Promise<Provider>>();
  /** Candidates whose provider would not take a JSON Schema: they get it as text. */
  const schemaless = new Set<string>();

  return {
    forRun(run) {
      const whole = run.maxCost === undefined ? [] : [createBudget(run.maxCost, run.spent)];
      const parts = new Map<TaskKey, Budget>();
      const premium = pricedPremium(run, providers);
      return {
        ask,
        ruler: (ask) => rulerFor(ask, candidatesOf(ask, run, providers)),
        ...(!run.offline && { prompts: { warmUp } }),
        close: () => Promise.resolve(),
      };

      /** The first candidate is the one that is asked, unless it cannot be reached. */
      async function warmUp(ask: ModelAsk): Promise<WarmUp | undefined> {
        const [first] = candidatesOf(ask, run, providers);
        return first?.access.keepsMarked ? warmUpOf(ask, first) : undefined;
      }

      /** The money a call of a task is paid from. */
      function budgetOf({ origin, within = [] }: ModelAsk): Budget | undefined {
        const around = [...within, ...(run.moneyAround?.(origin.task) ?? [])];
        return withinAll([...around.map(({ of, maxCost, spent }) => once(parts, of, () => createBudget(maxCost, spent, of))), ...whole]);
      }

      async function ask(...[ask, book, abort, pause]: Parameters<ModelClient['ask']>): ReturnType<ModelClient['ask']> {
        const failures: Failure[] = [];
        const turn: Turn = { abort, halt: run.halt, pause };
        for (const candidate of candidatesOf(ask, run, providers)) {
          const provider = run.offline ?? (await once(opened, candidate.access.id, () => candidate.access.open()));
          try {
            const { carry, ...answered } = await answer(ask, callOf(candidate, provider, ask, book, turn), {
              takes: (schema) => takesSchema(candidate, provider, schema),
              refused: () => schemaless.add(candidate.name),
            });
            const carried = carry === undefined ? {} : { carry: { of: candidate.name, content: carry } };
            return { ...answered, ...carried, model: candidate.model, provider: provider.id, ...tierOf(ask) };
          } catch (error) {
            if (!(error instanceof Failed) || !isOutOfReach(error.failure)) throw error;
            failures.push(error.failure);
          }
        }
        throw nobodyAnswered(failures);
      }

      /** One call to a candidate: waits for its turn and for money, calls, reads, records. */
      function callOf(candidate: Candidate, provider: Provider, ask: ModelAsk, book: CallBook, turn: Turn): Call {
        const { access, info, model } = candidate;
        const budget = budgetOf(ask);
        return async ({ messages: said, schema, call: way, read }) => {
          const messages = provider.toolImages && info?.vision !== false ? said : withoutToolImages(said);
          const call = way === 'ask' ? (ask.purpose ?? way) : way;
          const question = { candidate: candidate.name, messages, schema: schema ?? null, call, ...samplingOf(ask), ...toolsOf(ask, call) };
          const last = call === 'repair' || !ask.tools;
          const request = hash('sha256', JSON.stringify(question));
          const before = book.paid(request);
          for (const { of } of before ? (ask.within ?? []) : []) parts.get(of)?.spend(before?.call.cost ?? nanoUsd(0));
          if (before?.reply)
            return { reply: before.reply, reading: readReply(before.reply, read, Number.POSITIVE_INFINITY, undefined, last) };
          const failure = before?.call.failure;
          // Refused with a schema, or with what was carried along: whether without it would be taken has to be asked again, and costs nothing.
          const hasMore = schema !== undefined || messages.some(({ carry }) => carry);
          if (failure && !(hasMore && failure.type === 'bad_request')) throw new Failed(failure);
          if (mayBeTooLong({ messages }, info)) await refuseTooLong({ messages }, candidate.name, info);
          const marks = provider.simulated ? [] : await breakpointsOf(startsIn(ask, messages, call), candidate, messages, ask.tools);
          const gate = provider.simulated ? undefined : once(gates, access.id, () => createGate({ ...access, provider: access.id, clock }));
          let leave: Leave | undefined;
          let ending: Ending = 'failed';
          try {
            // A tier may mix models with longer and shorter limits; the check has warned.
            const wanted = ask.maxOutputTokens && Math.min(ask.maxOutputTokens, info?.maxOutput ?? Infinity);
            const asked = wanted ?? defaultMaxOutput(info, ask.reasoning);
            const least = wanted ?? leastOutput(asked);
            const wait = beginWait(turn);
            let money: WorstCase;
            try {
              leave = await gate?.enter(wait.stop);
              money = await reserve(budget, info, { messages, schema, tools: ask.tools, least, most: asked }, wait.stop);
            } finally {
              wait.end();
            }
            turn.halt = undefined;
            const started = clock.now();
            const recorded = (
              outcome: Pick<ModelCall, 'status' | 'usage' | 'cost' | 'baseline' | 'cacheSaved'> & { readonly failure?: Failure },
              reply: ModelReply | null,
            ): Promise<void> => {
              const latency = millis(Math.max(0, clock.now() - started));
              const made = {
                provider: provider.id,
                model,
                ...tierOf(ask),
                call,
                ...askedIn(ask),
                ...outcome,
                latency,
                simulated: provider.simulated,
              };
              return book.record(made, request, reply);
            };
            let reply: ModelReply;
            try {
              const asking = requestOf(ask, candidate, messages, schema, money.most, call, marks);
              reply = await acting('call', () => provider.complete(asking, turn.abort));
            } catch (error) {
              const failure: Failure = error instanceof Failed ? error.failure : { type: 'bug', message: String(error) };
              // Refused by its status: nothing was worked on. Lost on the way: nobody knows.
              const cost = error instanceof Failed && !error.mayHaveCharged ? nanoUsd(0) : null;
              money.settle(cost);
              if (failure.type === 'rate_limited') ending = { slowDown: failure.retryAfter };
              await recorded({ status: 'failed', failure, usage: NO_USAGE, cost, baseline: cost }, null);
              throw error;
            }
            ending = 'answered';
            const cost = reply.billed ? reply.billed.cost : priceOf(info, reply.usage);
            const cacheSaved = savedByCache(info, reply.usage);
            money.settle(cost);
            const reading = readReply(reply, read, money.most, money.most < asked ? budget : undefined, last);
            await recorded(
              {
                ...('failed' in reading ? { status: 'failed', failure: reading.failed.failure } : { status: 'succeeded' }),
                usage: reply.usage,
                cost,
                baseline: reply.billed ? reply.billed.baseline : priceOf(premium, reply.usage),
                ...(cacheSaved !== undefined && { cacheSaved }),
              },
              reply,
            );
            return { reply, reading };
          } finally {
            leave?.(ending);
          }
        };
      }
    },
    async close() {
      const all = await Promise.allSettled(opened.values());
      await Promise.all(all.map((one) => (one.status === 'fulfilled' ? one.value.close?.() : undefined)));
    },
  };

  function takesSchema({ name, info }: Candidate, provider: Provider, schema: JsonSchema): boolean {
    if (provider.simulated) return true;
    return info?.structured !== false && !schemaless.has(name) && (provider.takesSchema?.(schema) ?? true);
  }
}

function samplingOf(ask: ModelAsk): Pick<ModelAsk, 'temperature' | 'stop' | 'maxOutputTokens' | 'reasoning'> {
  const { temperature, stop, maxOutputTokens, reasoning } = ask;
  return {
    ...(temperature !== undefined && { temperature }),
    ...(stop && { stop }),
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...(reasoning !== undefined && { reasoning }),
  };
}

/** An answer that is mended calls nothing any more. */
function toolsOf({ tools, toolChoice }: ModelAsk, call: RequestOrigin['call']): Pick<ModelAsk, 'tools' | 'toolChoice'> {
  if (!tools || tools.length === 0) return {};
  return { tools, toolChoice: call === 'repair' ? 'none' : (toolChoice ?? 'auto') };
}

/** What tools gave, without the images that their texts name. */
function withoutToolImages(messages: readonly Message[]): readonly Message[] {
  if (!messages.some(({ role, attachments }) => role === 'tool' && attachments)) return messages;
  return messages.map((message) => {
    if (message.role !== 'tool') return message;
    const { attachments: _images, ...text } = message;
    return text;
  });
}

/** Who asks, where that is not the task itself. */
function askedIn({ origin }: ModelAsk): Pick<ModelCall, 'asked'> {
  if (!origin.inTool) return {};
  const { task: _task, attempt: _attempt, inTool: _inTool, ...asked } = origin;
  return { asked };
}

/** What a call has in common with others. To be mended, an answer may call no tools any more: messages are then read anew. */
function startsIn({ starts, tools }: ModelAsk, messages: readonly Message[], call: RequestOrigin['call']): Pick<ModelAsk, 'starts'> {
  if (!starts || call === 'summarize') return {};
  return {
    starts: call === 'repair' && tools ? starts.filter(({ message }) => message < 0 || messages[message]?.role === 'system') : starts,
  };
}

function tierOf(ask: ModelAsk): Pick<ModelCall, 'tier'> {
  return ask.tier !== undefined && ask.model === undefined ? { tier: ask.tier } : {};
}

function requestOf(
  ask: ModelAsk,
  { model, info }: Candidate,
  messages: readonly Message[],
  schema: JsonSchema | undefined,
  maxOutputTokens: number,
  call: RequestOrigin['call'],
  breakpoints: readonly Breakpoint[],
): ModelRequest {
  return {
    model,
    messages,
    maxOutputTokens,
    // A tier may mix models that take a temperature or think and such that do not; the check has warned.
    ...temperatureOf(ask, info),
    ...reasoningOf(ask, info),
    ...(info?.reasoning !== undefined && { thinks: info.reasoning !== false }),
    ...(ask.stop !== undefined && { stop: ask.stop }),
    ...(schema !== undefined && { outputSchema: schema }),
    ...toolsOf(ask, call),
    ...(breakpoints.length > 0 && { breakpoints }),
    origin: { ...ask.origin, ...tierOf(ask), call },
  };
}

/** The value of a key, made when it is first asked for. */
function once<T>(all: Map<string, T>, key: string, make: () => T): T {
  const known = all.get(key);
  if (known !== undefined) return known;
  const made = make();
  all.set(key, made);
  return made;
}
