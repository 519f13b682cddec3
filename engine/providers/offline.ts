import { digestOf } from '../base/json.ts';
import { Failed, failedByAbort } from '../contracts/failure.ts';
import type { ModelReply, ModelRequest, Provider, ToolCall, Usage } from '../contracts/provider.ts';
import { makeUpAnswer } from './made-up.ts';
import { failureFrom, type Reply } from './replies.ts';
import type { Replies } from './reply-search.ts';
import type { CountTokens } from './token-count.ts';

export interface OfflineOptions {
  /** Answers written down; each is given as often as it says, so they belong to one run. */
  readonly replies?: Replies;
  /** Another one makes other answers up. */
  readonly seed?: string;
  /** Loads the counter of tokens. */
  readonly tokenCounter: () => Promise<CountTokens>;
}

/**
 * A provider that asks nobody: it answers from a replies file where an entry fits the request, else makes an answer up that
 * fits the request's schema. The same request always gets the same answer. Its usage is counted as a real one would be.
 */
export function createOfflineProvider({ replies, seed, tokenCounter }: OfflineOptions): Provider {
  return {
    id: 'offline',
    simulated: true,
    ...(replies && { replays: (origin) => replies.modelsOf(origin) }),
    async complete(request, abort): Promise<ModelReply> {
      if (abort.aborted) throw failedByAbort(abort);
      const reply = replies?.take(request.origin);
      if (reply !== undefined && 'fail' in reply) {
        const { task, attempt } = request.origin;
        throw new Failed(failureFrom(reply.fail, `${task}, attempt ${attempt}`), reply.fail);
      }
      const text = reply === undefined ? madeUp(request, seed) : textOf(reply);
      const calls = reply && callsIn(reply, request);
      const usage = reply?.usage ?? count(await tokenCounter(), request, text);
      return {
        text,
        ...(calls && { toolCalls: calls }),
        stop: reply?.stop ?? (calls ? 'tool_calls' : 'end'),
        usage,
        model: request.model,
        ...(reply?.billed && { billed: reply.billed }),
      };
    },
  };
}

function textOf(reply: Exclude<Reply, { readonly fail: unknown }>): string {
  return 'text' in reply ? reply.text : JSON.stringify(reply.json);
}

/** The calls a reply wants made, under names that no other turn of the conversation gives. */
function callsIn({ toolCalls }: Reply, { messages }: ModelRequest): readonly ToolCall[] | undefined {
  const turn = messages.filter((message) => message.toolCalls).length + 1;
  return toolCalls?.map(({ tool, args }, index) => ({ id: `call_${turn}_${index + 1}`, tool, args }));
}

function madeUp(request: ModelRequest, own: string | undefined): string {
  const { model, messages, outputSchema, origin } = request;
  // What did not pass its checks as a full answer may do so as an empty one.
  const size = origin.call === 'repair' ? 'smallest' : 'usual';
  const subject = subjectOf(request);
  if (outputSchema === undefined && size === 'smallest') return 'Made up.';
  if (outputSchema === undefined) return `A made-up answer to "${subject}". Nobody was asked: this run is offline.`;
  const seed = digestOf({
    model,
    messages: messages.map(({ role, text, attachments }) => ({
      role,
      text,
      ...(attachments && { files: attachments.map(({ name, data }) => digestOf([name, data])) }),
    })),
    schema: outputSchema,
    ...(own !== undefined && { own }),
  });
  return JSON.stringify(makeUpAnswer(outputSchema, seed, subject, size));
}

/** The first words of what is asked: enough to tell one answer from another. */
function subjectOf({ messages }: ModelRequest): string {
  const asked = messages.findLast((message) => message.role === 'user')?.text ?? '';
  const withoutFiles = asked.replace(/<file name="[^"]*">[\s\S]*?<\/file>/g, '');
  const text = (withoutFiles.trim() === '' ? asked : withoutFiles).replace(/["\s]+/g, ' ').trim();
  if (text.length <= 60) return text.replace(/[.:;,]+$/, '');
  const cut = text.slice(0, 60);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(' '), 30)).replace(/[.:;,]+$/, '')} …`;
}

/** Schemas and tools are the same for every item of a fan-out: they are counted once. */
const counted = new WeakMap<object, number>();

function count(counter: CountTokens, { messages, outputSchema, tools }: ModelRequest, text: string): Usage {
  // Three tokens a request and four a message: what OpenAI's models were measured to add.
  let input = 3;
  for (const message of messages) {
    input += counter(message.text) + 4;
    for (const attachment of message.attachments ?? []) input += counter.attachment?.(attachment) ?? 0;
  }
  if (tools) {
    const own = counted.get(tools) ?? counter(JSON.stringify(tools));
    counted.set(tools, own);
    input += own;
  }
  if (outputSchema !== undefined) {
    const own = counted.get(outputSchema) ?? counter(JSON.stringify(outputSchema));
    counted.set(outputSchema, own);
    input += own;
  }
  return { input, output: counter(text), cacheRead: 0, cacheWrite: 0 };
}
