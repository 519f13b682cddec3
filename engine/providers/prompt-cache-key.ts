import { hash } from 'node:crypto';
import type { ModelRequest } from '../contracts/provider.ts';

/**
 * What OpenAI is told so that requests which begin alike reach the same cache: it keeps beginnings by itself, and finds them better by a
 * key (OpenAI's guide to prompt caching). The same for all that share the first breakpoint; nothing where there is none.
 */
export function promptCacheKey({ breakpoints, messages, tools = [] }: ModelRequest): { readonly prompt_cache_key?: string } {
  const [first] = breakpoints ?? [];
  if (first === undefined) return {};
  const said = messages
    .slice(0, Math.max(0, first.message + 1))
    .map(({ role, text }, index) => [role, index < first.message ? text : text.slice(0, first.at)]);
  return { prompt_cache_key: hash('sha256', JSON.stringify([tools, said]), 'base64url') };
}
