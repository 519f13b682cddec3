import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../engine/base/clock.ts';
import { type LoadedWorkflow, loadWorkflow, type RunEvent, type RunOptions, type RunResult } from '../../../engine/index.ts';
import { newRunId } from '../../../engine/run-id.ts';
import { runIn } from '../../../engine/run-workflow.ts';
import { openMemoryStore } from '../../../engine/store/memory.ts';

const sandbox = mkdtempSync(join(tmpdir(), 'dagrun-reuse-'));
afterAll(() => rmSync(sandbox, { recursive: true, force: true }));
let count = 0;

interface Told {
  readonly result: RunResult;
  readonly events: readonly RunEvent[];
  /** Tasks for which a model was called. */
  readonly called: readonly string[];
  /** Tasks whose outputs were taken over. */
  readonly reused: readonly string[];
}

/** A project of its own: a folder, and a store. */
function project(): {
  load(text: string): Promise<LoadedWorkflow>;
  go(text: string, options?: RunOptions): Promise<Told>;
  write(name: string, text: string): void;
} {
  count += 1;
  const cwd = mkdtempSync(join(sandbox, `p${count}-`));
  writeFileSync(join(cwd, 'dagrun.config.yml'), '{}\n');
  const store = openMemoryStore();
  const load = (text: string): Promise<LoadedWorkflow> => {
    const file = join(cwd, 'w.workflow.yml');
    writeFileSync(file, `dagrun: 1\nname: w\n${text}`);
    return loadWorkflow(file, { cwd, env: {} });
  };
  return {
    load,
    write: (name, text) => writeFileSync(join(cwd, name), text),
    async go(text, options = {}) {
      const events: RunEvent[] = [];
      const world = { clock: systemClock, random: () => 0, id: newRunId(), alone: true, store };
      const result = await runIn(world, await load(text), {
        cwd,
        env: {},
        offline: true,
        onEvent: (event) => events.push(event),
        ...options,
      });
      const called = new Set(events.flatMap((event) => (event.type === 'model.called' ? [event.task] : [])));
      const reused = events.flatMap((event) => (event.type === 'attempt.succeeded' && event.reused ? [event.task] : []));
      return { result, events, called: [...called].sort(), reused: [...reused].sort() };
    },
  };
}

const CHAIN = `
inputs: { topic: { type: string, default: rivers } }
nodes:
  outline: { prompt: "Outline {{inputs.topic}}." }
  facts: { prompt: "Facts about {{inputs.topic}}." }
  draft: { prompt: "Write: {{nodes.outline.output}}" }
  title: { prompt: "Name: {{nodes.draft.output}}" }
outputs: { title: nodes.title.output, facts: nodes.facts.output }
`;

describe('a run that goes on from an earlier one', () => {
  test('pays nothing when nothing has changed', async () => {
    const { go } = project();
    const first = await go(CHAIN);
    const second = await go(CHAIN, { from: first.result.run });
    expect(second.called).toEqual([]);
    expect(second.reused).toEqual(['draft', 'facts', 'outline', 'title']);
    expect(second.result.outputs).toEqual(first.result.outputs);
    expect(second.result.cost).toMatchObject({ total: 0, reused: { fromRun: 4, fromCache: 0, saved: first.result.cost.total } });
    // What was taken over is taken over again, with what it had cost in the beginning.
    const third = await go(CHAIN, { from: second.result.run });
    expect(third.called).toEqual([]);
    expect(third.result.cost.reused.saved).toBeCloseTo(first.result.cost.total, 12);
  });

  test('pays for a prompt that has changed and for what reads it, and nothing else', async () => {
    const { go } = project();
    const first = await go(CHAIN);
    const second = await go(CHAIN.replace('Write:', 'Write well:'), { from: first.result.run });
    expect(second.called).toEqual(['draft', 'title']);
    expect(second.reused).toEqual(['facts', 'outline']);
  });

  test('takes the inputs of the earlier run, but for those that are given', async () => {
    const { go } = project();
    const first = await go(CHAIN, { inputs: { topic: 'lakes' } });
    expect((await go(CHAIN, { from: first.result.run })).called).toEqual([]);
    expect((await go(CHAIN, { from: first.result.run, inputs: { topic: 'seas' } })).called).toHaveLength(4);
  });

  test('asks again for what is to be refreshed and all that follows', async () => {
    const { go } = project();
    const first = await go(CHAIN);
    const second = await go(CHAIN, { from: first.result.run, refresh: ['draft'] });
    expect(second.called).toEqual(['draft', 'title']);
  });

  test('does one node alone on what the earlier run gave it', async () => {
    const { go } = project();
    const first = await go(CHAIN);
    const second = await go(CHAIN.replace('Name:', 'Name in two words:'), { from: first.result.run, only: 'title' });
    expect(second.called).toEqual(['title']);
    expect(second.result.nodes.map((node) => node.id)).toEqual(['title']);
    expect(Object.keys(second.result.outputs)).toEqual(['title']);
  });

  test('refuses what cannot be meant', async () => {
    const { go } = project();
    const first = await go(CHAIN);
    await expect(go(CHAIN, { from: 'run_none' })).rejects.toThrow('there is no run run_none to reuse');
    await expect(go(CHAIN, { only: 'title' })).rejects.toThrow('--only needs an earlier run');
    await expect(go(CHAIN, { from: first.result.run, refresh: ['titel'] })).rejects.toThrow('"titel" is not a node of w');
  });

  const FAN = (list: string, key = '') => `
constants: { words: ${list} }
nodes:
  say: { foreach: { items: constants.words${key} }, prompt: "Say {{item}}" }
outputs: { all: nodes.say.output }
`;

  test('knows items by what they are, not by their place', async () => {
    const { go } = project();
    const first = await go(FAN('[a, b, c, c]'));
    const second = await go(FAN('[x, c, a, c, b, c]'), { from: first.result.run });
    expect(second.called).toEqual(['say[0]', 'say[5]']);
    expect(second.result.nodes[0]).toMatchObject({ reused: { fromRun: 4 } });
  });

  test('knows items by their keys where they have them', async () => {
    const { go } = project();
    const keyed = (list: string) => FAN(list, ', key: item.id').replace('{{item}}', '{{item.text}}');
    const first = await go(keyed('[{ id: 1, text: a }, { id: 2, text: b }]'));
    const second = await go(keyed('[{ id: 2, text: b }, { id: 3, text: a }, { id: 1, text: a }]'), { from: first.result.run });
    expect(second.called).toEqual(['say[1]']);
  });

  test('asks again when a file, a model, a schema, a check or what a check reads has changed', async () => {
    const { go, write } = project();
    const text = `
inputs: { least: { type: integer, default: 0 } }
tiers: { capable: [anthropic/claude-sonnet-5-5] }
nodes:
  read: { prompt: Sum it up., attach: [note.md] }
  plain: { prompt: Hello }
  shaped: { prompt: Hello, output: { fields: { n: integer 1..9 } } }
  checked: { prompt: Hello, check: [{ that: size(output) > inputs.least }] }
`;
    write('note.md', 'one');
    const first = await go(text);
    const asked = async (changed: string, options: RunOptions = {}): Promise<readonly string[]> =>
      (await go(changed, { from: first.result.run, ...options })).called;
    expect(await asked(text)).toEqual([]);
    expect(await asked(text.replace('1..9', '1..8'))).toEqual(['shaped']);
    expect(await asked(text, { inputs: { least: 1 } })).toEqual(['checked']);
    expect(await asked(text.replace('output) >', 'output) >='))).toEqual(['checked']);
    expect(await asked(text.replace('sonnet-5-5', 'opus-5-5'))).toEqual(['checked', 'plain', 'read', 'shaped']);
    expect(await asked(text.replace('{ prompt: Hello }', '{ tier: cheap, prompt: Hello }'))).toEqual(['plain']);
    // In which order fields are written, and what the answer does not follow from.
    expect(await asked(text.replace('{ prompt: Hello }', '{ description: x, timeout: 9s, prompt: Hello }'))).toEqual([]);
    write('note.md', 'two');
    expect(await asked(text)).toEqual(['read']);
  });

  test('gives what failed another chance, and keeps what a fallback was paid for', async () => {
    const { go, write } = project();
    const text = `
nodes:
  skipped: { prompt: a, retry: { max_attempts: 1 }, on_error: skip }
  instead: { prompt: b, retry: { max_attempts: 1 }, on_error: { value: '"none"' } }
  fallen: { prompt: c, retry: { max_attempts: 1 }, on_error: { fallback: { prompt: d } } }
`;
    write(
      'r.yml',
      'replies: [{ node: skipped, fail: refused }, { node: instead, fail: refused }, { node: fallen, attempt: 1, fail: refused }]\n',
    );
    const first = await go(text, { replies: 'r.yml' });
    expect(first.result.status).toBe('succeeded');
    const second = await go(text, { from: first.result.run });
    expect(second.called).toEqual(['instead', 'skipped']);
    expect((await go(text.replace('prompt: d', 'prompt: e'), { from: first.result.run })).called).toEqual(['fallen', 'instead', 'skipped']);
  });
});

describe('the cache', () => {
  const ZERO = 'nodes: { a: { temperature: 0, prompt: Hello }, b: { prompt: Hello } }\n';

  test('answers for nodes at temperature 0, and is no cost', async () => {
    const { go } = project();
    const first = await go(ZERO);
    expect(first.called).toEqual(['a', 'b']);
    const second = await go(ZERO);
    expect(second.called).toEqual(['b']);
    expect(second.result.nodes[0]).toMatchObject({ cost: 0, reused: { fromRun: 0, fromCache: 1, saved: first.result.nodes[0]!.cost } });
    expect(second.result.nodes[0]!.model).toBe(first.result.nodes[0]!.model);
    expect((await go(ZERO, { cache: false })).called).toEqual(['a', 'b']);
    expect((await go(ZERO.replace('temperature: 0', 'temperature: 0, cache: false'))).called).toEqual(['a', 'b']);
  });

  test('answers for those that ask for it, from any run and node', async () => {
    const { go } = project();
    await go('nodes: { a: { cache: true, prompt: Hello } }\n');
    expect((await go('nodes: { b: { cache: { ttl: 7d }, prompt: Hello } }\n')).called).toEqual([]);
    expect((await go('nodes: { b: { cache: true, prompt: Hello there } }\n')).called).toEqual(['b']);
  });

  test('who asks the same at the same time waits for the answer', async () => {
    const { go } = project();
    const text = 'constants: { words: [a, b, a, a] }\nnodes: { say: { foreach: constants.words, cache: true, prompt: "{{item}}" } }\n';
    const { called, result } = await go(text);
    expect(called).toHaveLength(2);
    expect(result.cost.reused).toMatchObject({ fromCache: 2 });
  });

  test('has nothing to do with answers that are written down', async () => {
    const { go, write } = project();
    write('r.yml', 'replies: [{ node: a, text: written }]\n');
    await go(ZERO);
    expect((await go(ZERO, { replies: 'r.yml' })).called).toEqual(['a', 'b']);
    expect((await go(ZERO)).called).toEqual(['b']);
  });
});
