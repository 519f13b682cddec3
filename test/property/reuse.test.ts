import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { systemClock } from '../../engine/base/clock.ts';
import type { RunEvent } from '../../engine/contracts/event.ts';
import type { Provider } from '../../engine/contracts/provider.ts';
import type { RunResult } from '../../engine/contracts/result.ts';
import type { Store } from '../../engine/contracts/store.ts';
import { loadWorkflow } from '../../engine/load.ts';
import { newRunId } from '../../engine/run-id.ts';
import { runIn } from '../../engine/run-workflow.ts';
import { openMemoryStore } from '../../engine/store/memory.ts';
import { fc } from '../support/properties.ts';

const cwd = mkdtempSync(join(tmpdir(), 'dagrun-reuse-'));
writeFileSync(join(cwd, 'dagrun.config.yml'), '{}\n');
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

/** A workflow of model calls: each node reads some before it, and some go over a list. */
interface Sketch {
  readonly nodes: readonly { readonly reads: readonly number[]; readonly items: number; readonly words: string }[];
}

const sketches: fc.Arbitrary<Sketch> = fc
  .array(fc.record({ back: fc.array(fc.nat(5), { maxLength: 3 }), items: fc.constantFrom(0, 0, 1, 3) }), { minLength: 2, maxLength: 9 })
  .map((raw) => ({
    nodes: raw.map(({ back, items }, at) => ({
      reads: [...new Set(back.map((steps) => at - 1 - steps).filter((source) => source >= 0))],
      items,
      words: `words ${at}`,
    })),
  }));

function textOf({ nodes }: Sketch): string {
  const lines = nodes.map(({ reads, items, words }, at) => {
    const read = reads.map((source) => `{{json nodes.n${source}.output}}`).join(' ');
    const list = items > 0 ? `foreach: "[${Array.from({ length: items }, (_, index) => index).join(', ')}]", ` : '';
    return `  n${at}: { ${list}prompt: '${words} ${items > 0 ? '{{item}} ' : ''}${read}' }`;
  });
  return `dagrun: 1\nname: w\nnodes:\n${lines.join('\n')}\n`;
}

/** Says something else to every other question, also for each time it is asked. */
function talkative(): Provider {
  let asked = 0;
  return {
    id: 'offline',
    simulated: true,
    async complete({ model }) {
      asked += 1;
      return { text: `answer ${asked}`, stop: 'end', usage: { input: 1, output: 1, cacheRead: 0, cacheWrite: 0 }, model };
    },
  };
}

interface Ran {
  readonly result: RunResult;
  /** Nodes for which a model was called. */
  readonly called: ReadonlySet<string>;
  readonly outputs: ReadonlyMap<string, unknown>;
}

async function go(store: Store, offline: Provider, sketch: Sketch, from?: string): Promise<Ran> {
  const file = join(cwd, 'w.workflow.yml');
  writeFileSync(file, textOf(sketch));
  const called = new Set<string>();
  const outputs = new Map<string, unknown>();
  const onEvent = (event: RunEvent): void => {
    if (event.type === 'model.called') called.add(event.task.replace(/\[.*/, ''));
    if (event.type === 'attempt.succeeded') outputs.set(event.task, event.output);
  };
  const world = { clock: systemClock, random: () => 0, id: newRunId(), alone: true, store, offline };
  const workflow = await loadWorkflow(file, { cwd, env: {} });
  const result = await runIn(world, workflow, { cwd, env: {}, onEvent, ...(from !== undefined && { from }) });
  expect(result.status).toBe('succeeded');
  return { result, called, outputs };
}

/** A node and all that reads it, also by others. */
function following({ nodes }: Sketch, changed: number): ReadonlySet<string> {
  const found = new Set([changed]);
  for (const [at, { reads }] of nodes.entries()) if (reads.some((source) => found.has(source))) found.add(at);
  return new Set([...found].map((at) => `n${at}`));
}

test('nothing is asked again when nothing has changed; else what has changed and what reads it, and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(sketches, fc.nat(8), async (sketch, pick) => {
      const store = openMemoryStore();
      const provider = talkative();
      const first = await go(store, provider, sketch);

      const same = await go(store, provider, sketch, first.result.run);
      expect([...same.called]).toEqual([]);
      expect(same.outputs).toEqual(first.outputs);
      expect(same.result.cost.total).toBe(0);

      const changed = pick % sketch.nodes.length;
      const edited = { nodes: sketch.nodes.map((node, at) => (at === changed ? { ...node, words: 'other words' } : node)) };
      const second = await go(store, provider, edited, same.result.run);
      expect(second.called).toEqual(following(edited, changed));
      for (const [task, output] of second.outputs) {
        const again = second.called.has(task.replace(/\[.*/, ''));
        if (!again) expect(output, task).toEqual(first.outputs.get(task));
      }
    }),
    { numRuns: 25 },
  );
});
