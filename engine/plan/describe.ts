import type { Json } from '../base/json.ts';
import type { Edge, PlanForeach, PlanNode } from '../contracts/plan.ts';
import type { Path } from '../contracts/source.ts';

/** The kind of a node and what answers it: `llm · cheap`, `set`, `llm · ollama/qwen`. */
export function kindAndTier(node: PlanNode): string {
  const model = tierOf(node) ?? node.stages[0].spec.model;
  return typeof model === 'string' ? `${node.kind} · ${model}` : node.kind;
}

/** The tier a node asks for, when it names one. */
export function tierOf(node: PlanNode): string | undefined {
  const { tier, model } = node.stages[0].spec;
  return typeof tier === 'string' && model === undefined ? tier : undefined;
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
export function whyWaits(edge: Edge): string {
  const reads = new Map<string, string[]>();
  for (const { because, path, text } of edge.reasons) {
    const field = because === 'needs' ? 'needs' : fieldName(path);
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
    ...(node.foreach ? [cut(fanOut(node.foreach), LONGEST_LABEL)] : []),
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
function fieldName(path: Path): string {
  const steps = path[0] === 'nodes' ? path.slice(2) : path;
  const names = steps.filter((step) => typeof step === 'string' && step !== 'when');
  return names[0] === 'foreach' && names[1] === 'items' ? 'foreach' : names.join('.');
}
