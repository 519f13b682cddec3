import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { positionAt } from '../../engine/base/position.ts';
import { DagrunError } from '../../engine/errors.ts';
import { completeInputs, describeInputs, parseInputs } from '../../engine/inputs.ts';
import { loadWorkflow } from '../../engine/load.ts';

const folder = mkdtempSync(join(tmpdir(), 'dagrun-inputs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, 'flows'));
mkdirSync(join(folder, 'notes'));
writeFileSync(join(folder, 'notes', 'a.md'), '# A\n');
writeFileSync(join(folder, 'notes', 'b.md'), '# B\n');
writeFileSync(
  join(folder, 'flows', 'w.workflow.yml'),
  `dagrun: 1
name: w
inputs:
  topic: { type: string, description: What it is about }
  count: { type: integer, minimum: 1, default: 3 }
  ratio: { type: [number, "null"], default: null }
  strict: { type: boolean, default: false }
  tone: { enum: [calm, loud], default: calm }
  tags: { type: array, items: { type: string }, default: [] }
  limits: { type: array, items: { type: integer }, default: [] }
  sources: { type: array, items: { type: string, format: path }, default: [] }
  options: { type: object, additionalProperties: true, default: {} }
nodes:
  all:
    kind: set
    value: { a: inputs.topic, b: inputs.count, c: inputs.ratio, d: inputs.strict, e: inputs.tone, f: inputs.tags, g: inputs.limits, h: inputs.sources, i: inputs.options }
outputs:
  it: nodes.all.output
`
    .replace('  all:', '  whole:')
    .replace('nodes.all', 'nodes.whole'),
);
const workflow = await loadWorkflow(join(folder, 'flows', 'w.workflow.yml'));
const parse = (...pairs: string[]) => parseInputs(workflow, { pairs }, { cwd: folder });
/** `file:line:column code message` of every mistake. */
const mistakes = (act: () => unknown): readonly string[] => {
  try {
    act();
    return [];
  } catch (error) {
    if (!(error instanceof DagrunError)) throw error;
    return error.diagnostics.map(({ code, message, at }) => {
      const { line, column } = positionAt(at.file, at.start);
      return `${at.file.name.split('/').at(-1)}:${line}:${column} ${code} ${message}`;
    });
  }
};

describe('inputs as they are typed', () => {
  test('become what their schemas ask for', () => {
    expect(parse('topic=3', 'count=4', 'ratio=0.5', 'strict=true', 'tone=loud', 'options={"a":[1]}')).toEqual({
      topic: '3',
      count: 4,
      ratio: 0.5,
      strict: true,
      tone: 'loud',
      options: { a: [1] },
    });
    expect(parse('topic=a=b', 'ratio=null')).toEqual({ topic: 'a=b', ratio: null });
  });

  test('a list is one value, several, or JSON', () => {
    expect(parse('tags=a,b')).toEqual({ tags: ['a,b'] });
    expect(parse('tags=a', 'tags=b', 'limits=1', 'limits=2')).toEqual({ tags: ['a', 'b'], limits: [1, 2] });
    expect(parse('tags=["a", "b"]', 'limits=[1]')).toEqual({ tags: ['a', 'b'], limits: [1] });
  });

  test('@ is the text of a file', () => {
    expect(parse('topic=@notes/a.md')).toEqual({ topic: '# A\n' });
    expect(mistakes(() => parse('topic=@notes/c.md'))).toEqual(['-i:1:8 DAG734 the file "notes/c.md" cannot be read']);
  });

  test('paths start where the user is, and are handed on from the folder of the workflow', () => {
    expect(parse('sources=notes/a.md', 'sources=notes/b.md')).toEqual({ sources: ['../notes/a.md', '../notes/b.md'] });
    expect(parse(`sources=${join(folder, 'notes', 'a.md')}`)).toEqual({ sources: ['../notes/a.md'] });
    expect(mistakes(() => parse('sources=notes/a.md', 'sources=nots/b.md'))).toEqual(['-i:1:9 DAG734 there is no file "nots/b.md"']);
  });

  test('a document gives several, and what is typed by itself wins', () => {
    const document = { name: 'given.json', text: '{ "topic": "tides", "count": 2 }' };
    expect(parseInputs(workflow, { document, pairs: ['count=5'] }, { cwd: folder })).toEqual({ topic: 'tides', count: 5 });
    expect(mistakes(() => parseInputs(workflow, { document: { name: 'given.json', text: '[1]' } }, { cwd: folder }))).toEqual([
      'given.json:1:1 DAG733 the inputs must be a JSON object, one field per input',
    ]);
  });

  test('every mistake is told at once, where it was typed', () => {
    expect(mistakes(() => parse('topic', 'count=three', 'limits=1', 'limits=x', 'strict=1', 'strict=2'))).toEqual([
      '-i:1:1 DAG735 "topic" is not of the form name=value',
      '-i:1:7 DAG733 the input "count" must be integer',
      '-i:1:8 DAG733 "x" is not integer',
      '-i:1:8 DAG733 the input "strict" takes one value, and is given 2 times',
    ]);
  });
});

describe('inputs of a run', () => {
  test('are completed by their defaults', () => {
    expect(completeInputs(workflow, { topic: 'x' })).toEqual({
      topic: 'x',
      count: 3,
      ratio: null,
      strict: false,
      tone: 'calm',
      tags: [],
      limits: [],
      sources: [],
      options: {},
    });
  });

  test('must be there, be known and fit', () => {
    expect(mistakes(() => completeInputs(workflow, {}))).toEqual(['w.workflow.yml:4:3 DAG732 the input "topic" is missing']);
    expect(mistakes(() => completeInputs(workflow, { topic: 'x', cuont: 2, count: 0, limits: [1, 'two'] }))).toEqual([
      'inputs:3:3 DAG731 "cuont" is not an input of w',
      'inputs:4:12 DAG733 "count" must be at least 1; got 0',
      'inputs:7:5 DAG733 "limits[1]" must be a whole number; got the text "two"',
    ]);
  });

  test('are described', () => {
    expect(describeInputs(workflow.plan).slice(0, 3)).toEqual([
      { name: 'topic', type: 'string', required: true, description: 'What it is about' },
      { name: 'count', type: 'integer', required: false, default: 3 },
      { name: 'ratio', type: 'number or null', required: false, default: null },
    ]);
  });
});

describe('inputs of any name and size', () => {
  test('null is a value where the schema allows it', () => {
    expect(completeInputs(workflow, { topic: 't', ratio: null, count: 3 }).ratio).toBeNull();
    expect(mistakes(() => completeInputs(workflow, { topic: 't', count: null }))).toEqual([
      'inputs:3:12 DAG733 "count" must be a whole number; got null',
    ]);
  });

  test('names that every object has are told as unknown', () => {
    const given = parse('topic=t', 'constructor=1', '__proto__=2');
    expect(Object.keys(given)).toEqual(['topic', 'constructor', '__proto__']);
    expect(mistakes(() => completeInputs(workflow, given))).toEqual([
      'inputs:3:3 DAG731 "constructor" is not an input of w',
      'inputs:1:1 DAG731 "__proto__" is not an input of w',
    ]);
  });

  test('a text of many megabytes is taken, and cut where it is shown', () => {
    const topic = 'x'.repeat(3_000_000);
    expect(completeInputs(workflow, { topic }).topic).toBe(topic);
    expect(mistakes(() => completeInputs(workflow, { topic, count: 0 }))).toEqual(['inputs:3:12 DAG733 "count" must be at least 1; got 0']);
  });

  test('a document may be larger than a workflow, and nested deeper', () => {
    const deep = `${'{"a":'.repeat(200)}1${'}'.repeat(200)}`;
    const text = `{"topic": "${'x'.repeat(3_000_000)}", "options": ${deep}}`;
    const given = parseInputs(workflow, { document: { name: 'big.json', text } }, { cwd: folder });
    expect(Object.keys(completeInputs(workflow, given))).toContain('options');
    expect(mistakes(() => completeInputs(workflow, { ...given, count: 0 }))).toEqual([
      'inputs:1:1 DAG733 "count" must be at least 1; got 0',
    ]);
  });
});
