import type { Provider, ProviderSettings } from '../contracts/provider.ts';
import type { TokenCounter } from './openai.ts';

/** A wire protocol that a provider can speak. */
export interface ProviderType {
  readonly type: string;
  /** One line: docs, CLI. */
  readonly summary: string;
  /** Loads the protocol's SDK, which nothing else does. */
  open(settings: ProviderSettings, tokenCounter: TokenCounter): Promise<Provider>;
}

/** Every wire protocol: `type` in dagrun.config.yml. */
export const providerTypes: readonly ProviderType[] = [
  {
    type: 'anthropic',
    summary: "Anthropic's Messages API.",
    open: async (settings) => (await import('./anthropic.ts')).openAnthropic(settings),
  },
  {
    type: 'openai',
    summary: "OpenAI's Chat Completions, and every server that speaks the same at its base_url: Ollama, llama.cpp, vLLM, gateways.",
    open: async (settings, tokenCounter) => (await import('./openai.ts')).openOpenAi(settings, tokenCounter),
  },
];
