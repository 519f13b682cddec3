import { invariant } from '../base/assert.ts';
import type { Json, JsonObject, JsonSchema } from '../base/json.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { Plan, PlanBody, PlanLoop, PlanNode, Stage } from '../contracts/plan.ts';
import type { Scope } from '../lang/evaluate.ts';
import { parseExpression } from '../lang/expression.ts';
import { compileSpec } from '../lang/notation.ts';
import { operandsOf } from '../lang/operands.ts';
import { compileTemplate } from '../lang/render.ts';
import { compileSource } from '../lang/structure.ts';
import { parseTemplate } from '../lang/template.ts';
import { compileValidator, type Validator } from '../lang/validate.ts';
import { stageAt } from './retry.ts';

type Evaluate = (scope: Scope) => Json;

/** A plan's node with its texts compiled: what its tasks share. */
export interface CompiledNode {
  readonly node: PlanNode;
  readonly skip?: {
    readonly when: Evaluate;
    readonly negate: boolean;
    readonly reason?: (scope: Scope) => string;
    readonly operands: (scope: Scope) => JsonObject;
    readonly text: string;
  };
  readonly ifSkipped?: Evaluate;
  readonly foreach?: CompiledForeach;
  readonly loop?: CompiledLoop;
  readonly check: readonly { readonly that: Evaluate; readonly message: string }[];
  readonly result?: Evaluate;
  /** undefined when the author wrote no `output`. */
  readonly outputSchema?: JsonSchema;
  readonly validate: Validator;
  stage(index: number): CompiledStage;
}

export interface CompiledStage {
  readonly stage: Stage;
  readonly kind: NodeKind;
  /** The value of `on_error`: it stands for the node's output, so its checks and `result` do not apply. */
  readonly isValue: boolean;
  readonly spec: (scope: Scope) => JsonObject;
  /** Absent where the kind says so with a value of its own. */
  readonly body?: CompiledBody;
  readonly escalateWhen?: Evaluate;
}

/** The expressions of a body; which there are depends on its type. */
export interface CompiledBody {
  readonly body: PlanBody;
  readonly by?: Evaluate & { readonly operands: (scope: Scope) => JsonObject };
  readonly cases?: readonly { readonly name: string; readonly when?: Evaluate; readonly operands?: (scope: Scope) => JsonObject }[];
  readonly outputs?: Readonly<Record<string, Evaluate>>;
}

export interface CompiledLoop {
  readonly loop: PlanLoop;
  readonly max: Evaluate;
  readonly until?: Evaluate;
  readonly first: Readonly<Record<string, Evaluate>>;
  readonly next: Readonly<Record<string, Evaluate>>;
  readonly acceptIf?: Evaluate;
  readonly score?: Evaluate;
  readonly stuck?: Evaluate;
}

export interface CompiledForeach {
  readonly items: Evaluate;
  readonly as: string;
  readonly where?: Evaluate;
  readonly key?: Evaluate;
  readonly concurrency: (scope: Scope) => number | undefined;
  /** Of `count` items; null when none was allowed to fail. */
  readonly maxFailures: (scope: Scope, count: number) => number | null;
}

/** A node ready to run. The plan was checked: a text that cannot be read is a bug here. */
export function compileNode(plan: Pick<Plan, 'partials'>, node: PlanNode, kinds: ReadonlyMap<string, NodeKind>): CompiledNode {
  const stages = new Map<number, CompiledStage>();
  const hasSchema = Object.keys(node.output).length > 0;
  return {
    node,
    ...(node.skipIf && { skip: compileSkip(plan, node.skipIf) }),
    ...(node.ifSkipped && { ifSkipped: compileSource(node.ifSkipped.value) }),
    ...(node.foreach && { foreach: compileForeach(node.foreach) }),
    ...(node.loop && { loop: compileLoop(node.loop) }),
    check: node.check.map((check) => ({
      that: compileSource(check.that),
      message: check.message ?? `the check \`${String(check.that)}\` does not hold`,
    })),
    ...(node.result !== undefined && { result: compileSource(node.result) }),
    ...(hasSchema && { outputSchema: node.output }),
    validate: hasSchema ? compileValidator(node.output) : () => [],
    stage(index) {
      const known = stages.get(index);
      if (known) return known;
      const found = stageAt(node, index);
      const kind = found && kinds.get(found.stage.kind);
      invariant(found && kind, `node ${node.id} has no stage ${index}`);
      const compiled: CompiledStage = {
        stage: found.stage,
        kind,
        isValue: found.isValue,
        spec: compileSpec(kind.schema, found.stage.spec, plan.partials),
        ...(found.stage.body && { body: compileBody(found.stage.body) }),
        ...(found.stage.escalateWhen !== undefined && { escalateWhen: compileSource(found.stage.escalateWhen) }),
      };
      stages.set(index, compiled);
      return compiled;
    },
  };
}

function compileSkip(plan: Pick<Plan, 'partials'>, skip: NonNullable<PlanNode['skipIf']>): NonNullable<CompiledNode['skip']> {
  const text = String(skip.when);
  const parsed = parseExpression(text);
  invariant(parsed.ok, 'the condition was checked');
  return {
    when: compileSource(skip.when),
    negate: skip.negate,
    text,
    operands: (scope) => operandsOf(parsed.tree, scope),
    ...(skip.reason !== undefined && { reason: compileText(skip.reason, plan.partials) }),
  };
}

function compileText(text: string, partials: Plan['partials']): (scope: Scope) => string {
  const parsed = parseTemplate(text);
  invariant(parsed.ok, 'the template was checked');
  return compileTemplate(parsed.tree, partials);
}

function compileForeach(foreach: NonNullable<PlanNode['foreach']>): CompiledForeach {
  const bound = (value: number | string): ((scope: Scope) => number) => {
    const evaluate = compileBound(value);
    return (scope) => Number(evaluate(scope));
  };
  const { times } = foreach;
  const count = times === undefined ? undefined : bound(times);
  const { concurrency, maxFailures } = foreach;
  const most = typeof maxFailures === 'object' || maxFailures === undefined ? undefined : bound(maxFailures);
  const window = concurrency === undefined ? undefined : bound(concurrency);
  return {
    items: count
      ? (scope) => Array.from({ length: Math.max(1, Math.floor(count(scope))) }, (_, at) => at + 1)
      : compileSource(foreach.items),
    as: foreach.as,
    ...(foreach.where !== undefined && { where: compileSource(foreach.where) }),
    ...(foreach.key !== undefined && { key: compileSource(foreach.key) }),
    concurrency: (scope) => window?.(scope),
    maxFailures(scope, count) {
      if (most) return most(scope);
      return typeof maxFailures === 'object' ? Math.floor((count * maxFailures.percent) / 100) : null;
    },
  };
}

function compileBound(value: number | string): Evaluate {
  return typeof value === 'number' ? () => value : compileSource(value);
}

function compileLoop(loop: PlanLoop): CompiledLoop {
  if (loop.type === 'evaluate') {
    return {
      loop,
      max: compileBound(loop.max),
      acceptIf: compileSource(loop.acceptIf),
      ...(loop.score !== undefined && { score: compileSource(loop.score) }),
      ...(loop.stuck !== undefined && { stuck: compileBound(loop.stuck) }),
      first: {},
      next: {},
    };
  }
  const carry = Object.entries(loop.carry);
  return {
    loop,
    max: compileBound(loop.max),
    ...(loop.until !== undefined && { until: compileSource(loop.until) }),
    first: Object.fromEntries(carry.map(([name, { first }]) => [name, compileSource(first)])),
    next: Object.fromEntries(carry.map(([name, { next }]) => [name, compileSource(next)])),
  };
}

function compileBody(body: PlanBody): CompiledBody {
  const traced = (source: Json): Evaluate & { readonly operands: (scope: Scope) => JsonObject } =>
    Object.assign(compileSource(source), { operands: operandsIn(source) });
  switch (body.type) {
    case 'route':
      return {
        body,
        ...(body.by !== undefined && { by: traced(body.by) }),
        cases: body.cases.map(({ name, when }) => ({
          name,
          ...(when !== undefined && { when: compileSource(when), operands: operandsIn(when) }),
        })),
      };
    case 'best_of':
      return { body, ...(body.by !== undefined && { by: traced(body.by) }) };
    case 'workflow':
      return { body, outputs: Object.fromEntries(Object.entries(body.outputs).map(([name, { value }]) => [name, compileSource(value)])) };
    case 'group':
    case 'single':
    case 'evaluate':
      return { body };
  }
}

/** What an expression reads, with the values it had: why it decided as it did. */
function operandsIn(source: Json): (scope: Scope) => JsonObject {
  if (typeof source !== 'string') return () => ({});
  const parsed = parseExpression(source);
  return (scope) => (parsed.ok ? operandsOf(parsed.tree, scope) : {});
}
