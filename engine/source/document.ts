import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument as parseYaml,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
  type Document as YamlDocument,
} from 'yaml';
import type { Json } from '../base/json.ts';
import { positionAt } from '../base/position.ts';
import type { Code, Diagnostic, Report } from '../contracts/diagnostic.ts';
import type { Document, Path, SourceFile, Span } from '../contracts/source.ts';
import { type ScalarSource, spanInScalar } from './scalar-span.ts';
import { adviceOnSyntax, cutByComment, isOpen, numberTrouble, restOfLine, singleQuoted } from './traps.ts';

/** Larger files are not written by hand, and take seconds to parse. */
const MAX_BYTES = 2 * 1024 * 1024;
/** Deeper than any workflow, far below where recursion could overflow. */
const MAX_DEPTH = 100;
/** Parts that aliases may add to a file; what a person repeats by hand is a hundredth of it. */
const MAX_ALIASED_PARTS = 20_000;

/**
 * The value of a YAML (or JSON) text and where each part of it stands. Every mistake is reported; undefined when the text
 * is so broken that its structure is a guess.
 *
 * What YAML reads without a word but hardly anyone means (tags, comments that cut a text, numbers that lose digits) is a mistake too.
 */
export function parseDocument(file: SourceFile, report: Report): Document | undefined {
  if (file.text.length > MAX_BYTES) {
    const size = (file.text.length / 1024 / 1024).toFixed(1);
    report({
      code: 'DAG111',
      severity: 'error',
      message: `the file is larger than 2 MB (${size} MB)`,
      at: { file, start: 0, end: 0 },
      help: 'keep data in files of their own, and name them in `attach` or pass them as inputs',
    });
    return undefined;
  }
  const yaml = parseYaml(file.text, {
    version: '1.2',
    schema: 'core',
    strict: true,
    // Repeated keys are found below: the library's own search is quadratic in the size of a map.
    uniqueKeys: false,
    stringKeys: true,
    resolveKnownTags: false,
    prettyErrors: false,
    logLevel: 'error',
  });
  const reading: Reading = {
    file,
    report,
    explained: new Set(),
    anchors: new Map(),
    targets: new Map(),
    parts: 0,
    aliased: 0,
    open: undefined,
    broken: false,
  };
  reportDirectives(reading);
  const root = yaml.contents as Content;
  const value = valueIn(reading, root, root?.range?.[0] ?? 0, 0, false);
  if (reportSyntax(reading, yaml) || reading.broken) return undefined;
  return documentOf(file, root, value, reading.targets);
}

type Content = Node | null | undefined;
type Range = readonly [number, number];

/** One file on its way from nodes to values. */
interface Reading {
  readonly file: SourceFile;
  readonly report: Report;
  /** Lines about which something exact was said: what the parser stumbles over there is an echo. */
  readonly explained: Set<number>;
  readonly anchors: Map<string, Anchored>;
  readonly targets: Map<Alias, Node>;
  parts: number;
  aliased: number;
  /** The last quoted text of several lines: when the file breaks right behind it, its closing quote is missing. */
  open: { readonly start: number; readonly end: number } | undefined;
  /** True once something is unknown that other parts may depend on: the file is given up after this pass. */
  broken: boolean;
}

interface Anchored {
  readonly node: Node;
  value: Json;
  parts: number;
  /** True while its inside is being read. */
  open: boolean;
}

function say(reading: Reading, code: Code, range: Range, message: string, more: Partial<Diagnostic> = {}): void {
  // The parser points behind the last character when something is missing at the end.
  const [start, end] = range.map((offset) => Math.min(offset, reading.file.text.length)) as [number, number];
  for (let line = positionAt(reading.file, start).line; line <= positionAt(reading.file, end).line; line += 1) reading.explained.add(line);
  reading.report({ code, severity: 'error', message, at: { file: reading.file, start, end }, ...more });
}

function reportDirectives(reading: Reading): void {
  let at = 0;
  for (const line of reading.file.text.split('\n')) {
    if (line.startsWith('%')) {
      say(reading, 'DAG106', [at, at + line.trimEnd().length], 'a line that starts with % is a YAML directive, and there are none here', {
        help: 'remove the line: a workflow is always YAML 1.2',
      });
    } else if (line.trim() !== '' && !line.startsWith('#') && line.trim() !== '\ufeff') return;
    at += line.length + 1;
  }
}

/** Reports what the parser could not read; true when the structure is in doubt. */
function reportSyntax(reading: Reading, yaml: YamlDocument): boolean {
  const { file, open } = reading;
  let broken = false;
  let tabs = false;
  for (const error of [...yaml.errors].sort((a, b) => a.pos[0] - b.pos[0])) {
    const [start, end] = error.pos;
    const { line } = positionAt(file, start);
    if (error.code === 'MULTIPLE_DOCS') {
      say(reading, 'DAG104', [start, Math.min(start + 3, end)], 'a second document begins here; a file holds one workflow', {
        help: 'put the other document into a file of its own, or remove the line ---',
      });
      continue;
    }
    if (reading.explained.has(line)) continue;
    if (open !== undefined && start >= open.end - 1) {
      // A quote that is never closed was reported when it was read.
      if (open.end < file.text.length) {
        const quote = file.text[open.start] ?? '"';
        say(
          reading,
          'DAG101',
          [open.start, open.start + 1],
          `the quote ${quote} that begins here ends only on line ${positionAt(file, open.end).line}`,
          {
            label: 'opened here',
            help: 'close it where the text ends',
          },
        );
      }
      return true;
    }
    const advice = adviceOnSyntax(file, error.code, start, end);
    // After a mistake that is not understood, everything below it is a guess; one line indented by a tab stands for all.
    if ((broken && advice.code === 'DAG101') || reading.broken) break;
    broken = true;
    if (advice.code === 'DAG118' && tabs) continue;
    tabs ||= advice.code === 'DAG118';
    say(reading, advice.code, advice.range, advice.message, advice.more);
    if (advice.code === 'DAG101') break;
  }
  return broken;
}

function valueIn(reading: Reading, node: Content, from: number, depth: number, inFlow: boolean): Json {
  if (node === null || node === undefined) return null;
  reading.parts += 1;
  if (depth > MAX_DEPTH) {
    if (!reading.broken) {
      const start = node.range?.[0] ?? from;
      say(reading, 'DAG110', [start, start + 1], `values are nested more than ${MAX_DEPTH} levels deep here`);
    }
    reading.broken = true;
    return null;
  }
  if (isAlias(node)) return aliasValue(reading, node);
  const before = reading.parts;
  const anchor = node.anchor;
  const entry: Anchored | undefined = anchor === undefined ? undefined : { node, value: null, parts: 0, open: true };
  if (anchor !== undefined && entry !== undefined) reading.anchors.set(anchor, entry);
  const value = plainValue(reading, node, from, depth, inFlow);
  if (entry !== undefined) Object.assign(entry, { value, parts: reading.parts - before + 1, open: false });
  return value;
}

function plainValue(reading: Reading, node: Node, from: number, depth: number, inFlow: boolean): Json {
  const { text } = reading.file;
  const start = node.range?.[0] ?? from;
  if (node.tag !== undefined) return taggedText(reading, node, from);
  if (isScalar(node)) return scalarValue(reading, node, inFlow);
  if (text.startsWith('{{', start) && isMap(node)) {
    const source = restOfLine(text, start);
    const range: Range = [start, start + source.length];
    say(reading, 'DAG112', range, 'a text that begins with {{ must be quoted', {
      because: 'for YAML, { begins a map',
      help: `write ${singleQuoted(source)}, or put the text on the next line after \`|\``,
    });
    return source;
  }
  if (isMap(node)) return mapValue(reading, node, depth);
  return isSeq(node) ? listValue(reading, node, depth) : null;
}

function aliasValue(reading: Reading, node: Alias): Json {
  const range: Range = [node.range?.[0] ?? 0, node.range?.[1] ?? 0];
  const target = reading.anchors.get(node.source);
  if (target === undefined) {
    const source = restOfLine(reading.file.text, range[0]);
    // More words on the line: a text was meant. Otherwise nothing can be said of the value, nor of what reads it.
    const isText = /^\*\S+\s+[^\s#,}\]]/.test(source);
    say(reading, 'DAG105', range, `"*${node.source}" refers to an anchor that does not exist above this line`, {
      because: 'for YAML, * at the start of a value repeats what was marked with & before',
      help: isText ? `quote the text: ${singleQuoted(source)}` : `mark the value with &${node.source} above this line, or write it out`,
    });
    reading.broken ||= !isText;
    return source;
  }
  if (target.open) {
    say(reading, 'DAG105', range, `"*${node.source}" stands inside the very value it repeats`, { help: 'write the value out' });
    reading.broken = true;
    return null;
  }
  reading.aliased += target.parts;
  reading.parts += target.parts;
  if (reading.aliased > MAX_ALIASED_PARTS) {
    if (!reading.broken)
      say(reading, 'DAG105', range, `aliases make more than ${MAX_ALIASED_PARTS} values out of this file`, {
        help: 'repeat less, or write what differs into an input or a file of its own',
      });
    reading.broken = true;
    return null;
  }
  reading.targets.set(node, target.node);
  return target.value;
}

function taggedText(reading: Reading, node: Node, from: number): Json {
  const { text } = reading.file;
  const end = node.range?.[1] ?? from;
  const bang = text.indexOf('!', from);
  const start = bang >= 0 && bang <= end ? bang : (node.range?.[0] ?? from);
  const source = restOfLine(text, start);
  const word = /^!\S*/.exec(source)?.[0] ?? '!';
  const expression = !word.startsWith('!!') && /^!\s*[a-z_(]/.test(source);
  say(reading, 'DAG103', [start, start + word.length], `for YAML, "${word}" is a tag, not the start of a value`, {
    help: expression
      ? `quote the expression: ${singleQuoted(source)}`
      : `remove the tag, or quote it if it is meant as text: ${singleQuoted(source)}`,
  });
  return expression || (isScalar(node) && node.type !== 'BLOCK_LITERAL') ? source : isScalar(node) ? String(node.value) : null;
}

function scalarValue(reading: Reading, node: Scalar, inFlow: boolean): Json {
  const { text } = reading.file;
  const [start, end] = node.range ?? [0, 0];
  const { value } = node;
  if (node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE') {
    const quote = text[start];
    if (end - start < 2 || text[end - 1] !== quote) {
      say(reading, 'DAG101', [start, start + 1], `the quote ${quote} that begins here is never closed`, { label: 'opened here' });
      reading.broken = true;
      reading.open = { start, end: text.length };
    } else if (text.slice(start, end).includes('\n')) reading.open = { start, end };
  }
  if (node.type === 'PLAIN') {
    const cut = typeof value === 'string' ? cutByComment(text, start, end, inFlow) : undefined;
    if (cut !== undefined) {
      say(reading, 'DAG113', [cut.start, cut.end], 'for YAML, a comment begins here: the text ends before the #', {
        label: 'not part of the text',
        help: `quote the text, ${singleQuoted(restOfLine(text, start))}; if it is a comment, put it on a line of its own`,
      });
      return text.slice(start, cut.end);
    }
    if (typeof value === 'number') {
      const trouble = numberTrouble(node.source ?? text.slice(start, end), value);
      if (trouble !== undefined) {
        say(reading, 'DAG117', [start, end], trouble, { help: `if it is text, quote it: ${singleQuoted(text.slice(start, end))}` });
        return Number.isFinite(value) ? value : 0;
      }
    }
  }
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

function mapValue(reading: Reading, node: YAMLMap, depth: number): Json {
  const value: Record<string, Json> = {};
  const first = new Map<string, Node>();
  const pairs = node.items as Pair<Node, Node | null>[];
  let from = node.range?.[0] ?? 0;
  for (let index = 0; index < pairs.length; index += 1) {
    const pair = pairs[index] as Pair<Node, Node | null>;
    const { key } = pair;
    const name = keyName(reading, key);
    const before = name === undefined ? undefined : first.get(name);
    if (name !== undefined && before === undefined) {
      first.set(name, key);
      const bareKey = (offset: number): Content => (pairs[index + offset]?.value ? undefined : pairs[index + offset]?.key);
      const cut = node.flow === true ? cutByComma(reading, pair.value, bareKey) : undefined;
      value[name] = cut?.text ?? valueIn(reading, pair.value, key.range?.[1] ?? from, depth + 1, node.flow === true);
      index += cut?.parts ?? 0;
    } else if (before !== undefined && key.range) {
      const defined = before.range?.[0] ?? 0;
      say(reading, 'DAG102', [key.range[0], key.range[1]], `"${name}" is there twice`, {
        label: 'again here',
        related: [{ at: { file: reading.file, start: defined, end: before.range?.[1] ?? defined }, label: 'first here' }],
        help: 'remove one of the two, or give it another name',
      });
    }
    from = pairs[index]?.value?.range?.[1] ?? pairs[index]?.key.range?.[1] ?? from;
  }
  return value;
}

function listValue(reading: Reading, node: YAMLSeq, depth: number): Json {
  const value: Json[] = [];
  const items = node.items as (Node | null)[];
  let from = node.range?.[0] ?? 0;
  for (let index = 0; index < items.length; index += 1) {
    const item = items[index] ?? null;
    const cut = node.flow === true ? cutByComma(reading, item, (offset) => items[index + offset]) : undefined;
    value.push(cut?.text ?? valueIn(reading, item, from, depth + 1, node.flow === true));
    index += cut?.parts ?? 0;
    from = items[index]?.range?.[1] ?? from;
  }
  return value;
}

/** Whether `? ` stands before a key. */
function isComplexKey(text: string, start: number): boolean {
  let at = start - 1;
  while (at >= 0 && ' \t\r\n'.includes(text[at] ?? '')) at -= 1;
  return text[at] === '?' && at < start - 1 && (at === 0 || ' \t\n{[,'.includes(text[at - 1] ?? ''));
}

/** The name a key gives; undefined when it was reported and its value is left out. */
function keyName(reading: Reading, key: Node | null): string | undefined {
  const { text } = reading.file;
  const start = key?.range?.[0] ?? 0;
  const end = key?.range?.[1] ?? start;
  if (isComplexKey(text, start)) {
    say(reading, 'DAG107', [start, Math.max(end, start + 1)], 'for YAML, "? " begins a complex key, and keys here are plain names', {
      help: 'write `name: value`; a text with "? " at its start must be quoted',
    });
    return undefined;
  }
  if (!isScalar(key) || typeof key.value !== 'string' || (key.source === '' && key.type === 'PLAIN')) {
    const template = text.startsWith('{', start);
    say(reading, 'DAG107', [start, Math.max(end, start + 1)], 'a key must be a plain name', {
      help: template ? 'quote the text if { is meant as itself' : 'write `name: value`',
    });
    return undefined;
  }
  if (key.value === '__proto__') {
    say(reading, 'DAG108', [start, end], '"__proto__" cannot be a name', { help: 'choose another name' });
    return undefined;
  }
  if (key.value === '<<' && key.type === 'PLAIN') {
    say(reading, 'DAG109', [start, end], '"<<" merges maps in older YAML, and does nothing in YAML 1.2', {
      help: 'write the fields out, or put what the nodes share into `defaults`',
    });
    return undefined;
  }
  return key.value;
}

/**
 * `{ when: f(a, b) }`: YAML reads `when: f(a` and a second field `b)`. Reports it, and gives the text that was meant and how
 * many of the parts that follow belong to it.
 */
function cutByComma(reading: Reading, node: Content, following: (offset: number) => Content): { text: string; parts: number } | undefined {
  const isPlain = (part: Content): part is Scalar => isScalar(part) && part.type === 'PLAIN';
  if (!isPlain(node) || !node.range) return undefined;
  const { text } = reading.file;
  const [start] = node.range;
  let [, stop] = node.range;
  let parts = 0;
  for (let next = following(1); isPlain(next); next = following(parts + 1)) {
    if (!next.range || !isOpen(text.slice(start, stop))) break;
    stop = next.range[1];
    parts += 1;
  }
  if (parts === 0) return undefined;
  const whole = text.slice(start, stop);
  say(reading, 'DAG114', [start, stop], 'inside { } and [ ], a comma ends a value: this text is cut in two', {
    help: `quote it: ${singleQuoted(whole)}`,
  });
  return { text: whole, parts };
}

/** Positions by path, found on demand: values stay plain JSON. */
function documentOf(file: SourceFile, root: Content, value: Json, targets: ReadonlyMap<Alias, Node>): Document {
  const indexes = new WeakMap<YAMLMap, Map<string, Pair<Node, Node | null>>>();

  const resolved = (node: Content): Content => (isAlias(node) ? targets.get(node) : node);

  const pairOf = (map: YAMLMap, key: string): Pair<Node, Node | null> | undefined => {
    let index = indexes.get(map);
    if (index === undefined) {
      index = new Map();
      for (const pair of map.items as Pair<Node, Node | null>[]) {
        const name = isScalar(pair.key) ? String(pair.key.value) : '';
        if (!index.has(name)) index.set(name, pair);
      }
      indexes.set(map, index);
    }
    return index.get(key);
  };

  /** The node at a path or at its nearest ancestor, the key that leads to it, and whether the whole path exists. */
  const find = (path: Path): { node: Content; key: Node | undefined } => {
    let node: Content = root;
    let key: Node | undefined;
    for (const step of path) {
      const at = resolved(node);
      if (isMap(at)) {
        const pair = pairOf(at, String(step));
        if (pair === undefined) break;
        key = pair.key;
        node = pair.value;
      } else if (isSeq(at)) {
        const item = at.items[Number(step)] as Content;
        if (item === undefined) break;
        key = undefined;
        node = item;
      } else break;
    }
    return { node, key };
  };

  const spanOfNode = (node: Content): Span | undefined => {
    const range = node?.range;
    if (!range) return undefined;
    const end = range[1];
    // A block scalar ends with its last line break, which nobody means when pointing at it.
    const trimmed = file.text.slice(range[0], end).trimEnd().length;
    return trimmed === 0 ? undefined : { file, start: range[0], end: range[0] + trimmed };
  };

  const whole: Span = { file, start: 0, end: 0 };
  const spanOf = (path: Path, part: 'key' | 'value' = 'value'): Span => {
    const { node, key } = find(path);
    const first = part === 'key' ? (key ?? node) : node;
    return spanOfNode(first) ?? spanOfNode(key) ?? whole;
  };

  const spanWithin = (path: Path, start: number, end: number): Span => {
    const node = resolved(find(path).node);
    const scalar = isScalar(node) ? sourceOf(node) : undefined;
    const inner = scalar === undefined ? undefined : spanInScalar(file.text, scalar, start, end);
    // A block scalar has a last line break even where the file ends without one.
    return inner === undefined ? spanOf(path) : { file, start: inner.start, end: Math.min(inner.end, file.text.length) };
  };

  return { file, value, spanOf, spanWithin };
}

const STYLES: Readonly<Record<string, ScalarSource['style']>> = {
  PLAIN: 'plain',
  QUOTE_SINGLE: 'single',
  QUOTE_DOUBLE: 'double',
  BLOCK_LITERAL: 'literal',
  BLOCK_FOLDED: 'folded',
};

function sourceOf(node: Scalar): ScalarSource | undefined {
  const style = STYLES[node.type ?? ''];
  if (style === undefined || !node.range || typeof node.value !== 'string') return undefined;
  return { style, start: node.range[0], end: node.range[1], value: node.value };
}
