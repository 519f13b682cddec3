import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { taskKey } from '../../engine/base/ids.ts';
import type { ModelRequest, Provider } from '../../engine/contracts/provider.ts';

/** What the contract asks of a provider's surroundings. */
export interface ProviderRig {
  readonly provider: Provider;
  /** Makes the next answer fit `schema`; simulated providers do so by themselves. */
  answerWith?(text: string): void;
  close(): Promise<void>;
}

export const requestFor = (more: Partial<ModelRequest> = {}): ModelRequest => ({
  model: 'some-model',
  messages: [
    { role: 'system', text: 'Be brief.' },
    { role: 'user', text: 'What is DNS?' },
  ],
  maxOutputTokens: 200,
  origin: { node: 'summary', task: taskKey('summary'), attempt: 1, call: 'ask' },
  ...more,
});

/** What every provider does, whatever it speaks. */
export function describeProvider(name: string, open: () => Promise<ProviderRig>): void {
  describe(`${name} is a provider`, () => {
    let rig: ProviderRig;
    beforeAll(async () => {
      rig = await open();
    });
    afterAll(async () => {
      await rig.provider.close?.();
      await rig.close();
    });

    test('it has a name and says whether a real model answers', () => {
      expect(rig.provider.id).toMatch(/^[a-z][a-z0-9_-]*$/);
      expect(typeof rig.provider.simulated).toBe('boolean');
    });

    test('it answers with text, and its usage adds up', async () => {
      rig.answerWith?.('A phone book for machines.');
      const reply = await rig.provider.complete(requestFor(), new AbortController().signal);
      expect(reply.text.length).toBeGreaterThan(0);
      expect(reply.stop).toBe('end');
      expect(reply.model).toBe('some-model');
      const { input, output, cacheRead, cacheWrite } = reply.usage;
      for (const count of [input, output, cacheRead, cacheWrite]) expect(count).toBeGreaterThanOrEqual(0);
      expect(Number.isInteger(input + output + cacheRead + cacheWrite)).toBe(true);
      expect(input).toBeGreaterThan(0);
      expect(cacheRead + cacheWrite).toBeLessThanOrEqual(input);
    });

    test('asked for JSON, it answers with JSON', async () => {
      rig.answerWith?.('{"risk": 0.5}');
      const outputSchema = {
        type: 'object',
        properties: { risk: { type: 'number', minimum: 0, maximum: 1 } },
        required: ['risk'],
        additionalProperties: false,
      };
      const reply = await rig.provider.complete(requestFor({ outputSchema }), new AbortController().signal);
      expect(JSON.parse(reply.text)).toEqual({ risk: expect.any(Number) });
    });

    test('what it was told to give up, it gives up', async () => {
      const abort = new AbortController();
      abort.abort();
      await expect(rig.provider.complete(requestFor(), abort.signal)).rejects.toMatchObject({ failure: { type: 'cancelled' } });
    });

    test('it holds nothing back from one call for the next', async () => {
      rig.answerWith?.('Same.');
      const first = await rig.provider.complete(requestFor(), new AbortController().signal);
      const second = await rig.provider.complete(requestFor(), new AbortController().signal);
      expect(second).toEqual(first);
    });
  });
}
