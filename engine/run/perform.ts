import { invariant } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import type { Instant, RunId, TaskKey } from '../base/ids.ts';
import type { Json, JsonObject } from '../base/json.ts';
import { Failed, type Failure } from '../contracts/failure.ts';
import { type NodeKind, type Outside, Parked, type TaskContext, type Wake } from '../contracts/node-kind.ts';
import type { CallBook, ModelAsk, ModelClient } from '../contracts/provider.ts';
import type { Entry, InEvent, Opening, Store, TaskOutcome, TaskState, Turn } from '../contracts/store.ts';
import type { OpenToolBox } from '../contracts/tool.ts';
import type { Scope } from '../lang/evaluate.ts';
import { withoutSecrets } from '../lang/sealed-text.ts';
import { compileSource } from '../lang/structure.ts';
import { roundKey, roundOf } from './address.ts';
import { type BodyPlace, enterBody, leaveBody } from './body.ts';
import { createCommons } from './commons.ts';
import { type CompiledNode, type CompiledStage, compileNode } from './compile-node.ts';
import { inField } from './in-field.ts';
import { originInTool, toldOf } from './in-tool.ts';
import { openNode } from './opening.ts';
import type { ItemKeys } from './past-outputs.ts';
import type { PlanIndex } from './plan-index.ts';
import type { Reuser, Tools } from './reuse.ts';
import { afterRound, fold, turnLoop } from './rounds.ts';
import type { Scopes } from './scope.ts';
import { toolsNamedBy, toolsOf } from './task-tools.ts';
import { type Pause, withTimeout } from './timeout.ts';
import { valueAt, withValueAt } from './value-at.ts';
import { pathIn, readerIn, type Where, whereIs } from './where.ts';

/** Does what the kernel decided: everything that touches the world, and nothing that decides. */
export interface Performer {
  /** Evaluates a node's conditions and what it goes over. `skip`: it is skipped for this reason, and only its stand-in is evaluated. */
  open(node: TaskKey, skip: string | undefined): Promise<Opening>;
  /** Finds out how an attempt at a node that holds others begins. Never throws. */
  enter(task: TaskKey, attempt: number, stage: number): Promise<Entry>;
  /** What such an attempt gives, all of whose nodes have settled. Never throws. */
  leave(task: TaskKey, attempt: number, stage: number): Promise<TaskOutcome>;
  /** What follows a round of a loop. Never throws. */
  turn(unit: TaskKey, round: number): Promise<Turn>;
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
  readFiles: TaskContext['readFiles'];
  readonly outside: Outside;
  /** Absent: there are no tools. */
  readonly toolBox?: OpenToolBox;
  /** Absent: every output is made. */
  readonly reuser?: Reuser;
  send: TaskContext['send'];
}

export function createPerformer(index: PlanIndex, around: Surroundings): Performer {
  const kinds = new Map(around.kinds.map((kind) => [kind.kind, kind]));
  const compiled = new Map<TaskKey, CompiledNode>();
  const { scopes } = around;

  const nodeOf = (key: TaskKey): CompiledNode => {
    const indexed = index.at(key);
    const known = compiled.get(indexed.key);
    if (known) return known;
    const made = compileNode(indexed.sub ?? index.plan, indexed.node, kinds);
    compiled.set(indexed.key, made);
    return made;
  };
  const state = (key: TaskKey): TaskState | undefined => around.store.view(around.run).task(key);
  const commons = createCommons(index, { kinds, state, models: around.models, readFiles: around.readFiles });
  const placeOf = (task: TaskKey, attempt: number, stage: number): BodyPlace => ({
    task,
    attempt,
    stageIndex: stage,
    stage: nodeOf(task).stage(stage),
    scopes,
    state,
    itemStates(key) {
      const view = around.store.view(around.run);
      return view.itemStates(key, view.items(key).items.length);
    },
  });

  return {
    async open(key, skip) {
      try {
        const scope = scopes.ofNode(key);
        const opening = openNode(nodeOf(key), scope, skip, index.plan.limits.concurrency);
        return commons && opening.type === 'expand' ? await commons.expand(key, opening, scope) : opening;
      } catch (error) {
        return { type: 'failed', failure: failureOf(error) };
      }
    },

    async enter(task, attempt, stage) {
      try {
        return enterBody(placeOf(task, attempt, stage));
      } catch (error) {
        return { type: 'failed', failure: failureOf(error) };
      }
    },

    async leave(task, attempt, stage) {
      try {
        const place = placeOf(task, attempt, stage);
        const { output, scope, votes } = leaveBody(place);
        const node = nodeOf(task);
        if (!roundOf(task)) scopes.forget(task);
        // The candidates of a loop are judged first; what it gives is made when it ends.
        if (node.loop?.loop.type === 'evaluate' && stage === 0) return { type: 'output', output: { json: output } };
        return { type: 'output', ...accepted({ node, scope }, output), ...(votes && { votes }) };
      } catch (error) {
        return { type: 'failure', failure: failureOf(error) };
      }
    },

    async turn(unit, round) {
      try {
        const turn = turnLoop({ unit, round, node: nodeOf(unit), scopes, state });
        if (round > 0) scopes.forget(roundKey(unit, round));
        return turn;
      } catch (error) {
        return { type: 'failed', failure: failureOf(error) };
      }
    },

    async call({ task, attempt, stage, abort, book, woken, log }) {
      try {
        const node = nodeOf(task);
        const scope = scopes.ofTask(task);
        const keys = scopes.itemKeys(task);
        const where = whereIs(index, task);
        const common = commons && node.stage(stage).kind.callsModel ? () => commons.ofTask(task, stage, scope) : undefined;
        const made = {
          node,
          stage: node.stage(stage),
          stageIndex: stage,
          scope,
          task,
          attempt,
          where,
          keys,
          abort,
          book,
          woken,
          log,
          common,
        };
        const outcome = await attemptOnce(made, around);
        if (outcome.type !== 'output' || outcome.carried || made.stage.isValue || !('json' in outcome.output)) return outcome;
        const carried = carriedOn(made, outcome.output.json);
        return carried ? { ...outcome, carried } : outcome;
      } catch (error) {
        return { type: 'failure', failure: failureOf(error) };
      }
    },

    async outputs() {
      try {
        const scope = around.scopes.ofOutputs();
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

interface Attempt {
  readonly node: CompiledNode;
  readonly stage: CompiledStage;
  readonly stageIndex: number;
  readonly scope: Scope;
  readonly task: TaskKey;
  readonly attempt: number;
  readonly where: Where;
  readonly keys: ItemKeys | undefined;
  readonly abort: AbortSignal;
  readonly book: CallBook;
  readonly woken: CallRequest['woken'];
  readonly log: CallRequest['log'];
  readonly common: TaskContext['common'] | undefined;
}

function attemptOnce(made: Attempt, around: Surroundings): Promise<TaskOutcome> {
  const spec = made.stage.spec(made.scope);
  const make = (tools: Tools): Promise<TaskOutcome> =>
    execute({ ...made, book: tools.book }, spec, { ...around, readFiles: tools.readFiles });
  const { node, stage, stageIndex, scope, task, book, where, keys, woken } = made;
  const { reuser } = around;
  const readFiles = readerIn(where.folder, around.readFiles);
  // What a round carries on follows from its output before `result`, which nobody keeps.
  if (!reuser || (node.result && carries(node))) return make({ book, readFiles });
  const tools = toolsNamedBy(spec, where.tools);
  return reuser.attempt(
    {
      node,
      stage,
      stageIndex,
      spec,
      scope,
      task,
      nth: where.nth,
      ...(keys && { keys }),
      woken: woken !== undefined,
      book,
      readFiles,
      ...(tools && { tools }),
    },
    make,
  );
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
  if (given instanceof Parked) return { type: 'parked', until: given.until, memo: withoutSecrets(given.memo, told), ...given.more };
  const output = withoutSecrets(given, told);
  // `result` and `check` of a group are about its nodes, which have not been.
  const standsForNodes = stage.stage.name === 'fallback' && made.node.node.stages[0].body?.type === 'group';
  if (stage.isValue || standsForNodes) return { type: 'output', output: { json: output } };
  const { escalateWhen } = stage;
  const wantsMore = escalateWhen && inField('escalate.when', () => escalateWhen({ ...made.scope, output })) === true;
  const unsatisfied = wantsMore ? `\`escalate.when\` holds: ${String(stage.stage.escalateWhen)}` : undefined;
  return { type: 'output', ...accepted(made, output), ...(unsatisfied !== undefined && { unsatisfied }) };
}

/** An output that fits its schema and its checks, adapted by `result`. Throws Failed. */
function accepted(
  made: Pick<Attempt, 'node' | 'scope'>,
  output: Json,
): Pick<Extract<TaskOutcome, { type: 'output' }>, 'output' | 'carried'> {
  const { node } = made;
  const invalid = node.validate(output);
  if (invalid.length > 0) {
    const problems = invalid.map((problem) => problem.message);
    throw new Failed({ type: 'output_invalid', message: `its output does not fit its schema: ${problems[0]}`, problems });
  }
  const wrong = problemsOf(made, output);
  if (wrong.length > 0) throw new Failed({ type: 'check_failed', message: wrong[0] ?? 'a check does not hold', problems: wrong });
  const { result } = node;
  const carried = carriedOn(made, output);
  const scope = carried ? afterRound(node, made.scope, carried) : made.scope;
  const json = result ? inField('result', () => result(within(scope, output))) : output;
  return { output: { json }, ...(carried && { carried }) };
}

/** What a round hands to the next one; undefined outside of loops that carry something. */
function carriedOn({ node, scope }: Pick<Attempt, 'node' | 'scope'>, output: Json): JsonObject | undefined {
  return node.loop && carries(node) ? fold(node.loop, within(scope, output)) : undefined;
}

function carries({ loop }: CompiledNode): boolean {
  return loop !== undefined && Object.keys(loop.next).length > 0;
}

/** A scope with the output in it; what is made when it is looked at stays so. */
function within(scope: Scope, output: Json): Scope {
  return Object.defineProperty(Object.create(null, Object.getOwnPropertyDescriptors(scope)) as Scope, 'output', {
    enumerable: true,
    configurable: true,
    value: output,
  });
}

function problemsOf({ node, scope }: Pick<Attempt, 'node' | 'scope'>, output: Json): readonly string[] {
  if (node.check.length === 0) return [];
  const inside = within(scope, output);
  return node.check.filter((check, at) => inField(`check[${at}].that`, () => check.that(inside)) !== true).map((check) => check.message);
}

function contextOf(made: Attempt, abort: AbortSignal, pause: Pause | undefined, around: Surroundings): TaskContext {
  const { where, task, attempt } = made;
  const { place, item, folder } = where;
  const asked = (ask: Parameters<TaskContext['ask']>[0]): ModelAsk => ({
    ...ask,
    origin: { ...where.origin, task, attempt },
    // The node's checks are about its own answer.
    ...(made.node.check.length > 0 && ask.purpose === undefined && { problemsOf: (output: Json) => problemsOf(made, output) }),
  });
  const ctx: TaskContext = {
    node: place as TaskContext['node'],
    task,
    ...(item !== undefined && { item }),
    attempt,
    abort,
    outputSchema: made.node.outputSchema,
    problemsOf: (output) => problemsOf(made, output),
    ask: (ask) => around.models.ask(asked(ask), made.book, abort, pause),
    askFor: (ask, tell) => {
      const origin = originInTool(where.origin, ask.origin, { task, attempt });
      return around.models.ask({ ...ask, origin }, toldOf(made.book, tell), abort, pause);
    },
    ...(made.common && { common: made.common }),
    ruler: (ask) => around.models.ruler(asked(ask)),
    valueAt: (path) => valueAt(made.scope, path.split('.')),
    renderWith: (values) =>
      made.stage.spec([...values].reduce((scope, [path, value]) => withValueAt(scope, path.split('.'), value), made.scope)),
    readFiles: around.readFiles,
    outside: folder === '' ? around.outside : { ...around.outside, place: (path) => around.outside.place(pathIn(folder, path)) },
    log: async (text) => made.log?.(text),
    send: around.send,
    now: (): Instant => around.clock.now(),
  };
  const tools = toolsOf(made.where, made.scope);
  return tools && around.toolBox ? { ...ctx, tools: around.toolBox(tools, ctx, made.book.tools) } : ctx;
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

/** The world's failure as it is; anything else is a bug of dagrun, except being stopped. */
function failureOf(error: unknown): Failure {
  if (error instanceof Failed) return error.failure;
  if (error instanceof Error && error.name === 'AbortError') return { type: 'cancelled', message: 'stopped' };
  return { type: 'bug', message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
