import type { SyntaxProblem } from './parsed.ts';

type Look = (text: string, bare: string, at: { start: number; end: number }, code: string) => SyntaxProblem | undefined;

/** A mistake found by its look: the first match of `pattern` in the text outside quotes. */
function seen(
  pattern: RegExp,
  message: string | ((found: RegExpExecArray) => string),
  help?: string | ((found: RegExpExecArray) => string),
): Look {
  return (_text, bare) => {
    const found = pattern.exec(bare);
    if (found === null) return undefined;
    const say = (words: string | ((found: RegExpExecArray) => string)): string => (typeof words === 'string' ? words : words(found));
    // A named group marks the part to point at.
    const mark = found.groups?.at ?? found[0];
    const start = found.index + found[0].indexOf(mark);
    return { message: say(message), start, end: start + mark.length, ...(help === undefined ? {} : { help: say(help) }) };
  };
}

/** In order: what is certain by its look comes first, what only the parser's code tells comes last. */
const looks: readonly Look[] = [
  (text) =>
    text.trim() === ''
      ? { message: 'this expression is empty', start: 0, end: text.length, help: 'write a value or a condition' }
      : undefined,
  (_text, _bare, at, code) =>
    code === 'limit_exceeded'
      ? { message: 'this expression is too large', ...at, help: 'compute a part of it in a node of `kind: set` and read that' }
      : undefined,
  (text, bare) => {
    const open = bare.indexOf('{{');
    // `{{"a": 1}: 2}` cannot be: keys are texts. So two braces are always a template's.
    if (open < 0) return undefined;
    const whole = /^\s*\{\{\s*([^{}]*?)\s*\}\}\s*$/.exec(text)?.[1];
    return {
      message: 'expressions are written bare, without `{{ }}`',
      start: open,
      end: open + 2,
      help: whole ? `write \`${whole}\`` : 'leave the braces out, and join texts with `+`',
    };
  },
  seen(/\$\{/, 'expressions are written bare, without `$' + '{ }`', 'leave `$' + '{` and `}` out'),
  seen(/[“”‘’„]/, 'this is a typographic quote', 'write straight quotes: `"…"`'),
  seen(
    /===|!==/,
    (found) => `\`${found[0]}\` is not an operator`,
    (found) => `\`${found[0].slice(0, 2)}\` compares`,
  ),
  seen(/=>/, '`=>` is not part of expressions', 'write `list.map(x, x.name)`, `list.filter(x, …)`, `list.exists(x, …)`'),
  seen(/<>/, '`<>` is not an operator', 'write `!=`'),
  seen(/&&&+/, (found) => `\`${found[0]}\` is not an operator`, 'write `&&`'),
  seen(/\|\|\|+/, (found) => `\`${found[0]}\` is not an operator`, 'write `||`'),
  seen(/(?<![=!<>])=(?!=)/, '`=` does not compare', '`==` compares'),
  seen(/(?<!&)&(?!&)/, '`&` is not an operator', 'write `&&` for "and"'),
  seen(/(?<!\|)\|(?!\|)/, '`|` is not an operator', 'write `||` for "or"; a function is called: `upper(x)`'),
  seen(/\?\?/, '`??` is not an operator', 'write `coalesce(a, b)`'),
  seen(/\?\./, '`?.` is not an operator', 'write `optional(a.b)`, or `coalesce(a.b, "instead")`'),
  seen(/\?\s*:/, '`?:` needs a value in the middle', 'write `coalesce(a, b)`, or `test ? a : b`'),
  seen(/\*\*/, '`**` is not an operator', 'multiply: `a * a`'),
  seen(/\+\+|\+=|-=/, (found) => `\`${found[0]}\` is not an operator`, 'an expression changes nothing: it gives a value'),
  seen(/(?<![\w.])is\s+not(?!\w)/, '`is not` is not an operator', 'write `!=`'),
  seen(/[\w)\]"]\s+(?<at>is)\s+[\w("]/, '`is` is not an operator', 'write `==`'),
  seen(/[\w)\]"]\s+(?<at>not\s+in)\s+[\w([]/, '`not in` is not an operator', 'write `!(a in list)`'),
  seen(/[\w)\]"]\s+(?<at>and|AND)\s/, (found) => `\`${found.groups?.at}\` is not an operator`, 'write `&&`'),
  seen(/[\w)\]"]\s+(?<at>or|OR)\s/, (found) => `\`${found.groups?.at}\` is not an operator`, 'write `||`'),
  seen(/(?<![\w.])(?<at>not|NOT)\s+[\w(]/, (found) => `\`${found.groups?.at}\` is not an operator`, 'write `!`'),
  seen(/(?<![\w.])(?<at>if)\s+[\w(!]/, '`if` is not part of expressions', 'write `test ? a : b`'),
  seen(/`/, 'texts stand in quotes, not in backticks', 'write `"…"`'),
  seen(/;/, '`;` is not part of expressions', 'an expression is one value'),
  seen(/\$/, '`$` is not part of a name', 'write the name alone'),
  seen(/@\w*/, (found) => `\`${found[0]}\` is not part of expressions`, 'write the name alone; `index` counts the items of a fan-out'),
  seen(/#/, '`#` is not part of expressions', '`// …` is a comment'),
  seen(/(?<![\w.\])])\.\d+/, 'a number starts with a digit', (found) => `write \`0${found[0]}\``),
  seen(/(?<=[A-Za-z_][\w]*)\.(?<at>\d+)/, 'an element of a list stands in brackets', (found) => `write \`[${found.groups?.at}]\``),
  seen(/(?<!\w)\d+\.(?!\d)/, 'a number does not end with a point', (found) => `write \`${found[0]}0\``),
  seen(
    /\.\s*(?<at>in|null|true|false)(?!\w)/,
    (found) => `\`${found.groups?.at}\` is a word of expressions`,
    (found) => `write \`["${found.groups?.at}"]\``,
  ),
  seen(
    /[\u0080-\u{10ffff}]/u,
    (found) => `\`${found[0]}\` cannot stand outside a text`,
    'put texts in quotes; a field with such a name is read by `a["…"]`',
  ),
  quotes,
  brackets,
  parserSays,
];

/** What is wrong with a text that cel-js refused with `code` at `start` to `end`, in our own words. */
export function explainParseError(text: string, code: string, start: number, end: number): SyntaxProblem {
  const bare = withoutTexts(text);
  for (const look of looks) {
    const problem = look(text, bare, { start, end: Math.max(end, start) }, code);
    if (problem !== undefined) return problem;
  }
  return { message: 'this is not an expression', start, end };
}

/** The text with what stands inside quotes and comments blanked out, so that offsets stay. */
function withoutTexts(text: string): string {
  return text.replace(/(["'])\1\1[\s\S]*?\1\1\1|(["'])(?:\\.|(?!\2)[^\\\n])*\2|\/\/[^\n]*/g, (found) =>
    found.startsWith('/') ? ' '.repeat(found.length) : `"${'_'.repeat(found.length - 2)}"`,
  );
}

function quotes(text: string, _bare: string, at: { start: number; end: number }, code: string): SyntaxProblem | undefined {
  switch (code) {
    case 'unterminated_string':
    case 'unterminated_triple_quoted_string':
    case 'newline_in_string': {
      const quote = text.slice(at.start).match(/["']/)?.[0] ?? '"';
      return {
        message: `a text starts here and does not end${code === 'newline_in_string' ? ' in this line' : ''}`,
        start: at.start,
        end: Math.max(at.end, at.start + 1),
        help: `close it with \`${quote}\``,
      };
    }
    case 'invalid_escape_sequence':
    case 'invalid_unicode_escape':
    case 'invalid_unicode_surrogate':
    case 'invalid_hex_escape':
    case 'invalid_octal_escape':
    case 'octal_escape_out_of_range':
      return {
        message: `\`${text.slice(at.start, at.end)}\` is not an escape`,
        ...at,
        help: 'a backslash is written `\\\\`; in `r"…"` it stands for itself',
      };
    default:
      return undefined;
  }
}

const CLOSER: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

function brackets(_text: string, bare: string): SyntaxProblem | undefined {
  const open: { readonly character: string; readonly at: number }[] = [];
  for (let at = 0; at < bare.length; at++) {
    const character = bare.charAt(at);
    if (character === '"') {
      at = bare.indexOf('"', at + 1);
      if (at < 0) return undefined;
    } else if (Object.hasOwn(CLOSER, character)) {
      open.push({ character, at });
    } else if (character === ')' || character === ']' || character === '}') {
      const last = open.pop();
      if (last === undefined) return { message: `\`${character}\` closes nothing`, start: at, end: at + 1, help: 'leave it out' };
      const wanted = CLOSER[last.character];
      if (wanted !== character) {
        return { message: `\`${last.character}\` is closed by \`${character}\``, start: at, end: at + 1, help: `write \`${wanted}\`` };
      }
    }
  }
  const last = open.pop();
  if (last === undefined) return undefined;
  return {
    message: `\`${last.character}\` is not closed`,
    start: last.at,
    end: last.at + 1,
    help: `close it with \`${CLOSER[last.character]}\``,
  };
}

function parserSays(text: string, _bare: string, at: { start: number; end: number }, code: string): SyntaxProblem {
  const word = text.slice(at.start, at.end);
  if (code === 'reserved_identifier') {
    return { message: `\`${word}\` is a reserved word`, ...at, help: `a field of that name is read by \`["${word}"]\`` };
  }
  if (code === 'invalid_macro_argument') {
    return { message: 'the first argument is a name for one element', ...at, help: 'write `list.exists(x, x.ok)`, `has(a.b)`' };
  }
  if (code.startsWith('invalid_number') || code === 'invalid_exponent' || code.includes('integer')) {
    return { message: `\`${word}\` is not a number`, ...at };
  }
  if (text.slice(at.start).trim() === '') {
    const end = text.trimEnd().length;
    const before = /(?:[\w.]+|\S{1,3})$/.exec(text.slice(0, end))?.[0] ?? '';
    const open = /\?[^:]*$/.test(withoutTexts(text));
    return open
      ? { message: '`?` has no `:`', start: end, end, help: 'write `test ? a : b`' }
      : { message: `something is missing after \`${before}\``, start: end, end };
  }
  if (/^[\w"']/.test(word)) {
    return {
      message: `\`${word}\` was not expected here`,
      ...at,
      help: isProse(text)
        ? `a text stands in quotes: \`'"${text.trim()}"'\``
        : 'an operator (`&&`, `==`, `+`, …) or a comma is missing before it',
    };
  }
  return { message: `\`${word}\` was not expected here`, ...at, help: 'a value is missing before it' };
}

/** Words with blanks between them, and nothing that an expression has. */
function isProse(text: string): boolean {
  return text.length <= 60 && /^\s*[A-Za-z]\w+(\s+[A-Za-z]\w*)+[.!?]?\s*$/.test(text);
}
