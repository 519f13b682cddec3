import { afterAll, beforeAll } from 'vitest';
import type { Provider } from '../../engine/contracts/provider.ts';
import { openAnthropic } from '../../engine/providers/anthropic.ts';
import { openOpenAi } from '../../engine/providers/openai.ts';
import { startAnthropicServer } from './anthropic-server.ts';
import { startOpenAiServer } from './openai-server.ts';
import type { WireServer } from './wire-server.ts';

/** The real providers, each with a server on this machine that speaks its protocol. */
export interface Both {
  anthropicServer: WireServer;
  openAiServer: WireServer;
  anthropic: Provider;
  openAi: Provider;
}

/** Opens both for the tests of a `describe`, and closes them after it; the fields are there once its tests run. */
export function withBothProviders(count: Awaited<ReturnType<NonNullable<Parameters<typeof openOpenAi>[1]>>>): Both {
  const both = {} as Both;
  beforeAll(async () => {
    both.anthropicServer = await startAnthropicServer();
    both.openAiServer = await startOpenAiServer();
    both.anthropic = await openAnthropic({ id: 'anthropic', type: 'anthropic', apiKey: 'k3y', baseUrl: both.anthropicServer.url });
    both.openAi = await openOpenAi({ id: 'openai', type: 'openai', apiKey: 'k3y', baseUrl: both.openAiServer.url }, async () => count);
  });
  afterAll(async () => {
    await Promise.all([both.anthropic.close?.(), both.openAi.close?.(), both.anthropicServer.close(), both.openAiServer.close()]);
  });
  return both;
}
