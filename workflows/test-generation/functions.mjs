/**
 * The functions that a JavaScript module exports by name, each with its text (lines numbered), its parameters and where it decides.
 * It reads declarations the way people write them, not the whole grammar: what it does not recognise is left out.
 */
export function list({ source, most }, { log }) {
  const code = withoutTexts(source);
  const found = [];
  for (const match of code.matchAll(/^export\s+(?:async\s+)?(?:function\s+(\w+)\s*\(|const\s+(\w+)\s*=\s*(?:async\s*)?\()/gm)) {
    const name = match[1] ?? match[2];
    const open = match.index + match[0].length - 1;
    const close = partner(code, open);
    const end = endOf(code, close + 1, match[1] !== undefined);
    if (close < 0 || end < 0) {
      log(`${name} was left out: its end was not found`);
      continue;
    }
    const line = lineOf(code, match.index);
    found.push({
      name,
      line,
      parameters: source.slice(open + 1, close).trim(),
      source: numbered(source, match.index - docBefore(source, match.index).length, end),
      ways: waysThrough(code.slice(close, end), lineOf(code, close)),
    });
  }
  if (found.length > most) log(`${found.length - most} functions are left for another run`);
  return found.slice(0, most);
}

/** One way through a function is always there; every decision in it adds one. */
function waysThrough(body, firstLine) {
  const ways = [{ line: firstLine, way: 'straight through' }];
  for (const match of body.matchAll(/\bif\b|\bcase\b|\bcatch\b|\bfor\b|\bwhile\b|&&|\|\||\?\?|(?<![?.])\?(?![?.])/g))
    ways.push({ line: firstLine + lineOf(body, match.index) - 1, way: match[0] });
  return ways;
}

/** The code with comments, texts and patterns blanked out; every character keeps its place. */
function withoutTexts(source) {
  const blank = (text) => text.replace(/[^\n]/g, ' ');
  return source.replace(
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|(?<=[(=,:]\s*)\/(?:\\.|[^/\\\n])+\//g,
    blank,
  );
}

const PAIRS = { '(': ')', '{': '}', '[': ']' };

/** Where the bracket that opens at `open` closes; -1 when it does not. */
function partner(code, open) {
  const waiting = [];
  for (let at = open; at < code.length; at += 1) {
    if (code[at] in PAIRS) waiting.push(PAIRS[code[at]]);
    else if (code[at] === waiting.at(-1)) waiting.pop();
    if (waiting.length === 0) return at;
  }
  return -1;
}

/** Where a function ends whose parameters end before `from`. */
function endOf(code, from, isDeclaration) {
  const start = code.slice(from).search(isDeclaration ? /\{/ : /\S/);
  if (start < 0) return -1;
  const arrow = /^\s*=>\s*/.exec(code.slice(from));
  if (!isDeclaration && !arrow) return -1;
  const body = isDeclaration ? from + start : from + arrow[0].length;
  if (code[body] === '{') return partner(code, body) + 1;
  for (let at = body; at < code.length; at += 1) {
    if (code[at] === ';') return at + 1;
    if (code[at] in PAIRS) at = partner(code, at);
    if (at < 0) return -1;
  }
  return code.length;
}

/** The doc comment that stands directly before a place. */
function docBefore(source, index) {
  return /\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n$/.exec(source.slice(0, index))?.[0] ?? '';
}

/** The lines between two places, each with its number in the file. */
function numbered(source, start, end) {
  const first = lineOf(source, start);
  return source
    .slice(start, end)
    .split('\n')
    .map((line, index) => `${String(first + index).padStart(4)} | ${line}`)
    .join('\n');
}

const lineOf = (text, index) => text.slice(0, index).split('\n').length;
