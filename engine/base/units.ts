import { type Instant, instant, type Millis, millis, nanoUsd, type Usd } from './ids.ts';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration as written in YAML (`250ms`, `90s`, `1.5h`, `10m`, `2d`) in milliseconds, or undefined if it is not one. */
export function parseDuration(text: string): Millis | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim());
  const unit = UNIT_MS[match?.[2] ?? ''];
  return match && unit !== undefined ? millis(Math.round(Number(match[1]) * unit)) : undefined;
}

/** A time of RFC 3339, seconds may be left out; undefined when it is none, or does not say its offset from UTC. */
export function parseTime(text: string): Instant | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/i.test(text.trim())) return undefined;
  const at = Date.parse(text.trim());
  return Number.isNaN(at) ? undefined : instant(at);
}

/** A duration for people: `87ms`, `4.2s`, `3m 07s`, `2h 05m`. */
export function renderDuration(duration: Millis): string {
  if (duration < 1000) return `${Math.round(duration)}ms`;
  if (duration < 59_950) return `${(duration / 1000).toFixed(1)}s`;
  const seconds = Math.round(duration / 1000);
  const pad = (value: number): string => String(value).padStart(2, '0');
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${pad(seconds % 60)}s`;
  return `${Math.floor(seconds / 3600)}h ${pad(Math.floor((seconds % 3600) / 60))}m`;
}

/** Dollars as nano-dollars, rounded half up. */
export function fromDollars(dollars: number): Usd {
  return nanoUsd(Math.round(dollars * 1e9));
}

/** Nano-dollars as a number of dollars. */
export function toDollars(amount: Usd): number {
  return amount / 1e9;
}

/** Money for people, with enough digits to be seen: `$1.24`, `$0.0042`, `$0.000021`, `$0`. */
export function renderUsd(amount: Usd): string {
  const dollars = toDollars(amount);
  if (dollars === 0) return '$0';
  const size = Math.abs(dollars);
  const digits = size >= 1 ? 2 : size >= 0.01 ? 4 : size >= 0.0001 ? 5 : 7;
  return `${dollars < 0 ? '-' : ''}$${size.toFixed(digits)}`;
}

const SIZE_UNITS = ['B', 'kB', 'MB', 'GB'] as const;

/** A size as people write it (`500kB`, `50MB`, `1.5 GB`) in bytes, or undefined if it is not one. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]?b)$/i.exec(text.trim());
  const power = SIZE_UNITS.findIndex((unit) => unit.toLowerCase() === match?.[2]?.toLowerCase());
  return match && power >= 0 ? Math.floor(Number(match[1]) * 1000 ** power) : undefined;
}

/** A size for people: `842 B`, `1.2 kB`, `256 MB`. */
export function renderSize(bytes: number): string {
  let unit = 0;
  let size = bytes;
  for (; size >= 1000 && unit < SIZE_UNITS.length - 1; unit += 1) size /= 1000;
  const digits = unit === 0 || size >= 100 || Number.isInteger(size) ? 0 : 1;
  return `${size.toFixed(digits)} ${SIZE_UNITS[unit] ?? ''}`;
}

/** A count of tokens for people: `842`, `12.4k`, `1.2M`. */
export function renderTokens(count: number): string {
  if (count < 1000) return String(count);
  if (count < 999_950) return `${(count / 1000).toFixed(1)}k`;
  return `${(count / 1e6).toFixed(1)}M`;
}
