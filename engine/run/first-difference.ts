import { isList, isObject, type Json } from '../base/json.ts';

/** Where two values first differ, and what stands there: a line of a text, else a part of a list or map, else the whole. */
export interface FirstDifference {
  /** Fields and indexes from the top; empty for the whole. */
  readonly path: readonly (string | number)[];
  /** Present for texts of several lines, from 1. */
  readonly line?: number;
  /** null: there was nothing. */
  readonly before: Json;
  readonly after: Json;
}

/** undefined when the values are equal. The order of fields does not matter. */
export function firstDifference(before: Json, after: Json): FirstDifference | undefined {
  if (before === after) return undefined;
  if (typeof before === 'string' && typeof after === 'string') return differingLine(before, after);
  if (isList(before) && isList(after)) {
    for (let index = 0; index < Math.max(before.length, after.length); index += 1) {
      const found = within(index, before[index], after[index]);
      if (found) return found;
    }
    return undefined;
  }
  if (isObject(before) && isObject(after)) {
    for (const key of new Set([...Object.keys(after), ...Object.keys(before)])) {
      const found = within(key, before[key], after[key]);
      if (found) return found;
    }
    return undefined;
  }
  return { path: [], before, after };
}

function within(step: string | number, before: Json | undefined, after: Json | undefined): FirstDifference | undefined {
  if (before === undefined || after === undefined) return { path: [step], before: before ?? null, after: after ?? null };
  const found = firstDifference(before, after);
  return found && { ...found, path: [step, ...found.path] };
}

function differingLine(before: string, after: string): FirstDifference {
  const [old, now] = [before.split('\n'), after.split('\n')];
  if (old.length === 1 && now.length === 1) return { path: [], before, after };
  let at = 0;
  while (at < old.length && at < now.length && old[at] === now[at]) at += 1;
  // A line that was put in or taken out does not change the one below it.
  const [here = '', there = ''] = [old[at], now[at]];
  const isIn = (lines: readonly string[], line: string): boolean => lines[at + 1] === line || (line === '' && lines.length > at + 1);
  const added = at >= old.length || (isIn(now, here) && !isIn(old, there));
  const removed = !added && (at >= now.length || (isIn(old, there) && !isIn(now, here)));
  return { path: [], line: at + 1, before: added ? null : here, after: removed ? null : there };
}
