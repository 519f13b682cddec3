import type { JsonObject } from '../base/json.ts';
import type { Path } from '../contracts/source.ts';

/** Fields put together from several places. */
export interface Written {
  readonly fields: JsonObject;
  /** Where the uppermost layer stands. */
  readonly path: Path;
  /** Where the value of a field stands, or would. */
  placeOf(field: string): Path;
}

/** Fields of which only one counts: a layer that sets one no longer wants the others that a layer below has set. */
export const EXCLUSIVE: readonly (readonly string[])[] = [
  ['tier', 'model'],
  ['prompt', 'prompt_file', 'messages'],
];

/** The fields of one place. */
export function written(fields: JsonObject, path: Path): Written {
  return { fields, path, placeOf: (field) => [...path, field] };
}

/** What stands below, with whole fields replaced by what stands above. */
export function over(below: Written, above: Written): Written {
  const replaced = new Set(Object.keys(above.fields));
  for (const group of EXCLUSIVE) if (group.some((field) => replaced.has(field))) for (const field of group) replaced.add(field);
  const kept = Object.fromEntries(Object.entries(below.fields).filter(([field]) => !replaced.has(field)));
  return {
    fields: { ...kept, ...above.fields },
    path: above.path,
    placeOf: (field) => (Object.hasOwn(kept, field) ? below.placeOf(field) : above.placeOf(field)),
  };
}

/** Only the fields for which `keep` holds. */
export function only(from: Written, keep: (field: string) => boolean): Written {
  return { ...from, fields: Object.fromEntries(Object.entries(from.fields).filter(([field]) => keep(field))) };
}

/** Which of the fields do not stand below `path`, and where they stand instead. */
export function elsewhere(from: Written, path: Path): Readonly<Record<string, Path>> {
  const found: Record<string, Path> = {};
  for (const field of Object.keys(from.fields)) {
    const place = from.placeOf(field);
    if (place.length !== path.length + 1 || place.at(-1) !== field || path.some((step, index) => step !== place[index]))
      found[field] = place;
  }
  return found;
}
