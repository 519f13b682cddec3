import type { Clock } from '../base/clock.ts';
import { millis, nanoUsd, type Usd } from '../base/ids.ts';
import type { Json, JsonSchema } from '../base/json.ts';
import { Failed, type Failure } from '../contracts/failure.ts';
import type {
  Message,
  ModelAnswer,
  ModelAsk,
  ModelCall,
  ModelClient,
  ModelReply,
  ModelRequest,
  Provider,
  RequestOrigin,
  Usage,
} from '../contracts/provider.ts';
import { type Budget, createBudget } from './budget.ts';
import {
  type Candidate,
  candidatesOf,
  isOutOfReach,
  nobodyAnswered,
  type ProviderAccess,
  pricedPremium,
  type RunModels,
} from './candidates.ts';
import { type ModelInfo, priceOf } from './catalog.ts';
import { createGate, type Gate } from './gate.ts';
import { type Reading, readAnswer, repairMessages, schemaToAsk, withSchemaInText } from './structured.ts';
import { countRequest, loadTokenCounter } from './tokens.ts';

export interface ModelsOptions {
  readonly providers: ReadonlyMap<string, ProviderAccess>;
  readonly clock: Clock;
}

/** What all runs of one engine share: open providers, their gates, and what was learned about them. */
export interface Models {
  /** The client of one run, with the run's own tiers and money. Closing it closes nothing shared. */
  forRun(run: RunModels): ModelClient;
  close(): Promise<void>;
}

/** The longest answer asked for when the author does not say: enough for a long document, with room for thinking. */
const DEFAULT_MAX_OUTPUT = 16_384;
/** The same for a model of which nothing is known: small local models refuse more than their window holds. */
const DEFAULT_MAX_OUTPUT_UNKNOWN = 4_096;
/** A default is lowered so far to fit the money that is left, and not further. */
const LEAST_OUTPUT = 1_024;
/** Estimates of prompts were at most 1 % too low over recorded calls; money is set aside for 10 % more. */
const ESTIMATE_MARGIN = 1.1;

const NO_USAGE: Usage = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };

/** Opens nothing yet; providers are opened when they are first called. */
export function createModels({ providers, clock }: ModelsOptions): Models {
  const gates = new Map<string, Gate>();
  const opened = new Map<string, Promise<Provider>>();
  /** Candidates whose provider would not take a JSON Schema: they get it as text. */
  const schemaless = new Set<string>();

  function gateOf(access: ProviderAccess): Gate {
    let gate = gates.get(access.id);
    if (gate === undefined) {
      gate = createGate({
        provider: access.id,
        concurrency: access.concurrency,
        ...(access.requestsPerMinute !== undefined && { requestsPerMinute: access.requestsPerMinute }),
        clock,
      });
      gates.set(access.id, gate);
    }
    return gate;
  }

  function open(access: ProviderAccess): Promise<Provider> {
    let provider = opened.get(access.id);
    if (provider === undefined) {
      provider = access.open();
      opened.set(access.id, provider);
    }
    return provider;
  }

  return {
    forRun(run) {
      const budget = run.maxCost === undefined ? undefined : createBudget(run.maxCost);
      const premium = pricedPremium(run, providers);
      return {
        async ask(ask, record, abort) {
          const failures: Failure[] = [];
          for (const candidate of candidatesOf(ask, run, providers)) {
            const call = callerOf(candidate, ask, record, abort);
            try {
              const output = await answer(ask, call, schemaless.has(candidate.name) || candidate.info?.structured === false, () =>
                schemaless.add(candidate.name),
              );
              return {
                output,
                model: candidate.model,
                provider: run.offline?.id ?? candidate.access.id,
                ...(ask.tier !== undefined && ask.model === undefined && { tier: ask.tier }),
              } satisfies ModelAnswer;
            } catch (error) {
              if (!(error instanceof Failed) || !isOutOfReach(error.failure)) throw error;
              failures.push(error.failure);
            }
          }
          throw nobodyAnswered(failures);
        },
        close: () => Promise.resolve(),
      };

      /** One call to a candidate: waits for its turn and for money, calls, reads, records. */
      function callerOf(candidate: Candidate, ask: ModelAsk, record: (call: ModelCall) => void, abort: AbortSignal): Call {
        const { access, info, model } = candidate;
        return async ({ messages, schema, call, read }) => {
          const provider = run.offline ?? (await open(access));
          const gate = run.offline === undefined ? gateOf(access) : undefined;
          const leave = await gate?.enter(abort);
          let most = ask.maxOutputTokens ?? defaultMaxOutput(info);
          const asked = most;
          let started = clock.now();
          const settled = (outcome: Pick<ModelCall, 'status' | 'usage' | 'cost' | 'baseline'> & { readonly failure?: Failure }): void =>
            record({
              provider: provider.simulated ? provider.id : access.id,
              model,
              ...(ask.tier !== undefined && ask.model === undefined && { tier: ask.tier }),
              call,
              ...outcome,
              latency: millis(clock.now() - started),
              simulated: provider.simulated,
            });
          try {
            const reservation =
              budget &&
              info?.price &&
              (await reserve(budget, info, messages, schema, ask.maxOutputTokens ?? Math.min(LEAST_OUTPUT, most), most, abort));
            most = reservation?.most ?? most;
            started = clock.now();
            let reply: ModelReply;
            try {
              reply = await provider.complete(requestOf(ask, candidate, messages, schema, most, call), abort);
            } catch (error) {
              const failed = error instanceof Failed ? error : undefined;
              const cost = failed?.mayHaveCharged ? null : nanoUsd(0);
              reservation?.settle(cost);
              if (failed === undefined) throw error;
              if (failed.failure.type === 'rate_limited') gate?.slowDown(failed.failure.retryAfter);
              settled({ status: 'failed', failure: failed.failure, usage: NO_USAGE, cost, baseline: cost });
              throw error;
            }
            const cost = priceOf(info, reply.usage);
            reservation?.settle(cost);
            const reading = readReply(reply, read, most < asked ? budget : undefined, most);
            settled({
              ...('failed' in reading ? { status: 'failed', failure: reading.failed.failure } : { status: 'succeeded' }),
              usage: reply.usage,
              cost,
              baseline: priceOf(premium, reply.usage),
            });
            if ('failed' in reading && reading.repairable === undefined) throw reading.failed;
            return { reply, reading };
          } finally {
            leave?.();
          }
        };
      }
    },
    async close() {
      const open = await Promise.allSettled(opened.values());
      await Promise.all(open.map((result) => (result.status === 'fulfilled' ? result.value.close?.() : undefined)));
    },
  };
}

type Call = (turn: {
  readonly messages: readonly Message[];
  readonly schema: JsonSchema | undefined;
  readonly call: RequestOrigin['call'];
  readonly read: (text: string) => Reading;
}) => Promise<{ readonly reply: ModelReply; readonly reading: Reply }>;

/** What a reply came to. `repairable`: the problems that the model can be asked to mend. */
type Reply = { readonly value: Json } | { readonly failed: Failed; readonly repairable?: readonly string[] };

/** Asks, and asks once more with what was wrong when the answer does not fit. */
async function answer(ask: ModelAsk, call: Call, schemaInText: boolean, rememberSchemaless: () => void): Promise<Json> {
  const problemsOf = ask.problemsOf ?? (() => []);
  const output = ask.outputSchema;
  if (output === undefined) {
    const readText = (text: string): Reading => {
      const problems = problemsOf(text);
      return problems.length === 0 ? { value: text } : { problems, of: 'check_failed' };
    };
    const first = await call({ messages: ask.messages, schema: undefined, call: 'ask', read: readText });
    if ('value' in first.reading) return first.reading.value;
    const repaired = await call({
      messages: repairMessages(ask.messages, first.reply.text, first.reading.repairable ?? [], undefined),
      schema: undefined,
      call: 'repair',
      read: readText,
    });
    return outputOf(repaired.reading);
  }

  const schema = schemaToAsk(output);
  const read = (text: string): Reading => readAnswer(text, output, problemsOf);
  let native = !schemaInText;
  const turn = (messages: readonly Message[], kind: RequestOrigin['call']): ReturnType<Call> =>
    call({ messages: native ? messages : withSchemaInText(messages, schema), schema: native ? schema : undefined, call: kind, read });

  let first: Awaited<ReturnType<Call>>;
  try {
    first = await turn(ask.messages, 'ask');
  } catch (error) {
    if (!native || !(error instanceof Failed) || !error.schemaRefused) throw error;
    native = false;
    first = await turn(ask.messages, 'ask');
    rememberSchemaless();
  }
  if ('value' in first.reading) return first.reading.value;
  const repair = repairMessages(ask.messages, first.reply.text, first.reading.repairable ?? [], schema);
  const repaired = await call({ messages: repair, schema: native ? schema : undefined, call: 'repair', read });
  return outputOf(repaired.reading);
}

function outputOf(reading: Reply): Json {
  if ('failed' in reading) throw reading.failed;
  return reading.value;
}

function readReply(reply: ModelReply, read: (text: string) => Reading, lowered: Budget | undefined, most: number): Reply {
  if (reply.stop === 'refused')
    return {
      failed: new Failed({ type: 'refused', message: `${reply.model} declined to answer${reply.text ? `: ${cut(reply.text)}` : ''}` }),
    };
  if (reply.stop === 'length') {
    // What is cut off is never mended: half a list would pass for a whole one.
    if (lowered) return { failed: lowered.exceeded(`the answer was cut off at ${most} tokens, all that the money left would buy`) };
    const message = `the answer was cut off at ${most} tokens`;
    return { failed: new Failed({ type: 'output_invalid', message, problems: [`${message}: raise \`max_tokens\`, or ask for less`] }) };
  }
  const reading = read(reply.text);
  if ('value' in reading) return reading;
  const message =
    reading.of === 'output_invalid'
      ? `the answer does not fit its schema: ${reading.problems[0]}`
      : `the answer did not pass its checks: ${reading.problems[0]}`;
  return { failed: new Failed({ type: reading.of, message, problems: reading.problems }), repairable: reading.problems };
}

const cut = (text: string): string => (text.length > 200 ? `${text.slice(0, 200)}…` : text);

function requestOf(
  ask: ModelAsk,
  { model, info }: Candidate,
  messages: readonly Message[],
  schema: JsonSchema | undefined,
  maxOutputTokens: number,
  call: RequestOrigin['call'],
): ModelRequest {
  return {
    model,
    messages,
    maxOutputTokens,
    // A tier may mix models that take a temperature and such that refuse it; the check has warned.
    ...(ask.temperature !== undefined && info?.temperature !== false && { temperature: ask.temperature }),
    ...(ask.stop !== undefined && { stop: ask.stop }),
    ...(schema !== undefined && { outputSchema: schema }),
    origin: { ...ask.origin, ...(ask.tier !== undefined && { tier: ask.tier }), call },
  };
}

function defaultMaxOutput(info: ModelInfo | undefined): number {
  if (info === undefined) return DEFAULT_MAX_OUTPUT_UNKNOWN;
  return Math.min(DEFAULT_MAX_OUTPUT, info.maxOutput ?? Infinity, Math.floor((info.window ?? Infinity) / 2));
}

/** Sets aside what a call can cost at most, with an answer of `most` tokens or, if that is too dear, of at least `least`. */
async function reserve(
  budget: Budget,
  info: ModelInfo,
  messages: readonly Message[],
  schema: JsonSchema | undefined,
  least: number,
  most: number,
  abort: AbortSignal,
): Promise<{ readonly most: number; settle(cost: Usd | null): void }> {
  const count = await loadTokenCounter();
  const input = Math.ceil(countRequest(count, info, messages, schema) * ESTIMATE_MARGIN);
  const costOf = (output: number): number =>
    Math.max(
      priceOf(info, { input, output, cacheRead: 0, cacheWrite: 0 }) ?? 0,
      priceOf(info, { input, output, cacheRead: 0, cacheWrite: input }) ?? 0,
    );
  const prompt = costOf(0);
  const perToken = (costOf(most) - prompt) / most;
  let granted = most;
  const reservation = await budget.reserve((unspent) => {
    const affordable = Math.floor((unspent - prompt) / perToken);
    granted = Math.min(most, Math.max(least, affordable));
    return nanoUsd(Math.ceil(prompt + granted * perToken));
  }, abort);
  return { most: granted, settle: (cost) => reservation.settle(cost) };
}
