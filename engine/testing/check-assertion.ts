import { isList, isObject, type Json } from '../base/json.ts';
import type { Report } from '../contracts/diagnostic.ts';
import type { Plan } from '../contracts/plan.ts';
import type { Document, Path } from '../contracts/source.ts';
import { adviceOn } from '../diagnostics/suggest.ts';
import { parseExpression } from '../lang/expression.ts';
import { referencesInExpression } from '../lang/references.ts';
import type { Place } from '../run/places.ts';
import { type Places, shapeOf } from './address.ts';

/** What `that` may read, and what there is of `run`. */
const ROOTS = ['run', 'outputs', 'nodes', 'inputs'] as const;
const RUN_FIELDS = ['status', 'error', 'cost', 'model_calls', 'tool_calls', 'duration_ms'];
/** What there is of a node, and of one item or one round of it. */
const COMMON = ['status', 'output', 'cost', 'attempts', 'model_calls', 'tool_calls', 'tier', 'model', 'recovered', 'fallback'];
const WAYS = ['iterations', 'route', 'score', 'accepted'];
const NODE_FIELDS: readonly string[] = [...COMMON, ...WAYS, 'error', 'skip_reason', 'items', 'nodes'];
const ITEM_FIELDS: readonly string[] = [...COMMON, ...WAYS, 'error', 'index', 'key', 'item', 'nodes'];
const ROUND_FIELDS: readonly string[] = [...COMMON, ...WAYS, 'evaluation', 'nodes'];

/** The expressions of `that`, each with where it stands and the message its author gave it. */
export function assertionsIn(value: Json | undefined, path: Path): readonly { text: string; path: Path; message?: string }[] {
  return (isList(value) ? value : []).flatMap((one, index) => {
    if (typeof one === 'string') return [{ text: one, path: [...path, index] }];
    if (!isObject(one)) return [];
    const { that, message } = one;
    return typeof that !== 'string'
      ? []
      : [{ text: that, path: [...path, index, 'that'], ...(typeof message === 'string' && { message }) }];
  });
}

/** What an assertion is checked against. */
export interface Around {
  readonly document: Document;
  readonly plan: Plan;
  readonly places: Places;
  readonly report: Report;
}

/** Reports what cannot be read, and what is not there (DAG744). `path` is where the expression stands. */
export function checkAssertion({ document, plan, places, report }: Around, text: string, path: Path): void {
  const parsed = parseExpression(text);
  const say = (start: number, end: number, message: string, help?: string): void =>
    report({ code: 'DAG744', severity: 'error', message, at: document.spanWithin(path, start, end), ...(help && { help }) });
  if (!parsed.ok) {
    const { message, start, end, help, name, candidates } = parsed.problem;
    say(start, end, message, help ?? (name !== undefined && candidates ? adviceOn(name, candidates) : undefined));
    return;
  }
  const inside: Readonly<Record<string, readonly string[]>> = {
    run: RUN_FIELDS,
    outputs: Object.keys(plan.outputs),
    nodes: plan.nodes.map(({ id }) => id),
    inputs: Object.keys(plan.inputs),
  };
  for (const { path: read, text: written, start, end } of referencesInExpression(parsed.tree, path)) {
    const [root = '', name, ...rest] = read;
    const known = inside[root];
    if (known === undefined) say(start, end, `"${root}" cannot be read here`, adviceOn(root, ROOTS));
    else if (name !== undefined && name !== '[]' && !known.includes(name)) {
      say(start, end, `\`${written}\` reads "${name}", which is not there`, adviceOn(name, known));
    } else if (root === 'nodes' && name !== undefined && name !== '[]') {
      const problem = problemAt(places.find(name), rest, places);
      if (problem) say(start, end, problem.message, problem.help);
    }
  }
}

/** What of a path below a node is not there: its fields, and those of the nodes inside of it. */
function problemAt(
  place: Place | undefined,
  path: readonly string[],
  places: Places,
): { readonly message: string; readonly help?: string | undefined } | undefined {
  if (!place) return undefined;
  const { id, inside } = place;
  let { items, loops } = shapeOf(place);
  let fields = NODE_FIELDS;
  let whose = 'a node';
  for (let at = 0; at < path.length; at += 1) {
    const field = path[at] ?? '';
    if (field === '[]') continue;
    if (!fields.includes(field)) return { message: `${whose} has no "${field}"`, help: adviceOn(field, fields) };
    const element = path[at + 1] === '[]';
    if (field === 'items' && fields === NODE_FIELDS) {
      if (!items) return { message: `"${id}" has no items`, help: 'only a node with `foreach` has' };
      if (!element) return undefined;
      items = false;
      fields = ITEM_FIELDS;
      whose = 'an item';
    } else if (field === 'iterations') {
      if (items) return { message: `each item of "${id}" has iterations of its own`, help: `read \`items[0].iterations\`` };
      if (loops === 0) return { message: `"${id}" has no iterations`, help: 'only a node with `repeat` or `evaluate` has' };
      if (!element) return undefined;
      loops -= 1;
      fields = ROUND_FIELDS;
      whose = 'a round';
    } else if (field === 'nodes') {
      if (inside.length === 0) return { message: `there are no nodes inside of "${id}"` };
      const step = items ? 'items[0]' : loops > 0 ? 'iterations[0]' : undefined;
      if (step !== undefined) {
        const each = items ? 'each of its items' : 'each of its rounds';
        return {
          message: `the nodes inside of "${id}" are in ${each}`,
          help: `read \`${step}${items && loops > 0 ? '.iterations[0]' : ''}.nodes\``,
        };
      }
      const inner = path[at + 1];
      if (inner === undefined || inner === '[]') return undefined;
      const names = inside.map((one) => one.id as string);
      if (!names.includes(inner)) return { message: `there is no node "${inner}" inside of "${id}"`, help: adviceOn(inner, names) };
      return problemAt(places.find(`${place.place}/${inner}`), path.slice(at + 2), places);
    } else return undefined;
  }
  return undefined;
}
