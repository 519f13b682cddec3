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
 * A model on loopback, over either of OpenAI's APIs, that counts what it is asked, by the task in the first line of the prompt. The nth answer to a task is the
 * same whatever happened to the process that asked before: n counts the calls that were kept.
 */
export async function startCountingServer(random: () => number): Promise<CountingServer> {
  const counters: { readonly answer: (process: number, task: string) => Answer }[] = [];
  const server = createServer((request, response) => {
    const [, counter, process] = /^\/(\d+)\/(\d+)\//.exec(request.url ?? '') ?? [];
    void bodyOf(request).then((body) => {
      const asked = questionIn(body);
      const task = asked.split('\n')[0]!.trim();
      const answer = forgotten(body) ?? counters[Number(counter)]!.answer(Number(process), task);
      // Long enough to be in flight when the process ends.
      setTimeout(() => send(response, task, answer, body), Math.floor(random() * 6));
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

async function bodyOf(request: IncomingMessage): Promise<Body> {
  let text = '';
  request.setEncoding('utf8');
  for await (const chunk of request) text += chunk;
  return JSON.parse(text) as Body;
}

/** A request, over either API. */
interface Body {
  readonly messages?: readonly { readonly role: string; readonly content: string }[];
  readonly input?: readonly Item[];
}

interface Item {
  readonly type?: string;
  readonly role?: string;
  readonly content?: string;
  readonly encrypted_content?: string;
}

function questionIn({ messages, input }: Body): string {
  const said: readonly Item[] = messages ?? input ?? [];
  return said.find(({ role }) => role === 'user')?.content ?? '';
}

/** Over Responses, the calls of a turn must come with what was thought before them: without that the request is refused. */
function forgotten({ input = [] }: Body): Answer | undefined {
  const turns = input.filter(({ type }, at) => type === 'function_call' && input[at - 1]?.type !== 'function_call');
  const thoughts = input.filter(({ type }, at) => type === 'reasoning' && input[at + 1]?.type === 'function_call');
  return thoughts.length === turns.length && thoughts.every((one) => one.encrypted_content === SEALED) ? undefined : { error: 400 };
}

const SEALED = 'what was thought, sealed';

function send(response: ServerResponse, task: string, answer: Answer, { input }: Body): void {
  const text = 'long' in answer ? `${task} `.repeat(Math.ceil(answer.long / (task.length + 1))) : 'text' in answer ? answer.text : '';
  const [status, body] =
    'error' in answer
      ? [answer.error, { error: { message: 'it went wrong', type: 'invalid_request_error', param: null, code: null } }]
      : [200, input ? responseTo(task, answer, text, input) : 'calls' in answer ? callingReply(task, answer.calls) : replyOf(text)];
  response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '0' }).end(JSON.stringify(body));
}

function responseTo(task: string, answer: Answer, text: string, input: readonly Item[]): object {
  const made = input.filter(({ type }) => type === 'function_call').length;
  const calls =
    'calls' in answer
      ? answer.calls.map(([name, args], at) => ({
          type: 'function_call',
          id: `fc_${made + at}`,
          call_id: `${task}_${made + at}`,
          name,
          arguments: JSON.stringify(args),
        }))
      : [];
  const message = { type: 'message', id: 'msg_1', role: 'assistant', content: [{ type: 'output_text', text, annotations: [] }] };
  return {
    id: 'resp_1',
    object: 'response',
    status: 'completed',
    error: null,
    model: 'gpt-6-luna',
    output: [{ type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: SEALED }, ...(calls.length > 0 ? calls : [message])],
    usage: { input_tokens: 100, output_tokens: 20, total_tokens: 120 },
  };
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
