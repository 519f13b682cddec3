import { type Millis, renderDuration, renderTokens, renderUsd } from '../engine/index.ts';
import type { Spending } from './node-view.ts';

/** `1 call`, `3 calls`. */
export function countOf(count: number, one: string, many: string = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** From one moment to another, or to now when it has not come: `1.2s`. */
export function elapsed(from: number, to: number | undefined, now: number): string {
  return renderDuration(Math.max(0, (to ?? now) - from) as Millis);
}

/** `1.2k tokens · $0.0042`; empty when no call was made. */
export function describeSpending(spent: Spending): string {
  if (spent.calls === 0) return '';
  const tokens = `${renderTokens(spent.inputTokens + spent.outputTokens)} tokens`;
  if (spent.unpriced > 0 && spent.cost === 0) return `${tokens} · price not known`;
  return `${tokens} · ${renderUsd(spent.cost)}${spent.unpriced > 0 ? ` and ${countOf(spent.unpriced, 'call')} not priced` : ''}`;
}

/** `$0.0042`, `$0.0042+?` when some calls have no price, `?` when none has: what is not known never shows as nothing. */
export function costOf(spent: Spending): string {
  if (spent.calls === 0) return '';
  if (spent.unpriced > 0 && spent.cost === 0) return '?';
  return `${renderUsd(spent.cost)}${spent.unpriced > 0 ? '+?' : ''}`;
}
