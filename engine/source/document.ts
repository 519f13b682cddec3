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
import { adviceOnSyntax, cutByComment, numberTrouble, restOfLine, singleQuoted } from './traps.ts';

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
  return new Reading(file, yaml, report).read();
}

type Content = Node | null | undefined;
type Range = readonly [number, number];

/** One file on its way from nodes to values. */
class Reading {
  readonly #file: SourceFile;
  readonly #yaml: YamlDocument;
  readonly #report: Report;
  /** Lines about which something exact was said: what the parser stumbles over there is an echo. */
  readonly #explained = new Set<number>();
  readonly #anchors = new Map<string, { node: Node; value: Json; parts: number; open: boolean }>();
  readonly #targets = new Map<Alias, Node>();
  #parts = 0;
  #aliased = 0;
  #overflowed = false;

  constructor(file: SourceFile, yaml: YamlDocument, report: Report) {
    this.#file = file;
    this.#yaml = yaml;
    this.#report = report;
  }

  read(): Document | undefined {
    this.#directives();
    const value = this.#value(this.#yaml.contents as Content, this.#yaml.contents?.range?.[0] ?? 0, 0, false);
    if (this.#syntaxErrors() || this.#overflowed) return undefined;
    return documentOf(this.#file, this.#yaml.contents as Content, value, this.#targets);
  }

  #say(code: Code, range: Range, message: string, more: Partial<Diagnostic> = {}): void {
    const [start, end] = range;
    for (let line = positionAt(this.#file, start).line; line <= positionAt(this.#file, end).line; line += 1) this.#explained.add(line);
    this.#report({ code, severity: 'error', message, at: { file: this.#file, start, end }, ...more });
  }

  #directives(): void {
    let at = 0;
    for (const line of this.#file.text.split('\n')) {
      if (line.startsWith('%')) {
        this.#say('DAG106', [at, at + line.trimEnd().length], 'a line that starts with % is a YAML directive, and there are none here', {
          help: 'remove the line: a workflow is always YAML 1.2',
        });
      } else if (line.trim() !== '' && !line.startsWith('#') && line.trim() !== '\ufeff') return;
      at += line.length + 1;
    }
  }

  /** Reports what the parser could not read; true when the structure is in doubt. */
  #syntaxErrors(): boolean {
    let broken = false;
    for (const error of [...this.#yaml.errors].sort((a, b) => a.pos[0] - b.pos[0])) {
      const [start, end] = error.pos;
      const { line } = positionAt(this.#file, start);
      if (error.code === 'MULTIPLE_DOCS') {
        this.#say('DAG104', [start, Math.min(start + 3, end)], 'a second document begins here; a file holds one workflow', {
          help: 'put the other document into a file of its own, or remove the line ---',
        });
        continue;
      }
      if (this.#explained.has(line)) continue;
      const advice = adviceOnSyntax(this.#file, error.code, start, end);
      // After a mistake that is not understood, everything below it is a guess.
      if (broken && advice.code === 'DAG101') break;
      broken = true;
      this.#say(advice.code, advice.range, advice.message, advice.more);
      if (advice.code === 'DAG101') break;
    }
    return broken;
  }

  #value(node: Content, from: number, depth: number, inFlow: boolean): Json {
    if (node === null || node === undefined) return null;
    this.#parts += 1;
    if (depth > MAX_DEPTH) {
      if (!this.#overflowed) {
        const start = node.range?.[0] ?? from;
        this.#say('DAG110', [start, start + 1], `values are nested more than ${MAX_DEPTH} levels deep here`);
      }
      this.#overflowed = true;
      return null;
    }
    if (isAlias(node)) return this.#alias(node);
    const before = this.#parts;
    const anchor = node.anchor;
    const entry = anchor === undefined ? undefined : { node, value: null as Json, parts: 0, open: true };
    if (anchor !== undefined && entry !== undefined) this.#anchors.set(anchor, entry);
    const value = this.#plain(node, from, depth, inFlow);
    if (entry !== undefined) Object.assign(entry, { value, parts: this.#parts - before + 1, open: false });
    return value;
  }

  #plain(node: Node, from: number, depth: number, inFlow: boolean): Json {
    const { text } = this.#file;
    const start = node.range?.[0] ?? from;
    if (node.tag !== undefined) return this.#tagged(node, from);
    if (isScalar(node)) return this.#scalar(node, inFlow);
    if (text.startsWith('{{', start) && isMap(node)) {
      const source = restOfLine(text, start);
      const range: Range = [start, start + source.length];
      this.#say('DAG112', range, 'a text that begins with {{ must be quoted', {
        because: 'for YAML, { begins a map',
        help: `write ${singleQuoted(source)}, or put the text on the next line after \`|\``,
      });
      return source;
    }
    if (isMap(node)) return this.#map(node, depth);
    return isSeq(node) ? this.#list(node, depth) : null;
  }

  #alias(node: Alias): Json {
    const range: Range = [node.range?.[0] ?? 0, node.range?.[1] ?? 0];
    const target = this.#anchors.get(node.source);
    if (target === undefined) {
      this.#say('DAG105', range, `"*${node.source}" refers to an anchor that does not exist above this line`, {
        because: 'for YAML, * at the start of a value repeats what was marked with & before',
        help: `if it is meant as text, quote it: ${singleQuoted(restOfLine(this.#file.text, range[0]))}`,
      });
      return null;
    }
    if (target.open) {
      this.#say('DAG105', range, `"*${node.source}" stands inside the very value it repeats`);
      return null;
    }
    this.#aliased += target.parts;
    this.#parts += target.parts;
    if (this.#aliased > MAX_ALIASED_PARTS) {
      if (!this.#overflowed) this.#say('DAG105', range, `aliases make more than ${MAX_ALIASED_PARTS} values out of this file`);
      this.#overflowed = true;
      return null;
    }
    this.#targets.set(node, target.node);
    return target.value;
  }

  #tagged(node: Node, from: number): Json {
    const { text } = this.#file;
    const end = node.range?.[1] ?? from;
    const bang = text.indexOf('!', from);
    const start = bang >= 0 && bang <= end ? bang : (node.range?.[0] ?? from);
    const source = restOfLine(text, start);
    const word = /^!\S*/.exec(source)?.[0] ?? '!';
    const expression = !word.startsWith('!!') && /^!\s*[a-z_(]/.test(source);
    this.#say('DAG103', [start, start + word.length], `for YAML, "${word}" is a tag, not the start of a value`, {
      help: expression
        ? `quote the expression: ${singleQuoted(source)}`
        : `remove the tag, or quote it if it is meant as text: ${singleQuoted(source)}`,
    });
    return expression || (isScalar(node) && node.type !== 'BLOCK_LITERAL') ? source : isScalar(node) ? String(node.value) : null;
  }

  #scalar(node: Scalar, inFlow: boolean): Json {
    const { text } = this.#file;
    const [start, end] = node.range ?? [0, 0];
    const { value } = node;
    if (node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE') {
      const quote = text[start];
      if (end - start < 2 || text[end - 1] !== quote) {
        this.#say('DAG101', [start, start + 1], `the quote ${quote} that begins here is never closed`, { label: 'opened here' });
        this.#overflowed = true;
      }
    }
    if (node.type === 'PLAIN') {
      const cut = typeof value === 'string' ? cutByComment(text, start, end, inFlow) : undefined;
      if (cut !== undefined) {
        this.#say('DAG113', [cut.start, cut.end], 'for YAML, a comment begins here: the text ends before the #', {
          label: 'not part of the text',
          help: `quote the text, ${singleQuoted(restOfLine(text, start))}; if it is a comment, put it on a line of its own`,
        });
      }
      if (typeof value === 'number') {
        const trouble = numberTrouble(node.source ?? text.slice(start, end), value);
        if (trouble !== undefined) {
          this.#say('DAG117', [start, end], trouble, { help: `if it is text, quote it: ${singleQuoted(text.slice(start, end))}` });
          return Number.isFinite(value) ? value : 0;
        }
      }
    }
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
  }

  #map(node: YAMLMap, depth: number): Json {
    const value: Record<string, Json> = {};
    const first = new Map<string, Node>();
    const flow = node.flow === true;
    let previous: Node | undefined;
    let from = node.range?.[0] ?? 0;
    for (const pair of node.items as Pair<Node, Node | null>[]) {
      const { key } = pair;
      if (flow && previous !== undefined && isScalar(key) && !pair.value && this.#cutByComma(previous, key)) {
        from = key.range?.[1] ?? from;
        continue;
      }
      const name = this.#key(key);
      if (name === undefined) {
        from = pair.value?.range?.[1] ?? key?.range?.[1] ?? from;
        continue;
      }
      const before = first.get(name);
      if (before !== undefined && key.range) {
        const defined = before.range?.[0] ?? 0;
        this.#say('DAG102', [key.range[0], key.range[1]], `"${name}" is there twice`, {
          label: 'again here',
          related: [{ at: { file: this.#file, start: defined, end: before.range?.[1] ?? defined }, label: 'first here' }],
          help: 'remove one of the two, or give it another name',
        });
      } else {
        first.set(name, key);
        value[name] = this.#value(pair.value, key.range?.[1] ?? from, depth + 1, flow);
      }
      from = pair.value?.range?.[1] ?? key.range?.[1] ?? from;
      previous = pair.value ?? undefined;
    }
    return value;
  }

  #list(node: YAMLSeq, depth: number): Json {
    const value: Json[] = [];
    let from = node.range?.[0] ?? 0;
    let previous: Node | undefined;
    for (const item of node.items as (Node | Pair<Node, Node | null> | null)[]) {
      if (item !== null && 'key' in item) continue;
      if (node.flow === true && previous !== undefined && isScalar(item) && this.#cutByComma(previous, item)) {
        from = item.range?.[1] ?? from;
        continue;
      }
      value.push(this.#value(item, from, depth + 1, node.flow === true));
      from = item?.range?.[1] ?? from;
      previous = item ?? undefined;
    }
    return value;
  }

  /** The name a key gives; undefined when it was reported and its value is left out. */
  #key(key: Node | null): string | undefined {
    const { text } = this.#file;
    const start = key?.range?.[0] ?? 0;
    const end = key?.range?.[1] ?? start;
    if (/(?:^|[\s{[,])\?[ \t\r\n]*$/.test(text.slice(Math.max(0, start - 80), start))) {
      this.#say('DAG107', [start, Math.max(end, start + 1)], 'for YAML, "? " begins a complex key, and keys here are plain names', {
        help: 'write `name: value`; a text with "? " at its start must be quoted',
      });
      return undefined;
    }
    if (!isScalar(key) || typeof key.value !== 'string' || (key.source === '' && key.type === 'PLAIN')) {
      const template = text.startsWith('{', start);
      this.#say('DAG107', [start, Math.max(end, start + 1)], 'a key must be a plain name', {
        help: template ? 'quote the text if { is meant as itself' : 'write `name: value`',
      });
      return undefined;
    }
    if (key.value === '__proto__') {
      this.#say('DAG108', [start, end], '"__proto__" cannot be a name', { help: 'choose another name' });
      return undefined;
    }
    if (key.value === '<<' && key.type === 'PLAIN') {
      this.#say('DAG109', [start, end], '"<<" merges maps in older YAML, and does nothing in YAML 1.2', {
        help: 'write the fields out, or put what the nodes share into `defaults`',
      });
      return undefined;
    }
    return key.value;
  }

  /** `{ when: f(a, b) }`: YAML reads `when: f(a` and a second field `b)`. Reports it; true when that is so. */
  #cutByComma(previous: Node, next: Scalar): boolean {
    if (!isScalar(previous) || previous.type !== 'PLAIN' || next.type !== 'PLAIN') return false;
    const { text } = this.#file;
    const [start, end] = previous.range ?? [0, 0];
    const written = text.slice(start, end);
    let open = 0;
    for (const char of written) open += '(["'.includes(char) ? 1 : ')]'.includes(char) ? -1 : 0;
    if (open <= 0 && !written.includes('{{')) return false;
    const stop = next.range?.[1] ?? end;
    const whole = text.slice(start, stop);
    this.#say('DAG114', [start, stop], 'inside { } and [ ], a comma ends a value: this text is cut in two', {
      help: `quote it: ${singleQuoted(whole)}`,
    });
    return true;
  }
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
    return inner === undefined ? spanOf(path) : { file, ...inner };
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
