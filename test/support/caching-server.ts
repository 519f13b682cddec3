import { type Received, startWireServer, type WireServer } from './wire-server.ts';

/** A server that speaks Anthropic's Messages API and keeps the beginnings of prompts as that does. */
export interface CachingServer extends WireServer {
  /** Of every answered request, in order, the tokens that were read from the cache, written to it, and neither. */
  readonly accounts: { readonly read: number; readonly write: number; readonly plain: number }[];
  /** Everything kept is forgotten, as after five minutes. */
  expire(): void;
}

/** Four letters are a token, so that what is counted is certain; less than `least` tokens are not kept. */
export async function startCachingServer(least = 1024): Promise<CachingServer> {
  const kept = new Set<string>();
  const accounts: { read: number; write: number; plain: number }[] = [];
  const server = await startWireServer({
    answer: (turn, { body }) => {
      const account = accountOf(body, kept, least);
      accounts.push(account);
      return {
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model: body.model,
        content: turn.text.startsWith('call:')
          ? [{ type: 'tool_use', id: `call_${accounts.length}`, name: turn.text.slice(5), input: {} }]
          : [{ type: 'text', text: turn.text, citations: null }],
        stop_reason: turn.text.startsWith('call:') ? 'tool_use' : (turn.stop ?? 'end_turn'),
        stop_sequence: null,
        usage: {
          input_tokens: account.plain,
          output_tokens: 10,
          cache_read_input_tokens: account.read,
          cache_creation_input_tokens: account.write,
        },
      };
    },
    error: ({ type = 'api_error', message = 'it went wrong' }) => ({ type: 'error', error: { type, message } }),
  });
  return Object.assign(server, { accounts, expire: () => kept.clear() });
}

interface Block {
  readonly text: string;
  readonly marked: boolean;
}

/** What of a request was kept, is kept from now on, and is paid as it is. An entry is a whole beginning, model and all. */
function accountOf(body: Received['body'], kept: Set<string>, least: number): { read: number; write: number; plain: number } {
  const blocks = blocksOf(body);
  if (blocks.filter(({ marked }) => marked).length > 4) throw new Error('more than four marks');
  const beginnings = blocks.map((_, at) =>
    JSON.stringify([body.model, body.tool_choice ?? null, blocks.slice(0, at + 1).map(({ text }) => text)]),
  );
  const tokens = blocks.map((_, at) => Math.ceil(blocks.slice(0, at + 1).reduce((sum, { text }) => sum + text.length, 0) / 4));
  const marks = blocks.flatMap(({ marked }, at) => (marked ? [at] : []));
  // It looks back twenty blocks from each mark.
  const found = Math.max(
    -1,
    ...marks.flatMap((mark) => beginnings.flatMap((one, at) => (at <= mark && at > mark - 20 && kept.has(one) ? [at] : []))),
  );
  const read = found < 0 ? 0 : tokens[found]!;
  const last = marks.filter((at) => tokens[at]! >= least).at(-1) ?? -1;
  for (const at of marks) if (tokens[at]! >= least) kept.add(beginnings[at]!);
  const write = last > found ? tokens[last]! - read : 0;
  return { read, write, plain: tokens.at(-1)! - read - write };
}

/** In the order in which a model reads them: tools, system, messages. */
function blocksOf({ tools = [], system = [], messages }: Received['body']): readonly Block[] {
  const all = [
    ...tools,
    ...(typeof system === 'string' ? [{ type: 'text', text: system }] : system),
    ...messages.flatMap(({ content }: Received['body']) => (typeof content === 'string' ? [{ type: 'text', text: content }] : content)),
  ];
  return all.map(({ cache_control, ...block }: Received['body']) => ({
    text: block.type === 'text' ? block.text : JSON.stringify(block),
    marked: cache_control !== undefined,
  }));
}
