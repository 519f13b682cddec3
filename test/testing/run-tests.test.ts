import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { main } from '../../cli/main.ts';
import type { Json } from '../../engine/index.ts';
import { runTests, type TestReport } from '../../engine/index.ts';
import { fakeIo } from '../cli/fake-io.ts';
import { testSandbox, told } from '../support/test-report.ts';

const space = testSandbox();
const { folder: sandbox, report } = space;
afterAll(() => space.remove());

const ASK = `nodes:
  ask:
    tier: cheap
    prompt: How many?
    output: { fields: { n: integer 0..100 } }
    retry: { max_attempts: 2 }
    timeout: 20s
outputs: { n: nodes.ask.output.n }
`;

describe('faults', () => {
  test.each([
    ['rate_limited', 'succeeded', 2, 2],
    ['unavailable', 'succeeded', 2, 2],
    ['timed_out', 'succeeded', 2, 2],
    ['malformed', 'succeeded', 1, 2],
    ['refused', 'failed', 1, 1],
    ['slow', 'succeeded', 2, 2],
  ])('%s', async (fault, status, attempts, calls) => {
    const found = await report(
      ASK,
      `  it: { faults: [{ node: ask, fault: ${fault} }], expect: { status: ${status}, nodes: { ask: { attempts: ${attempts}, model_calls: ${calls} } } } }\n`,
    );
    expect(told(found)).toBe('');
    expect(found.passed).toBe(1);
  });

  test('what a provider asks for is waited for on virtual time', async () => {
    const found = await report(
      ASK,
      '  it: { faults: [{ node: ask, fault: rate_limited, retry_after: 45s }], expect: { that: [run.duration_ms >= 45000] } }\n',
    );
    expect(told(found)).toBe('');
  });

  test('a tool that fails, and one that is stood in for', async () => {
    const workflow = `nodes:
  send: { kind: signal, signal: done, to: all, on_error: { value: { runs: 0 } } }
  say: { kind: set, value: "nodes.send.output.runs + 1" }
outputs: { n: nodes.say.output }
`;
    const found = await report(
      workflow,
      `  it fails: { faults: [{ node: send, fault: tool_error }], expect: { outputs: { n: 1 }, nodes: { send: { recovered: true, error: unavailable } } } }
  it is a stub: { stubs: [{ node: send, json: { runs: 4 } }], expect: { outputs: { n: 5 }, nodes: { send: { recovered: false } } } }
  the stub fails: { stubs: [{ node: send, fail: timed_out }], expect: { nodes: { send: { error: { type: timed_out } } } } }
`,
    );
    expect(told(found)).toBe('');
  });
});

test('a test does nothing outside: what would needs a stub', async () => {
  const workflow = `nodes:
  note: { kind: write, path: note.txt, content: hello }
  said: { kind: set, value: nodes.note.status }
outputs: { said: nodes.said.output }
`;
  const found = await report(
    workflow,
    `  without: { expect: { error: { type: bad_request, node: note, message: { contains: stubs } } } }
  with: { stubs: [{ node: note, json: { path: note.txt, bytes: 5, sha256: x } }], expect: { outputs: { said: succeeded } } }
`,
  );
  expect(existsSync(join(sandbox, 'note.txt'))).toBe(false);
  expect(told(found)).toBe('');
});

describe('automatic answers', () => {
  test('fit the schema, are the same each time, and differ by seed', async () => {
    const answer = async (seed: string): Promise<unknown> => {
      const found = await report(ASK, `  it: { seed: ${seed}, expect: { snapshot: true } }\n`);
      await runTests([found.files[0]!.file], { cwd: sandbox, update: true });
      const snapshot = parse(readFileSync(join(sandbox, found.files[0]!.file.replace('.test.yml', '.snapshots.yml')), 'utf8')) as Json;
      return (snapshot as { it: { n: number } }).it.n;
    };
    const answers = [await answer('a'), await answer('a'), await answer('b'), await answer('c'), await answer('d')];
    expect(answers[0]).toBe(answers[1]);
    expect(new Set(answers).size).toBeGreaterThan(1);
  });
});

describe('people and waiting', () => {
  const workflow = `nodes:
  gate: { kind: approval, message: Go on?, expires: 24h, on_expiry: reject }
  built: { kind: wait, signal: built }
outputs: { go: nodes.gate.output.approved, why: nodes.gate.output.reason, built: nodes.built.output }
`;
  test('answers, signals, and what happens when nobody answers', async () => {
    const found = await report(
      workflow,
      `  yes: { answers: [{ gate: gate, approved: true, reason: fine }], waits: [{ node: built, payload: 3 }], expect: { outputs: { go: true, why: fine, built: 3 }, that: [run.duration_ms == 0] } }
  nobody: { waits: [{ node: built, payload: 3 }], expect: { outputs: { go: false }, that: [run.duration_ms == 86400000] } }
  no signal: { answers: [{ gate: gate, approved: true }], expect: { status: waiting, nodes: { built: waiting } } }
`,
    );
    expect(told(found)).toBe('');
    expect(found.passed).toBe(3);
  });
});

describe('coverage', () => {
  const workflow = `inputs: { list: { type: array, items: { type: string }, default: [] } }
nodes:
  every: { tier: cheap, foreach: inputs.list, prompt: "{{item}}", on_error: skip }
  many: { kind: set, value: "1", run_if: "size(inputs.list) > 1" }
  none: { kind: set, value: "1", skip_if: "size(inputs.list) > 0" }
  safe: { tier: cheap, prompt: Hello, on_error: { value: "'?'" } }
  two: { tier: cheap, prompt: Hello, on_error: { fallback: { tier: premium } } }
`;
  const missed = (found: TestReport): readonly string[] =>
    (found.coverage ?? []).flatMap((one) => one.notTaken.map(({ node, what }) => `${node}: ${what}`));

  test('says which ways were not taken', async () => {
    const found = await report(workflow, '  empty: {}\n');
    expect(missed(found)).toEqual([
      'every: foreach never has items',
      'every: on_error never skips it',
      'many: never runs',
      'many: run_if is never true',
      'none: skip_if is never true',
      'safe: the value of on_error is never needed',
      'two: the fallback of on_error is never taken',
    ]);
    expect(found.coverage).toMatchObject([{ ways: 14, taken: 7, percent: 50 }]);
  });

  test('all scenarios of a workflow count together', async () => {
    const found = await report(
      workflow,
      `  empty: { faults: [{ node: safe, fault: refused }, { node: two, fault: refused }] }
  full: { inputs: { list: [a, b] }, faults: [{ node: every, item: 1, fault: refused }] }
`,
    );
    expect(missed(found)).toEqual([]);
    expect(told(found)).toBe('');
  });
});

describe('coverage of nodes inside nodes', () => {
  const missed = (found: TestReport): readonly string[] =>
    (found.coverage ?? []).flatMap((one) => one.notTaken.map(({ node, what, line }) => `${line} ${node}: ${what}`));

  const route = `inputs: { topic: { type: string, default: shipping } }
nodes:
  respond:
    kind: set
    if_skipped: "'nothing'"
    route:
      by: inputs.topic
      cases:
        shipping: { value: "'on its way'" }
        refund: { value: "'paid back'" }
        spam: skip
      default: { value: "'noted'" }
  rank:
    kind: set
    route:
      cases:
        - { when: inputs.topic == "refund", value: "1" }
        - { value: "2" }
`;

  test('every case of a route is one, `skip` and the last of a list too', async () => {
    const found = await report(route, '  one: {}\n');
    expect(missed(found)).toEqual([
      '12 respond → refund: never taken',
      '13 respond → spam: never taken',
      '14 respond → default: never taken',
      '19 rank → case_1: never taken',
    ]);
    const all = await report(
      route,
      '  one: {}\n  two: { inputs: { topic: refund } }\n  three: { inputs: { topic: spam } }\n  four: { inputs: { topic: "?" } }\n',
    );
    expect(missed(all)).toEqual([]);
    expect(all.coverage).toMatchObject([{ ways: 8, taken: 8, percent: 100 }]);
  });

  const loops = `inputs: { enough: { type: integer, default: 1 } }
nodes:
  count: { kind: set, repeat: { until: iteration >= inputs.enough, max: 2 }, value: iteration }
  strict: { kind: set, repeat: { until: iteration >= inputs.enough, max: 2, on_exhausted: fail }, on_error: { value: "0" }, value: iteration }
  always: { kind: set, repeat: { times: 2 }, value: iteration }
  draft:
    tier: cheap
    prompt: Write.
    evaluate:
      tier: cheap
      prompt: "Judge: {{candidate}}"
      output: { fields: { good: boolean } }
      accept_if: evaluation.good
      max_iterations: 1
`;
  const judged = (good: boolean): string => `replies: [{ node: draft, call: evaluate, json: { good: ${good} } }]`;

  test('a loop ends in two ways when it has a condition', async () => {
    const soon = await report(loops, `  it: { ${judged(true)} }\n`);
    expect(missed(soon)).toEqual([
      '5 count: repeat never comes to its last round',
      '6 strict: the value of on_error is never needed',
      '6 strict: repeat never comes to its last round',
      '11 draft: evaluate is never exhausted',
    ]);
    const never = await report(loops, `  it: { inputs: { enough: 9 }, ${judged(false)} }\n`);
    expect(missed(never)).toEqual(['5 count: until never holds', '6 strict: until never holds', '11 draft: evaluate never accepts']);
  });

  test('a loop that a skipped round ends has not come to its last one', async () => {
    const workflow = `nodes:
  early:
    kind: set
    repeat: { until: iteration > 8, max: 5 }
    route:
      cases:
        - { when: iteration < 3, value: iteration }
        - skip
`;
    expect(missed(await report(workflow, '  it: {}\n'))).toEqual([
      '6 early: until never holds',
      '6 early: repeat never comes to its last round',
    ]);
  });

  const tiers = `nodes:
  sure:
    tier: cheap
    prompt: Sure?
    escalate: { to: capable, when: "!output.sure" }
    output: { fields: { sure: boolean } }
    on_error: { fallback: { tier: premium } }
  answer:
    tier: cheap
    prompt: Why?
    evaluate:
      tier: cheap
      prompt: "Judge: {{candidate}}"
      output: { fields: { good: boolean } }
      accept_if: evaluation.good
      max_iterations: 1
      on_exhausted: escalate
`;

  test('a node goes up a tier or stays, which is no fallback', async () => {
    const stays = await report(
      tiers,
      '  it: { replies: [{ node: sure, json: { sure: true } }, { node: answer, call: evaluate, json: { good: true } }] }\n',
    );
    expect(missed(stays)).toEqual([
      '9 sure: the fallback of on_error is never taken',
      '7 sure: never goes up a tier',
      '13 answer: never goes up a tier',
      '13 answer: evaluate is never exhausted',
    ]);
    const goes = await report(
      tiers,
      `  it:
    replies:
      - { node: sure, tier: cheap, json: { sure: false } }
      - { node: sure, tier: capable, json: { sure: true } }
      - { node: answer, call: evaluate, json: { good: false }, times: 2 }
`,
    );
    expect(missed(goes)).toEqual([
      '9 sure: the fallback of on_error is never taken',
      '7 sure: never stays on its tier',
      '13 answer: never stays on its tier',
      '13 answer: evaluate never accepts',
    ]);
  });

  test('nodes of a group count by their place, in whatever item', async () => {
    const workflow = `inputs: { list: { type: array, items: { type: integer }, minItems: 1, default: [1, 1] } }
nodes:
  pages:
    kind: group
    foreach: inputs.list
    nodes:
      read: { kind: set, value: item }
      note: { kind: set, run_if: item > 1, value: "1", if_skipped: "0" }
      last: { kind: set, skip_if: item > 1, value: "1", if_skipped: "0" }
    result: nodes.read.output
`;
    expect(missed(await report(workflow, '  it: {}\n'))).toEqual([
      '10 pages/note: never runs',
      '10 pages/note: run_if is never true',
      '11 pages/last: skip_if is never true',
    ]);
    expect(missed(await report(workflow, '  it: { inputs: { list: [1, 2] } }\n'))).toEqual([]);
  });
});

describe('coverage of workflows inside workflows', () => {
  test('is that of their own file, with what all tests have seen of it', async () => {
    space.write(
      'child.workflow.yml',
      `dagrun: 1
name: child
inputs: { n: { type: integer } }
nodes:
  small: { kind: set, value: "1", run_if: inputs.n < 3 }
  deep: { kind: group, nodes: { ask: { prompt: Hello., on_error: skip } } }
outputs: { n: 'coalesce(nodes.small.output, 0)' }
`,
    );
    const found = await report(
      `inputs: { list: { type: array, items: { type: integer } } }
nodes:
  every: { foreach: inputs.list, kind: workflow, workflow: ./child.workflow.yml, with: { n: "{{item}}" } }
outputs: { n: nodes.every.output }
`,
      '  one: { inputs: { list: [1] } }\n  none: { inputs: { list: [] } }\n',
    );
    expect(told(found)).toBe('');
    const [own, child] = found.coverage ?? [];
    expect(own?.notTaken).toEqual([]);
    expect(child).toMatchObject({ workflow: 'child', file: 'child.workflow.yml', ways: 6, taken: 4 });
    expect(child?.notTaken).toEqual([
      { node: 'small', what: 'run_if is never false', line: 5 },
      { node: 'deep/ask', what: 'on_error never skips it', line: 6 },
    ]);
  });
});

test('JUnit XML says the same, and is well formed whatever is in it', async () => {
  writeFileSync(join(sandbox, 'junit.workflow.yml'), `dagrun: 1\nname: junit\n${ASK}`);
  writeFileSync(
    join(sandbox, 'junit.test.yml'),
    `workflow: junit.workflow.yml\nscenarios:\n  'a < b & "c"': { expect: { outputs: { n: 1000 } } }\n  fine: {}\n`,
  );
  const io = fakeIo({ cwd: sandbox });
  expect(await main(['test', 'junit.test.yml', '--junit', 'results.xml'], io)).toBe(1);
  const xml = readFileSync(join(sandbox, 'results.xml'), 'utf8');
  expect(xml).toContain('<testsuites name="dagrun" tests="2" failures="1" errors="0">');
  expect(xml).toContain('<testcase name="a &lt; b &amp; &quot;c&quot;" classname="junit" file="junit.test.yml" line="3">');
  expect(xml).toContain('type="DAG746"');
  expect(xml).toMatch(/<testcase name="fine"[^>]*\/>/);
  expect(xml.replace(/<[^<>]*>/g, '')).not.toMatch(/[<>]|&(?!amp;|lt;|gt;|quot;)/);
});

test('--watch runs again when a file changes, and ends when it is asked to', async () => {
  const file = join(sandbox, 'watched.test.yml');
  writeFileSync(join(sandbox, 'watched.workflow.yml'), `dagrun: 1\nname: watched\n${ASK}`);
  writeFileSync(file, 'workflow: watched.workflow.yml\nscenarios:\n  one: { expect: { outputs: { n: 1000 } } }\n');
  const io = fakeIo({ cwd: sandbox });
  const running = main(['test', 'watched.test.yml', '--watch'], io);
  await vi.waitFor(() => expect(io.written.stderr).toContain('watching'), { timeout: 10_000 });
  expect(io.written.stdout).toContain('✗ one');
  writeFileSync(file, 'workflow: watched.workflow.yml\nscenarios:\n  two: {}\n');
  await vi.waitFor(() => expect(io.written.stdout).toContain('✓ two'), { timeout: 10_000 });
  await vi.waitFor(() => expect(io.written.stderr.split('watching').length).toBeGreaterThan(2), { timeout: 10_000 });
  io.signal('SIGINT');
  expect(await running).toBe(0);
});
