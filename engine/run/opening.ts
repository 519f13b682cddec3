import { isList, type Json, type JsonObject } from '../base/json.ts';
import type { Opening } from '../contracts/store.ts';
import type { Scope } from '../lang/evaluate.ts';
import type { CompiledNode } from './compile-node.ts';
import { failed, inField } from './in-field.ts';

/** What comes of a node's `skip_if` and `foreach`. `skip`: it is skipped for this reason. Throws Failed. */
export function openNode(compiled: CompiledNode, scope: Scope, skip: string | undefined, concurrency: number): Opening {
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
  const window = compiled.stage(0).kind.waits ? undefined : concurrency;
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
