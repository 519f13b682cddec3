import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Answer } from './reference-run.ts';

/** Where one run is answered, and its bill: the only one that knows what was really asked for. */
export interface Counter {
  /** What each process asked for, by task: `received[process][task]`. */
  readonly received: Readonly<Record<string, number>>[];
  /** Another process goes on; of each task, so many calls are in the journal. Gives the base URL it calls. */
  next(committed: Readonly<Record<string, number>>): string;
}

export interface CountingServer {
  open(answers: Readonly<Record<string, readonly Answer[]>>): Counter;
  close(): Promise<void>;
}

/**
 * A model on loopback that counts what it is asked, by the task in the first line of the prompt. The nth answer to a task is the
 * same whatever happened to the process that asked before: n counts the calls that were kept.
 */
export async function startCountingServer(random: () => number): Promise<CountingServer> {
  const counters: { readonly answer: (process: number, task: string) => Answer }[] = [];
  const server = createServer((request, response) => {
    const [, counter, process] = /^\/(\d+)\/(\d+)\//.exec(request.url ?? '') ?? [];
    void bodyOf(request).then((body) => {
      const messages = (body as { messages: { role: string; content: string }[] }).messages;
      const asked = messages.find((message) => message.role === 'user')?.content ?? '';
      const task = asked.split('\n')[0]!.trim();
      const answer = counters[Number(counter)]!.answer(Number(process), task);
      // Long enough to be in flight when the process ends.
      setTimeout(() => send(response, task, answer), Math.floor(random() * 6));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  return {
    open(answers) {
      const received: Record<string, number>[] = [];
      let asked: Record<string, number> = {};
      const number = counters.length;
      counters.push({
        answer(process, task) {
          const counts = received[process]!;
          counts[task] = (counts[task] ?? 0) + 1;
          const said = answers[task];
          // What the network delivers late counts, but nobody hears the answer.
          if (process !== received.length - 1) return { text: 'too late' };
          const nth = asked[task] ?? 0;
          asked[task] = nth + 1;
          return said?.[Math.min(nth, said.length - 1)] ?? { text: `the answer to ${task}` };
        },
      });
      return {
        received,
        next(committed) {
          asked = { ...committed };
          received.push({});
          return `http://127.0.0.1:${port}/${number}/${received.length - 1}/v1`;
        },
      };
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  request.setEncoding('utf8');
  for await (const chunk of request) text += chunk;
  return JSON.parse(text);
}

function send(response: ServerResponse, task: string, answer: Answer): void {
  const [status, body] =
    'error' in answer
      ? [answer.error, { error: { message: 'it went wrong', type: 'invalid_request_error', param: null, code: null } }]
      : 'calls' in answer
        ? [200, callingReply(task, answer.calls)]
        : [200, replyOf('long' in answer ? `${task} `.repeat(Math.ceil(answer.long / (task.length + 1))) : answer.text)];
  response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '0' }).end(JSON.stringify(body));
}

function replyOf(text: string): object {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'gpt-6-luna',
    choices: [{ index: 0, message: { role: 'assistant', content: text, refusal: null }, logprobs: null, finish_reason: 'stop' }],
    usage: { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 },
  };
}

function callingReply(task: string, calls: Extract<Answer, { readonly calls: unknown }>['calls']): object {
  const tool_calls = calls.map(([name, args], at) => ({
    id: `${task}_${at}`,
    type: 'function',
    function: { name, arguments: JSON.stringify(args) },
  }));
  const { choices, ...rest } = replyOf('') as { choices: { message: object }[] };
  return {
    ...rest,
    choices: choices.map((choice) => ({ ...choice, message: { ...choice.message, tool_calls }, finish_reason: 'tool_calls' })),
  };
}
