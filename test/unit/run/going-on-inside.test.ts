import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  diffRuns,
  exportRun,
  forkRun,
  importRun,
  loadWorkflow,
  type RunEvent,
  type RunOptions,
  type RunResult,
  readRun,
  renderRecording,
  resume,
  run,
} from '../../../engine/index.ts';

const sandbox = mkdtempSync(join(tmpdir(), 'dagrun-inside-'));
afterAll(() => rmSync(sandbox, { recursive: true, force: true }));

const CHILD = `dagrun: 1
name: child
inputs: { x: { type: string } }
nodes:
  c: { prompt: "C {{inputs.x}}" }
  d: { prompt: "D {{nodes.c.output}}" }
outputs: { d: nodes.d.output }
`;

const ONCE = 'retry: { max_attempts: 1 }';
const ITEMS = 'foreach: { items: inputs.list, as: one }';
const JUDGED = (more: string): string => `
    ${ITEMS}
    prompt: "Write {{one}}"
    evaluate:
      prompt: "Judge {{candidate}}"
      output: { fields: { score: integer 1..10 } }
      accept_if: evaluation.score > inputs.least
      max_iterations: 2
      ${more}`;

/** What holds nodes, all of it in a fan-out. */
const BODIES: Readonly<Record<string, string>> = {
  group: `
    kind: group
    ${ITEMS}
    nodes: { a: { prompt: "A {{one}}" }, b: { prompt: "B {{nodes.a.output}}", ${ONCE} } }`,
  keyed: `
    kind: group
    foreach: { items: inputs.list, as: one, key: one }
    nodes: { a: { prompt: "A {{one}}" } }`,
  route: `
    foreach: inputs.list
    route: { by: item == "x", cases: { "true": { prompt: "X {{item}}" } }, default: { kind: group, nodes: { a: { prompt: "A {{item}}" } } } }`,
  repeat: `
    kind: group
    ${ITEMS}
    repeat: { times: 2, carry: { seen: { first: "[]", next: 'carry.seen + [nodes.a.output]' } } }
    nodes: { a: { prompt: "A {{one}} {{iteration}} {{json carry.seen}}", ${ONCE} } }`,
  evaluate: JUDGED('revise: "Better {{candidate}} {{evaluation.score}}"'),
  'best of': `
    ${ITEMS}
    prompt: "Write {{one}}"
    best_of: { n: 2, pick: judge, judge: { prompt: "Pick {{json candidates}}", output: { fields: { best: integer 1..2 } } } }`,
  child: `
    ${ITEMS}
    kind: workflow
    workflow: ./child.workflow.yml
    with: { x: "{{one}}" }`,
  escalate: `
    ${ITEMS}
    tier: cheap
    escalate: { to: premium, when: output.n < inputs.least }
    prompt: "Write {{one}}"
    output: { fields: { n: integer 1..100 } }`,
  'judged, then a tier up': JUDGED('on_exhausted: escalate').replace('prompt:', 'tier: cheap\n    prompt:'),
  'judged, then something else': JUDGED('on_exhausted: fail\n    on_error: { fallback: { prompt: "F {{one}}" } }'),
};

const text = (body: string, more = ''): string => `dagrun: 1
name: w
inputs:
  list: { type: array, items: { type: string }, default: [x, y, x] }
  least: { type: integer, default: 1000 }
nodes:
  g:${body}
  end: { prompt: "End {{json nodes.g.output}}" }
outputs: { end: nodes.end.output, g: nodes.g.output${more} }
`;

interface Told {
  readonly result: RunResult;
  /** Tasks for which a model was called, once for each call. */
  readonly called: readonly string[];
  /** What all calls in the journal of the run have cost. */
  readonly paid: number;
}

function project(): {
  go(text: string, options?: RunOptions): Promise<Told>;
  goOn(run: string, replies?: string): Promise<Told>;
  fork(run: string, at: string): Promise<Told & { readonly taken: readonly string[] }>;
  record(run: string): Promise<string>;
  readonly around: { readonly cwd: string; readonly env: Record<string, string> };
} {
  const cwd = mkdtempSync(join(sandbox, 'p-'));
  const around = { cwd, env: { DAGRUN_STORE: `file:${join(cwd, 'runs.db')}` } };
  writeFileSync(join(cwd, 'dagrun.config.yml'), '{}\n');
  writeFileSync(join(cwd, 'child.workflow.yml'), CHILD);
  const told = async (work: (onEvent: (event: RunEvent) => void) => Promise<RunResult>): Promise<Told> => {
    const called: string[] = [];
    const result = await work((event) => void (event.type === 'model.called' && called.push(event.task)));
    let paid = 0;
    const onEvent = (event: RunEvent): void => {
      if (event.type === 'model.called') paid += event.call.cost ?? 0;
    };
    await readRun(result.run, { ...around, onEvent });
    return { result, called, paid: paid / 1e9 };
  };
  const goOn = (id: string, replies?: string): Promise<Told> => {
    if (replies !== undefined) writeFileSync(join(cwd, 'more.yml'), `replies: [${replies}]\n`);
    return told((onEvent) => resume(id, { ...around, onEvent, ...(replies !== undefined && { replies: 'more.yml' }) }));
  };
  return {
    around,
    goOn,
    go: (content, { replies, ...options } = {}) =>
      told(async (onEvent) => {
        writeFileSync(join(cwd, 'w.workflow.yml'), content);
        if (replies !== undefined) writeFileSync(join(cwd, 'r.yml'), replies);
        const workflow = await loadWorkflow('w.workflow.yml', around);
        return run(workflow, { ...around, offline: true, onEvent, ...options, ...(replies !== undefined && { replies: 'r.yml' }) });
      }),
    async fork(id, at) {
      const { run: forked, taken } = await forkRun(id, { ...around, at });
      return { ...(await goOn(forked)), taken };
    },
    async record(id) {
      const events: RunEvent[] = [];
      const { plan } = await readRun(id, { ...around, onEvent: (event) => events.push(event) });
      return renderRecording(events, plan);
    },
  };
}

describe.each(Object.entries(BODIES))('%s', (name, body) => {
  test('is gone on from, forked, recorded and moved, and nothing is paid twice', async () => {
    const { go, fork, record, around } = project();
    const first = await go(text(body));
    expect(first.result.status).toBe('succeeded');
    const { total } = first.result.cost;

    const same = await go(text(body), { from: first.result.run });
    expect(same.called).toEqual([]);
    expect(same.result.outputs).toEqual(first.result.outputs);
    expect(same.result.cost.total).toBe(0);
    expect(same.result.cost.reused.saved).toBeCloseTo(total, 12);

    const moved = await go(text(body), { from: first.result.run, inputs: { list: ['new', 'x', 'x', 'y'] } });
    expect(moved.called.filter((task) => !task.startsWith('g[0]'))).toEqual(['end']);
    expect(moved.result.cost.total).toBeCloseTo(moved.paid, 12);

    const forked = await fork(first.result.run, 'end');
    expect(forked.called).toEqual(['end']);
    expect(forked.result.outputs).toEqual(first.result.outputs);
    expect(forked.result.cost.total + forked.result.cost.reused.saved).toBeCloseTo(total, 12);

    // Of what a higher tier gave in the end, a fork has the whole and not what was said inside.
    const isWhole = name === 'judged, then a tier up';
    if (isWhole) await expect(record(forked.result.run)).rejects.toThrow('was taken over from');
    for (const { result } of isWhole ? [first, same] : [first, same, forked]) {
      const replayed = await go(text(body), { replies: await record(result.run) });
      expect(replayed.result.outputs).toEqual(first.result.outputs);
    }
    const lines: string[] = [];
    await exportRun(same.result.run, { ...around, onLine: (line) => lines.push(line) });
    const elsewhere = { ...around, env: { DAGRUN_STORE: `file:${join(around.cwd, `${name.length}.db`)}` } };
    await importRun(
      (async function* () {
        yield* lines;
      })(),
      elsewhere,
    );
    expect((await readRun(same.result.run, elsewhere)).result).toEqual((await readRun(same.result.run, around)).result);
  });
});

test.each<[string, string, string, readonly string[]]>([
  ['group', BODIES.group ?? '', '{ node: g/b, item: 1, fail: refused }', ['g[1]/b', 'end']],
  ['repeat', BODIES.repeat ?? '', '{ node: g/a, item: 1, iteration: 2, fail: refused }', ['g[1]#2/a', 'end']],
  [
    'evaluate',
    BODIES.evaluate ?? '',
    '{ node: g, item: 1, iteration: 2, call: evaluate, fail: refused, times: 3 }',
    ['g[1]#2/judge', 'end'],
  ],
  ['best of', BODIES['best of'] ?? '', '{ node: g, item: 1, call: judge, fail: refused, times: 3 }', ['g[1]/judge', 'end']],
  ['child', BODIES.child ?? '', '{ node: g/d, item: 1, fail: refused, times: 3 }', ['g[1]/d', 'end']],
])('after a failure inside of a %s only the rest is done, by resume as by --from', async (_, body, reply, rest) => {
  const { go, goOn } = project();
  const first = await go(text(body), { replies: `replies: [${reply}]\n` });
  expect(first.result.status).toBe('failed');
  const from = await go(text(body), { from: first.result.run });
  expect([from.result.status, from.called]).toEqual(['succeeded', rest]);
  const resumed = await goOn(first.result.run, '');
  expect([resumed.result.status, resumed.called]).toEqual(['succeeded', rest]);
  expect(resumed.result.cost.total).toBeCloseTo(resumed.paid, 12);
  expect(from.result.cost.total + first.result.cost.total).toBeCloseTo(resumed.paid, 12);
});

const EXHAUSTED = `
    kind: group
    ${ITEMS}
    repeat: { until: 'nodes.a.output == "done"', max: 2, on_exhausted: fail }
    nodes: { a: { prompt: "A {{one}} {{iteration}}" } }`;
const UNCHECKED = `
    kind: group
    ${ITEMS}
    retry: { max_attempts: 2, initial_delay: 1ms }
    check: [{ that: 'nodes.a.output == "done"' }]
    nodes: { a: { prompt: "A {{one}}" } }`;

test.each<[string, string, readonly [string, string], readonly string[]]>([
  ['a loop that was exhausted', EXHAUSTED, ['max: 2', 'max: 3'], ['g[0]#3/a', 'g[1]#3/a', 'g[2]#3/a']],
  ['a body whose check failed', UNCHECKED, ['== "done"', '!= "done"'], ['end']],
  ['candidates that were not accepted', JUDGED('on_exhausted: fail'), ['on_exhausted: fail', 'on_exhausted: accept'], ['end']],
])('%s fails of its answers again, for nothing, and is judged anew when the file has changed', async (_, body, [from, to], asked) => {
  const { go, goOn } = project();
  const first = await go(text(body));
  expect(first.result.status).toBe('failed');
  for (const again of [await goOn(first.result.run), await go(text(body), { from: first.result.run })]) {
    expect([again.result.status, again.called]).toEqual(['failed', []]);
    expect(again.result.error?.message).toBe(first.result.error?.message);
  }
  expect((await go(text(body.replace(from, to)), { from: first.result.run })).called.toSorted()).toEqual(asked);
});

test('an inner place is done again, and only what follows from it', async () => {
  const { go, fork, around } = project();
  const body = BODIES.group ?? '';
  const first = await go(text(body));
  const again = ['g[0]/b', 'g[1]/b', 'g[2]/b', 'end'];
  expect((await go(text(body), { from: first.result.run, refresh: ['g/b'] })).called).toEqual(again);
  expect(await fork(first.result.run, 'g/b')).toMatchObject({ called: again, taken: ['g/a'] });
  await expect(go(text(body), { from: first.result.run, only: 'g/b' })).rejects.toThrow('"g/b" is inside another node');
  await expect(go(text(body), { from: first.result.run, refresh: ['g/c'] })).rejects.toThrow('"g/c" is not a node of w');
  const edited = await go(text(body.replace('B {{', 'Be {{')), { from: first.result.run });
  const diff = await diffRuns(first.result.run, edited.result.run, around);
  expect(diff.first).toMatchObject({ node: 'g[0]/b', why: '`prompt` was edited' });
  expect(diff.nodes.map(({ node, inside = [] }) => [node, ...inside.map((inner) => inner.node)])).toEqual([
    ['g', 'g[0]/b', 'g[1]/b', 'g[2]/b'],
    ['end'],
  ]);
});

test('inner items with keys are known by them', async () => {
  const { go } = project();
  const keyed = (BODIES.keyed ?? '').replace('A {{one}}', 'A');
  const first = await go(text(keyed), { inputs: { list: ['p', 'q'] } });
  const second = await go(text(keyed), { from: first.result.run, inputs: { list: ['q', 'r', 'p'] } });
  expect(second.called.filter((task) => task.startsWith('g'))).toEqual(['g[1]/a']);
});

test('an answer that was not good enough is not good enough when it is taken over, nor kept for others', async () => {
  const { go } = project();
  const told = (least: number): string =>
    text(
      (BODIES.escalate ?? '').replace('inputs.least', String(least)).replace('tier: cheap', 'tier: cheap\n    temperature: 0'),
      ', ok: "nodes.g.items.map(i, i.accepted)"',
    );
  const first = await go(told(1000), { cache: true });
  expect(first.result.outputs.ok).toEqual([false, false, false]);
  const second = await go(told(1000), { from: first.result.run });
  expect(second.called).toEqual([]);
  expect(second.result.outputs.ok).toEqual([false, false, false]);
  // What is enough has changed: no tier is left out.
  expect((await go(told(0), { from: first.result.run })).called.filter((task) => task === 'g[1]')).toEqual(['g[1]']);
});

test('what reads a cost reads what was paid, in whichever run', async () => {
  const { go, fork } = project();
  const more = ', costs: "nodes.g.items.map(i, i.iterations.map(r, r.cost))", all: nodes.g.cost';
  const first = await go(text(BODIES.evaluate ?? '', more));
  expect(first.result.outputs.all).toBeGreaterThan(0);
  for (const { result } of [await fork(first.result.run, 'end'), await go(text(BODIES.evaluate ?? '', more), { from: first.result.run })]) {
    expect(result.outputs).toEqual(first.result.outputs);
  }
});

test('who judged an answer that is taken over is not who gave it', async () => {
  const { go, fork } = project();
  const first = await go(text((BODIES.evaluate ?? '').replace('prompt: "Write', 'tier: cheap\n    prompt: "Write')));
  const writers = ({ result }: Told): unknown => result.nodes.filter(({ id }) => id === 'g').map(({ tier }) => tier);
  expect(writers(first)).toEqual(['cheap']);
  expect(writers(await fork(first.result.run, 'end'))).toEqual(['cheap']);
});
