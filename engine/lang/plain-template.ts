import type { TemplatePart } from '../contracts/template.ts';
import { blockNames, helpers } from './helpers.ts';

/**
 * The parts of a template that is nothing but text and paths (`{{nodes.a.output}}`), which most are; undefined for any other, and wherever
 * the grammar of Handlebars might see something else. It gives what Handlebars' parser would, in a fiftieth of the time.
 */
export function plainParts(text: string): readonly TemplatePart[] | undefined {
  if (text.includes('\0')) return undefined;
  const parts: TemplatePart[] = [];
  let from = 0;
  for (let start = text.indexOf('{{'); start >= 0; start = text.indexOf('{{', from)) {
    PLAIN.lastIndex = start;
    const found = PLAIN.exec(text);
    // Behind a backslash braces are text.
    if (found === null || text[start - 1] === '\\') return undefined;
    const [whole, before = '', path = ''] = found;
    const names = path.split('.');
    if (names.some((name) => WORDS.test(name)) || helpers.has(path) || blockNames.includes(path)) return undefined;
    if (start > from) parts.push({ type: 'text', text: text.slice(from, start), start: from, end: start });
    const at = start + before.length;
    const value = { type: 'path', up: 0, explicit: false, data: false, parts: names, start: at, end: at + path.length } as const;
    from = start + whole.length;
    parts.push({ type: 'print', value, start, end: from });
  }
  if (from < text.length) parts.push({ type: 'text', text: text.slice(from), start: from, end: text.length });
  return parts;
}

/** A path between two braces on each side. A third one is the grammar's own affair. */
const PLAIN = /(\{\{\s*)([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\s*\}\}(?!\})/y;

/** Names at whose beginning the grammar may see a word of its own. */
const WORDS = /^(?:else|true|false|null|undefined|this|as)/;
