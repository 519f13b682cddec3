import { canonicalText, isList, isObject, type Json, type JsonObject, type JsonSchema } from '../base/json.ts';
import type { SchemaChange } from '../contracts/diff.ts';
import { compareShapes } from './compare-shapes.ts';
import { resolve } from './misfit.ts';
import { shapeOf } from './schema-shape.ts';

/**
 * Where two JSON Schemas part, and for whom that breaks something; none when every value that fits one fits the other and both say the
 * same of it. What a schema says in words counts, since models are told.
 */
export function compareSchemas(before: JsonSchema, after: JsonSchema): readonly SchemaChange[] {
  const [a, b] = [expanded(before), expanded(after)];
  if (canonicalText(a) === canonicalText(b)) return [];
  const ofTypes = compareShapes(shapeOf(before), shapeOf(after));
  const ofWords = wordsIn(a, b, '');
  const found = [...ofTypes, ...ofWords.filter((one) => !ofTypes.some(({ at }) => at === one.at && one.change !== 'described'))];
  const isExplained = found.some(({ change }) => change !== 'described');
  if (isExplained || canonicalText(withoutRemarks(a)) === canonicalText(withoutRemarks(b))) return found.length > 0 ? found : [DESCRIBED];
  // Alternatives, conditions: whether more or less fits cannot be told from here.
  const changed = { at: '', change: 'changed', message: 'allows other values', breaksGivers: true, breaksReaders: true } as const;
  return [changed, ...found];
}

/** Its title or its examples are others. */
const DESCRIBED: SchemaChange = {
  at: '',
  change: 'described',
  message: 'is described otherwise',
  breaksGivers: false,
  breaksReaders: false,
};

/** Words that only say something, to people and to models. */
const REMARKS: ReadonlySet<string> = new Set([
  'description',
  'title',
  'examples',
  'default',
  '$comment',
  'deprecated',
  'readOnly',
  'writeOnly',
]);

/** A schema without references but to itself, its lists in order where order does not matter. */
function expanded(root: JsonSchema): Json {
  return part(root, new Set());

  function part(schema: Json, open: ReadonlySet<string>): Json {
    if (isList(schema)) return schema.map((one) => part(one, open));
    if (!isObject(schema)) return schema;
    const { $ref, $defs, definitions, ...rest } = schema;
    const own = Object.fromEntries(Object.entries(rest).map(([word, value]) => [word, wordOf(word, value, open)]));
    if (typeof $ref !== 'string') return own;
    const target = open.has($ref) ? undefined : resolve(root, $ref);
    if (!isObject(target)) return { $ref, ...own };
    const inner = part(target, new Set([...open, $ref]));
    return isObject(inner) ? { ...inner, ...own } : own;
  }

  function wordOf(word: string, value: Json, open: ReadonlySet<string>): Json {
    if ((word === 'required' || word === 'enum') && isList(value))
      return [...value].sort((a, b) => (canonicalText(a) < canonicalText(b) ? -1 : 1));
    if (['const', 'default', 'examples'].includes(word)) return value;
    // Below `properties` stand names, not words.
    if (['properties', 'patternProperties', 'dependentSchemas'].includes(word) && isObject(value)) {
      return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, part(inner, open)]));
    }
    return part(value, open);
  }
}

function withoutRemarks(schema: Json): Json {
  if (isList(schema)) return schema.map(withoutRemarks);
  if (!isObject(schema)) return schema;
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([word]) => !REMARKS.has(word) && !word.startsWith('x-'))
      .map(([word, value]) => [word, isNames(word) && isObject(value) ? mapped(value, withoutRemarks) : withoutRemarks(value)]),
  );
}

const isNames = (word: string): boolean => word === 'properties' || word === 'patternProperties';

const mapped = (value: JsonObject, change: (inner: Json) => Json): Json =>
  Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, change(inner)]));

/** What shapes do not hold: limits of length, patterns and the like, and descriptions. */
function wordsIn(a: Json | undefined, b: Json | undefined, at: string): readonly SchemaChange[] {
  if (!isObject(a) || !isObject(b)) return [];
  const found: SchemaChange[] = [];
  for (const [word, noun] of LIMITS) {
    const change = limitChange(word, noun, a[word], b[word]);
    if (change) found.push({ at, ...change });
  }
  for (const [word, noun] of RULES) {
    if (same(a[word], b[word])) continue;
    if (a[word] === undefined || a[word] === false) found.push({ at, ...narrowed(`${noun} is new: ${said(b[word])}`) });
    else if (b[word] === undefined || b[word] === false) found.push({ at, ...widened(`${noun} is gone: ${said(a[word])}`) });
    else found.push({ at, ...both(`${noun} ${said(a[word])} became ${said(b[word])}`) });
  }
  if (!same(a.description, b.description)) {
    const message =
      a.description === undefined
        ? 'has a description now'
        : b.description === undefined
          ? 'has no description any more'
          : 'is described otherwise';
    found.push({ at, change: 'described', message, breaksGivers: false, breaksReaders: false });
  }
  if (isObject(a.properties) && isObject(b.properties)) {
    for (const [name, inner] of Object.entries(a.properties))
      found.push(...wordsIn(inner, b.properties[name], at === '' ? name : `${at}.${name}`));
  }
  found.push(...wordsIn(a.items, b.items, `${at}[]`), ...wordsIn(a.additionalProperties, b.additionalProperties, `${at}.*`));
  return found;
}

/** More of it fits less. */
const LIMITS: readonly (readonly [word: string, noun: string])[] = [
  ['minLength', 'the least length'],
  ['maxLength', 'the greatest length'],
  ['minItems', 'the least number of elements'],
  ['maxItems', 'the greatest number of elements'],
  ['minProperties', 'the least number of fields'],
  ['maxProperties', 'the greatest number of fields'],
  ['exclusiveMinimum', 'the lower bound'],
  ['exclusiveMaximum', 'the upper bound'],
];

const RULES: readonly (readonly [word: string, noun: string])[] = [
  ['pattern', 'the pattern'],
  ['format', 'the format'],
  ['multipleOf', 'the step'],
  ['uniqueItems', 'that no element repeats'],
];

type Change = Omit<SchemaChange, 'at'>;

const narrowed = (message: string): Change => ({ change: 'narrowed', message, breaksGivers: true, breaksReaders: false });
const widened = (message: string): Change => ({ change: 'widened', message, breaksGivers: false, breaksReaders: true });
const both = (message: string): Change => ({ change: 'changed', message, breaksGivers: true, breaksReaders: true });

function limitChange(word: string, noun: string, before: Json | undefined, after: Json | undefined): Change | undefined {
  const isLeast = word.startsWith('min') || word === 'exclusiveMinimum';
  const none = isLeast ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const [a, b] = [before, after].map((value) => (typeof value === 'number' ? value : none));
  if (a === undefined || b === undefined || a === b) return undefined;
  const message =
    after === undefined
      ? `${noun} is gone: ${said(before)}`
      : before === undefined
        ? `${noun} is ${said(after)} now`
        : `${noun} ${said(before)} became ${said(after)}`;
  return b > a === isLeast ? narrowed(message) : widened(message);
}

const said = (value: Json | undefined): string => (typeof value === 'string' ? `\`${value}\`` : JSON.stringify(value ?? null));

const same = (a: Json | undefined, b: Json | undefined): boolean => canonicalText(a ?? null) === canonicalText(b ?? null);
