import { expect, test } from 'vitest';
import type { Plan, PlanBody, PlanLoop, PlanNode, Stage } from '../../engine/contracts/plan.ts';
import type { PlanTools, ToolType } from '../../engine/contracts/tool.ts';
import { loadWorkflow } from '../../engine/load.ts';
import { kinds } from '../../engine/nodes/registry.ts';
import { referenceRuns } from './reference-run.ts';

const BODIES: Readonly<Record<PlanBody['type'], true>> = {
  group: true,
  route: true,
  evaluate: true,
  single: true,
  best_of: true,
  workflow: true,
};
const LOOPS: Readonly<Record<PlanLoop['type'], true>> = { repeat: true, evaluate: true };
const STAGES: Readonly<Record<Stage['name'], true>> = { own: true, escalated: true, fallback: true };
const TOOLS: Readonly<Record<ToolType, true>> = { script: true, command: true, http: true, workflow: true, mcp: true };

/** What a crash may do something else to: it has to be in a run that is killed. */
const REQUIRED: readonly string[] = [
  ...kinds.map(({ kind }) => `kind ${kind}`),
  ...Object.keys(BODIES).map((type) => `body ${type}`),
  ...Object.keys(LOOPS).map((type) => `loop ${type}`),
  ...Object.keys(STAGES).map((name) => `stage ${name}`),
  ...Object.keys(TOOLS).map((type) => `tool ${type}`),
  'tool that may not be called twice',
  'tool that somebody is asked about',
  'node that may not be done twice',
  'foreach',
  'max_failures',
  'skip_if',
  'if_skipped',
  'on_error skip',
  'on_error value',
  'carry',
  'check',
  'result',
  'attach',
  'messages',
  'tools',
  'tier by data',
  'context truncate',
  'context summarize',
];

test('every kind, body, loop, tool and pattern is in a run that is killed', async () => {
  const found = new Map<string, Set<string>>(REQUIRED.map((trait) => [trait, new Set()]));
  for (const { name, folder, workflow } of referenceRuns) {
    const { plan } = await loadWorkflow(workflow, { cwd: folder, env: {} });
    for (const trait of traitsOf(plan)) found.get(trait)?.add(name);
  }
  const lines = [...found].map(([trait, runs]) => `${trait}: ${[...runs].join(' ')}`);
  expect(lines.filter((line) => line.endsWith(': '))).toEqual([]);
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('covered.txt');
});

function traitsOf({ nodes, tools }: Plan): readonly string[] {
  return [...toolTraits(tools), ...nodes.flatMap(nodeTraits)];
}

function nodeTraits(node: PlanNode): readonly string[] {
  const { onError, loop, foreach, stages } = node;
  return [
    ...(foreach ? ['foreach'] : []),
    ...(foreach?.maxFailures === undefined ? [] : ['max_failures']),
    ...(loop ? [`loop ${loop.type}`] : []),
    ...(loop?.type === 'repeat' && Object.keys(loop.carry).length > 0 ? ['carry'] : []),
    ...(node.skipIf ? ['skip_if'] : []),
    ...(node.ifSkipped ? ['if_skipped'] : []),
    ...(node.check.length > 0 ? ['check'] : []),
    ...(node.result === undefined ? [] : ['result']),
    `on_error ${onError.action}`,
    ...stages.flatMap(stageTraits),
  ];
}

function stageTraits({ name, kind, body, spec, idempotent }: Stage): readonly string[] {
  const { context } = spec;
  const own = [`stage ${name}`, `kind ${kind}`, ...(idempotent === false ? ['node that may not be done twice'] : [])];
  const fields = ['attach', 'messages', 'tools'].filter((field) => field in spec);
  const tier = Array.isArray(spec.tier) ? ['tier by data'] : [];
  const overflow = context && typeof context === 'object' && 'on_overflow' in context ? [`context ${String(context.on_overflow)}`] : [];
  const inside = body
    ? [`body ${body.type}`, ...(body.type === 'workflow' ? toolTraits(body.tools) : []), ...body.nodes.flatMap(nodeTraits)]
    : [];
  return [...own, ...fields, ...tier, ...overflow, ...inside];
}

function toolTraits(tools: PlanTools | undefined): readonly string[] {
  if (!tools) return [];
  const own = Object.values(tools.tools).flatMap(({ does, idempotent, approve }) => [
    `tool ${does.type === 'kind' ? does.kind : does.type}`,
    ...(idempotent === false ? ['tool that may not be called twice'] : []),
    ...(approve ? ['tool that somebody is asked about'] : []),
    ...(does.type === 'workflow' ? traitsOf(does.plan) : []),
  ]);
  // What a server offers is asked when the run begins.
  return [...own, ...(Object.keys(tools.servers).length > 0 ? ['tool mcp'] : [])];
}
