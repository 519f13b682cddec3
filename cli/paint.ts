import type { Out } from './io.ts';

/** Colours, or plain text when they are off. Few on purpose: state has a colour, everything of second rank is dim. */
export interface Paint {
  readonly on: boolean;
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
}

/**
 * Whether a stream gets colour. In this order: the flag, NO_COLOR (non-empty), FORCE_COLOR, TERM=dumb, and last
 * whether the stream is a terminal.
 */
export function wantsColour(flag: boolean | undefined, env: Readonly<Record<string, string | undefined>>, out: Out): boolean {
  if (flag !== undefined) return flag;
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false';
  if (env.TERM === 'dumb') return false;
  return out.isTTY;
}

export function createPaint(on: boolean): Paint {
  const code =
    (open: number, close: number) =>
    (text: string): string =>
      on && text !== '' ? `\u001B[${open}m${text}\u001B[${close}m` : text;
  return { on, bold: code(1, 22), dim: code(2, 22), red: code(31, 39), green: code(32, 39), yellow: code(33, 39), cyan: code(36, 39) };
}

/** The text as it stands on the screen. */
export function withoutColour(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape is what is looked for.
  return text.replace(/\u001B\[\d+m/g, '');
}
