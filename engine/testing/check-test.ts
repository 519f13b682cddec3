import { isList, isObject, type Json, type JsonObject } from '../base/json.ts';
import { parseDuration } from '../base/units.ts';
import type { Code, Report } from '../contracts/diagnostic.ts';
import type { Plan, PlanNode } from '../contracts/plan.ts';
import type { Document, Path } from '../contracts/source.ts';
import { adviceOn } from '../diagnostics/suggest.ts';
import { parseExpression } from '../lang/expression.ts';
import { referencesInExpression } from '../lang/references.ts';
import { compileValidator } from '../lang/validate.ts';
import { kinds } from '../nodes/registry.ts';
import { readStaged } from '../providers/replies.ts';
import { type IndexedNode, indexPlan } from '../run/plan-index.ts';
import { faultsIn } from './faults.ts';
import { ownOf, scenarioNames, type TestFile } from './scenario.ts';

/** What `that` may read, and what there is of `run` and of a node. */
const ROOTS = ['run', 'outputs', 'nodes', 'inputs'] as const;
const RUN_FIELDS = ['status', 'error', 'cost', 'model_calls', 'duration_ms'];
const NODE_FIELDS: readonly string[] = [
  'status',
  'output',
  'error',
  'skip_reason',
  'attempts',
  'model_calls',
  'cost',
  'tier',
  'model',
  'recovered',
  'items',
];

type Say = (code: Code, path: Path, message: string, more?: { part?: 'key' | 'value'; label?: string; help?: string }) => void;

/** Everything a test names exists in its workflow, and can be staged and expected there (DAG722, 723, 731 to 733, 742, 744, 745). */
export function checkTest(test: TestFile, plan: Plan, report: Report): void {
  const { document } = test;
  const say: Say = (code, path, message, { part = 'value', ...more } = {}) =>
    report({ code, severity: 'error', message, at: document.spanOf(path, part), ...more });
  const about: About = {
    document,
    plan,
    say,
    report,
    nodes: new Map(plan.nodes.map((node) => [node.id, node])),
    places: nodesByPlace(plan),
  };
  checkGiven(about, test.value, []);
  for (const name of scenarioNames(test)) {
    const own = ownOf(test, name);
    const path: Path = ['scenarios', name];
    checkGiven(about, own, path);
    const given = new Set([test.value, own].flatMap(({ inputs, input_files }) => [...keysOf(inputs), ...keysOf(input_files)]));
    for (const [input, { default: standard }] of Object.entries(plan.inputs)) {
      if (standard !== undefined || given.has(input)) continue;
      const help = `give it a value under \`inputs\`, or name a file under \`input_files\``;
      say('DAG732', path, `"${name}" does not give the input "${input}"`, { part: 'key', label: 'an input is missing', help });
    }
    if (isObject(own.expect)) checkExpect(about, own.expect, [...path, 'expect']);
  }
}

interface About {
  readonly document: Document;
  readonly plan: Plan;
  readonly say: Say;
  readonly report: Report;
  /** The outermost nodes, of which results tell. */
  readonly nodes: ReadonlyMap<string, PlanNode>;
  /** All nodes, by their path through groups, cases and sub-workflows; the parts of an `evaluate` or a `best_of` are with their node. */
  readonly places: ReadonlyMap<string, readonly PlanNode[]>;
}

function nodesByPlace(plan: Plan): ReadonlyMap<string, readonly PlanNode[]> {
  const places = new Map<string, PlanNode[]>();
  const walk = ({ place, node, bodies }: IndexedNode): void => {
    places.set(place, [...(places.get(place) ?? []), node]);
    for (const body of bodies) for (const inner of body?.nodes.values() ?? []) walk(inner);
  };
  for (const indexed of indexPlan(plan).nodes.values()) walk(indexed);
  return places;
}

function checkGiven(about: About, value: JsonObject, path: Path): void {
  const { plan, say, places } = about;
  for (const field of ['inputs', 'input_files'] as const) {
    for (const name of keysOf(value[field])) {
      const input = plan.inputs[name];
      const at = [...path, field, name];
      if (!input) unknown(about, 'DAG731', at, name, 'an input', Object.keys(plan.inputs));
      else if (field === 'inputs' && isObject(value.inputs)) {
        for (const problem of compileValidator(input.schema)(value.inputs[name] ?? null)) {
          const where = problem.path.length === 0 ? `the input "${name}": ` : '';
          say('DAG733', [...at, ...problem.path], `${where}${problem.message}`);
        }
      }
    }
  }
  const staged = readStaged(about.document, path, value, [...places.keys()], about.report);
  for (const { node, path: at } of staged?.replies ?? []) {
    if (!callsModel(places.get(node)))
      say('DAG745', [...at, 'node'], `"${node}" calls no model`, {
        label: `a ${kindAt(places, node)} node`,
        help: 'put the entry under `stubs`',
      });
  }
  for (const { node, path: at } of staged?.stubs ?? []) {
    if (callsModel(places.get(node)))
      say('DAG745', [...at, 'node'], `"${node}" calls a model`, {
        label: `an ${kindAt(places, node)} node`,
        help: 'put the entry under `replies`',
      });
  }
  for (const [index, fault] of faultsIn(value.faults, [...path, 'faults']).entries()) checkFault(about, value, index, fault);
}

function checkFault(about: About, value: JsonObject, index: number, fault: ReturnType<typeof faultsIn>[number]): void {
  const { say, places } = about;
  const raw = isList(value.faults) && isObject(value.faults[index]) ? value.faults[index] : {};
  for (const field of ['delay', 'retry_after']) {
    const text = raw[field];
    if (typeof text === 'string' && parseDuration(text) === undefined)
      say('DAG741', [...fault.path, field], `"${text}" is not a duration`, { help: 'write a number with its unit: `250ms`, `90s`, `10m`' });
  }
  const only: Readonly<Record<string, string>> = { delay: 'slow', retry_after: 'rate_limited' };
  for (const [field, of] of Object.entries(only)) {
    if (raw[field] !== undefined && fault.fault !== of)
      say('DAG741', [...fault.path, field], `\`${field}\` goes with \`fault: ${of}\``, { part: 'key' });
  }
  const found = places.get(fault.node);
  if (!found) {
    unknown(about, 'DAG742', [...fault.path, 'node'], fault.node, 'a node', [...places.keys()]);
    return;
  }
  const at = [...fault.path, 'fault'];
  if (fault.fault === 'tool_error' && callsModel(found)) {
    say('DAG745', at, `"${fault.node}" calls a model, not a tool`, { help: 'a model call can be `unavailable`' });
  } else if ((fault.fault === 'malformed' || fault.fault === 'refused') && !callsModel(found)) {
    say('DAG745', at, `"${fault.node}" calls no model that could answer so`, { help: 'it can fail with `tool_error`' });
  } else if (fault.fault === 'malformed' && found.every(isText)) {
    say('DAG745', at, `"${fault.node}" answers with a text: any text will do`, { help: 'it can be `refused`' });
  }
}

function checkExpect(about: About, expect: JsonObject, path: Path): void {
  const { plan, say, nodes, places } = about;
  for (const name of keysOf(expect.outputs)) {
    if (!plan.outputs[name]) unknown(about, 'DAG742', [...path, 'outputs', name], name, 'an output', Object.keys(plan.outputs), 'key');
  }
  for (const name of keysOf(expect.nodes)) {
    if (!places.has(name)) unknown(about, 'DAG742', [...path, 'nodes', name], name, 'a node', [...places.keys()], 'key');
  }
  for (const name of keysOf(expect.prompts)) {
    // An address: of a node, of its item, of what is inside a round of it.
    const id = name.replace(/\[\d+\]|#\d+/g, '');
    const at = [...path, 'prompts', name];
    const asked = places.get(id);
    if (!asked) unknown(about, 'DAG742', at, id, 'a node', [...places.keys()], 'key');
    else if (!callsModel(asked)) say('DAG745', at, `"${id}" calls no model: it has no prompt`, { part: 'key' });
    else if (name.endsWith(']') && !asked.some((node) => node.foreach)) say('DAG745', at, `"${id}" has no items`, { part: 'key' });
  }
  if (isObject(expect.error) && typeof expect.error.node === 'string' && !nodes.has(expect.error.node))
    unknown(about, 'DAG742', [...path, 'error', 'node'], expect.error.node, 'a node', [...nodes.keys()]);
  if (expect.snapshot === true && (expect.status ?? 'succeeded') !== 'succeeded')
    say('DAG741', [...path, 'snapshot'], 'only a run that succeeds has outputs to compare', { part: 'key' });
  for (const { text, path: at } of assertionsIn(expect.that, [...path, 'that'])) checkAssertion(about, text, at);
}

/** The expressions of `that`, each with where it stands and the message its author gave it. */
export function assertionsIn(value: Json | undefined, path: Path): readonly { text: string; path: Path; message?: string }[] {
  return (isList(value) ? value : []).flatMap((one, index) => {
    if (typeof one === 'string') return [{ text: one, path: [...path, index] }];
    if (!isObject(one)) return [];
    const { that, message } = one;
    return [{ text: String(that), path: [...path, index, 'that'], ...(typeof message === 'string' && { message }) }];
  });
}

function checkAssertion(about: About, text: string, path: Path): void {
  const parsed = parseExpression(text);
  const say = (start: number, end: number, message: string, help?: string): void =>
    about.report({ code: 'DAG744', severity: 'error', message, at: about.document.spanWithin(path, start, end), ...(help && { help }) });
  if (!parsed.ok) {
    const { message, start, end, help, name, candidates } = parsed.problem;
    say(start, end, message, help ?? (name !== undefined && candidates ? adviceOn(name, candidates) : undefined));
    return;
  }
  const { plan } = about;
  const inside: Readonly<Record<string, readonly string[]>> = {
    run: RUN_FIELDS,
    outputs: Object.keys(plan.outputs),
    nodes: [...about.nodes.keys()],
    inputs: Object.keys(plan.inputs),
  };
  for (const { path: read, text: written, start, end } of referencesInExpression(parsed.tree, path)) {
    const [root = '', name, field] = read;
    const known = inside[root];
    if (known === undefined) say(start, end, `"${root}" cannot be read here`, adviceOn(root, ROOTS));
    else if (name !== undefined && name !== '[]' && !known.includes(name)) {
      say(start, end, `\`${written}\` reads "${name}", which is not there`, adviceOn(name, known));
    } else if (root === 'nodes' && field !== undefined && field !== '[]' && !NODE_FIELDS.includes(field)) {
      say(start, end, `a node has no "${field}"`, adviceOn(field, NODE_FIELDS));
    }
  }
}

function unknown(
  about: About,
  code: Code,
  path: Path,
  name: string,
  thing: string,
  names: readonly string[],
  part: 'key' | 'value' = path.at(-1) === 'node' ? 'value' : 'key',
): void {
  const help = adviceOn(name, names);
  about.say(code, path, `"${name}" is not ${thing} of ${about.plan.workflow}`, { ...(part === 'key' && { part }), ...(help && { help }) });
}

const modelKinds = new Set(kinds.filter((kind) => kind.callsModel).map((kind) => kind.kind));

/** Whether any way of doing the work at a place calls a model. */
function callsModel(nodes: readonly PlanNode[] | undefined): boolean {
  return nodes?.some((node) => node.stages.some((stage) => modelKinds.has(stage.kind))) ?? false;
}

function kindAt(places: About['places'], place: string): string {
  return places.get(place)?.[0]?.kind ?? '';
}

function isText(node: PlanNode): boolean {
  return node.output.type === 'string' && node.output.enum === undefined;
}

const keysOf = (value: Json | undefined): readonly string[] => (isObject(value) ? Object.keys(value) : []);
