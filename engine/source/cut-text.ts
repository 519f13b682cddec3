import { isObject, type Json } from '../base/json.ts';
import type { Diagnostic } from '../contracts/diagnostic.ts';
import type { Document, Path } from '../contracts/source.ts';
import { quoted } from './traps.ts';

/**
 * A name that nobody knows, at `path`, is the rest of a text that a comma has cut: `{ text: Hello, world }`. Undefined when it has a
 * value, or does not stand behind a text.
 */
export function cutText(document: Document, path: Path): Diagnostic | undefined {
  const around = path.slice(0, -1);
  let map: Json | undefined = document.value;
  for (const step of around) map = Array.isArray(map) ? map[Number(step)] : isObject(map) ? map[String(step)] : undefined;
  if (!isObject(map) || map[String(path.at(-1))] !== null) return undefined;
  const { text } = document.file;
  const end = document.spanOf(path, 'key').end;
  if (!/^\s*[,}]/.test(text.slice(end, end + 80))) return undefined;
  const names = Object.keys(map);
  let at = names.indexOf(String(path.at(-1))) - 1;
  // Several may have been cut off.
  while (at >= 0 && map[names[at] ?? ''] === null) at -= 1;
  const before = at < 0 ? undefined : names[at];
  if (before === undefined || typeof map[before] !== 'string') return undefined;
  const { start } = document.spanOf([...around, before]);
  const whole = text.slice(start, end);
  if (/^['"|>&*]/.test(whole) || whole.includes('\n')) return undefined;
  return {
    code: 'DAG114',
    severity: 'error',
    message: 'inside { } and [ ], a comma ends a value: this text is cut in two',
    at: { file: document.file, start, end },
    help: `quote it: ${quoted(whole)}`,
  };
}
