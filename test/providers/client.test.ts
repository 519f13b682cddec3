import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { millis, nanoUsd, taskKey, type Usd } from '../../engine/base/ids.ts';
import type { Json } from '../../engine/base/json.ts';
import { fromDollars } from '../../engine/base/units.ts';
import { Failed } from '../../engine/contracts/failure.ts';
import type { CallBook, ModelAsk, ModelCall, ModelClient, PaidCall } from '../../engine/contracts/provider.ts';
import { createModels, type Models, type ProviderAccess } from '../../engine/models/client.ts';
import { createGate } from '../../engine/models/gate.ts';
import { loadTokenCounter } from '../../engine/models/tokens.ts';
import { openAnthropic } from '../../engine/providers/anthropic.ts';
import { createOfflineProvider } from '../../engine/providers/offline.ts';
import { openOpenAi } from '../../engine/providers/openai.ts';
import { startAnthropicServer } from '../support/anthropic-server.ts';
import { startOpenAiServer } from '../support/openai-server.ts';
import { type VirtualClock, virtualClock } from '../support/virtual-clock.ts';
import type { Turn, WireServer } from '../support/wire-server.ts';

const HAIKU = 'anthropic/claude-haiku-5-5';
const SONNET = 'anthropic/claude-sonnet-5-5';
const OPUS = 'anthropic/claude-opus-5-5';
const LUNA = 'openai/gpt-6-luna';
const TIERS = { cheap: [HAIKU, LUNA], capable: [SONNET], premium: [OPUS] };
/** 100 tokens in and 20 out, which the test servers report: on Haiku 5.5, and on Opus 5.5. */
const HAIKU_COST = 100 * 100 + 20 * 500;
const OPUS_COST = 100 * 4000 + 20 * 20_000;

const risk = { type: 'object', properties: { risk: { type: 'number', maximum: 1 } }, required: ['risk'], additionalProperties: false };

describe('a model client over real servers', () => {
  let anthropic: WireServer;
  let openai: WireServer;
  let clock: VirtualClock;
  let models: Models;
  let bill: ModelCall[];

  beforeAll(async () => {
    anthropic = await startAnthropicServer();
    openai = await startOpenAiServer();
  });
  afterAll(async () => {
    await anthropic.close();
    await openai.close();
  });
  beforeEach(() => {
    clock = virtualClock();
    bill = [];
    for (const server of [anthropic, openai]) server.received.splice(0);
    models = createModels({ providers: access(), clock });
  });

  afterEach(() => models.close());

  const access = (more: Partial<ProviderAccess> = {}): ReadonlyMap<string, ProviderAccess> =>
    new Map<string, ProviderAccess>([
      [
        'anthropic',
        {
          id: 'anthropic',
          usable: true,
          concurrency: 8,
          open: () => openAnthropic({ id: 'anthropic', type: 'anthropic', apiKey: 'k', baseUrl: anthropic.url }),
          ...more,
        },
      ],
      [
        'openai',
        {
          id: 'openai',
          usable: true,
          concurrency: 8,
          open: () => openOpenAi({ id: 'openai', type: 'openai', apiKey: 'k', baseUrl: openai.url }, async () => (text) => text.length),
        },
      ],
      [
        'groq',
        { id: 'groq', usable: false, variable: 'GROQ_API_KEY', concurrency: 8, open: () => Promise.reject(new Error('never opened')) },
      ],
    ]);

  const clientOf = (maxCost?: Usd): ModelClient => models.forRun({ tiers: TIERS, ...(maxCost !== undefined && { maxCost }) });
  const book: CallBook = { paid: () => undefined, record: async (call) => void bill.push(call) };
  const asking = (more: Partial<ModelAsk> = {}): ModelAsk => ({
    ...(more.model === undefined && { tier: 'cheap' as const }),
    messages: [{ role: 'user', text: 'How risky is it?' }],
    origin: { node: 'scan', task: taskKey('scan'), attempt: 1 },
    ...more,
  });
  const ask = (more: Partial<ModelAsk> = {}, client = clientOf(), abort = new AbortController().signal) =>
    client.ask(asking(more), book, abort);
  const failure = async (more: Partial<ModelAsk> = {}, client = clientOf()) => {
    const error: unknown = await ask(more, client).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Failed);
    return (error as Failed).failure;
  };
  /** Provider, model, what became of it, and its cost. */
  const told = () => bill.map(({ provider, model, call, failure, cost }) => [provider, model, call, failure?.type ?? 'ok', cost]);

  test('a text, from the first candidate, with its bill', async () => {
    anthropic.script({ text: 'Not very.' });
    expect(await ask()).toEqual({ output: 'Not very.', model: 'claude-haiku-5-5', provider: 'anthropic', tier: 'cheap' });
    expect(bill).toEqual([
      {
        provider: 'anthropic',
        model: 'claude-haiku-5-5',
        tier: 'cheap',
        call: 'ask',
        status: 'succeeded',
        usage: { input: 100, output: 20, cacheRead: 0, cacheWrite: 0 },
        cost: HAIKU_COST,
        baseline: OPUS_COST,
        latency: 0,
        simulated: false,
      },
    ]);
    expect(anthropic.received[0]?.body).toMatchObject({ model: 'claude-haiku-5-5', max_tokens: 16_384 });
  });

  test('a model by name; what it cannot take is not sent', async () => {
    anthropic.script({ text: 'Not very.' });
    expect(await ask({ model: HAIKU, temperature: 0.5, maxOutputTokens: 500_000 })).toEqual({
      output: 'Not very.',
      model: 'claude-haiku-5-5',
      provider: 'anthropic',
    });
    expect(anthropic.received[0]?.body).not.toHaveProperty('temperature');
    expect(anthropic.received[0]?.body.max_tokens).toBe(128_000);
    expect(bill[0]).not.toHaveProperty('tier');
  });

  test('what is asked beside the question is on the bill by its name, and not paid for again', async () => {
    anthropic.script({ text: 'Shorter.' });
    const kept: PaidCall[] = [];
    const keeping: CallBook = {
      paid: (request) => kept.find((paid) => paid.request === request),
      record: async (call, request, reply) => void kept.push({ call, request, reply }),
    };
    const abort = new AbortController().signal;
    expect((await clientOf().ask(asking({ purpose: 'summarize' }), keeping, abort)).output).toBe('Shorter.');
    expect(kept.map(({ call }) => call.call)).toEqual(['summarize']);
    expect((await clientOf().ask(asking({ purpose: 'summarize' }), keeping, abort)).output).toBe('Shorter.');
    expect(anthropic.received).toHaveLength(1);
    // The same words as the node's own question are another call.
    await clientOf().ask(asking(), keeping, abort);
    expect(kept.map(({ call }) => call.call)).toEqual(['summarize', 'ask']);
  });

  test('what was paid for before a crash counts for the limits that only its asks know', async () => {
    anthropic.script({ text: 'Not very.' });
    const kept: PaidCall[] = [];
    const keeping: CallBook = {
      paid: (request) => kept.find((paid) => paid.request === request),
      record: async (call, request, reply) => void kept.push({ call, request, reply }),
    };
    const abort = new AbortController().signal;
    const least = { maxOutputTokens: 1, within: [{ of: taskKey('scan/dig~1'), maxCost: nanoUsd(HAIKU_COST), spent: nanoUsd(0) }] };
    await clientOf().ask(asking(least), keeping, abort);
    const after = clientOf();
    expect((await after.ask(asking(least), keeping, abort)).output).toBe('Not very.');
    const error: unknown = await after
      .ask(asking({ ...least, messages: [{ role: 'user', text: 'And now?' }] }), keeping, abort)
      .catch((thrown) => thrown);
    expect(error).toMatchObject({ failure: { type: 'budget_exceeded', spent: HAIKU_COST, of: 'scan/dig~1' } });
    expect(anthropic.received).toHaveLength(1);
  });

  test('what no model takes is not sent, nor what is certainly too long', async () => {
    const image = { type: 'image', mediaType: 'image/png', name: 'a.png', data: '' } as const;
    const messages = [{ role: 'user', text: 'Look.', attachments: [image] } as const];
    expect(await failure({ model: 'openai/o3-mini', messages })).toEqual({
      type: 'bad_request',
      message: 'no model that can be asked takes images: openai/o3-mini does not',
    });
    expect(await failure({ model: 'openai/gpt-4', messages: [{ role: 'user', text: 'word '.repeat(9_000) }] })).toMatchObject({
      type: 'context_too_long',
    });
    expect([openai.received, bill]).toEqual([[], []]);
  });

  test('how much to think is told in the way of the model', async () => {
    anthropic.script({ text: 'Not very.' });
    await ask({ model: 'anthropic/claude-haiku-4-5', reasoning: 'high', temperature: 0.5 });
    expect(anthropic.received[0]?.body).toMatchObject({ max_tokens: 32_768, thinking: { type: 'enabled', budget_tokens: 24_576 } });
    expect(anthropic.received[0]?.body).not.toHaveProperty('temperature');
  });

  test('JSON that fits', async () => {
    anthropic.script({ text: '{"risk": 0.5}' });
    expect((await ask({ outputSchema: risk })).output).toEqual({ risk: 0.5 });
    expect(anthropic.received[0]?.body.output_config.format.type).toBe('json_schema');
  });

  describe('repair', () => {
    test('a wrong answer is asked about once, with what is wrong', async () => {
      anthropic.script({ text: '{"risk": "high"}' }, { text: '{"risk": 0.9}' });
      expect((await ask({ outputSchema: risk })).output).toEqual({ risk: 0.9 });
      expect(told()).toEqual([
        ['anthropic', 'claude-haiku-5-5', 'ask', 'output_invalid', HAIKU_COST],
        ['anthropic', 'claude-haiku-5-5', 'repair', 'ok', HAIKU_COST],
      ]);
      const { messages } = anthropic.received[1]!.body;
      expect(messages.map(({ role }: { role: string }) => role)).toEqual(['user', 'assistant', 'user']);
      expect(messages[2].content).toContain('risk');
    });

    test('wrong twice is the failure, with the problems', async () => {
      anthropic.script({ text: '{"risk": 7}' });
      expect(await failure({ outputSchema: risk })).toMatchObject({ type: 'output_invalid', problems: [expect.stringContaining('risk')] });
      expect(told().map(([, , call, type]) => [call, type])).toEqual([
        ['ask', 'output_invalid'],
        ['repair', 'output_invalid'],
      ]);
    });

    test('the node’s checks count like the schema, for texts too', async () => {
      const problemsOf = (output: Json) => (output === 'long enough' ? [] : ['too short']);
      anthropic.script({ text: 'x' }, { text: 'long enough' });
      expect((await ask({ problemsOf })).output).toBe('long enough');
      expect(anthropic.received[1]?.body.messages[2].content).toContain('- too short');
      anthropic.script({ text: 'x' });
      expect(await failure({ problemsOf })).toMatchObject({ type: 'check_failed', problems: ['too short'] });
    });

    test('a server that ignores the schema is survived', async () => {
      openai.script({ text: 'I would say it is risky.' }, { text: 'Sorry!\n```json\n{"risk": 0.8}\n```' });
      expect((await ask({ model: LUNA, outputSchema: risk })).output).toEqual({ risk: 0.8 });
      expect(told().map(([, , call, type]) => [call, type])).toEqual([
        ['ask', 'output_invalid'],
        ['repair', 'ok'],
      ]);
    });

    test('an answer that was cut off is not mended', async () => {
      anthropic.script({ text: '{"risk": 0.5}', stop: 'max_tokens' });
      expect(await failure({ outputSchema: risk, maxOutputTokens: 50 })).toMatchObject({
        type: 'output_invalid',
        message: 'the answer was cut off at 50 tokens',
      });
      expect(told()).toEqual([['anthropic', 'claude-haiku-5-5', 'ask', 'output_invalid', HAIKU_COST]]);
    });

    test('a refusal is final, and paid for', async () => {
      anthropic.script({ text: 'I cannot help with that.', stop: 'refusal' });
      expect(await failure({ outputSchema: risk })).toMatchObject({ type: 'refused', message: expect.stringContaining('I cannot help') });
      expect(told()).toEqual([['anthropic', 'claude-haiku-5-5', 'ask', 'refused', HAIKU_COST]]);
    });
  });

  describe('schemas that a server does not take', () => {
    test.each<[string, Turn]>([
      ['400', { error: 400, message: 'response_format is not supported' }],
      ['500', { error: 500 }],
    ])('after a %s they go into the prompt, and that is remembered', async (_, refusal) => {
      openai.script(refusal, { text: '{"risk": 0.1}' });
      expect((await ask({ model: LUNA, outputSchema: risk })).output).toEqual({ risk: 0.1 });
      expect(openai.received[0]?.body).toHaveProperty('response_format');
      expect(openai.received[1]?.body).not.toHaveProperty('response_format');
      expect(openai.received[1]?.body.messages[0].content).toContain('JSON Schema');
      expect((await ask({ model: LUNA, outputSchema: risk })).output).toEqual({ risk: 0.1 });
      expect(openai.received[2]?.body).not.toHaveProperty('response_format');
      expect(told().map(([, , , type, cost]) => [type, cost])).toEqual([
        [refusal && 'error' in refusal && refusal.error === 400 ? 'bad_request' : 'unavailable', 0],
        ['ok', 100 * 100 + 20 * 500],
        ['ok', 100 * 100 + 20 * 500],
      ]);
    });

    test('a server that is simply down is not remembered as one', async () => {
      openai.script({ error: 500 });
      expect(await failure({ model: LUNA, outputSchema: risk })).toMatchObject({ type: 'unavailable' });
      openai.script({ text: '{"risk": 0.1}' });
      await ask({ model: LUNA, outputSchema: risk });
      expect(openai.received.at(-1)?.body).toHaveProperty('response_format');
    });

    test('what Anthropic cannot be told goes into the prompt from the start', async () => {
      anthropic.script({ text: '{"a": 1, "b": 2}' });
      const open = { type: 'object', additionalProperties: { type: 'number' } };
      expect((await ask({ outputSchema: open })).output).toEqual({ a: 1, b: 2 });
      expect(anthropic.received[0]?.body).not.toHaveProperty('output_config');
      expect(anthropic.received[0]?.body.messages[0].content).toContain('JSON Schema');
    });
  });

  describe('when a provider cannot be reached', () => {
    test.each<[string, Turn, string, number | null]>([
      ['529', { error: 529 }, 'unavailable', 0],
      ['500', { error: 500 }, 'unavailable', 0],
      ['a drop within the answer', { drop: 'within' }, 'unavailable', null],
      ['malformed JSON', { body: '{"id"' }, 'unavailable', null],
      ['429 for an hour', { error: 429, headers: { 'retry-after': '3600' } }, 'rate_limited', 0],
    ])('%s: the next candidate answers', async (_, turn, type, cost) => {
      anthropic.script(turn);
      openai.script({ text: 'Not very.' });
      expect(await ask()).toMatchObject({ output: 'Not very.', provider: 'openai', model: 'gpt-6-luna', tier: 'cheap' });
      expect(told()).toEqual([
        ['anthropic', 'claude-haiku-5-5', 'ask', type, cost],
        ['openai', 'gpt-6-luna', 'ask', 'ok', 100 * 100 + 20 * 500],
      ]);
      expect(bill[0]?.baseline).toBe(cost);
    });

    test('nobody: one failure that names them all', async () => {
      anthropic.script({ error: 529 });
      openai.script({ error: 503 });
      expect(await failure()).toMatchObject({
        type: 'unavailable',
        message: expect.stringMatching(/^no candidate could be reached: anthropic is overloaded .*; openai has a problem/),
      });
    });

    test.each<[string, Turn, string]>([
      ['400', { error: 400 }, 'bad_request'],
      ['401', { error: 401 }, 'unauthorized'],
      ['a refusal', { text: '', stop: 'refusal' }, 'refused'],
      ['429 for a moment', { error: 429, headers: { 'retry-after': '2' } }, 'rate_limited'],
    ])('%s says something of the request: nobody else is asked', async (_, turn, type) => {
      anthropic.script(turn);
      expect(await failure()).toMatchObject({ type });
      expect(openai.received).toEqual([]);
    });

    test('a 429 closes the provider for everybody as long as it says', async () => {
      const client = clientOf();
      anthropic.script({ error: 429, headers: { 'retry-after': '2' } }, { text: 'Not very.' });
      expect(await failure({}, client)).toMatchObject({ type: 'rate_limited', retryAfter: 2000 });
      const second = ask({}, client);
      await new Promise((resolve) => setImmediate(resolve));
      expect(anthropic.received.length).toBe(1);
      // Time passes only where the gate waits for it.
      const running = clock.run();
      await second;
      await running;
      expect(clock.now()).toBe(2000);
      expect(anthropic.received.length).toBe(2);
    });

    test('closed for an hour: the next candidate is taken without asking again', async () => {
      const client = clientOf();
      anthropic.script({ error: 429, headers: { 'retry-after': '3600' } });
      openai.script({ text: 'Not very.' });
      await ask({}, client);
      await ask({}, client);
      expect(anthropic.received.length).toBe(1);
      expect(openai.received.length).toBe(2);
    });
  });

  test('a call that is given up is billed as unknown', async () => {
    anthropic.script({ hang: true });
    const abort = new AbortController();
    const call = ask({}, clientOf(), abort.signal).catch((error: unknown) => error);
    while (anthropic.received.length === 0) await new Promise((resolve) => setImmediate(resolve));
    abort.abort(new Failed({ type: 'timed_out', message: 'late', after: millis(5) }));
    expect(await call).toMatchObject({ failure: { type: 'timed_out' } });
    expect(bill).toMatchObject([{ status: 'failed', failure: { type: 'timed_out' }, cost: null, baseline: null }]);
    expect(openai.received).toEqual([]);
  });

  describe('when nothing new may start', () => {
    test('a call that waits for its turn is given up, and is no call', async () => {
      const halt = new AbortController();
      const client = models.forRun({ tiers: TIERS, halt: halt.signal });
      anthropic.script({ error: 429, headers: { 'retry-after': '2' } });
      await failure({}, client);
      const waiting = failure({}, client);
      await new Promise((resolve) => setImmediate(resolve));
      halt.abort();
      expect(await waiting).toMatchObject({ type: 'cancelled' });
      expect(await failure({}, client)).toMatchObject({ type: 'cancelled' });
      expect(anthropic.received.length).toBe(1);
      expect(bill.length).toBe(1);
    });

    test('what has gone out is finished, with the question that mends it', async () => {
      const halt = new AbortController();
      const client = models.forRun({ tiers: TIERS, halt: halt.signal });
      anthropic.script(
        () => {
          halt.abort();
          return { text: 'no idea' };
        },
        { text: '{"risk": 0.5}' },
      );
      expect(await ask({ outputSchema: risk }, client)).toMatchObject({ output: { risk: 0.5 } });
      expect(told().map(([, , call]) => call)).toEqual(['ask', 'repair']);
    });
  });

  test('two engines at the same door wait for each other', async () => {
    const gates = new Map([['anthropic', createGate({ provider: 'anthropic', concurrency: 1, clock })]]);
    const [one, other] = [createModels({ providers: access(), clock, gates }), createModels({ providers: access(), clock, gates })];
    const stop = new AbortController();
    anthropic.script({ hang: true }, { text: 'Not very.' });
    const first = ask({}, one.forRun({ tiers: TIERS }), stop.signal).catch(() => 'given up');
    while (anthropic.received.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const second = ask({}, other.forRun({ tiers: TIERS }));
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(anthropic.received.length).toBe(1);
    stop.abort();
    expect(await first).toBe('given up');
    expect((await second).output).toBe('Not very.');
    await Promise.all([one.close(), other.close()]);
  });

  test('the time of a try stands still while a call waits for its turn', async () => {
    const client = clientOf();
    anthropic.script({ error: 429, headers: { 'retry-after': '2' } }, { text: 'Not very.' });
    await failure({}, client);
    const told: [string, number][] = [];
    const waiting = client.ask(asking(), book, new AbortController().signal, () => {
      told.push(['pause', clock.now()]);
      return () => void told.push(['go on', clock.now()]);
    });
    const running = clock.run();
    await waiting;
    await running;
    expect(told).toEqual([
      ['pause', 0],
      ['go on', 2000],
    ]);
  });

  test('only candidates that can be used are asked; with none, it says what to set', async () => {
    openai.script({ text: 'hello' });
    const some = models.forRun({ tiers: { ...TIERS, cheap: ['groq/x', 'nobody/y', LUNA] } });
    expect(await ask({}, some)).toMatchObject({ provider: 'openai' });
    const none = models.forRun({ tiers: { ...TIERS, cheap: ['groq/x'] } });
    expect(await failure({}, none)).toEqual({
      type: 'unauthorized',
      message: 'no provider is set up for groq/x: set GROQ_API_KEY',
      variable: 'GROQ_API_KEY',
    });
    expect(bill.length).toBe(1);
  });

  test('a price that is not known is null', async () => {
    openai.script({ text: 'hello' });
    await ask({ model: 'openai/my-own' });
    expect(bill).toMatchObject([{ cost: null, baseline: OPUS_COST }]);
    expect(openai.received[0]?.body.max_tokens).toBe(4096);
  });

  describe('with a budget', () => {
    test('it is never overshot, however many calls there are', async () => {
      // Each call costs 20,000 nano-dollars, and no more than 1.1 × its prompt and 100 tokens of answer are set aside.
      anthropic.script({ text: 'Not very.' });
      const limit = 110_000;
      const client = clientOf(limit as Usd);
      const results = await Promise.allSettled(Array.from({ length: 20 }, () => ask({ maxOutputTokens: 100 }, client)));
      const spent = bill.reduce((sum, call) => sum + (call.cost ?? 0), 0);
      expect(spent).toBeLessThanOrEqual(limit);
      expect(results.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(1);
      const [refused] = results.filter((result) => result.status === 'rejected');
      expect(refused?.reason.failure).toMatchObject({ type: 'budget_exceeded', limit });
    });

    test('an answer of default length is shortened to the money, and says so when it is cut', async () => {
      anthropic.script({ text: 'It is', stop: 'max_tokens', usage: { input_tokens: 10, output_tokens: 2000 } });
      const client = clientOf(fromDollars(0.001));
      expect(await failure({}, client)).toMatchObject({
        type: 'budget_exceeded',
        message: expect.stringContaining('all that the money left would buy'),
      });
      expect(anthropic.received[0]?.body.max_tokens).toBeGreaterThan(1024);
      expect(anthropic.received[0]?.body.max_tokens).toBeLessThan(2000);
    });

    test('what the author wrote is not shortened', async () => {
      expect(await failure({ maxOutputTokens: 16_000 }, clientOf(fromDollars(0.001)))).toMatchObject({ type: 'budget_exceeded', spent: 0 });
      expect(anthropic.received).toEqual([]);
      expect(bill).toEqual([]);
    });
  });

  test('offline stands in for the first candidate, at its price, and says so', async () => {
    const tokenCounter = async () => {
      const count = await loadTokenCounter();
      return (text: string) => count(text);
    };
    const client = models.forRun({
      tiers: { ...TIERS, cheap: ['groq/x', LUNA], capable: [SONNET] },
      offline: createOfflineProvider({ tokenCounter }),
    });
    const answer = await client.ask(asking({ tier: 'capable', outputSchema: risk }), book, new AbortController().signal);
    expect(answer).toEqual({ output: { risk: expect.any(Number) }, model: 'claude-sonnet-5-5', provider: 'offline', tier: 'capable' });
    expect(bill).toMatchObject([
      { provider: 'offline', model: 'claude-sonnet-5-5', simulated: true, status: 'succeeded', cost: expect.any(Number) },
    ]);
    await client.ask(asking({ tier: 'cheap' }), book, new AbortController().signal);
    expect(bill[1]).toMatchObject({ model: 'x', cost: null });
    expect(anthropic.received).toEqual([]);
  });
});
