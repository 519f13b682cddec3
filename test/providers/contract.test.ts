import { loadTokenCounter } from '../../engine/models/tokens.ts';
import { createOfflineProvider } from '../../engine/providers/offline.ts';
import { providerTypes } from '../../engine/providers/registry.ts';
import { describeProvider } from '../contract/provider.contract.ts';
import { startAnthropicServer } from '../support/anthropic-server.ts';
import { startOpenAiServer } from '../support/openai-server.ts';
import type { WireServer } from '../support/wire-server.ts';

const servers: Record<string, () => Promise<WireServer>> = { anthropic: startAnthropicServer, openai: startOpenAiServer };
const counter = async () => {
  const count = await loadTokenCounter();
  return (text: string) => count(text);
};

// A protocol in the registry without a server here fails: every provider is held to the contract.
for (const { type, open } of providerTypes) {
  describeProvider(type, async () => {
    const server = await servers[type]!();
    return {
      provider: await open({ id: type, type, apiKey: 'key', baseUrl: server.url }, counter),
      answerWith: (text) => server.script({ text }),
      close: server.close,
    };
  });
}

describeProvider('offline', async () => ({ provider: createOfflineProvider({ tokenCounter: counter }), close: async () => {} }));
