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
} from 'yaml';
import type { Json } from '../base/json.ts';
import type { Report } from '../contracts/diagnostic.ts';
import type { Document, SourceFile } from '../contracts/source.ts';
import { type Account, type Range, reportDirectives, reportSyntax, say } from './account.ts';
import { documentOf, type Field, type Place } from './places.ts';
import type { ScalarStyle } from './scalar-span.ts';
import { cutByComment, flowPart, isOpen, numberTrouble, quoted, restOfLine } from './traps.ts';

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
    parts: 0,
    aliased: 0,
    open: undefined,
    broken: false,
  };
  reportDirectives(reading);
  const root = yaml.contents as Content;
  const place = placeOf(reading, root, root?.range?.[0] ?? 0, 0, false);
  if (reportSyntax(reading, yaml.errors) || reading.broken) return undefined;
  return documentOf(file, place);
}

type Content = Node | null | undefined;

/** One file on its way from nodes to values. */
interface Reading extends Account {
  readonly anchors: Map<string, Anchored>;
  /** Values read so far, those that aliases repeat included. */
  parts: number;
  aliased: number;
}

interface Anchored {
  /** Absent while its inside is being read. */
  place: Place | undefined;
  parts: number;
}

function placeOf(reading: Reading, node: Content, from: number, depth: number, inFlow: boolean): Place {
  if (node === null || node === undefined) return { value: null, start: from, end: from };
  reading.parts += 1;
  if (depth > MAX_DEPTH) {
    if (!reading.broken) {
      const start = node.range?.[0] ?? from;
      say(reading, 'DAG110', [start, start + 1], `values are nested more than ${MAX_DEPTH} levels deep here`);
    }
    reading.broken = true;
    return { value: null, start: from, end: from };
  }
  if (isAlias(node)) return aliasPlace(reading, node);
  const before = reading.parts;
  const entry: Anchored | undefined = node.anchor === undefined ? undefined : { place: undefined, parts: 0 };
  if (node.anchor !== undefined && entry !== undefined) reading.anchors.set(node.anchor, entry);
  const place = valuePlace(reading, node, from, depth, inFlow);
  if (entry !== undefined) Object.assign(entry, { place, parts: reading.parts - before + 1 });
  return place;
}

function valuePlace(reading: Reading, node: Node, from: number, depth: number, inFlow: boolean): Place {
  const { text } = reading.file;
  const [start, end] = node.range ?? [from, from];
  if (node.tag !== undefined) return { value: taggedText(reading, node, from, inFlow), start, end };
  if (isScalar(node)) {
    const value = scalarValue(reading, node, inFlow);
    // A text that was cut is taken as it was meant: up to where its line ends.
    if (typeof value === 'string' && value !== node.value) return { value, start, end: start + value.length, style: 'plain' };
    const style = typeof value === 'string' ? STYLES[node.type ?? ''] : undefined;
    return { value, start, end, ...(style !== undefined && { style }) };
  }
  if (text.startsWith('{{', start) && isMap(node)) {
    const source = restOfLine(text, start);
    const range: Range = [start, start + source.length];
    say(reading, 'DAG112', range, 'a text that begins with {{ must be quoted', {
      because: 'for YAML, { begins a map',
      help: `write ${quoted(source)}, or put the text on the next line after \`|\``,
    });
    return { value: source, start, end: range[1], style: 'plain' };
  }
  if (isMap(node)) return mapPlace(reading, node, depth);
  return isSeq(node) ? listPlace(reading, node, depth) : { value: null, start, end };
}

const STYLES: Readonly<Record<string, ScalarStyle>> = {
  PLAIN: 'plain',
  QUOTE_SINGLE: 'single',
  QUOTE_DOUBLE: 'double',
  BLOCK_LITERAL: 'literal',
  BLOCK_FOLDED: 'folded',
};

function aliasPlace(reading: Reading, node: Alias): Place {
  const [start, end] = node.range ?? [0, 0];
  const nothing: Place = { value: null, start, end };
  const known = reading.anchors.get(node.source);
  if (known === undefined) {
    const source = restOfLine(reading.file.text, start);
    // More words on the line: a text was meant. Otherwise nothing can be said of the value, nor of what reads it.
    const isText = /^\*\S+\s+[^\s#,}\]]/.test(source);
    say(reading, 'DAG105', [start, end], `"*${node.source}" refers to an anchor that does not exist above this line`, {
      because: 'for YAML, * at the start of a value repeats what was marked with & before',
      help: isText ? `quote the text: ${quoted(source)}` : `mark the value with &${node.source} above this line, or write it out`,
    });
    reading.broken ||= !isText;
    return { value: source, start, end: start + source.length, style: 'plain' };
  }
  const { place: target, parts } = known;
  if (target === undefined) {
    say(reading, 'DAG105', [start, end], `"*${node.source}" stands inside the very value it repeats`, { help: 'write the value out' });
    reading.broken = true;
    return nothing;
  }
  reading.aliased += parts;
  reading.parts += parts;
  if (reading.aliased <= MAX_ALIASED_PARTS) return { value: target.value, start, end, target: target.target ?? target };
  if (!reading.broken) {
    say(reading, 'DAG105', [start, end], `aliases make more than ${MAX_ALIASED_PARTS} values out of this file`, {
      help: 'repeat less, or write what differs into an input or a file of its own',
    });
  }
  reading.broken = true;
  return nothing;
}

function taggedText(reading: Reading, node: Node, from: number, inFlow: boolean): Json {
  const { text } = reading.file;
  const end = node.range?.[1] ?? from;
  const bang = text.indexOf('!', from);
  const start = bang >= 0 && bang <= end ? bang : (node.range?.[0] ?? from);
  const source = inFlow ? flowPart(text, start).trimEnd() : restOfLine(text, start);
  const word = /^!\S*/.exec(source)?.[0] ?? '!';
  const expression = !word.startsWith('!!') && /^!\s*[a-z_(]/.test(source);
  say(reading, 'DAG103', [start, start + word.length], `for YAML, "${word}" is a tag, not the start of a value`, {
    help: expression ? `quote the expression: ${quoted(source)}` : `remove the tag, or quote it if it is meant as text: ${quoted(source)}`,
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
        help: `quote the text, ${quoted(restOfLine(text, start))}; if it is a comment, put it on a line of its own`,
      });
      return text.slice(start, cut.end);
    }
    if (typeof value === 'number') {
      const trouble = numberTrouble(node.source ?? text.slice(start, end), value);
      if (trouble !== undefined) {
        say(reading, 'DAG117', [start, end], trouble, { help: `if it is text, quote it: ${quoted(text.slice(start, end))}` });
        return Number.isFinite(value) ? value : 0;
      }
    }
  }
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

function mapPlace(reading: Reading, node: YAMLMap, depth: number): Place {
  const [start, end] = node.range ?? [0, 0];
  const value: Record<string, Json> = {};
  const fields = new Map<string, Field>();
  const pairs = node.items as Pair<Node, Node | null>[];
  const flow = node.flow === true;
  let from = start;
  for (let index = 0; index < pairs.length; index += 1) {
    const pair = pairs[index] as Pair<Node, Node | null>;
    const name = keyName(reading, pair.key);
    const [keyStart, keyEnd] = pair.key?.range ?? [from, from];
    const before = name === undefined ? undefined : fields.get(name);
    if (before !== undefined) {
      say(reading, 'DAG102', [keyStart, keyEnd], `"${name}" is there twice`, {
        label: 'again here',
        related: [{ at: { file: reading.file, start: before.start, end: before.end }, label: 'first here' }],
        help: 'remove one of the two, or give it another name',
      });
    } else if (name !== undefined) {
      const bareKey = (offset: number): Content => (pairs[index + offset]?.value ? undefined : pairs[index + offset]?.key);
      const cut = flow ? cutByComma(reading, pair.value, pairs[index + 1]?.key, bareKey, true) : undefined;
      const place = cut?.place ?? placeOf(reading, pair.value, keyEnd, depth + 1, flow);
      value[name] = place.value;
      fields.set(name, { start: keyStart, end: keyEnd, place });
      index += cut?.parts ?? 0;
    }
    from = pairs[index]?.value?.range?.[1] ?? pairs[index]?.key?.range?.[1] ?? from;
  }
  return { value, start, end, fields };
}

function listPlace(reading: Reading, node: YAMLSeq, depth: number): Place {
  const [start, end] = node.range ?? [0, 0];
  const places: Place[] = [];
  const items = node.items as (Node | null)[];
  const flow = node.flow === true;
  let from = start;
  for (let index = 0; index < items.length; index += 1) {
    const item = items[index] ?? null;
    const cut = flow ? cutByComma(reading, item, items[index + 1], (offset) => items[index + offset]) : undefined;
    places.push(cut?.place ?? placeOf(reading, item, from, depth + 1, flow));
    index += cut?.parts ?? 0;
    from = items[index]?.range?.[1] ?? from;
  }
  return { value: places.map((place) => place.value), start, end, items: places };
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
 * many of the parts that follow belong to it. `inMap`: the parts are names without a value, so that prose can be told as well.
 */
function cutByComma(
  reading: Reading,
  node: Content,
  next: Content,
  following: (offset: number) => Content,
  inMap = false,
): { place: Place; parts: number } | undefined {
  const isPlain = (part: Content): part is Scalar => isScalar(part) && part.type === 'PLAIN';
  if (!isPlain(node) || !node.range) return undefined;
  const { text } = reading.file;
  const [start, end] = node.range;
  let stop = end;
  let parts = 0;
  for (let part = following(1); isPlain(part); part = following(parts + 1)) {
    if (!part.range) break;
    const goesOn = inMap && isProse(text.slice(start, stop), text.slice(part.range[0], part.range[1]));
    if (!goesOn && !isCut(text.slice(start, stop))) break;
    stop = part.range[1];
    parts += 1;
  }
  if (parts === 0) {
    if (!next || isPlain(next) || !isCut(text.slice(start, end))) return undefined;
    // A quote or a bracket inside the text was taken for the start of the next part: where that ends, nobody can say.
    reading.broken = true;
    parts = Number.POSITIVE_INFINITY;
    stop = start + flowPart(text, start).length;
  }
  const whole = text.slice(start, stop);
  say(reading, 'DAG114', [start, stop], 'inside { } and [ ], a comma ends a value: this text is cut in two', {
    help: `quote it: ${quoted(whole)}`,
  });
  return { place: { value: whole, start, end: stop, style: 'plain' }, parts };
}

/** Whether a text and what follows its comma are words of a sentence: a field without a value is named like one, and stands after a word. */
function isProse(text: string, next: string): boolean {
  return /[A-Za-z]/.test(text) && (/\s/.test(text) || !/^[\w.?-]+$/.test(next));
}

/** Whether a value ends inside brackets or a quote; an apostrophe is a quote where an operator or a bracket stands before it. */
function isCut(text: string): boolean {
  return isOpen(text) || /[=<>+([,]\s*'[^']*$/.test(text);
}
