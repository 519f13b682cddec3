import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Answer } from './reference-run.ts';

/** Where one run is answered, and its bill: the only one that knows what was really asked for. */
export interface Counter {
  /** What each process asked for, by task, or by what is done outside: `received[process][task]`. */
  readonly received: Readonly<Record<string, number>>[];
  /** What the nth call to a model, of a task, said: `questions['ask 2']`, from 0. */
  readonly questions: Readonly<Record<string, string>>;
  /** Where anything but a model is asked. */
  readonly outside: string;
  /** Another process goes on; of each task, so many calls are in the journal. Gives where it asks models. */
  next(committed: Readonly<Record<string, number>>): string;
}

export interface CountingServer {
  open(answers: Readonly<Record<string, readonly Answer[]>>): Counter;
  close(): Promise<void>;
}

/**
 * A model on loopback, over Anthropic's API and both of OpenAI's, that counts what it is asked, by the task that the prompt names in its
 * first line or in one like `task: scan[3]`. Anything else that is asked there names itself in `x-for`, and its process in `x-process`. The
 * nth answer to a task is the same whatever happened to the process that asked before: n counts the calls that were kept.
 */
export async function startCountingServer(random: () => number): Promise<CountingServer> {
  const counters: { readonly answer: (process: number, task: string, question?: string) => Answer }[] = [];
  const server = createServer((request, response) => {
    const [, counter, place, path = ''] = /^\/(\d+)\/(\w+)\/(.*)$/.exec(request.url ?? '') ?? [];
    const { answer: answerOf } = counters[Number(counter)]!;
    // Long enough to be in flight when the process ends.
    const later = (reply: () => void): unknown => setTimeout(reply, Math.floor(random() * 6));
    void textOf(request).then((text) => {
      if (place === 'outside') {
        const answer = answerOf(Number(/\d+$/.exec(String(request.headers['x-process']))?.[0]), String(request.headers['x-for']));
        later(() => sendPlain(response, answer));
        return;
      }
      const body = JSON.parse(text) as Body;
      const task = taskIn(questionsIn(body));
      const answer = forgotten(body) ?? answerOf(Number(place), task, saidIn(body));
      later(() => send(response, task, answer, body, path));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  return {
    open(answers) {
      const received: Record<string, number>[] = [];
      const questions: Record<string, string> = {};
      let asked: Record<string, number> = {};
      const number = counters.length;
      counters.push({
        answer(process, task, question) {
          const counts = received[process]!;
          counts[task] = (counts[task] ?? 0) + 1;
          const said = answers[task];
          // What the network delivers late counts, but nobody hears the answer.
          if (process !== received.length - 1) return { text: 'too late' };
          const nth = asked[task] ?? 0;
          asked[task] = nth + 1;
          if (question !== undefined) questions[`${task} ${nth}`] = question;
          return said?.[Math.min(nth, said.length - 1)] ?? { text: `the answer to ${task}` };
        },
      });
      return {
        received,
        questions,
        outside: `http://127.0.0.1:${port}/${number}/outside`,
        next(committed) {
          asked = { ...committed };
          received.push({});
          return `http://127.0.0.1:${port}/${number}/${received.length - 1}`;
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

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  request.setEncoding('utf8');
  for await (const chunk of request) text += chunk;
  return text;
}

/** A request, over any API. */
interface Body {
  readonly messages?: readonly Item[];
  readonly input?: readonly Item[];
}

interface Item {
  readonly type?: string;
  readonly role?: string;
  readonly content?: string | readonly { readonly text?: string }[];
  readonly encrypted_content?: string;
}

/** All that is said so far; where it is said differs from life to life. */
function saidIn({ messages, input }: Body): string {
  return JSON.stringify(messages ?? input).replace(/127\.0\.0\.1:\d+\/\d+\/outside/g, 'outside');
}

/** What the user said first, with what is attached to it. */
function questionsIn({ messages, input }: Body): string {
  const { content = '' } = (messages ?? input ?? []).find(({ role }) => role === 'user') ?? {};
  return typeof content === 'string' ? content : content.map(({ text = '\n' }) => text).join('');
}

function taskIn(question: string): string {
  return /^task: (.+)$/m.exec(question)?.[1] ?? question.split('\n')[0]!.trim();
}

/** Over Responses, the calls of a turn must come with what was thought before them: without that the request is refused. */
function forgotten({ input = [] }: Body): Answer | undefined {
  const turns = input.filter(({ type }, at) => type === 'function_call' && input[at - 1]?.type !== 'function_call');
  const thoughts = input.filter(({ type }, at) => type === 'reasoning' && input[at + 1]?.type === 'function_call');
  return thoughts.length === turns.length && thoughts.every((one) => one.encrypted_content === SEALED) ? undefined : { error: 400 };
}

const SEALED = 'what was thought, sealed';

function send(response: ServerResponse, task: string, answer: Answer, { input }: Body, path: string): void {
  const text = saidBy(answer, task);
  const ofAnthropic = path.endsWith('/messages');
  const wrong = { message: 'it went wrong', type: ofAnthropic ? 'api_error' : 'invalid_request_error', param: null, code: null };
  const reply = (): object => {
    if (ofAnthropic) return messageOf(text);
    if (input) return responseTo(task, answer, text, input);
    return 'calls' in answer ? callingReply(task, answer.calls) : replyOf(text);
  };
  const [status, body] = 'error' in answer ? [answer.error, { type: 'error', error: wrong }] : [200, reply()];
  response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '0' }).end(JSON.stringify(body));
}

/** What is no model answers with the text. */
function sendPlain(response: ServerResponse, answer: Answer): void {
  const status = 'error' in answer ? answer.error : 200;
  response.writeHead(status, { 'content-type': 'text/plain', 'retry-after': '0' }).end(saidBy(answer, 'it'));
}

function saidBy(answer: Answer, task: string): string {
  if ('long' in answer) return `${task} `.repeat(Math.ceil(answer.long / (task.length + 1)));
  return 'text' in answer ? answer.text : '';
}

function messageOf(text: string): object {
  const usage = { input_tokens: 100, output_tokens: 20, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 };
  const content = [{ type: 'text', text, citations: null }];
  return {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-opus-5',
    content,
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage,
  };
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
