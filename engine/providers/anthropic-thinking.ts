import type { ModelRequest, Reasoning } from '../contracts/provider.ts';

/**
 * Tokens to think with, for models that take a number of them: 1,024 is the least that is taken, and beyond 32,000 little is gained
 * (Anthropic's guide to extended thinking).
 */
const BUDGETS: Readonly<Record<Exclude<Reasoning, 'none'>, number>> = { low: 1_024, medium: 8_192, high: 24_576 };
/** What is left for the answer where it can be. */
const ANSWER = 1_024;

/** How the Messages API says how much to think: a mode, an effort (for `output_config`), both, or nothing. */
export interface Thinking {
  readonly thinking?:
    | { readonly type: 'adaptive' | 'disabled' | 'between_tools' }
    | { readonly type: 'enabled'; readonly budget_tokens: number };
  readonly effort?: 'low' | 'medium' | 'high';
}

/** What tells Claude how much to think. Thinking is part of `max_tokens`. */
export function thinkingOf({
  reasoning,
  reasoningBy,
  maxOutputTokens,
}: Pick<ModelRequest, 'reasoning' | 'reasoningBy' | 'maxOutputTokens'>): Thinking {
  if (reasoning === undefined) return {};
  switch (reasoningBy) {
    case 'budget':
      // Without room for the least of it, there is no thinking.
      if (reasoning === 'none' || maxOutputTokens <= BUDGETS.low) return {};
      return {
        thinking: { type: 'enabled', budget_tokens: Math.max(BUDGETS.low, Math.min(BUDGETS[reasoning], maxOutputTokens - ANSWER)) },
      };
    case 'always':
      return { effort: reasoning === 'none' ? 'low' : reasoning };
    case 'between_tools':
      return reasoning === 'none' ? { thinking: { type: 'between_tools' } } : { thinking: { type: 'adaptive' }, effort: reasoning };
    default:
      return reasoning === 'none' ? { thinking: { type: 'disabled' } } : { thinking: { type: 'adaptive' }, effort: reasoning };
  }
}
