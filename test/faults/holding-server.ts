import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A model on loopback that answers when it is told to. */
export interface HoldingServer {
  /** What a process needs to ask it. */
  readonly env: Readonly<Record<string, string>>;
  /** Requests that have come, answered or not. */
  readonly asked: number;
  /** Resolves when the nth request, from 1, has come. */
  arrived(nth: number): Promise<void>;
  /** Answers what waits; with `always`, also whatever comes from now on. */
  answer(always?: boolean): void;
  close(): void;
}

export async function startHoldingServer(text = 'Done.'): Promise<HoldingServer> {
  const waiting: ServerResponse[] = [];
  const listeners: { readonly nth: number; readonly tell: () => void }[] = [];
  let asked = 0;
  let open = false;
  const send = (response: ServerResponse): void => {
    const choices = [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }];
    const usage = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 };
    const body = { id: 'c', object: 'chat.completion', created: 1, model: 'gpt-6-luna', choices, usage };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
  };
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      asked += 1;
      if (open) send(response);
      else waiting.push(response);
      for (const { nth, tell } of listeners) if (asked >= nth) tell();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    env: { OPENAI_API_KEY: 'k3y', OPENAI_BASE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` },
    get asked() {
      return asked;
    },
    arrived: (nth) =>
      new Promise((resolve) => {
        if (asked >= nth) resolve();
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
