import type { SyntaxProblem } from './parsed.ts';

/** What is wrong with a template that Handlebars refused at `offset`, in our own words; of its message only the kind of error is read. */
export function explainTemplateError(text: string, message: string, offset: number): SyntaxProblem {
  const mismatch = /^(\S+) doesn't match (\S+)/.exec(message);
  if (mismatch !== null) return mismatched(text, offset, mismatch[1] ?? '', mismatch[2] ?? '');
  const got = /got '(\w+)'\s*$/.exec(message)?.[1];
  if (got === 'OPEN_ENDBLOCK')
    return { ...tag(text, offset), message: `\`${cut(text, offset)}\` closes nothing`, help: 'leave it out, or open the block before it' };
  if (got === 'INVERSE' || got === 'OPEN_INVERSE_CHAIN') {
    return { ...tag(text, offset), message: '`{{else}}` stands outside a block', help: 'write it inside `{{#if x}} … {{/if}}`' };
  }
  if (got === 'EOF') {
    const open = lastOpen(text);
    if (open !== undefined) {
      return { ...tag(text, open.at), message: `\`{{#${open.name}}}\` is not closed`, help: `close it with \`{{/${open.name}}}\`` };
    }
  }
  if (got === 'CLOSE_UNESCAPED' && text.startsWith('}}}', offset)) {
    return {
      message: 'three braces close here what two opened',
      start: offset,
      end: offset + 3,
      help: 'put a space between the value and the brace of the JSON: `{{x}} }`; or print all of it with `{{json x}}`',
    };
  }
  if (got === 'CLOSE_RAW_BLOCK') {
    const start = text.indexOf('}}}}', offset);
    if (start >= 0) {
      return {
        message: 'four braces close here, more than were opened',
        start,
        end: start + 4,
        help: 'put a space between the value and the braces of the JSON: `{{x}} }}`; or print all of it with `{{json x}}`',
      };
    }
  }
  return insideTag(text, offset);
}

/** What stands between the braces, by its look. */
const looks: readonly { readonly pattern: RegExp; readonly message: string; readonly help: string }[] = [
  {
    pattern: /^\s*$/,
    message: 'there is nothing between the braces',
    help: 'write `{{inputs.x}}`, or `\\{{` for braces that are to be printed',
  },
  {
    pattern: /^\s*["'][^"']*["']\s*:/,
    message: 'this looks like JSON, not like a value',
    help: 'put a space between braces of JSON, `{ {`, or write `\\{{`',
  },
  {
    pattern: /===?|!==?|<=?|>=?|&&|\|\|/,
    message: 'templates do not compare',
    help: 'write `{{#if (eq a b)}}`; helpers: eq, ne, lt, gt, and, or, not',
  },
  { pattern: /\|/, message: 'there are no filters', help: 'call a helper: `{{upper inputs.x}}`' },
  { pattern: /[\w\]]\s*\(/, message: 'helpers are called without brackets', help: 'write `{{json inputs.x}}`' },
  { pattern: /\.\d/, message: 'an element of a list is written in brackets', help: 'write `{{inputs.list.[0]}}`' },
  {
    pattern: /[\w]\[/,
    message: 'an element or field in brackets needs a point before it',
    help: 'write `{{inputs.list.[0]}}`, or `{{lookup inputs.list index}}`',
  },
  { pattern: /,/, message: 'values are separated by spaces, not by commas', help: 'write `{{join inputs.list ", "}}`' },
  { pattern: /[“”‘’]/, message: 'this is a typographic quote', help: 'write straight quotes: `"…"`' },
  { pattern: /\$/, message: '`$` is not part of a name', help: 'write the name alone' },
  { pattern: /["']/, message: 'a text between the braces does not end', help: 'close it with the quote it began with' },
  {
    pattern: /^\s*\.|\.\s*$|\.\./,
    message: 'this is not a path',
    help: 'a path is written `inputs.x`; `../x` is the context outside the block',
  },
  { pattern: /\d|[-+*/%]/, message: 'templates do not compute', help: 'use a helper, or a node of `kind: set`' },
];

function insideTag(text: string, offset: number): SyntaxProblem {
  let open = text.lastIndexOf('{{', Math.min(offset + 1, text.length - 1));
  // Stopped at an opening tag, while the one before it is still open.
  const before = open === offset && open > 0 ? text.lastIndexOf('{{', open - 1) : -1;
  if (before >= 0 && !text.slice(before, open).includes('}}')) open = before;
  const start = open < 0 ? Math.min(offset, text.length) : open;
  const close = text.indexOf('}}', start + 2);
  const nextOpen = text.indexOf('{{', start + 2);
  if (close < 0 || (nextOpen >= 0 && nextOpen < close && /\n/.test(text.slice(start, nextOpen)))) {
    const line = text.indexOf('\n', start);
    return {
      message: '`{{` is not closed',
      start,
      end: line < 0 ? text.length : line,
      help: 'close it with `}}`, or write `\\{{` for braces that are to be printed',
    };
  }
  const end = close + 2;
  const inner = text.slice(start, end).replace(/^\{\{[~{&#^>/]*\s*|[~}]*\}\}$/g, '');
  for (const { pattern, message, help } of looks) {
    if (pattern.test(inner)) return { message, start, end, help };
  }
  return { message: `\`${cut(text, start)}\` cannot be read`, start, end, help: 'write `{{inputs.x}}` or `{{helper inputs.x}}`' };
}

function mismatched(text: string, offset: number, open: string, close: string): SyntaxProblem {
  // Handlebars points at the name in the opening tag; the closing one is the first that closes something else after it.
  const start = Math.max(0, text.lastIndexOf('{{', offset));
  const at = text.indexOf(`{{/${close}`, offset);
  const place = at < 0 ? tag(text, start) : tag(text, at);
  return { ...place, message: `\`{{#${open}}}\` is closed by \`{{/${close}}}\``, help: `write \`{{/${open}}}\`` };
}

function lastOpen(text: string): { readonly name: string; readonly at: number } | undefined {
  const open: { name: string; at: number }[] = [];
  for (const found of text.matchAll(/\{\{\{?\{?~?([#^/])\s*\*?>?\s*([^\s}~|]+)/g)) {
    if (found[1] === '/') open.pop();
    else open.push({ name: found[2] ?? '', at: found.index });
  }
  return open.pop();
}

/** The tag that starts at an offset. */
function tag(text: string, at: number): { start: number; end: number } {
  const close = text.indexOf('}}', at);
  return { start: at, end: close < 0 ? text.length : close + 2 };
}

function cut(text: string, at: number): string {
  const { start, end } = tag(text, at);
  const found = text.slice(start, end).replace(/\s+/g, ' ');
  return found.length > 40 ? `${found.slice(0, 39)}…` : found;
}
