import type { Api, Provider, ProviderSettings } from '../contracts/provider.ts';
import { apiOf, type TokenCounter } from './openai-api.ts';

/** A wire protocol that a provider can speak. */
export interface ProviderType {
  readonly type: string;
  /** One line: docs, CLI. */
  readonly summary: string;
  /** The APIs it has, where there are several: `api` in dagrun.config.yml. */
  readonly apis?: readonly Api[];
  /** The one that a provider is asked over. */
  apiOf?(settings: Pick<ProviderSettings, 'api' | 'baseUrl'>): Api;
  /** It keeps the beginnings of prompts that it is told to keep, and no others. */
  readonly keepsMarked?: boolean;
  /** Loads the protocol's SDK, which nothing else does. */
  open(settings: ProviderSettings, tokenCounter: TokenCounter): Promise<Provider>;
}

/** Every wire protocol: `type` in dagrun.config.yml. */
export const providerTypes: readonly ProviderType[] = [
  {
    type: 'anthropic',
    summary: "Anthropic's Messages API.",
    keepsMarked: true,
    open: async (settings) => (await import('./anthropic.ts')).openAnthropic(settings),
  },
  {
    type: 'openai',
    summary:
      "OpenAI's Responses, and Chat Completions with every server that speaks it at its base_url: Ollama, llama.cpp, vLLM, gateways.",
    apis: ['responses', 'chat_completions'],
    apiOf,
    open: async (settings, tokenCounter) => (await import('./openai.ts')).openOpenAi(settings, tokenCounter),
  },
];
