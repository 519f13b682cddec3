import { isObject, type Json, type JsonObject } from '../base/json.ts';
import type { Code, Diagnostic } from '../contracts/diagnostic.ts';
import { Failed } from '../contracts/failure.ts';
import type { NodeResult, ResultError } from '../contracts/result.ts';
import type { Document, Path } from '../contracts/source.ts';
import { compileExpression, type Scope } from '../lang/evaluate.ts';
import { parseExpression } from '../lang/expression.ts';
import { operandsOf } from '../lang/operands.ts';
import { pathOf } from '../run/address.ts';
import { assertionsIn } from './check-test.ts';
import { brief, type Difference, differences, rangeDifferences, textDifferences, textsOf } from './match.ts';
import { nodeOf, type Seen } from './play.ts';
import type { Scenario } from './scenario.ts';

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
  for (const [id, expected] of Object.entries(isObject(expect.nodes) ? expect.nodes : {})) {
    const node = nodes.get(id);
    if (node) judgeNode(id, node, expected, seen, [...at, 'nodes', id], addAll);
  }
  if (expect.model_calls !== undefined)
    addAll('model_calls', [...at, 'model_calls'], rangeDifferences(expect.model_calls, callsIn(seen).length, [], String));
  if (expect.cost !== undefined) addAll('cost', [...at, 'cost'], rangeDifferences(expect.cost, seen.result.cost.total, [], money));
  for (const [name, expected] of Object.entries(isObject(expect.prompts) ? expect.prompts : {}))
    addAll(`prompts.${name}`, [...at, 'prompts', name], promptDifferences(name, expected, seen));
  judgeAssertions(expect.that, scenario, seen, [...at, 'that'], add);
  return found;
}

type Add = (code: Code, where: Path, message: string, more?: Partial<Diagnostic> & { part?: 'key' }) => void;
type AddAll = (thing: string, where: Path, all: readonly Difference[]) => void;

/** How the run ended; one that fails unexpectedly is told with its reason, at the name of its scenario. */
function judgeEnd({ expect, path, name }: Scenario, { result }: Seen, add: Add, addAll: AddAll): void {
  const wanted = expect.status ?? (expect.error === undefined ? 'succeeded' : 'failed');
  if (result.status !== wanted) {
    const stated = expect.status !== undefined ? 'status' : 'error';
    const where = expect[stated] === undefined ? path : [...path, 'expect', stated];
    const { error } = result;
    const waiting = result.nodes.filter((node) => node.status === 'waiting').map((node) => `waiting: ${node.id}`);
    add('DAG746', where, `the run of "${name}" ${ended(result.status)}, and was to have ${String(wanted)}`, {
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

function errorDifferences(expected: Json, { type, message, node }: ResultError): readonly Difference[] {
  if (typeof expected === 'string') return differences(expected, type);
  if (!isObject(expected)) return [];
  return [
    ...(expected.type === undefined ? [] : differences(expected.type, type, ['type'])),
    ...(expected.node === undefined ? [] : differences(expected.node, node, ['node'])),
    ...(expected.message === undefined ? [] : textDifferences(expected.message, message, ['message'])),
  ];
}

/** Nodes by place: `review/draft` is inside `review`. */
function byPlace(nodes: readonly NodeResult[], around = ''): ReadonlyMap<string, NodeResult> {
  return new Map(nodes.flatMap((node) => [[around + node.id, node] as const, ...byPlace(node.nodes ?? [], `${around}${node.id}/`)]));
}

function judgeNode(place: string, node: NodeResult, expected: Json, seen: Seen, path: Path, addAll: AddAll): void {
  const thing = `nodes.${place}`;
  if (typeof expected === 'string') {
    addAll(thing, path, withReason(differences(expected, node.status), node));
    return;
  }
  if (!isObject(expected)) return;
  const all: Difference[] = [];
  for (const [field, wanted] of Object.entries(expected)) {
    if (field === 'status') all.push(...withReason(differences(wanted, node.status, [field]), node));
    else if (field === 'attempts') all.push(...rangeDifferences(wanted, node.attempts, [field], String));
    else if (field === 'model_calls') all.push(...rangeDifferences(wanted, callsOf(seen, place), [field], String));
    else if (field === 'cost') all.push(...rangeDifferences(wanted, node.cost, [field], money));
    else if (field === 'skip_reason')
      all.push(
        ...(node.skipReason === undefined ? notThere(field, `it ${node.status}`) : textDifferences(wanted, node.skipReason, [field])),
      );
    else if (field === 'error')
      all.push(
        ...(node.error
          ? errorDifferences(wanted, node.error).map((one) => ({ ...one, path: [field, ...one.path] }))
          : notThere(field, 'it has no error')),
      );
    else if (field === 'recovered') all.push(...differences(wanted, node.recovered ?? false, [field]));
    else if (field === 'fallback') all.push(...differences(wanted, tookFallback(seen, place), [field]));
    else if (field === 'items') {
      const items = node.items?.map((item) => item.status);
      all.push(...differences(wanted, typeof wanted === 'number' ? items?.length : items, [field]));
    } else if (field === 'output') all.push(...differences(wanted, seen.outputs.get(place) ?? null, [field]));
    else if (field === 'iterations') all.push(...rangeDifferences(wanted, node.rounds ?? 0, [field], String));
    else if (field === 'score')
      all.push(...(node.score === undefined ? notThere(field, 'it has no score') : rangeDifferences(wanted, node.score, [field], String)));
    else if (field === 'accepted') all.push(...differences(wanted, node.accepted ?? null, [field]));
    else all.push(...differences(wanted, node[field as 'tier' | 'model' | 'route'] ?? null, [field]));
  }
  addAll(thing, path, all);
}

const notThere = (field: string, label: string): Difference[] => [{ path: [field], message: 'is not there', label }];

/** Why a node has the status it has. */
function withReason(all: readonly Difference[], node: NodeResult): readonly Difference[] {
  const why = node.skipReason ?? node.error?.message;
  return why === undefined ? all : all.map((one) => ({ ...one, details: [`${node.status}: ${why}`] }));
}

/** Whether the fallback of `on_error` was tried. */
function tookFallback({ events }: Seen, id: string): boolean {
  return events.some(
    (event) => event.type === 'attempt.scheduled' && event.stage === 1 && (nodeOf(event.task) === id || pathOf(event.task) === id),
  );
}

type Called = Extract<Seen['events'][number], { readonly type: 'model.called' }>;

function callsIn({ events }: Seen): readonly Called[] {
  return events.filter((event): event is Called => event.type === 'model.called');
}

/** How many calls a node made. */
function callsOf(seen: Seen, id: string): number {
  return callsIn(seen).filter((event) => pathOf(event.task) === id || pathOf(event.task).startsWith(`${id}/`)).length;
}

/** `contains`: one of the node's requests has it; `lacks`: none has it. */
function promptDifferences(name: string, expected: Json, { requests }: Seen): readonly Difference[] {
  const asked = requests
    .filter(({ origin }) => origin.node === name || origin.task === name)
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
  const { result, inputs, outputs } = seen;
  const nodes: Record<string, Json> = {};
  for (const node of result.nodes) {
    nodes[node.id] = {
      status: node.status,
      output: outputs.get(node.id) ?? null,
      error: node.error ? errorValue(node.error) : null,
      skip_reason: node.skipReason ?? null,
      attempts: node.attempts,
      model_calls: callsOf(seen, node.id),
      cost: node.cost,
      tier: node.tier ?? null,
      model: node.model ?? null,
      recovered: node.recovered ?? false,
      items: (node.items ?? []).map((item) => ({
        index: item.index,
        key: item.key ?? null,
        status: item.status,
        output: outputs.get(`${node.id}[${item.index}]`) ?? null,
        error: item.error ? errorValue(item.error) : null,
      })),
    };
  }
  const run = {
    status: result.status,
    error: result.error ? errorValue(result.error) : null,
    cost: result.cost.total,
    model_calls: callsIn(seen).length,
    duration_ms: result.durationMs,
  };
  return { run, inputs, nodes, outputs: result.outputs };
}

function errorValue({ type, message, node }: ResultError): JsonObject {
  return { type, message, node: node ?? null };
}

/** What was staged by the scenario itself and never came to be: a fault that did not happen fails it, the rest is a warning. */
export function judgeUnused(scenario: Scenario, document: Document): readonly Diagnostic[] {
  const isOwn = ({ path }: { readonly path: Path }): boolean => path[0] === 'scenarios' && path[1] === scenario.name;
  const found: Diagnostic[] = [];
  for (const { path, used, fault, node } of scenario.faults) {
    if (used || !isOwn({ path })) continue;
    const message = `"${node}" was never ${fault}: it was not called so`;
    const help = 'a model that was not asked cannot fail; see `item`, `attempt`, and whether the node runs';
    found.push({ code: 'DAG748', severity: 'error', message: short(message), at: document.spanOf(path), label: 'did not happen', help });
  }
  const lists = scenario.staged.flatMap((staged) => [...staged.replies, ...staged.stubs, ...staged.answers, ...staged.waits]);
  for (const { path, used, node } of lists) {
    if (used || !isOwn({ path })) continue;
    const message = `this ${WORDS[String(path[2])] ?? 'entry'} for "${node}" was never used`;
    found.push({ code: 'DAG748', severity: 'warning', message, at: document.spanOf(path), label: 'not used' });
  }
  return found;
}

const WORDS: Readonly<Record<string, string>> = { replies: 'reply', stubs: 'stub', answers: 'answer', waits: 'end of waiting' };

const money = (dollars: number): string => `$${Number(dollars.toFixed(9))}`;
const short = (message: string): string => (message.length <= 90 ? message : `${message.slice(0, 89)}…`);

function pathText(steps: Path): string {
  return steps.map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`)).join('');
}
