import { isList, isObject, type Json, type JsonObject } from '../base/json.ts';
import type { Code, Diagnostic } from '../contracts/diagnostic.ts';
import { Failed } from '../contracts/failure.ts';
import type { NodeResult, ResultError } from '../contracts/result.ts';
import type { Document, Path } from '../contracts/source.ts';
import { compileExpression, type Scope } from '../lang/evaluate.ts';
import { parseExpression } from '../lang/expression.ts';
import { operandsOf } from '../lang/operands.ts';
import { isMeant, isOfOne, parseAddress, placeIn } from './address.ts';
import { assertionsIn } from './check-assertion.ts';
import { errorDifferences, nodeDifferences } from './judge-node.ts';
import { brief, costDifferences, type Difference, differences, rangeDifferences, textsOf } from './match.ts';
import type { Seen } from './play.ts';
import type { Scenario } from './scenario.ts';
import { toolCallDifferences } from './tool-calls.ts';

/** What of a run is not as its scenario expects: each at the line of the test file that says so. */
export function judge(scenario: Scenario, seen: Seen, document: Document): readonly Diagnostic[] {
  const { expect, path } = scenario;
  const at: Path = [...path, 'expect'];
  const found: Diagnostic[] = [];
  const add = (code: Code, where: Path, message: string, more: Partial<Diagnostic> & { part?: 'key' } = {}): void => {
    const { part = 'value', ...said } = more;
    found.push({ code, severity: 'error', message: short(message), at: document.spanOf(where, part), ...said });
  };
  const addAll = (thing: string, where: Path, all: readonly Difference[]): void => {
    for (const { path: below, message, label, details, help } of all) {
      const named = [thing, ...below.filter((step) => step !== 'contains' && step !== 'lacks' && step !== 'min' && step !== 'max')];
      add('DAG746', [...where, ...below], `\`${pathText(named)}\` ${message}`, {
        label,
        ...(details && { details }),
        ...(help !== undefined && { help }),
      });
    }
  };

  judgeEnd(scenario, seen, add, addAll);
  if (isObject(expect.outputs) && seen.result.status === 'succeeded') {
    for (const [name, expected] of Object.entries(expect.outputs))
      addAll(`outputs.${name}`, [...at, 'outputs', name], differences(expected, seen.result.outputs[name]));
  }
  const nodes = byPlace(seen.result.nodes);
  for (const [name, expected] of Object.entries(isObject(expect.nodes) ? expect.nodes : {})) {
    const address = parseAddress(name);
    const node = nodes.get(placeIn(address));
    if (node) addAll(`nodes.${name}`, [...at, 'nodes', name], nodeDifferences(address, node, seen.nodes, expected));
  }
  if (expect.model_calls !== undefined)
    addAll('model_calls', [...at, 'model_calls'], rangeDifferences(expect.model_calls, callsIn(seen).length, [], String));
  if (expect.tool_calls !== undefined)
    addAll('tool_calls', [...at, 'tool_calls'], toolCallDifferences(expect.tool_calls, toolCallsIn(seen), []));
  if (expect.cost !== undefined)
    addAll('cost', [...at, 'cost'], costDifferences(expect.cost, seen.result.cost.total, unpricedIn(seen).length, []));
  for (const [name, expected] of Object.entries(isObject(expect.prompts) ? expect.prompts : {}))
    addAll(`prompts.${name}`, [...at, 'prompts', name], promptDifferences(name, expected, seen));
  judgeAssertions(expect.that, scenario, seen, [...at, 'that'], add);
  return found;
}

type Add = (code: Code, where: Path, message: string, more?: Partial<Diagnostic> & { part?: 'key' }) => void;
type AddAll = (thing: string, where: Path, all: readonly Difference[]) => void;

/** How the run ended; one that fails unexpectedly is told with its reason, at the name of its scenario. */
function judgeEnd({ expect, path, name }: Scenario, { result, refused }: Seen, add: Add, addAll: AddAll): void {
  const wanted = expect.status ?? (expect.error === undefined ? 'succeeded' : 'failed');
  if (result.status !== wanted) {
    const stated = expect.status !== undefined ? 'status' : 'error';
    const where = expect[stated] === undefined ? path : [...path, 'expect', stated];
    const { error } = result;
    const waiting = [
      ...result.nodes.filter((node) => node.status === 'waiting').map((node) => `waiting: ${node.id}`),
      ...refused.map(({ task, by, reason }) => `refused: the answer of ${by} at ${task}: ${reason}`),
    ];
    // How it ended is what there is to say: of a long name the end is left out.
    const said = `${ended(result.status)}, and was to have ${String(wanted)}`;
    const room = LONGEST_MESSAGE - said.length - 'the run of "" '.length;
    const shown = name.length <= room ? name : `${name.slice(0, room - 1)}…`;
    add('DAG746', where, `the run of "${shown}" ${said}`, {
      ...(where === path && { part: 'key' }),
      label: error ? error.type : `it ${ended(result.status)}`,
      details: error ? [`${error.node === undefined ? '' : `${error.node}: `}${error.message}`, ...(error.problems ?? [])] : waiting,
    });
    return;
  }
  if (expect.error !== undefined && result.error)
    addAll('error', [...path, 'expect', 'error'], errorDifferences(expect.error, result.error));
}

function ended(status: string): string {
  return status === 'waiting' ? 'waits' : status === 'cancelled' ? 'was cancelled' : status;
}

/** Nodes by place: `review/draft` is inside `review`. */
function byPlace(nodes: readonly NodeResult[], around = ''): ReadonlyMap<string, NodeResult> {
  return new Map(nodes.flatMap((node) => [[around + node.id, node] as const, ...byPlace(node.nodes ?? [], `${around}${node.id}/`)]));
}

type Called = Extract<Seen['events'][number], { readonly type: 'model.called' }>;

function callsIn({ events }: Seen): readonly Called[] {
  return events.filter((event): event is Called => event.type === 'model.called');
}

/** Answers of models whose prices nobody knows. What a call that failed cost is never known for certain: a test that lets it fail knows that. */
function unpricedIn(seen: Seen): readonly Called[] {
  return callsIn(seen).filter(({ call }) => call.cost === null && call.failure === undefined);
}

/** `contains`: one of the node's requests has it; `lacks`: none has it. */
function promptDifferences(name: string, expected: Json, seen: Seen): readonly Difference[] {
  const address = parseAddress(name);
  const asked = seen.requests
    .filter(({ origin }) => (isOfOne(address) ? isMeant(address, seen.addressOf(origin.task)) : origin.node === name))
    .map(({ messages }) => messages.map((message) => message.text).join('\n\n'));
  if (!isObject(expected)) return [];
  if (asked.length === 0) return [{ path: [], message: 'was never asked', label: 'no model was called' }];
  const found: Difference[] = [];
  for (const [at, text] of textsOf(expected.contains)) {
    if (asked.some((prompt) => prompt.includes(text))) continue;
    const [first = ''] = asked;
    const many = asked.length > 1 ? `none of ${asked.length} prompts has it` : 'not in it';
    const details = first
      .split('\n')
      .filter((line) => line.trim() !== '')
      .slice(0, 6)
      .map((line) => `asked: ${line.slice(0, 100)}`);
    found.push({ path: ['contains', ...at], message: `does not contain ${brief(text, 40)}`, label: many, details });
  }
  for (const [at, text] of textsOf(expected.lacks)) {
    const prompt = asked.find((one) => one.includes(text));
    if (prompt === undefined) continue;
    const line = prompt.split('\n').find((one) => one.includes(text)) ?? text;
    found.push({
      path: ['lacks', ...at],
      message: `contains ${brief(text, 40)}`,
      label: 'in it',
      details: [`asked: ${line.slice(0, 100)}`],
    });
  }
  return found;
}

function judgeAssertions(that: Json | undefined, scenario: Scenario, seen: Seen, path: Path, add: Add): void {
  const assertions = assertionsIn(that, path);
  if (assertions.length === 0) return;
  const scope = scopeOf(seen);
  for (const { text, path: at, message } of assertions) {
    const parsed = parseExpression(text);
    if (!parsed.ok) continue;
    try {
      const value = compileExpression(parsed.tree)(scope);
      if (value === true) continue;
      const operands = Object.entries(operandsOf(parsed.tree, scope)).map(([name, operand]) => `${name} = ${brief(operand, 90)}`);
      if (value !== false) add('DAG744', at, `this gives ${brief(value, 30)}, not true or false`);
      else add('DAG746', at, message ?? 'this does not hold', { label: 'false', ...(operands.length > 0 && { details: operands }) });
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      add('DAG744', at, error.failure.message, { because: `in the run of "${scenario.name}"` });
    }
  }
}

/** What `that` reads. */
function scopeOf(seen: Seen): Scope {
  const { result, inputs, nodes } = seen;
  const run = {
    status: result.status,
    error: result.error ? errorValue(result.error) : null,
    cost: result.cost.total,
    model_calls: callsIn(seen).length,
    tool_calls: toolCallsIn(seen),
    duration_ms: result.durationMs,
  };
  return { run, inputs, nodes, outputs: result.outputs };
}

function toolCallsIn({ nodes }: Seen): Json {
  return Object.values(nodes).flatMap((node) => (isObject(node) && isList(node.tool_calls) ? node.tool_calls : []));
}

function errorValue({ type, message, node }: ResultError): JsonObject {
  return { type, message, node: node ?? null };
}

/** More than this is not read at a glance. */
const LONGEST_MESSAGE = 90;

const short = (message: string): string => (message.length <= LONGEST_MESSAGE ? message : `${message.slice(0, LONGEST_MESSAGE - 1)}…`);

function pathText(steps: Path): string {
  return steps.map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`)).join('');
}
