import { isList, isObject, type Json, type JsonObject } from '../base/json.ts';
import { parseDuration } from '../base/units.ts';
import type { Code, Report } from '../contracts/diagnostic.ts';
import type { Plan, PlanNode } from '../contracts/plan.ts';
import type { Document, Path } from '../contracts/source.ts';
import { adviceOn } from '../diagnostics/suggest.ts';
import { toolsWanted } from '../lang/tool-readings.ts';
import { compileValidator } from '../lang/validate.ts';
import { kinds } from '../nodes/registry.ts';
import { readStaged } from '../providers/replies.ts';
import type { Sound } from '../providers/without-mistakes.ts';
import { type IndexedNode, indexPlan } from '../run/plan-index.ts';
import { answerablePlaces, toolPlacesOf, toolsIn } from '../run/tool-places.ts';
import { isOfOne, madeWhole, type Places, parseAddress, placeIn, placesIn, renderAddress, shapeOf } from './address.ts';
import { assertionsIn, checkAssertion } from './check-assertion.ts';
import { faultsIn } from './faults.ts';
import { ownOf, scenarioNames, type TestFile } from './scenario.ts';

type Say = (code: Code, path: Path, message: string, more?: { part?: 'key' | 'value'; label?: string; help?: string }) => void;

/** Everything a test names exists in its workflow, and can be staged and expected there (DAG722, 723, 731 to 733, 742, 744, 745). */
export function checkTest(test: TestFile, plan: Plan, report: Report, { isTouched, hasUnknownKey }: Omit<Sound, 'value'>): void {
  const { document } = test;
  const say: Say = (code, path, message, { part = 'value', ...more } = {}) =>
    report({ code, severity: 'error', message, at: document.spanOf(path, part), ...more });
  const about: About = {
    document,
    plan,
    say,
    report,
    isTouched,
    nodes: new Map(plan.nodes.map((node) => [node.id, node])),
    places: nodesByPlace(plan),
    addresses: placesIn(indexPlan(plan)),
    tools: toolsIn(plan),
  };
  checkGiven(about, test.value, []);
  for (const name of scenarioNames(test)) {
    const own = ownOf(test, name);
    const path: Path = ['scenarios', name];
    checkGiven(about, own, path);
    const given = new Set([test.value, own].flatMap(({ inputs, input_files }) => [...keysOf(inputs), ...keysOf(input_files)]));
    // It may be in what was left out.
    const isUnclear = [[], path].some((at) => hasUnknownKey(at) || isTouched([...at, 'inputs']) || isTouched([...at, 'input_files']));
    for (const [input, { default: standard }] of isUnclear ? [] : Object.entries(plan.inputs)) {
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
  readonly isTouched: Sound['isTouched'];
  /** The outermost nodes, of which results tell. */
  readonly nodes: ReadonlyMap<string, PlanNode>;
  /** All nodes, by their path through groups, cases and sub-workflows; the parts of an `evaluate` or a `best_of` are with their node. Those of workflows that are called as tools are below the tool. */
  readonly places: ReadonlyMap<string, readonly PlanNode[]>;
  readonly addresses: Places;
  /** Names of the tools that nodes can call. */
  readonly tools: readonly string[];
}

function nodesByPlace(plan: Plan): ReadonlyMap<string, readonly PlanNode[]> {
  const places = new Map<string, PlanNode[]>();
  const walk = ({ place, node, bodies }: IndexedNode): void => {
    places.set(place, [...(places.get(place) ?? []), node]);
    for (const body of bodies) for (const inner of body?.nodes.values() ?? []) walk(inner);
  };
  for (const indexed of indexPlan(plan).nodes.values()) walk(indexed);
  for (const { place, node } of toolPlacesOf(plan)) places.set(place, [...(places.get(place) ?? []), node]);
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
          say('DAG733', [...at, ...problem.path], `the input "${name}": ${problem.message}`);
        }
      }
    }
  }
  const staged = readStaged({ document: about.document, path, value, isTouched: about.isTouched }, answerablePlaces(plan), about.report);
  for (const { node, path: at } of staged.replies) {
    if (!callsModel(places.get(node)))
      say('DAG745', [...at, 'node'], `"${node}" calls no model`, {
        label: `a ${kindAt(places, node)} node`,
        help: 'put the entry under `stubs`',
      });
  }
  for (const { node, path: at } of staged.stubs) {
    if (callsModel(places.get(node)))
      say('DAG745', [...at, 'node'], `"${node}" calls a model`, {
        label: `an ${kindAt(places, node)} node`,
        help: 'put the entry under `replies`',
      });
  }
  for (const { node: tool, path: at } of staged.toolStubs) {
    if (!about.tools.includes(tool)) unknown(about, 'DAG742', [...at, 'tool'], tool, 'a tool that a node can call', about.tools, 'value');
  }
  for (const { node, path: at } of staged.answers) {
    if (!canWait(places.get(node), ['approval']))
      say('DAG745', [...at, 'gate'], `"${node}" asks nobody`, {
        label: `a ${kindAt(places, node)} node`,
        help: 'answers are for nodes of kind `approval`, and for those that call tools',
      });
  }
  for (const { node, path: at } of staged.waits) {
    if (!canWait(places.get(node), ['approval', 'wait']))
      say('DAG745', [...at, 'node'], `"${node}" waits for nothing`, {
        label: `a ${kindAt(places, node)} node`,
        help: 'what ends waiting is for nodes of kind `wait` and `approval`',
      });
  }
  for (const fault of faultsIn(value.faults, [...path, 'faults'])) checkFault(about, value, fault);
}

function checkFault(about: About, value: JsonObject, fault: ReturnType<typeof faultsIn>[number]): void {
  const { say, places } = about;
  const written = isList(value.faults) ? value.faults[Number(fault.path.at(-1))] : undefined;
  const raw = isObject(written) ? written : {};
  for (const field of ['delay', 'retry_after']) {
    const text = raw[field];
    if (typeof text === 'string' && parseDuration(text) === undefined)
      say('DAG741', [...fault.path, field], `"${text}" is not a duration`, { help: 'write a number with its unit: `250ms`, `90s`, `10m`' });
  }
  const only: Readonly<Record<string, string>> = { delay: 'slow', retry_after: 'rate_limited' };
  for (const [field, of] of Object.entries(only)) {
    if (raw[field] !== undefined && raw.fault !== null && fault.fault !== of)
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
  for (const [name, wanted] of Object.entries(isObject(expect.nodes) ? expect.nodes : {})) {
    const at = [...path, 'nodes', name];
    checkAddress(about, name, at, true);
    if (isObject(wanted)) checkToolCalls(about, wanted.tool_calls, [...at, 'tool_calls']);
  }
  checkToolCalls(about, expect.tool_calls, [...path, 'tool_calls']);
  for (const name of keysOf(expect.prompts)) {
    const at = [...path, 'prompts', name];
    const place = checkAddress(about, name, at, false);
    if (place !== undefined && !callsModel(places.get(place)))
      say('DAG745', at, `"${place}" calls no model: it has no prompt`, { part: 'key' });
  }
  if (isObject(expect.error) && typeof expect.error.node === 'string' && !nodes.has(expect.error.node))
    unknown(about, 'DAG742', [...path, 'error', 'node'], expect.error.node, 'a node', [...nodes.keys()]);
  const status = expect.status ?? (expect.error === undefined ? 'succeeded' : 'failed');
  if (isObject(expect.outputs) && status !== 'succeeded')
    say('DAG741', [...path, 'outputs'], 'only a run that succeeds has outputs', { part: 'key' });
  if (expect.error !== undefined && expect.error !== null && status !== 'failed')
    say('DAG741', [...path, 'error'], `a run that ${String(status)} has no error`, {
      part: 'key',
      help: 'leave out `status`, or say `failed`',
    });
  if (expect.snapshot === true && status !== 'succeeded')
    say('DAG741', [...path, 'snapshot'], 'only a run that succeeds has outputs to compare', { part: 'key' });
  for (const { text, path: at } of assertionsIn(expect.that, [...path, 'that']))
    checkAssertion({ ...about, places: about.addresses }, text, at);
}

/** The place of the node that an address names; undefined, and reported, when there is none. `whole`: it has to mean one thing. */
function checkAddress(about: About, name: string, path: Path, whole: boolean): string | undefined {
  const { say, addresses } = about;
  const address = parseAddress(name);
  const place = placeIn(address);
  if (!addresses.find(place)) {
    // What a tool does stands in no result.
    const known = whole ? addresses.names : [...about.places.keys()];
    if (!whole && !isOfOne(address) && about.places.has(place)) return place;
    unknown(about, 'DAG742', path, place, 'a node', known, 'key');
    return undefined;
  }
  for (const [at, { item, rounds }] of address.entries()) {
    const around = placeIn(address.slice(0, at + 1));
    const found = addresses.find(around);
    const shape = found && shapeOf(found);
    if (!shape) continue;
    if (item !== undefined && !shape.items)
      say('DAG745', path, `"${around}" has no items`, { part: 'key', help: 'only a node with `foreach` has items' });
    else if (rounds.length > shape.loops) {
      const help = shape.loops === 0 ? 'only a node with `repeat` or `evaluate` has rounds' : undefined;
      say('DAG745', path, `"${around}" has no ${shape.loops === 0 ? '' : 'such '}rounds`, { part: 'key', ...(help && { help }) });
    } else continue;
    return undefined;
  }
  const made = whole && isOfOne(address) ? madeWhole(address, addresses) : undefined;
  if (made === undefined) return place;
  say('DAG745', path, `"${name}" does not say which item or round of all around it is meant`, {
    part: 'key',
    help: `write \`${renderAddress(made)}\`, or \`${place}\` for all of them`,
  });
  return undefined;
}

/** The tools of an expectation are those that nodes can call. */
function checkToolCalls(about: About, expected: Json | undefined, path: Path): void {
  for (const name of keysOf(expected)) {
    if (!about.tools.includes(name)) unknown(about, 'DAG742', [...path, name], name, 'a tool that a node can call', about.tools, 'key');
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
  about.say(code, path, `"${name}" is not ${thing} ${thing.startsWith('a tool') ? 'in' : 'of'} ${about.plan.workflow}`, {
    ...(part === 'key' && { part }),
    ...(help && { help }),
  });
}

const modelKinds = new Set(kinds.filter((kind) => kind.callsModel).map((kind) => kind.kind));

/** Whether any way of doing the work at a place calls a model. */
function callsModel(nodes: readonly PlanNode[] | undefined): boolean {
  return nodes?.some((node) => node.stages.some((stage) => modelKinds.has(stage.kind))) ?? false;
}

/** Whether any way of doing the work at a place is of these kinds, or calls tools, for which people may be asked. */
function canWait(nodes: readonly PlanNode[] | undefined, kinds: readonly string[]): boolean {
  return nodes?.some((node) => node.stages.some(({ kind, spec }) => kinds.includes(kind) || toolsWanted(spec).length > 0)) ?? false;
}

function kindAt(places: About['places'], place: string): string {
  return places.get(place)?.[0]?.kind ?? '';
}

function isText(node: PlanNode): boolean {
  return node.output.type === 'string' && node.output.enum === undefined;
}

const keysOf = (value: Json | undefined): readonly string[] => (isObject(value) ? Object.keys(value) : []);
