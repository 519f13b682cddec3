import { invariant } from '../base/assert.ts';
import type { Json, JsonObject, JsonSchema } from '../base/json.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { Plan, PlanNode, Stage } from '../contracts/plan.ts';
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
export function compileNode(plan: Plan, node: PlanNode, kinds: ReadonlyMap<string, NodeKind>): CompiledNode {
  const stages = new Map<number, CompiledStage>();
  const hasSchema = Object.keys(node.output).length > 0;
  return {
    node,
    ...(node.skipIf && { skip: compileSkip(plan, node.skipIf) }),
    ...(node.ifSkipped && { ifSkipped: compileSource(node.ifSkipped.value) }),
    ...(node.foreach && { foreach: compileForeach(node.foreach) }),
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
      };
      stages.set(index, compiled);
      return compiled;
    },
  };
}

function compileSkip(plan: Plan, skip: NonNullable<PlanNode['skipIf']>): NonNullable<CompiledNode['skip']> {
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
    if (typeof value === 'number') return () => value;
    const evaluate = compileSource(value);
    return (scope) => Number(evaluate(scope));
  };
  const { concurrency, maxFailures } = foreach;
  const most = typeof maxFailures === 'object' || maxFailures === undefined ? undefined : bound(maxFailures);
  const window = concurrency === undefined ? undefined : bound(concurrency);
  return {
    items: compileSource(foreach.items),
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
