import { invariant } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import type { Instant, RunId, TaskKey } from '../base/ids.ts';
import { isList, type Json, type JsonObject } from '../base/json.ts';
import { Failed, type Failure } from '../contracts/failure.ts';
import { type NodeKind, type Outside, Parked, type TaskContext, type Wake } from '../contracts/node-kind.ts';
import type { CallBook, ModelClient } from '../contracts/provider.ts';
import type { FanOutItems, InEvent, Opening, Store, TaskOutcome } from '../contracts/store.ts';
import type { Scope } from '../lang/evaluate.ts';
import { withoutSecrets } from '../lang/sealed-text.ts';
import { compileSource } from '../lang/structure.ts';
import { type CompiledNode, type CompiledStage, compileNode } from './compile-node.ts';
import { itemOf, type PlanIndex } from './plan-index.ts';
import type { Reuser, Tools } from './reuse.ts';
import type { Scopes } from './scope.ts';
import { type Pause, withTimeout } from './timeout.ts';

/** Does what the kernel decided: everything that touches the world, and nothing that decides. */
export interface Performer {
  /** Evaluates a node's conditions and what it goes over. `skip`: it is skipped for this reason, and only its stand-in is evaluated. */
  open(node: TaskKey, skip: string | undefined): Promise<Opening>;
  /** Makes one try of a task, or goes on with one that was parked. Never throws. */
  call(request: CallRequest): Promise<TaskOutcome>;
  outputs(): Promise<Extract<InEvent, { type: 'outputs' }>['outcome']>;
}

export interface CallRequest {
  readonly task: TaskKey;
  readonly attempt: number;
  readonly stage: number;
  readonly abort: AbortSignal;
  readonly book: CallBook;
  readonly woken?: { readonly memo: Json; readonly wake: Wake };
  /** Where the code of a task says something for people; nowhere when absent. */
  log?(text: string): Promise<void>;
}

export interface Surroundings {
  readonly run: RunId;
  readonly store: Store;
  readonly kinds: readonly NodeKind[];
  readonly models: ModelClient;
  readonly scopes: Scopes;
  readonly clock: Clock;
  readText: TaskContext['readText'];
  readonly outside: Outside;
  /** Absent: every output is made. */
  readonly reuser?: Reuser;
  send: TaskContext['send'];
}

export function createPerformer(index: PlanIndex, around: Surroundings): Performer {
  const kinds = new Map(around.kinds.map((kind) => [kind.kind, kind]));
  const compiled = new Map<TaskKey, CompiledNode>();
  const scopes = new Map<TaskKey, Promise<Scope>>();
  const items = new Map<TaskKey, Promise<FanOutItems>>();

  const nodeOf = (key: TaskKey): CompiledNode => {
    const known = compiled.get(key);
    if (known) return known;
    const node = index.nodes.get(key)?.node;
    if (!node) throw new Error(`no node at ${key}`);
    const made = compileNode(index.plan, node, kinds);
    compiled.set(key, made);
    return made;
  };
  const scopeOf = (key: TaskKey): Promise<Scope> => {
    const known = scopes.get(key);
    if (known) return known;
    const made = around.scopes.ofNode(nodeOf(key).node);
    scopes.set(key, made);
    return made;
  };
  const itemsOf = (key: TaskKey): Promise<FanOutItems> => {
    const known = items.get(key);
    if (known) return known;
    const made = around.store.items(around.run, key);
    items.set(key, made);
    return made;
  };

  return {
    async open(key, skip) {
      try {
        return open(nodeOf(key), await scopeOf(key), skip, index.plan.limits.concurrency);
      } catch (error) {
        return { type: 'failed', failure: failureOf(error) };
      }
    },

    async call({ task, attempt, stage, abort, book, woken, log }) {
      try {
        const item = itemOf(task);
        const key = item?.node ?? task;
        const node = nodeOf(key);
        let scope = await scopeOf(key);
        let itemKey: string | undefined;
        if (item && node.foreach) {
          const all = await itemsOf(key);
          scope = { ...scope, [node.foreach.as]: all.items[item.index] ?? null, index: item.index };
          itemKey = all.keys?.[item.index];
        }
        return await attemptOnce(
          { node, stage: node.stage(stage), scope, task, attempt, item: item?.index, itemKey, abort, book, woken, log },
          around,
        );
      } catch (error) {
        return { type: 'failure', failure: failureOf(error) };
      }
    },

    async outputs() {
      try {
        const scope = await around.scopes.ofOutputs();
        const outputs: Record<string, Json> = {};
        for (const [name, output] of Object.entries(index.plan.outputs))
          outputs[name] = inField(`outputs.${name}`, () => compileSource(output.value)(scope));
        return { outputs };
      } catch (error) {
        return { failure: failureOf(error) };
      }
    },
  };
}

function open(compiled: CompiledNode, scope: Scope, skip: string | undefined, concurrency: number): Opening {
  const standIn = (): Json => (compiled.ifSkipped ? inField('if_skipped', () => compiled.ifSkipped?.(scope) ?? null) : null);
  if (skip !== undefined) return { type: 'skip', detail: skip, operands: {}, output: standIn() };

  let operands: JsonObject | undefined;
  const condition = compiled.skip;
  if (condition) {
    const field = condition.negate ? 'run_if' : 'skip_if';
    const holds = inField(field, () => condition.when(scope));
    if (typeof holds !== 'boolean') throw failed(field, `\`${field}\` gives ${JSON.stringify(holds)}, not true or false`);
    operands = condition.operands(scope);
    if (holds !== condition.negate) {
      const reason = condition.reason ? inField(`${field}.reason`, () => condition.reason?.(scope) ?? '') : `${field}: ${condition.text}`;
      return { type: 'skip', detail: reason, operands, output: standIn() };
    }
  }
  // What waits holds nothing: all items may wait at once.
  const window = compiled.stage(0).kind.wake ? undefined : concurrency;
  return compiled.foreach ? expand(compiled.foreach, scope, window) : { type: 'run', ...(operands && { operands }) };
}

function expand(foreach: NonNullable<CompiledNode['foreach']>, scope: Scope, concurrency: number | undefined): Opening {
  const list = inField('foreach', () => foreach.items(scope));
  if (!isList(list)) throw failed('foreach', `\`foreach\` gives ${typeof list}, not a list`);
  const within = (item: Json, index: number): Scope => ({ ...scope, [foreach.as]: item, index });
  const { where, key } = foreach;
  const items = where ? list.filter((item, at) => inField('foreach.where', () => where(within(item, at))) === true) : list;
  const keys = key && items.map((item, at) => String(inField('foreach.key', () => key(within(item, at)))));
  const window = foreach.concurrency(scope) ?? concurrency ?? items.length;
  return {
    type: 'expand',
    items,
    window: Math.max(1, Math.floor(window)),
    maxFailures: foreach.maxFailures(scope, items.length),
    ...(keys && { keys }),
  };
}

interface Attempt {
  readonly node: CompiledNode;
  readonly stage: CompiledStage;
  readonly scope: Scope;
  readonly task: TaskKey;
  readonly attempt: number;
  readonly item: number | undefined;
  readonly itemKey: string | undefined;
  readonly abort: AbortSignal;
  readonly book: CallBook;
  readonly woken: CallRequest['woken'];
  readonly log: CallRequest['log'];
}

function attemptOnce(made: Attempt, around: Surroundings): Promise<TaskOutcome> {
  const spec = made.stage.spec(made.scope);
  const make = (tools: Tools): Promise<TaskOutcome> =>
    execute({ ...made, book: tools.book }, spec, { ...around, readText: tools.readText });
  const { node, stage, scope, task, book, item, itemKey, woken } = made;
  const { reuser, readText } = around;
  if (!reuser) return make({ book, readText });
  const which = item === undefined ? {} : { item: { index: item, ...(itemKey !== undefined && { key: itemKey }) } };
  return reuser.attempt({ node, stage, spec, scope, task, ...which, woken: woken !== undefined, book, readText }, make);
}

async function execute(made: Attempt, spec: JsonObject, around: Surroundings): Promise<TaskOutcome> {
  const { stage, woken } = made;
  const { kind } = stage;
  const told = new Map<string, string>();
  const outside = listening(around.outside, told);
  let given: Json | Parked;
  try {
    given = await withTimeout(stage.stage.timeout, made.abort, around.clock, (abort, pause) => {
      const ctx = contextOf(made, abort, pause, { ...around, outside });
      if (!woken) return kind.execute(spec, ctx);
      invariant(kind.wake, `${kind.kind} parks but cannot be woken`);
      return kind.wake(spec, woken.memo, woken.wake, ctx);
    });
  } catch (error) {
    throw told.size === 0 ? error : new Failed(withoutSecrets(failureOf(error), told));
  }
  if (given instanceof Parked) return { type: 'parked', until: given.until, memo: withoutSecrets(given.memo, told) };
  const output = withoutSecrets(given, told);
  return { type: 'output', output: { json: stage.isValue ? output : accepted(made, output) } };
}

/** An output that fits its schema and its checks, adapted by `result`. Throws Failed. */
function accepted(made: Attempt, output: Json): Json {
  const { node } = made;
  const invalid = node.validate(output);
  if (invalid.length > 0) {
    const problems = invalid.map((problem) => problem.message);
    throw new Failed({ type: 'output_invalid', message: `its output does not fit its schema: ${problems[0]}`, problems });
  }
  const wrong = problemsOf(made, output);
  if (wrong.length > 0) throw new Failed({ type: 'check_failed', message: wrong[0] ?? 'a check does not hold', problems: wrong });
  return node.result ? inField('result', () => node.result?.({ ...made.scope, output }) ?? null) : output;
}

function problemsOf({ node, scope }: Attempt, output: Json): readonly string[] {
  if (node.check.length === 0) return [];
  const inside = { ...scope, output };
  return node.check.filter((check, at) => inField(`check[${at}].that`, () => check.that(inside)) !== true).map((check) => check.message);
}

function contextOf(made: Attempt, abort: AbortSignal, pause: Pause | undefined, around: Surroundings): TaskContext {
  const id = made.node.node.id;
  return {
    node: id,
    task: made.task,
    ...(made.item !== undefined && { item: made.item }),
    attempt: made.attempt,
    abort,
    outputSchema: made.node.outputSchema,
    problemsOf: (output) => problemsOf(made, output),
    ask: (ask) =>
      around.models.ask(
        {
          ...ask,
          origin: { node: id, task: made.task, ...(made.item !== undefined && { item: made.item }), attempt: made.attempt },
          ...(made.node.check.length > 0 && { problemsOf: (output: Json) => problemsOf(made, output) }),
        },
        made.book,
        abort,
        pause,
      ),
    readText: around.readText,
    outside: around.outside,
    log: async (text) => made.log?.(text),
    send: around.send,
    now: (): Instant => around.clock.now(),
  };
}

/** What is outside, noting which secrets were told: they must not come back in what the node gives. */
function listening(outside: Outside, told: Map<string, string>): Outside {
  return {
    ...outside,
    secret(name) {
      const value = outside.secret(name);
      told.set(name, value);
      return value;
    },
  };
}

/** Runs an evaluation and says of a failure in which field it happened. */
function inField<T>(field: string, evaluate: () => T): T {
  try {
    return evaluate();
  } catch (error) {
    if (error instanceof Failed && error.failure.type === 'expression_failed' && error.failure.field === undefined) {
      throw new Failed({ ...error.failure, field, message: `\`${field}\`: ${error.failure.message}` }, { cause: error });
    }
    throw error;
  }
}

function failed(field: string, message: string): Failed {
  return new Failed({ type: 'expression_failed', message, field });
}

/** The world's failure as it is; anything else is a bug of dagrun, except being stopped. */
function failureOf(error: unknown): Failure {
  if (error instanceof Failed) return error.failure;
  if (error instanceof Error && error.name === 'AbortError') return { type: 'cancelled', message: 'stopped' };
  return { type: 'bug', message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
