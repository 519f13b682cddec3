import type { Json } from '../base/json.ts';
import type { Document, Path, SourceFile, Span } from '../contracts/source.ts';
import { type ScalarStyle, spanInScalar } from './scalar-span.ts';

/** A value, and where it and its parts were written. */
export interface Place {
  readonly value: Json;
  /** Offsets in the file; equal when there is nothing to point at. */
  readonly start: number;
  readonly end: number;
  /** How a text was written; absent where positions inside it cannot be told. */
  readonly style?: ScalarStyle;
  /** Of a map. */
  readonly fields?: ReadonlyMap<string, Field>;
  /** Of a list. */
  readonly items?: readonly Place[];
  /** Of an alias: what it repeats. */
  readonly target?: Place;
}

/** A field of a map: where its name stands, and its value. */
export interface Field {
  readonly start: number;
  readonly end: number;
  readonly place: Place;
}

/** A document over its places. */
export function documentOf(file: SourceFile, root: Place): Document {
  /** The place at a path or of its nearest ancestor, and the field that leads to it. */
  const find = (path: Path): { readonly place: Place; readonly field: Field | undefined } => {
    let place = root;
    let field: Field | undefined;
    for (const step of path) {
      const { fields, items } = place.target ?? place;
      const next = fields?.get(String(step));
      const item = items?.[Number(step)];
      if (next === undefined && item === undefined) break;
      field = next;
      place = next?.place ?? item ?? place;
    }
    return { place, field };
  };

  const spanFrom = (stretch: { readonly start: number; readonly end: number } | undefined): Span | undefined => {
    if (stretch === undefined) return undefined;
    // A block scalar ends with its last line break, which nobody means when pointing at it.
    const length = file.text.slice(stretch.start, stretch.end).trimEnd().length;
    return length === 0 ? undefined : { file, start: stretch.start, end: stretch.start + length };
  };

  const spanOf = (path: Path, part: 'key' | 'value' = 'value'): Span => {
    const { place, field } = find(path);
    return spanFrom(part === 'key' ? (field ?? place) : place) ?? spanFrom(field) ?? { file, start: 0, end: 0 };
  };

  const spanWithin = (path: Path, start: number, end: number): Span => {
    const { place } = find(path);
    const { value, style, ...stretch } = place.target ?? place;
    const inner =
      style === undefined || typeof value !== 'string'
        ? undefined
        : spanInScalar(file.text, { style, value, start: stretch.start, end: stretch.end }, start, end);
    return inner === undefined ? spanOf(path) : { file, ...inner };
  };

  return { file, value: root.value, spanOf, spanWithin };
}
