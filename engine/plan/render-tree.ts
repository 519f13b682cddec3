import type { Plan, PlanForeach, PlanNode } from '../contracts/plan.ts';
import { displayWidth } from '../diagnostics/width.ts';
import {
  candidatesOf,
  caseLabel,
  casesOf,
  childFile,
  condition,
  cut,
  fanOut,
  higherTiers,
  inLine,
  innerNodes,
  isDispensable,
  judgeOf,
  kindAndTier,
  loopEnds,
  tiersByData,
  toolsOf,
  whyWaits,
} from './describe.ts';

/** Beyond this an expression or a reason is cut: two of them still fit a wide terminal. */
const LONGEST = 100;

/** How a tree looks on a terminal. */
export interface TreeLook {
  /** Columns: what is longer is cut. */
  readonly width: number;
  name(text: string): string;
  faint(text: string): string;
}

const PLAIN: TreeLook = { width: Number.POSITIVE_INFINITY, name: (text) => text, faint: (text) => text };

/**
 * The plan for a terminal: its nodes in the order in which they can start, each with what it waits for and why, and below that the nodes
 * inside of it, which hang on it.
 *
 * ```
 * summarize  llm · cheap
 * └╴each source of inputs.sources
 * review  group
 * ├╴after summarize   what is inside reads output.claims
 * ├─ read   llm · cheap
 * └─ judge  llm · premium
 *    └╴after read   prompt reads output
 * ```
 */
export function renderTree(plan: Plan, look: TreeLook = PLAIN): string {
  const { width, name, faint } = look;
  const description = plan.description === undefined ? '' : `: ${inLine(plan.description)}`;
  const lines = [`${name(plan.workflow)}${cut(description, width - plan.workflow.length)}`, '', ...nodesText(plan.nodes, look)];
  const outputs = Object.entries(plan.outputs);
  if (outputs.length > 0) {
    const column = Math.max(...outputs.map(([output]) => output.length));
    lines.push('', name('outputs'));
    for (const [output, { value }] of outputs)
      lines.push(`   ${output.padEnd(column)}  ${faint(cut(inLine(value), Math.min(LONGEST, width - column - 5)))}`);
  }
  return `${lines.join('\n')}\n`;
}

/** The outermost nodes stand at the edge; those inside others hang on rails. */
function nodesText(nodes: readonly PlanNode[], look: TreeLook): readonly string[] {
  return rowsOf(nodes).flatMap((row) => [headText(row, '', look), ...belowText(row, '', look)]);
}

interface Row {
  readonly name: string;
  /** How far the names of its neighbours go. */
  readonly column: number;
  readonly is: string;
  readonly facts: readonly string[];
  readonly inside: readonly Row[];
}

function rowsOf(
  nodes: readonly PlanNode[],
  extra: readonly Pick<Row, 'name' | 'is'>[] = [],
  nameOf = ({ id }: PlanNode): string => id,
): readonly Row[] {
  const column = Math.max(0, ...nodes.map((node) => nameOf(node).length), ...extra.map(({ name }) => name.length));
  return [
    ...nodes.map((node) => ({ name: nameOf(node), column, is: kindAndTier(node), facts: factsOf(node), inside: insideOf(node) })),
    ...extra.map((one) => ({ ...one, column, facts: [], inside: [] })),
  ];
}

function headText({ name, column, is }: Row, rail: string, look: TreeLook): string {
  const room = look.width - displayWidth(rail);
  const head = cut(`${name.padEnd(column)}  ${is}`, room);
  return `${look.faint(rail)}${look.name(head.slice(0, name.length))}${head.slice(name.length)}`;
}

function belowText({ facts, inside }: Row, rail: string, look: TreeLook): readonly string[] {
  const room = look.width - displayWidth(rail) - 2;
  const lines: string[] = [];
  for (const [at, fact] of facts.entries()) {
    const isLast = at === facts.length - 1 && inside.length === 0;
    const [first = '', ...more] = fact.split('\n');
    lines.push(look.faint(`${rail}${isLast ? '└╴' : '├╴'}${cut(first, room)}`));
    for (const line of more) lines.push(look.faint(`${rail}${isLast ? '  ' : '│ '}${cut(line, room)}`));
  }
  for (const [at, row] of inside.entries()) {
    const isLast = at === inside.length - 1;
    lines.push(headText(row, `${rail}${isLast ? '└─ ' : '├─ '}`, look), ...belowText(row, `${rail}${isLast ? '   ' : '│  '}`, look));
  }
  return lines;
}

/** The nodes inside, or the cases of a route. */
function insideOf(node: PlanNode): readonly Row[] {
  const cases = casesOf(node);
  if (!cases) return rowsOf(innerNodes(node));
  const names = new Map(
    cases.map((one) => [one.name, one.when === undefined ? one.name : `${one.name} if ${cut(caseLabel(one), LONGEST)}`]),
  );
  const skips = cases.filter((one) => !innerNodes(node).some(({ id }) => id === one.name));
  return rowsOf(
    innerNodes(node),
    skips.map(({ name }) => ({ name: names.get(name) ?? name, is: 'skip' })),
    ({ id }) => names.get(id) ?? id,
  );
}

function factsOf(node: PlanNode): readonly string[] {
  const facts: string[] = [];
  const fact = (text: string | undefined): void => {
    if (text !== undefined) facts.push(cut(text, LONGEST));
  };
  if (node.foreach) facts.push(`${cut(fanOut(node.foreach), LONGEST)}${fanOutLimits(node.foreach)}`);
  const file = childFile(node);
  if (file !== undefined) fact(`the workflow ${file}`);
  fact(tiersByData(node)?.words);
  const tools = toolsOf(node);
  if (tools) fact(`calls ${tools.names.join(', ')}${tools.turns === undefined ? '' : `, at most ${tools.turns} turns`}`);
  for (const end of loopEnds(node)) fact(end);
  fact(candidatesOf(node));
  const judge = judgeOf(node);
  if (judge !== undefined) fact(`judged by ${judge}`);
  const by = routedBy(node);
  if (by !== undefined) fact(`by ${by}`);
  if (node.skipIf) {
    const reason = node.skipIf.reason === undefined ? '' : `\n  reason: ${cut(inLine(node.skipIf.reason), LONGEST)}`;
    facts.push(`${cut(condition(node.skipIf), LONGEST)}${reason}`);
  }
  const sources = node.after.map((edge) => `${edge.from}${isDispensable(node, edge) ? ', even if skipped' : ''}`);
  const column = Math.max(0, ...sources.map((source) => source.length));
  for (const [index, edge] of node.after.entries())
    facts.push(`after ${(sources[index] ?? '').padEnd(column)}   ${cut(whyWaits(edge, node), LONGEST)}`);
  if (node.anyOf) facts.push(`skipped if all of these were: ${node.anyOf.join(', ')}`);
  const higher = higherTiers(node);
  if (higher.length > 0) facts.push(`then ${higher.join(', ')}, where that is not good enough`);
  for (const stage of node.stages.filter(({ name }) => name === 'fallback'))
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
