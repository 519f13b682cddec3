import type { ChildProcess } from 'node:child_process';

/** Characters of what a server wrote to stderr that are kept, and of them the lines and characters that a failure quotes. */
const KEPT = 6_000;
const LINES = 6;
const QUOTED = 600;

/** What a server that is a process wrote to stderr, and how it ended. */
export interface ChildEnd {
  wrote(chunk: Buffer): void;
  /** From now on its end is noticed. */
  watch(child: ChildProcess | undefined): void;
  /** How it ended and what it wrote last, in words; `''` when nothing is known. `line`: on one line. */
  words(line?: boolean): string;
  /** Of the two the first: undefined while it runs. */
  ended(): string | undefined;
}

/** Nothing is known of a server that has not been started. */
export function childEnd(): ChildEnd {
  let said = '';
  let how: string | undefined;
  const ended = (): string | undefined => how;
  return {
    wrote(chunk) {
      said = `${said}${chunk.toString('utf8')}`.slice(-KEPT);
    },
    watch(child) {
      child?.once('exit', (code, signal) => {
        how = signal === null ? `it exited with code ${code}` : `it was ended by ${signal}`;
      });
    },
    ended,
    words(line = false) {
      const lines = lastLines(said);
      const quote = lines.length > 1 && !line ? `\n  ${lines.join('\n  ')}` : ` ${lines.join(' / ')}`;
      if (lines.length === 0) return how === undefined ? '' : `${how}, and wrote nothing to stderr`;
      return how === undefined ? quote.replace(/^ /, '') : `${how}:${quote}`;
    },
  };
}

/** Where in its code a program of Node came to its end, and how that prints an error: says nothing to whoever uses it. */
const NOISE = /^\s+at |^Node\.js v\d|^\S*:\d+$|^\s+throw |^\s*\^+$|^\s+(code|requireStack|url|errno|syscall|path): |^\s+\]?,?$|^\}$/;

function lastLines(said: string): readonly string[] {
  const written = said.split(/\r?\n/).map((line) => line.trimEnd());
  const isNode = written.some((line) => /^\s+at |^Node\.js v\d/.test(line));
  const lines = written.filter((line) => line !== '' && !(isNode && NOISE.test(line))).map((line) => line.replace(/ \{$/, ''));
  const last = lines.slice(-LINES).map((line) => (line.length > QUOTED ? `${line.slice(0, QUOTED)}…` : line));
  while (last.length > 1 && last.join('\n').length > QUOTED) last.shift();
  return last;
}
