import { isList, isObject, type Json } from '../base/json.ts';
import type { Edge, PlanBody, PlanForeach, PlanLoop, PlanNode } from '../contracts/plan.ts';
import type { Path } from '../contracts/source.ts';

/** The kind of a node and what does it: `llm · cheap`, `llm · cheap or capable`, `set`, `llm · ollama/qwen`, `tool · stock`, `route`. */
export function kindAndTier(node: PlanNode): string {
  if (node.stages[0].body?.type === 'route') return 'route';
  const { model, tool } = makerOf(node).stages[0].spec;
  const who = node.kind === 'tool' ? tool : (tierOf(node) ?? model ?? tiersByData(node)?.names.join(' or '));
  return typeof who === 'string' ? `${node.kind} · ${who}` : node.kind;
}

/** The tiers of a node of which data choose: their names, and in words when which is taken; undefined for any other. */
export function tiersByData(node: PlanNode): { readonly names: readonly string[]; readonly words: string } | undefined {
  const { tier } = makerOf(node).stages[0].spec;
  if (!isList(tier)) return undefined;
  const choices = tier.filter(isObject);
  const uses = choices.map(({ use }) => inLine(use ?? null));
  const words = choices.map(({ when }, at) => (when === undefined ? `else ${uses[at]}` : `${uses[at]} if ${inLine(when)}`));
  return { names: [...new Set(uses)], words: words.join(', ') };
}

/** Who says whether what a node gives is good enough, `llm · premium`; undefined where nobody does. */
export function judgeOf(node: PlanNode): string | undefined {
  const parts = node.stages[0].body?.nodes ?? [];
  const judge = parts.find(({ part }) => part === 'evaluate' || part === 'judge');
  if (judge) return childFile(judge) === undefined ? kindAndTier(judge) : `the workflow ${childFile(judge)}`;
  const inner = parts.find(({ part }) => part === 'loop' || part === 'generate' || part === 'candidate');
  return inner && judgeOf(inner);
}

/** The tools that a node's model may call, and the most turns it has; undefined where there are none. */
export function toolsOf(node: PlanNode): { readonly names: readonly string[]; readonly turns: string | undefined } | undefined {
  const { tools, max_turns: turns } = makerOf(node).stages[0].spec;
  if (!isList(tools)) return undefined;
  return { names: tools.map(inLine), turns: turns === undefined ? undefined : inLine(turns) };
}

/** Whether a node runs although the source of an edge was skipped: of one that holds others, whether all that is inside does. */
export function isDispensable(node: PlanNode, { from, optional }: Edge): boolean {
  const needs = (inner: PlanNode): boolean => inner.after.some((edge) => edge.from === from && !isDispensable(inner, edge));
  return optional && !innerNodes(node).some(needs);
}

/** The tier a node asks for, when it names one. */
export function tierOf(node: PlanNode): string | undefined {
  const { tier, model } = makerOf(node).stages[0].spec;
  return typeof tier === 'string' && model === undefined ? tier : undefined;
}

/** The part that makes what the node gives, where its author writes one node and there are several. */
function makerOf(node: PlanNode): PlanNode {
  const part = node.stages[0].body?.nodes.find((one) => one.part === 'generate' || one.part === 'candidate' || one.part === 'loop');
  return part ? makerOf(part) : node;
}

/** The nodes inside a node as its author sees them: those inside its parts are inside of it. */
export function innerNodes(node: PlanNode): readonly PlanNode[] {
  const found = new Map<string, PlanNode>();
  const collect = ({ stages }: PlanNode): void => {
    for (const inner of stages.flatMap(({ body }) => body?.nodes ?? [])) {
      if (inner.part !== undefined) collect(inner);
      else if (!found.has(inner.id)) found.set(inner.id, inner);
    }
  };
  collect(node);
  return [...found.values()];
}

/** Of a route: its cases, `skip` among them; undefined for any other node. */
export function casesOf(node: PlanNode): Extract<PlanBody, { readonly type: 'route' }>['cases'] | undefined {
  const { body } = node.stages[0];
  return body?.type === 'route' ? body.cases : undefined;
}

/** When a case of a route is taken: its name, or its condition. */
export function caseLabel({ name, when }: { readonly name: string; readonly when?: Json }): string {
  return when === undefined ? name : inLine(when);
}

/** Edges that are drawn: those from nodes beside it, not those from nodes around it. */
export function edgesAmong(nodes: readonly PlanNode[]): readonly { readonly node: PlanNode; readonly edge: Edge }[] {
  const ids = new Set(nodes.map(({ id }) => id));
  return nodes.flatMap((node) => node.after.filter(({ from }) => ids.has(from)).map((edge) => ({ node, edge })));
}

/** The loops of a node in a few words, outermost first: `↻ up to 3`, `↻ 3 times`. */
function loopsOf(node: PlanNode): readonly string[] {
  const inner = node.stages[0].body?.nodes.find((one) => one.part === 'loop');
  return [...(node.loop ? [loopMark(node.loop)] : []), ...(inner ? loopsOf(inner) : [])];
}

function loopMark(loop: PlanLoop): string {
  if (loop.type === 'repeat' && loop.until === undefined) return `↻ ${loop.max} times`;
  return `↻ up to ${loop.max}`;
}

/** What ends a loop: `until carry.enough`, `accepted if evaluation.score >= 9`. */
export function loopEnds(node: PlanNode): readonly string[] {
  const { loop, stages } = node;
  const inner = stages[0].body?.nodes.find((one) => one.part === 'loop');
  const own =
    loop === undefined
      ? []
      : loop.type === 'evaluate'
        ? [`${loopMark(loop)}, accepted if ${inLine(loop.acceptIf)}`]
        : [loop.until === undefined ? loopMark(loop) : `${loopMark(loop)}, until ${inLine(loop.until)}`];
  return [...own, ...(inner ? loopEnds(inner) : [])];
}

/** How one of several answers is kept: `3 candidates, by vote on output.pick`. */
export function candidatesOf(node: PlanNode): string | undefined {
  const { body } = node.stages[0];
  if (body?.type !== 'best_of') return undefined;
  const by = body.pick === 'judge' ? 'a judge picks' : `by vote${body.by === undefined ? '' : ` on ${inLine(body.by)}`}`;
  return `${body.n} candidates, ${by}`;
}

/** The tiers that follow its own: `↑ capable, premium`. */
export function higherTiers({ stages }: PlanNode): readonly string[] {
  return stages.flatMap(({ name, spec: { tier } }) => (name === 'escalated' ? [typeof tier === 'string' ? tier : 'the next tier'] : []));
}

/** The file that a node runs, when that is a workflow of its own. */
export function childFile({ stages: [{ body }] }: PlanNode): string | undefined {
  return body?.type === 'workflow' ? body.file : undefined;
}

/** A fan-out in words: `each source of inputs.sources`. */
export function fanOut(foreach: PlanForeach): string {
  return `each ${foreach.as} of ${inLine(foreach.items)}`;
}

/** When a node is skipped, as it was written: `skip if inputs.fast`, `run if inputs.deep`. */
export function condition(skipIf: NonNullable<PlanNode['skipIf']>): string {
  return `${skipIf.negate ? 'run' : 'skip'} if ${inLine(skipIf.when)}`;
}

/** Why there is an edge, each field with what it reads of the source: `skip_if reads output.risk; prompt reads output.kind`. */
export function whyWaits(edge: Edge, node?: Pick<PlanNode, 'origin'>): string {
  const reads = new Map<string, string[]>();
  for (const { because, path, text } of edge.reasons) {
    const field = because === 'needs' ? 'needs' : fieldName(path, node?.origin.path);
    const parts = reads.get(field) ?? [];
    if (text !== undefined) parts.push(text.replace(`nodes.${edge.from}.`, ''));
    reads.set(field, parts);
  }
  return [...reads].map(([field, parts]) => (parts.length === 0 ? field : `${field} reads ${someOf(longest(parts))}`)).join('; ');
}

/** Lines longer than this make boxes that push the others off the page. */
const LONGEST_LABEL = 48;

/** What stands in a node's box in a picture, line by line. */
export function labelLines(node: PlanNode): readonly string[] {
  return [
    node.id,
    kindAndTier(node),
    ...(childFile(node) === undefined ? [] : [cut(childFile(node) ?? '', LONGEST_LABEL)]),
    ...(node.foreach ? [cut(fanOut(node.foreach), LONGEST_LABEL)] : []),
    ...loopsOf(node),
    ...(candidatesOf(node) === undefined ? [] : [cut(candidatesOf(node) ?? '', LONGEST_LABEL)]),
    ...(judgeOf(node) === undefined ? [] : [cut(`judged by ${judgeOf(node)}`, LONGEST_LABEL)]),
    ...(toolsOf(node) === undefined ? [] : [cut(`calls ${toolsOf(node)?.names.join(', ')}`, LONGEST_LABEL)]),
    ...(higherTiers(node).length > 0 ? [`↑ ${higherTiers(node).join(', ')}`] : []),
    ...(node.skipIf ? [cut(condition(node.skipIf), LONGEST_LABEL)] : []),
  ];
}

/** A value or an expression on one line. */
export function inLine(value: Json): string {
  return (typeof value === 'string' ? value : JSON.stringify(value)).replace(/\s+/g, ' ').trim();
}

/** A text cut to `length` characters, with `…` for what is missing. */
export function cut(text: string, length: number): string {
  const characters = [...text];
  return characters.length <= length
    ? text
    : `${characters
        .slice(0, length - 1)
        .join('')
        .trimEnd()}…`;
}

/** So many paths are named before the rest is counted: more do not fit a line. */
const NAMED = 3;

/** Without the parts of which another is a part: who reads `output.risk` reads `output`. */
function longest(parts: readonly string[]): readonly string[] {
  return parts.filter((part) => !parts.some((other) => other.startsWith(`${part}.`) || other.startsWith(`${part}[`)));
}

function someOf(texts: readonly string[]): string {
  if (texts.length <= NAMED + 1) return texts.join(', ');
  return `${texts.slice(0, NAMED).join(', ')} and ${texts.length - NAMED} more`;
}

/** The name of a field as its author knows it: its path below the node, without the parts of a long form. */
function fieldName(path: Path, node: Path | undefined): string {
  const isBelow = node?.every((step, at) => step === path[at]) ?? false;
  const steps = isBelow ? path.slice(node?.length) : path[0] === 'nodes' ? path.slice(2) : path;
  const names = steps.filter((step) => typeof step === 'string' && step !== 'when');
  if (names[0] === 'foreach' && names[1] === 'items') return 'foreach';
  // What stands inside goes by its place, as everywhere else: `technical/draft/prompt`.
  return names
    .join('.')
    .replace(/^route\.cases\.(\w+)\./, '$1/')
    .replace(/(^|\/)nodes\.(\w+)\.(?=.)/g, '$1$2/')
    .replace(/(?<=\/)nodes\.(\w+)\./g, '$1/');
}
