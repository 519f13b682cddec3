import { type ChildProcess, fork } from 'node:child_process';
import { once, setMaxListeners } from 'node:events';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { taskKey } from '../engine/base/ids.ts';
import type { ModelRequest, Provider } from '../engine/contracts/provider.ts';
import { openAnthropic } from '../engine/providers/anthropic.ts';
import { openOpenAi } from '../engine/providers/openai.ts';
import { poolByHand } from './by-hand.ts';
import { type Figure, measure, times } from './measure.ts';

const CALLS = 2000;
const WIDTH = 16;

/** CPU time of one call to a server that answers at once: through our provider, and through the plain SDK. */
export async function benchProviders(): Promise<readonly Figure[]> {
  const server = fork(join(import.meta.dirname, 'instant-server.js'), { execArgv: [] });
  try {
    const [port] = (await once(server, 'message')) as [number];
    const baseUrl = `http://127.0.0.1:${port}`;
    return [await anthropic(baseUrl), await openai(`${baseUrl}/v1`)];
  } finally {
    await stop(server);
  }
}

const request: ModelRequest = {
  model: 'bench',
  messages: [
    { role: 'system', text: 'Be brief.' },
    { role: 'user', text: 'Summarize this. '.repeat(40) },
  ],
  maxOutputTokens: 256,
  origin: { node: 'bench', task: taskKey('bench'), attempt: 1, call: 'ask' },
};

async function anthropic(baseURL: string): Promise<Figure> {
  const client = new Anthropic({ apiKey: 'none', baseURL, maxRetries: 0 });
  const plain = (): Promise<unknown> =>
    client.messages.create({
      model: 'bench',
      max_tokens: 256,
      system: 'Be brief.',
      messages: [{ role: 'user', content: request.messages[1]?.text ?? '' }],
    });
  return compare('Anthropic', await openAnthropic({ id: 'anthropic', type: 'anthropic', apiKey: 'none', baseUrl: baseURL }), plain);
}

async function openai(baseURL: string): Promise<Figure> {
  const client = new OpenAI({ apiKey: 'none', baseURL, maxRetries: 0 });
  const messages = request.messages.map(({ role, text }) => ({ role: role === 'tool' ? 'user' : role, content: text }));
  const plain = (): Promise<unknown> => client.chat.completions.create({ model: 'bench', max_tokens: 256, messages });
  return compare(
    'OpenAI',
    await openOpenAi({ id: 'openai', type: 'openai', apiKey: 'none', baseUrl: baseURL }, async () => (text) => text.length / 4),
    plain,
  );
}

async function compare(name: string, provider: Provider, plain: () => Promise<unknown>): Promise<Figure> {
  const calls = Array.from({ length: CALLS }, (_, index) => index);
  const { signal } = new AbortController();
  // As the engine does: one signal for all calls of a run.
  setMaxListeners(0, signal);
  const ours = await measure(() => poolByHand(calls, WIDTH, () => provider.complete(request, signal)), 3);
  const theirs = await measure(() => poolByHand(calls, WIDTH, plain), 3);
  await provider.close?.();
  return {
    what: `a call to ${name}, ${WIDTH} at a time: CPU time`,
    value: `${Math.round((ours.cpuMs * 1000) / CALLS)} µs`,
    byHand: `${Math.round((theirs.cpuMs * 1000) / CALLS)} µs (the SDK alone)`,
    ratio: times(ours.cpuMs, theirs.cpuMs),
    aim: '≤ 450 µs',
  };
}

async function stop(server: ChildProcess): Promise<void> {
  const ended = once(server, 'exit');
  server.disconnect();
  await ended;
}
