import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { systemClock } from '../../../engine/base/clock.ts';
import { runId } from '../../../engine/base/ids.ts';
import { loadWorkflow, type RunOptions } from '../../../engine/index.ts';
import { kinds } from '../../../engine/nodes/registry.ts';
import { compareRuns, type NodeComparison } from '../../../engine/run/compare-runs.ts';
import { differenceInWords } from '../../../engine/run/difference-in-words.ts';
import { newRunId } from '../../../engine/run-id.ts';
import { runIn } from '../../../engine/run-workflow.ts';
import { openMemoryStore } from '../../../engine/store/memory.ts';

const sandbox = mkdtempSync(join(tmpdir(), 'dagrun-compare-inside-'));
afterAll(() => rmSync(sandbox, { recursive: true, force: true }));

const CHILD = `dagrun: 1
name: child
inputs: { word: { type: string } }
nodes:
  ask: { prompt: "Ask {{inputs.word}}" }
  tell: { prompt: "Tell {{nodes.ask.output}}" }
outputs: { it: nodes.tell.output }
`;

/** What is said of each place of the second run. */
async function told(before: string, after: string, options: RunOptions = {}): Promise<readonly string[]> {
  const cwd = mkdtempSync(join(sandbox, 'p-'));
  const store = openMemoryStore();
  writeFileSync(join(cwd, 'dagrun.config.yml'), '{}\n');
  writeFileSync(join(cwd, 'child.workflow.yml'), CHILD);
  const go = async (text: string, more: RunOptions = {}): Promise<string> => {
    writeFileSync(join(cwd, 'w.workflow.yml'), `dagrun: 1\nname: w\n${text}`);
    const workflow = await loadWorkflow('w.workflow.yml', { cwd, env: {} });
    const world = { clock: systemClock, random: () => 0, id: newRunId(), alone: true, store };
    return (await runIn(world, workflow, { cwd, env: {}, offline: true, ...more })).run;
  };
  const second = await go(after, { ...options, from: await go(before) });
  const lines = ({ node, verdict, task, because, inside = [] }: NodeComparison): readonly string[] => [
    [node, verdict, ...(task === undefined ? [] : [task]), ...(because ? [differenceInWords(because).slice(0, 52)] : [])].join(' | '),
    ...inside.flatMap(lines),
  ];
  return ((await compareRuns(store, runId(second), kinds))?.nodes ?? []).flatMap(lines);
}

const GROUP = `inputs: { list: { type: array, items: { type: string }, default: [x, y] } }
nodes:
  scan:
    kind: group
    foreach: inputs.list
    nodes:
      read: { prompt: "Read {{item}}" }
      note: { prompt: "Note {{nodes.read.output}}" }
`;

test.each<[string, string, string, RunOptions | undefined, readonly string[]]>([
  [
    'a prompt inside a group',
    GROUP,
    GROUP.replace('Note', 'Jot'),
    undefined,
    [
      'scan | again | scan[0]/note | prompt: "Note A made-up answer to "Read x". Nobody w',
      'scan/read | reused',
      'scan/note | again | scan[0]/note | prompt: "Note A made-up answer to "Read x". Nobody w',
    ],
  ],
  [
    'nothing, and an item in front',
    GROUP,
    GROUP,
    { inputs: { list: ['new', 'x', 'y'] } },
    [
      'scan | again | scan[0]/read | the item is new',
      'scan/read | again | scan[0]/read | the item is new',
      'scan/note | again | scan[0]/note | the item is new',
    ],
  ],
  [
    'inner nodes that come and go',
    GROUP,
    GROUP.replace('read: ', 'look: ').replaceAll('nodes.read', 'nodes.look'),
    undefined,
    ['scan | again | scan[0]/look | is new', 'scan/look | new', 'scan/note | reused', 'scan/read | gone'],
  ],
  [
    'an inner place that was to be done again',
    GROUP,
    GROUP,
    { refresh: ['scan/note'] },
    ['scan | again | scan[0]/note | was to be done again', 'scan/read | reused', 'scan/note | again | scan[0]/note | was to be done again'],
  ],
  [
    'what a child was given',
    'nodes: { up: { kind: workflow, workflow: ./child.workflow.yml, with: { word: one } } }\n',
    'nodes: { up: { kind: workflow, workflow: ./child.workflow.yml, with: { word: two } } }\n',
    undefined,
    [
      'up | again | up/ask | prompt reads inputs.word: "Ask one" is now "Ask two"',
      'up/ask | again | up/ask | prompt reads inputs.word: "Ask one" is now "Ask two"',
      'up/tell | again | up/tell | prompt reads nodes.ask.output: "Tell A made-up answe',
    ],
  ],
  [
    'one more round, with what was carried to it',
    'nodes: { turn: { repeat: { times: 2, carry: { seen: { first: "0", next: carry.seen + 1 } } }, prompt: "Turn {{carry.seen}}" } }\n',
    'nodes: { turn: { repeat: { times: 3, carry: { seen: { first: "0", next: carry.seen + 1 } } }, prompt: "Turn {{carry.seen}}" } }\n',
    undefined,
    ['turn | again | turn#3 | the earlier run had only 2 rounds'],
  ],
  [
    'what is carried from round to round',
    'nodes: { turn: { repeat: { times: 2, carry: { seen: { first: "0", next: carry.seen + 1 } } }, prompt: "Turn {{carry.seen}}" } }\n',
    'nodes: { turn: { repeat: { times: 2, carry: { seen: { first: "0", next: carry.seen + 2 } } }, prompt: "Turn {{carry.seen}}" } }\n',
    undefined,
    ['turn | again | turn#2 | prompt reads carry.seen: "Turn 1" is now "Turn 2"'],
  ],
  [
    'a case that was not taken before',
    'inputs: { b: { type: boolean, default: true } }\nnodes: { go: { route: { by: inputs.b, cases: { "true": { prompt: One }, "false": { prompt: Two } } } } }\n',
    'inputs: { b: { type: boolean, default: true } }\nnodes: { go: { route: { by: inputs.b, cases: { "true": { prompt: One }, "false": { prompt: Two } } } } }\n',
    { inputs: { b: false } },
    [
      'go | again | go/false | the earlier run did not come to it',
      'go/true | not_run',
      'go/false | again | go/false | the earlier run did not come to it',
    ],
  ],
  [
    'when a tier is not enough',
    'nodes: { n: { tier: cheap, escalate: { to: capable, when: output.n > 1000 }, prompt: N, output: { fields: { n: integer 1..9 } } } }\n',
    'nodes: { n: { tier: cheap, escalate: { to: capable, when: output.n < 1000 }, prompt: N, output: { fields: { n: integer 1..9 } } } }\n',
    undefined,
    ['n | again | n | escalate.when: "output.n > 1000" is now "output.n < '],
  ],
])('of what is inside is told: %s', async (_, before, after, options, expected) => {
  expect(await told(before, after, options)).toEqual(expected);
});
