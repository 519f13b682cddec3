import { nodeId } from '../base/ids.ts';
import { isList, isObject, type Json, type JsonObject } from '../base/json.ts';
import type { Report } from '../contracts/diagnostic.ts';
import type { Document, Path } from '../contracts/source.ts';
import type { CarryDecl, ForeachDecl, Need, RepeatDecl, SkipDecl } from '../contracts/workflow.ts';
import { nameProblem } from './names.ts';
import { mistake } from './node-context.ts';
import { bound, expression } from './values.ts';

/** The condition of a node, as `skip_if` or `run_if` has it. */
export function skipOf(value: JsonObject, node: Path): SkipDecl | undefined {
  const key = value.skip_if !== undefined ? 'skip_if' : value.run_if !== undefined ? 'run_if' : undefined;
  if (key === undefined) return undefined;
  const written = value[key] ?? null;
  const path = [...node, key];
  const negate = key === 'run_if';
  if (!isObject(written)) return { when: expression(written, path), negate, path };
  return {
    when: expression(written.when ?? null, [...path, 'when']),
    negate,
    ...(typeof written.reason === 'string' && { reason: { text: written.reason, path: [...path, 'reason'] } }),
    path,
  };
}

/** Every form of `needs`: an id, a list of these, a map from ids to `required` or `optional`, `any_of`. */
export function needsOf(value: Json | undefined, path: Path): readonly Need[] {
  if (typeof value === 'string') return [{ from: nodeId(value), path, optional: false, anyOf: false }];
  if (isList(value)) return value.flatMap((part, index) => needsOf(part, [...path, index]));
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, part]): Need[] => {
    if (key !== 'any_of') return [{ from: nodeId(key), path: [...path, key], optional: part === 'optional', anyOf: false }];
    const members = isList(part) ? part : [];
    return members.flatMap((id, index) =>
      typeof id === 'string' ? [{ from: nodeId(id), path: [...path, key, index], optional: true, anyOf: true }] : [],
    );
  });
}

/** A fan-out, whose shape is right. */
export function foreachOf(value: Json | undefined, path: Path, document: Document, wrong: Report): ForeachDecl | undefined {
  if (value === undefined) return undefined;
  if (!isObject(value)) return { path, items: expression(value, path), as: 'item' };
  const { items = null, as = 'item', where, key, concurrency, max_failures } = value;
  const name = String(as);
  if (name !== 'item') checkName(name, 'the name of an item', [...path, 'as'], document, wrong);
  const percent = typeof max_failures === 'string' ? /^(\d+(?:\.\d+)?)\s*%$/.exec(max_failures)?.[1] : undefined;
  if (percent !== undefined && Number(percent) > 100) {
    const at = document.spanOf([...path, 'max_failures']);
    wrong(mistake('DAG123', at, '"max_failures" is more than 100%', { help: 'write a share of the items, such as 10%' }));
  }
  return {
    path,
    items: expression(items, [...path, 'items']),
    as: name,
    ...(where !== undefined && { where: expression(where, [...path, 'where']) }),
    ...(key !== undefined && { key: expression(key, [...path, 'key']) }),
    ...(concurrency !== undefined && { concurrency: bound(concurrency, [...path, 'concurrency']) }),
    ...(max_failures !== undefined && {
      maxFailures: percent === undefined ? bound(max_failures, [...path, 'max_failures']) : { percent: Number(percent) },
    }),
  };
}

/** A loop, whose fields each are of the right shape; undefined when they do not go together (reported). */
export function repeatOf(value: Json | undefined, path: Path, document: Document, wrong: Report): RepeatDecl | undefined {
  if (!isObject(value)) return undefined;
  const { until, max, times, carry, as, on_exhausted } = value;
  const most = max ?? times;
  if (max !== undefined && times !== undefined) {
    const related = [{ at: document.spanOf([...path, 'times'], 'key'), label: 'the other one' }];
    const help = 'keep `max` with `until`, or `times` alone';
    wrong(mistake('DAG124', document.spanOf([...path, 'max'], 'key'), '"times" and "max" exclude each other', { related, help }));
  } else if (until !== undefined && times !== undefined) {
    const related = [{ at: document.spanOf([...path, 'times'], 'key'), label: 'always so many rounds' }];
    const help = 'write `max` in place of `times`';
    wrong(mistake('DAG124', document.spanOf([...path, 'until'], 'key'), '"until" and "times" exclude each other', { related, help }));
  } else if (times !== undefined && on_exhausted !== undefined) {
    const at = document.spanOf([...path, 'on_exhausted'], 'key');
    wrong(
      mistake('DAG124', at, '"times" and "on_exhausted" exclude each other', {
        because: 'a loop that is done a number of times has no condition that could fail to come',
        help: 'remove it, or write `until` and `max`',
      }),
    );
  } else if (most === undefined) {
    const at = document.spanOf(path, 'key');
    const help = until === undefined ? 'add `times: 3`, or `until` and `max`' : 'add `max: 5`';
    const because = 'how often a node is done at most is known before the run, so that its cost has a bound';
    wrong(mistake('DAG121', at, `"repeat" has no "${until === undefined ? 'times' : 'max'}"`, { because, help }));
  } else if (max !== undefined && until === undefined) {
    const at = document.spanOf([...path, 'max'], 'key');
    wrong(
      mistake('DAG121', at, '"repeat" has a "max", and no "until"', {
        help: 'write `times` if it is always so many rounds, or add `until`',
      }),
    );
  }
  if (as !== undefined) checkName(String(as), 'the name of a loop', [...path, 'as'], document, wrong);
  const folds = new Map<string, CarryDecl>();
  for (const [name, fold] of Object.entries(isObject(carry) ? carry : {})) {
    const at = [...path, 'carry', name];
    checkName(name, 'the name of what is carried', at, document, wrong, 'key');
    const { first = null, next = null } = isObject(fold) ? fold : {};
    folds.set(name, { path: at, first: expression(first, [...at, 'first']), next: expression(next, [...at, 'next']) });
  }
  if (most === undefined) return undefined;
  return {
    path,
    ...(until !== undefined && { until: expression(until, [...path, 'until']) }),
    max: bound(most, [...path, max === undefined ? 'times' : 'max']),
    carry: folds,
    ...(as !== undefined && { as: String(as) }),
    onExhausted: on_exhausted === 'fail' ? 'fail' : 'accept',
  };
}

function checkName(name: string, what: string, path: Path, document: Document, wrong: Report, part?: 'key'): void {
  const problem = nameProblem(name, what);
  if (problem !== undefined) wrong({ severity: 'error', at: document.spanOf(path, part), ...problem });
}
