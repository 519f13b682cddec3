import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Diagnostic } from '../../engine/contracts/diagnostic.ts';
import type { Document, SourceHost } from '../../engine/contracts/source.ts';
import { renderDiagnostics } from '../../engine/diagnostics/render.ts';
import { kinds } from '../../engine/nodes/registry.ts';
import { parseDocument } from '../../engine/source/document.ts';
import { parseWorkflow } from '../../engine/syntax/parse.ts';
import { fc } from '../support/properties.ts';

const folder = join(import.meta.dirname, '../fixtures/ok');
const fixtures = readdirSync(folder)
  .filter((name) => name.endsWith('.workflow.yml'))
  .map((name) => readFileSync(join(folder, name), 'utf8'));

const host: SourceHost = { read: (path) => (path.endsWith('.json') ? '{"type":"object"}' : undefined), list: () => ['a.md', 'b.hbs'] };

/** Reads a text, and sees to it that whatever is said of it has a place inside it and can be rendered. */
function readAll(text: string): Document | undefined {
  const found: Diagnostic[] = [];
  const document = parseDocument({ name: 'x.yml', text }, (diagnostic) => found.push(diagnostic));
  const workflow = document && parseWorkflow(document, { kinds, host }, (diagnostic) => found.push(diagnostic));
  for (const { at, related = [], fix, message } of found) {
    for (const span of [at, ...related.map((other) => other.at), ...(fix ? [fix.at] : [])]) {
      expect(span.start).toBeGreaterThanOrEqual(0);
      expect(span.end).toBeGreaterThanOrEqual(span.start);
      expect(span.end).toBeLessThanOrEqual(span.file.text.length);
    }
    expect(message).not.toMatch(/undefined|\[object|NaN/);
  }
  for (const format of ['pretty', 'line', 'json', 'github'] as const) renderDiagnostics(found, { format, colour: false });
  // Nothing comes of a text without either a workflow or a reason.
  if (workflow === undefined) expect(found.length).toBeGreaterThan(0);
  return document;
}

const SIGNS = [
  '{',
  '}',
  '[',
  ']',
  ':',
  ': ',
  ' #',
  '&a',
  '*a',
  '!',
  '|',
  '>',
  '"',
  "'",
  '\n',
  '\n  ',
  '\t',
  '{{',
  '}}',
  '- ',
  '? ',
  '%',
  '<<',
  ',',
  '\r\n',
  '🙂',
  '\0',
  '---\n',
  'null',
  '1e999',
];

test('any text is read without an exception', () => {
  const piece = fc.oneof(
    fc.constantFrom(...SIGNS),
    fc.constantFrom('dagrun: 1\n', 'nodes:\n', 'fields', '$ref', 'prompt', 'a', 'x y'),
    fc.string({ maxLength: 5 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      readAll(pieces.join(''));
    }),
    { numRuns: 300 },
  );
});

test('a right file with something put in, taken out or doubled is read without an exception', () => {
  const edit = fc.record({ at: fc.nat(), length: fc.nat({ max: 30 }), put: fc.constantFrom('', ...SIGNS) });
  fc.assert(
    fc.property(fc.constantFrom(...fixtures), fc.array(edit, { minLength: 1, maxLength: 3 }), (text, edits) => {
      let broken = text;
      for (const { at, length, put } of edits) {
        const from = at % (broken.length + 1);
        broken = broken.slice(0, from) + put + broken.slice(from + length);
      }
      readAll(broken);
    }),
    { numRuns: 80 },
  );
});

test('a value anywhere in a right file that is of any other form is read without an exception', () => {
  const value = fc.jsonValue({ maxDepth: 2 }).map((json) => JSON.stringify(json));
  fc.assert(
    fc.property(fc.constantFrom(...fixtures), fc.nat(), value, (text, place, json) => {
      const lines = text.split('\n');
      const candidates = lines.flatMap((line, index) => (/^\s*[\w?]+:/.test(line) ? [index] : []));
      const index = candidates[place % candidates.length]!;
      lines[index] = lines[index]!.replace(/:.*$/, `: ${json}`);
      readAll(lines.join('\n'));
    }),
    { numRuns: 80 },
  );
});

test('every place inside a text of a right file lies within that text', () => {
  for (const text of fixtures) {
    const document = readAll(text)!;
    const visit = (value: unknown, path: readonly (string | number)[]): void => {
      if (typeof value === 'string') {
        const { start, end } = document.spanOf(path);
        for (let at = 0; at < value.length; at += 7) {
          const span = document.spanWithin(path, at, at + 1);
          const alias = text[start] === '*';
          if (!alias) expect(span.start >= start && span.end <= Math.max(end, span.start + 1)).toBe(true);
          if (!alias && /[\w{]/.test(value[at]!)) expect(text.slice(span.start, span.end)).toContain(value[at]);
        }
      } else if (Array.isArray(value)) for (const [index, item] of value.entries()) visit(item, [...path, index]);
      else if (typeof value === 'object' && value !== null) for (const [key, inner] of Object.entries(value)) visit(inner, [...path, key]);
    };
    visit(document.value, []);
  }
});
