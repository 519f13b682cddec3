import type { Json, JsonSchema } from '../base/json.ts';
import { Failed } from '../contracts/failure.ts';
import type { Message, ModelAnswer, ModelAsk, ModelReply, RequestOrigin } from '../contracts/provider.ts';
import type { Budget } from './budget.ts';
import { type Reading, readAnswer, repairMessages, schemaToAsk, withSchemaInText } from './structured.ts';

/** One call: asks a candidate, reads its reply, records what it cost. Throws Failed when no reply came. */
export type Call = (turn: Turn) => Promise<{ readonly reply: ModelReply; readonly reading: Outcome }>;

interface Turn {
  readonly messages: readonly Message[];
  /** What the provider holds the model to. */
  readonly schema: JsonSchema | undefined;
  readonly call: RequestOrigin['call'];
  readonly read: (text: string) => Reading;
}

/** What a reply came to. `problems` are those that the model can be asked to mend. */
export type Outcome = { readonly value: Json } | { readonly failed: Failed; readonly problems?: readonly string[] };

/** What came of an ask: the output, or the tools that are to be called first. */
export type Answer = Pick<ModelAnswer, 'output' | 'toolCalls'> & { readonly carry?: Json };

/** What is known about a candidate and schemas. */
export interface Schemas {
  /** Whether its provider holds it to this one. */
  takes(schema: JsonSchema): boolean;
  /** It answered as soon as the schema was taken out of the request. */
  refused(): void;
}

/**
 * A model's answer as the node wants it: the text, or JSON that fits the schema; and passing the node's checks. An answer that
 * does not is asked for once more, with what is wrong. One that wants tools called is none yet, and comes as it is. Throws Failed.
 */
export async function answer(ask: ModelAsk, call: Call, schemas: Schemas): Promise<Answer> {
  const { messages, outputSchema } = ask;
  const problemsOf = ask.problemsOf ?? (() => []);
  const schema = outputSchema && schemaToAsk(outputSchema);
  const read = (text: string): Reading => {
    if (outputSchema !== undefined) return readAnswer(text, outputSchema, problemsOf);
    const problems = problemsOf(text);
    return problems.length === 0 ? { value: text } : { problems, of: 'check_failed' };
  };

  let native = schema !== undefined && schemas.takes(schema) ? schema : undefined;
  let said = messages;
  const first = (): ReturnType<Call> =>
    call({ messages: schema && !native ? withSchemaInText(said, schema) : said, schema: native, call: 'ask', read });
  let { reply, reading } = await first().catch(async (error: unknown) => {
    if (!(error instanceof Failed) || !(error.schemaRefused || error.carryRefused)) throw error;
    if (error.carryRefused) {
      said = said.map(({ carry: _, ...message }) => message);
      return first();
    }
    const hadSchema = native !== undefined;
    native = undefined;
    const second = await first();
    // Without one it was refused for something else, and is a recording.
    if (hadSchema) schemas.refused();
    return second;
  });
  const { toolCalls, carry } = reply;
  if ('value' in reading && reply.stop === 'tool_calls' && ask.tools && toolCalls)
    return { output: reply.text, toolCalls, ...(carry !== undefined && { carry }) };
  if ('failed' in reading && reading.problems !== undefined) {
    const question = repairMessages(said, reply.text, reading.problems, schema);
    ({ reply, reading } = await call({ messages: question, schema: native, call: 'repair', read }));
  }
  if ('failed' in reading) throw reading.failed;
  return { output: reading.value };
}

/**
 * What a reply came to. `most` is the longest answer that was asked for; `lowered` the budget that kept it below what
 * would have been asked for otherwise; `last` is false when it may want tools called before it answers.
 */
export function readReply(
  reply: ModelReply,
  read: (text: string) => Reading,
  most: number,
  lowered: Budget | undefined,
  last = true,
): Outcome {
  if (reply.stop === 'refused') {
    const said = reply.text.trim() === '' ? '' : `: ${reply.text.trim().slice(0, 200)}`;
    return { failed: new Failed({ type: 'refused', message: `${reply.model} declined to answer${said}` }) };
  }
  if (reply.stop === 'length') {
    // What is cut off is never mended: half a list would pass for a whole one.
    // Of an answer that was paid by an interrupted try, the limit is not known any more.
    const at = Number.isFinite(most) ? ` at ${most} tokens` : '';
    if (lowered) return { failed: lowered.exceeded(`the answer was cut off${at}, all that the money left would buy`) };
    const message = `the answer was cut off${at}`;
    return { failed: new Failed({ type: 'output_invalid', message, problems: [`${message}: raise \`max_tokens\`, or ask for less`] }) };
  }
  // What it says besides is on the way to an answer.
  if (reply.stop === 'tool_calls' && reply.toolCalls && !last) return { value: reply.text };
  const reading = read(reply.text);
  if ('value' in reading) return reading;
  const what = reading.of === 'output_invalid' ? 'does not fit its schema' : 'did not pass its checks';
  const message = `the answer ${what}: ${reading.problems[0]}`;
  return { failed: new Failed({ type: reading.of, message, problems: reading.problems }), problems: reading.problems };
}
