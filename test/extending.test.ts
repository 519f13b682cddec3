import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Context } from '../cli/context.ts';
import type { Diagnostic } from '../engine/contracts/diagnostic.ts';
import type { TaskContext } from '../engine/contracts/node-kind.ts';
import type { ModelRequest } from '../engine/contracts/provider.ts';
import type { Workflow } from '../engine/contracts/workflow.ts';
import { readingsOf } from '../engine/lang/readings.ts';
import { kinds } from '../engine/nodes/registry.ts';
import { buildPlan } from '../engine/plan/build.ts';
import { parseDocument } from '../engine/source/document.ts';
import { parseWorkflow } from '../engine/syntax/parse.ts';
import { count } from './fixtures/extending/count.ts';
import { echo } from './fixtures/extending/echo.ts';
import { checkLongPrompts } from './fixtures/extending/long-prompts.ts';
import { read } from './fixtures/extending/read.ts';
import { blocksOf } from './support/doc-blocks.ts';

const root = join(import.meta.dirname, '..');

describe('the examples of docs/extending.md are files that compile', () => {
  const blocks = blocksOf(readFileSync(join(root, 'docs/extending.md'), 'utf8')).flatMap((part) =>
    typeof part !== 'string' && part.type === 'fence' && part.language === 'ts' ? [part] : [],
  );

  test.each(blocks.map((block) => [block.file ?? '', block.body]))('%s', (file, body) => {
    const fixture = readFileSync(join(root, 'test/fixtures/extending', posix.basename(file)), 'utf8');
    const moved = fixture.replace(/'\.\.\/\.\.\/\.\.\/([^']+)'/g, (_, target: string) => {
      const path = posix.relative(posix.dirname(file), target);
      return `'${path.startsWith('.') ? path : `./${path}`}'`;
    });
    expect(body).toBe(moved);
  });
});

describe('they do what the page says', () => {
  const workflowOf = (text: string): Workflow => {
    const found: Diagnostic[] = [];
    const report = (diagnostic: Diagnostic): void => void found.push(diagnostic);
    const host = { read: () => undefined, list: () => [] };
    const document = parseDocument({ name: 'example', text }, report);
    const workflow = document && parseWorkflow(document, { kinds: [...kinds, read], host }, report);
    expect(found).toEqual([]);
    return workflow!;
  };

  test('a kind: its fields are known, what it reads makes an edge, and it runs', async () => {
    const workflow = workflowOf(`
dagrun: 1
name: example
nodes:
  day: { kind: set, value: '"monday"' }
  notes: { kind: read, path: "notes/{{nodes.day.output}}.md" }
`);
    const plan = buildPlan(workflow, [...kinds, read]);
    expect(plan.nodes.map(({ id, after }) => [id, after.map(({ from }) => from)])).toEqual([
      ['day', []],
      ['notes', ['day']],
    ]);
    const ctx = { readFiles: async (path: string) => [{ name: path, text: `text of ${path}` }] } as unknown as TaskContext;
    expect(await read.execute({ path: 'notes/monday.md' }, ctx)).toBe('text of notes/monday.md');
  });

  test('a provider answers, and gives up when it is told to', async () => {
    const request = { model: 'm', messages: [{ role: 'user', text: 'hello' }], maxOutputTokens: 10 } as unknown as ModelRequest;
    const provider = echo('echo');
    expect(await provider.complete(request, AbortSignal.any([]))).toMatchObject({ text: 'hello', stop: 'end' });
    await expect(provider.complete(request, AbortSignal.abort())).rejects.toMatchObject({ failure: { type: 'cancelled' } });
  });

  test('a rule reports', () => {
    const workflow = workflowOf(`dagrun: 1\nname: example\nnodes: { long: { prompt: "${'word '.repeat(1000)}" } }\n`);
    const found: Diagnostic[] = [];
    checkLongPrompts({ workflow, kinds, references: readingsOf(workflow, kinds) }, (diagnostic) => found.push(diagnostic));
    expect(found.map(({ message }) => message)).toEqual(['the prompt of "long" has 5000 characters of its own']);
  });

  test('a command prints', async () => {
    let printed = '';
    const ctx = {
      cwd: root,
      io: { env: {} },
      print: (text: string) => {
        printed += text;
      },
    } as unknown as Context;
    expect(await count.action(ctx, ['research-synthesis'], {})).toBe(0);
    expect(printed).toBe('4\n');
  });
});
