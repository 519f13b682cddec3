import type { Plan, PlanForeach, PlanNode } from '../contracts/plan.ts';
import {
  candidatesOf,
  caseLabel,
  casesOf,
  childFile,
  condition,
  cut,
  fanOut,
  inLine,
  innerNodes,
  kindAndTier,
  loopEnds,
  whyWaits,
} from './describe.ts';

/** Beyond this an expression or a reason is cut: two of them still fit a wide terminal. */
const LONGEST = 100;

/**
 * The plan for a terminal: its nodes in the order in which they can start, each with what it waits for and why, and below that the nodes
 * inside of it.
 *
 * ```
 * summarize  llm · cheap
 * └─ each source of inputs.sources
 * synthesize  llm · premium
 * ├─ run if nodes.analyze.output.complexity > 0.5
 * │    reason: only a hard topic is worth it
 * └─ after summarize   prompt reads output.claims
 * ```
 */
export function renderTree(plan: Plan): string {
  const lines = [plan.description === undefined ? plan.workflow : `${plan.workflow}: ${inLine(plan.description)}`, ''];
  lines.push(...nodeLines(plan.nodes));
  const outputs = Object.entries(plan.outputs);
  if (outputs.length > 0) {
    const column = Math.max(...outputs.map(([name]) => name.length));
    lines.push('', 'outputs');
    for (const [name, output] of outputs) lines.push(`   ${name.padEnd(column)}  ${cut(inLine(output.value), LONGEST)}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Each node with its facts, and the nodes inside of it, one step further in. */
function nodeLines(nodes: readonly PlanNode[], name: (node: PlanNode) => string = ({ id }) => id): readonly string[] {
  const widest = Math.max(0, ...nodes.map((node) => name(node).length));
  return nodes.flatMap((node) => {
    const facts = factsOf(node);
    const inside = insideOf(node);
    const lines = [`${name(node).padEnd(widest)}  ${kindAndTier(node)}`];
    for (const [index, fact] of facts.entries()) {
      const last = index === facts.length - 1 && inside.length === 0;
      const [first, ...more] = fact.split('\n');
      lines.push(`${last ? '└─' : '├─'} ${first}`, ...more.map((line) => `${last ? '  ' : '│ '} ${line}`));
    }
    return [...lines, ...inside.map((line) => `│  ${line}`)];
  });
}

/** The nodes inside, or the cases of a route. */
function insideOf(node: PlanNode): readonly string[] {
  const cases = casesOf(node);
  if (!cases) return nodeLines(innerNodes(node));
  const names = new Map(
    cases.map((one) => [one.name, one.when === undefined ? one.name : `${one.name} if ${cut(caseLabel(one), LONGEST)}`]),
  );
  const skips = cases.filter((one) => !innerNodes(node).some(({ id }) => id === one.name));
  return [...nodeLines(innerNodes(node), ({ id }) => names.get(id) ?? id), ...skips.map(({ name }) => `${names.get(name) ?? name}  skip`)];
}

function factsOf(node: PlanNode): readonly string[] {
  const facts: string[] = [];
  if (node.foreach) facts.push(`${cut(fanOut(node.foreach), LONGEST)}${fanOutLimits(node.foreach)}`);
  const file = childFile(node);
  if (file !== undefined) facts.push(`the workflow ${file}`);
  for (const end of loopEnds(node)) facts.push(cut(end, LONGEST));
  const candidates = candidatesOf(node);
  if (candidates !== undefined) facts.push(cut(candidates, LONGEST));
  const by = routedBy(node);
  if (by !== undefined) facts.push(`by ${cut(by, LONGEST)}`);
  if (node.skipIf) {
    const reason = node.skipIf.reason === undefined ? '' : `\n  reason: ${cut(inLine(node.skipIf.reason), LONGEST)}`;
    facts.push(`${cut(condition(node.skipIf), LONGEST)}${reason}`);
  }
  const sources = node.after.map((edge) => `${edge.from}${edge.optional ? ', even if skipped' : ''}`);
  const column = Math.max(0, ...sources.map((source) => source.length));
  for (const [index, edge] of node.after.entries()) {
    facts.push(`after ${(sources[index] ?? '').padEnd(column)}   ${cut(whyWaits(edge, node), LONGEST)}`);
  }
  if (node.anyOf) facts.push(`skipped if all of these were: ${node.anyOf.join(', ')}`);
  for (const stage of node.stages.slice(1))
    facts.push(`then ${stage.name}: ${kindAndTier({ ...node, kind: stage.kind, stages: [stage] })}`);
  if (node.onError.action === 'skip') facts.push('a failure counts as a skip');
  if (node.onError.action === 'value') facts.push(`a failure gives ${cut(inLine(node.onError.value), LONGEST)}`);
  return facts;
}

/** What a route is decided by. */
function routedBy({ stages: [{ body }] }: PlanNode): string | undefined {
  return body?.type === 'route' && body.by !== undefined ? inLine(body.by) : undefined;
}

function fanOutLimits({ where, concurrency, maxFailures }: PlanForeach): string {
  const failures = typeof maxFailures === 'object' ? `${maxFailures.percent}%` : maxFailures;
  return [
    ...(where === undefined ? [] : [`where ${cut(inLine(where), LONGEST)}`]),
    ...(concurrency === undefined ? [] : [`at most ${concurrency} at once`]),
    ...(failures === undefined ? [] : [`up to ${failures} may fail`]),
  ]
    .map((limit) => `, ${limit}`)
    .join('');
}
