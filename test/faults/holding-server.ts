import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A model on loopback that answers when it is told to. */
export interface HoldingServer {
  /** What a process needs to ask it. */
  readonly env: Readonly<Record<string, string>>;
  /** Requests that have come, answered or not. */
  readonly asked: number;
  /** What was asked, in the order in which it came. */
  readonly prompts: readonly string[];
  /** Resolves when the nth request, from 1, has come. */
  arrived(nth: number): Promise<void>;
  /** Answers what waits; with `always`, also whatever comes from now on. */
  answer(always?: boolean): void;
  close(): void;
}

export async function startHoldingServer(text = 'Done.'): Promise<HoldingServer> {
  const waiting: ServerResponse[] = [];
  const listeners: { readonly nth: number; readonly tell: () => void }[] = [];
  const prompts: string[] = [];
  let open = false;
  const send = (response: ServerResponse): void => {
    const choices = [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }];
    const usage = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 };
    const body = { id: 'c', object: 'chat.completion', created: 1, model: 'gpt-6-luna', choices, usage };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
  };
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      prompts.push(promptIn(Buffer.concat(parts).toString('utf8')));
      if (open) send(response);
      else waiting.push(response);
      for (const { nth, tell } of listeners) if (prompts.length >= nth) tell();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    env: { OPENAI_API_KEY: 'k3y', OPENAI_BASE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` },
    get asked() {
      return prompts.length;
    },
    prompts,
    arrived: (nth) =>
      new Promise((resolve) => {
        if (prompts.length >= nth) resolve();
        else listeners.push({ nth, tell: resolve });
      }),
    answer(always = false) {
      open ||= always;
      for (const response of waiting.splice(0)) send(response);
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function promptIn(body: string): string {
  const { messages } = JSON.parse(body) as { readonly messages: readonly { readonly content: string }[] };
  return messages.at(-1)?.content ?? '';
}
