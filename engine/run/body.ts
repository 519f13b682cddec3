import { invariant } from '../base/assert.ts';
import type { TaskKey } from '../base/ids.ts';
import { canonicalText, isObject, type Json, type JsonObject } from '../base/json.ts';
import type { Votes } from '../contracts/event.ts';
import { Failed } from '../contracts/failure.ts';
import type { SubPlan } from '../contracts/plan.ts';
import type { Entry, TaskState } from '../contracts/store.ts';
import type { Scope } from '../lang/evaluate.ts';
import { compileValidator } from '../lang/validate.ts';
import { frameOf, keyIn, roundOf } from './address.ts';
import type { CompiledBody, CompiledStage } from './compile-node.ts';
import { failed, inField } from './in-field.ts';
import { outputOf } from './output-of.ts';
import type { Scopes } from './scope.ts';

/** Where in a run a body is. */
export interface BodyPlace {
  readonly task: TaskKey;
  readonly attempt: number;
  readonly stageIndex: number;
  readonly stage: CompiledStage;
  readonly scopes: Scopes;
  state(key: TaskKey): TaskState | undefined;
  itemStates(key: TaskKey): readonly (TaskState | undefined)[];
}

/** How a body begins: which of its nodes, and with what. Throws Failed. */
export function enterBody({ task, stage, scopes }: BodyPlace): Entry {
  const { body } = stage;
  invariant(body, `${task} has no body`);
  switch (body.body.type) {
    case 'route':
      return chooseCase(body, scopes.ofTask(task));
    case 'evaluate': {
      // The first candidate is made by the node's own call; if there is a `revise`, that makes all others.
      const revises = body.body.nodes.some((node) => node.part === 'revise') && (roundOf(task)?.round ?? 1) > 1;
      const without = revises ? 'generate' : 'revise';
      return { type: 'inside', only: body.body.nodes.filter((node) => node.part !== without).map((node) => node.id) };
    }
    case 'workflow':
      return { type: 'inside', inputs: childInputs(body.body, stage.spec(scopes.ofTask(task)).with ?? {}) };
    case 'group':
    case 'single':
    case 'best_of':
      return { type: 'inside' };
  }
}

/** What a body gives, all of whose nodes have settled, and what the `check` and `result` of its node see besides. Throws Failed. */
export function leaveBody(place: BodyPlace): { readonly output: Json; readonly scope: Scope; readonly votes?: Votes } {
  const { task, stage, scopes, attempt, stageIndex } = place;
  const { body } = stage;
  invariant(body, `${task} has no body`);
  const inner = (id: string): TaskKey => keyIn(frameOf(task, attempt, stageIndex), id as Parameters<typeof keyIn>[1]);
  switch (body.body.type) {
    case 'group': {
      const output: Record<string, Json> = {};
      const scope = scopes.ofInside(task);
      for (const { id } of body.body.nodes) output[id] = outputIn(scope, id);
      return { output, scope };
    }
    case 'route': {
      const inside = place.state(task);
      const taken = inside?.status === 'inside' ? inside.only?.[0] : undefined;
      invariant(taken, `${task} took no case`);
      return { output: outputOf(place.state(inner(taken))), scope: scopes.ofTask(task) };
    }
    case 'evaluate': {
      const outputs: Record<string, Json> = {};
      for (const { id, part } of body.body.nodes) {
        const state = place.state(inner(id));
        if (part && state?.status === 'succeeded') outputs[part] = outputOf(state);
      }
      const output = { candidate: outputs.revise ?? outputs.generate ?? null, evaluation: outputs.evaluate ?? null };
      return { output, scope: scopes.ofTask(task) };
    }
    case 'single': {
      const [only] = body.body.nodes;
      return { output: only ? outputOf(place.state(inner(only.id))) : null, scope: scopes.ofTask(task) };
    }
    case 'best_of':
      return { ...pick(place, body), scope: scopes.ofTask(task) };
    case 'workflow': {
      const scope = scopes.ofOutputs(task);
      const output: Record<string, Json> = {};
      for (const [name, evaluate] of Object.entries(body.outputs ?? {})) {
        output[name] = inField(`outputs.${name}`, () => evaluate(scope));
      }
      return { output, scope: scopes.ofTask(task) };
    }
  }
}

function chooseCase({ body, by, cases = [] }: CompiledBody, scope: Scope): Entry {
  invariant(body.type === 'route', 'only a route has cases');
  const taken = (route: string, operands: JsonObject, why: string): Entry => {
    const node = body.nodes.find((one) => one.id === route);
    return node ? { type: 'inside', only: [node.id], route, operands } : { type: 'skip', detail: why, route, operands };
  };
  if (by) {
    const value = inField('route.by', () => by(scope));
    const name = typeof value === 'string' ? value : JSON.stringify(value);
    const route = cases.some((one) => one.name === name) ? name : cases.some((one) => one.name === 'default') ? 'default' : undefined;
    if (route === undefined) throw failed('route.by', `\`route\` has no case for ${JSON.stringify(value)}`);
    return taken(route, by.operands(scope), `route: ${String(body.by)} is ${JSON.stringify(value)}`);
  }
  const operands: Record<string, Json> = {};
  for (const { name, when, operands: read } of cases) {
    if (!when) return taken(name, operands, 'route: no condition holds');
    const field = `route.cases.${name}.when`;
    const holds = inField(field, () => when(scope));
    if (typeof holds !== 'boolean') throw failed(field, `\`when\` gives ${JSON.stringify(holds)}, not true or false`);
    Object.assign(operands, read?.(scope));
    const text = body.cases.find((one) => one.name === name)?.when;
    if (holds) return taken(name, operands, `route: ${String(text)}`);
  }
  throw failed('route', 'no condition of `route` holds');
}

/** The inputs of a sub-workflow: what it was given, and its defaults. Throws Failed for one that does not fit its schema. */
function childInputs({ inputs, workflow }: SubPlan, given: Json): JsonObject {
  const values = isObject(given) ? given : {};
  const complete: Record<string, Json> = {};
  for (const [name, input] of Object.entries(inputs)) {
    const value = values[name] ?? input.default;
    if (value === undefined) throw failed('with', `\`with\` gives "${workflow}" no "${name}"`);
    const [problem] = compileValidator(input.schema)(value);
    if (problem) throw failed(`with.${name}`, `\`with.${name}\` does not fit the input "${name}" of "${workflow}": ${problem.message}`);
    complete[name] = value;
  }
  return complete;
}

function outputIn(scope: Scope, id: string): Json {
  const nodes = scope.nodes;
  const entry = isObject(nodes) ? nodes[id] : undefined;
  return isObject(entry) ? (entry.output ?? null) : null;
}

/** The answer that is kept: the one most of them agree on, the earliest of equals, or the one the judge names. */
function pick(
  { task, attempt, stageIndex, scopes, state, itemStates }: BodyPlace,
  { body, by }: CompiledBody,
): { readonly output: Json; readonly votes?: Votes } {
  invariant(body.type === 'best_of', 'only a best_of picks');
  const key = (part: string): TaskKey | undefined => {
    const node = body.nodes.find((one) => one.part === part);
    return node && keyIn(frameOf(task, attempt, stageIndex), node.id);
  };
  const candidate = key('candidate');
  invariant(candidate, 'a best_of has candidates');
  const answers = itemStates(candidate)
    .filter((one) => one?.status === 'succeeded')
    .map(outputOf);
  if (body.pick === 'judge') {
    const judge = key('judge');
    const verdict = judge && outputOf(state(judge));
    const best = isObject(verdict ?? null) ? (verdict as JsonObject).best : verdict;
    // Of one that is left nobody has to say that it is the best.
    const chosen = answers.length === 1 ? answers[0] : typeof best === 'number' ? answers[best - 1] : undefined;
    if (chosen === undefined) {
      const problems = [`"best" is ${JSON.stringify(best)}; there are candidates 1 to ${answers.length}`];
      throw new Failed({ type: 'output_invalid', message: `the judge named no candidate: ${problems[0]}`, problems });
    }
    return { output: chosen };
  }
  const scope = scopes.ofTask(task);
  const votes = answers.map((output) => canonicalText(by ? inField('best_of.by', () => by({ ...scope, output })) : output));
  const count = new Map<string, number>();
  for (const vote of votes) count.set(vote, (count.get(vote) ?? 0) + 1);
  const most = Math.max(0, ...count.values());
  const output = answers[votes.findIndex((vote) => count.get(vote) === most)] ?? null;
  return { output, votes: { agreed: most, of: votes.length } };
}
