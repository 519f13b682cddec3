import { loadTokenCounter } from '../../engine/models/tokens.ts';
import { createOfflineProvider } from '../../engine/providers/offline.ts';
import { providerTypes } from '../../engine/providers/registry.ts';
import { describeProvider } from '../contract/provider.contract.ts';
import { startAnthropicServer } from '../support/anthropic-server.ts';
import { startOpenAiServer } from '../support/openai-server.ts';
import { startResponsesServer } from '../support/responses-server.ts';
import type { WireServer } from '../support/wire-server.ts';

const servers: Record<string, () => Promise<WireServer>> = {
  anthropic: startAnthropicServer,
  'openai over responses': startResponsesServer,
  'openai over chat_completions': startOpenAiServer,
};
const counter = async () => {
  const count = await loadTokenCounter();
  return (text: string) => count(text);
};

// A protocol or an API in the registry without a server here fails: every provider is held to the contract.
for (const { type, apis = [undefined], open } of providerTypes) {
  for (const api of apis) {
    const name = api === undefined ? type : `${type} over ${api}`;
    describeProvider(name, async () => {
      const server = await servers[name]!();
      return {
        provider: await open({ id: type, type, apiKey: 'key', baseUrl: server.url, ...(api && { api }) }, counter),
        answerWith: (text) => server.script({ text }),
        close: server.close,
      };
    });
  }
}

describeProvider('offline', async () => ({ provider: createOfflineProvider({ tokenCounter: counter }), close: async () => {} }));
