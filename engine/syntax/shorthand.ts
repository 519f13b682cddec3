import type { Json, JsonSchema } from '../base/json.ts';
import { suggest } from '../diagnostics/suggest.ts';

/** The schema of one field written as text, or what is wrong with the text and where. */
export type Shorthand =
  | { readonly schema: JsonSchema }
  | { readonly problem: string; readonly help?: string; readonly start: number; readonly end: number };

const TYPES = ['string', 'number', 'integer', 'boolean', 'any'] as const;

/** Words of other languages for the same things. */
const SYNONYMS: Readonly<Record<string, string>> = {
  str: 'string',
  text: 'string',
  int: 'integer',
  long: 'integer',
  float: 'number',
  double: 'number',
  decimal: 'number',
  bool: 'boolean',
  object: 'a map of fields',
  map: 'a map of fields',
  dict: 'a map of fields',
  list: '[string], a list with the type of its items',
  array: '[string], a list with the type of its items',
  null: '`name?` for a field that may be missing',
  enum: 'the values themselves: a | b | c',
};

/** Formats of texts, under the names people give them. */
const FORMATS: Readonly<Record<string, string>> = {
  date: 'date',
  datetime: 'date-time',
  'date-time': 'date-time',
  timestamp: 'date-time',
  time: 'time',
  duration: 'duration',
  email: 'email',
  url: 'uri',
  uri: 'uri',
  uuid: 'uuid',
};

/** `string`, `integer 1..10`, `low | high`, each with ` -- description`: the text of a field in `fields`. */
export function parseShorthand(text: string): Shorthand {
  const split = /\s--(?:\s|$)/.exec(text);
  const body = split === null ? text : text.slice(0, split.index);
  const description = split === null ? '' : text.slice(split.index + split[0].length).trim();
  const start = body.length - body.trimStart().length;
  const parsed = parseType(body.trim(), start);
  if ('problem' in parsed || description === '') return parsed;
  return { schema: { ...parsed.schema, description } };
}

function parseType(text: string, start: number): Shorthand {
  const wrong = (problem: string, help?: string, from = 0, to = text.length): Shorthand => ({
    problem,
    ...(help !== undefined && { help }),
    start: start + from,
    end: start + Math.max(to, from + 1),
  });
  if (text === '')
    return wrong('the type of the field is missing', 'write `string`, `number`, `integer`, `boolean`, `a | b`, or a list or map of these');
  if (text.includes('|')) return parseEnum(text, start);
  const list = /^\[(.*)\]$/s.exec(text);
  if (list !== null) {
    const items = parseShorthand(list[1] ?? '');
    return 'problem' in items
      ? { ...items, start: items.start + start + 1, end: items.end + start + 1 }
      : { schema: { type: 'array', items: items.schema } };
  }
  const [word = ''] = /^[^\s?[\]]+/.exec(text) ?? [''];
  const rest = text.slice(word.length);
  if (!isType(word)) {
    const format = Object.hasOwn(FORMATS, word.toLowerCase()) ? FORMATS[word.toLowerCase()] : undefined;
    if (format !== undefined)
      return wrong(`"${word}" is not a type`, `write { schema: { type: string, format: ${format} } }`, 0, word.length);
    if (word.startsWith('#/') || /\.(json|ya?ml)$/.test(word))
      return wrong(`"${word}" is not a type`, `write { $ref: "${word}" }`, 0, word.length);
    const near = suggest(word, TYPES);
    const meant = near ?? (Object.hasOwn(SYNONYMS, word.toLowerCase()) ? SYNONYMS[word.toLowerCase()] : undefined);
    const known =
      meant !== undefined && TYPES.some((type) => type === meant)
        ? `did you mean "${meant}"?`
        : meant === undefined
          ? undefined
          : `write ${meant}`;
    return wrong(
      `"${word}" is not a type`,
      known ?? `types are string, number, integer, boolean and any; a single allowed value is written { schema: { const: ${word} } }`,
      0,
      word.length,
    );
  }
  const schema: JsonSchema = word === 'any' ? {} : { type: word };
  if (rest === '') return { schema };
  if (rest.startsWith('?')) return wrong(`"?" belongs to the name of the field: \`name?: ${word}\``, undefined, word.length);
  if (rest.startsWith('[')) return wrong(`a list is written [${word}]`, undefined, word.length);
  return parseRange(schema, word, rest, start + word.length);
}

function parseRange(schema: JsonSchema, word: string, rest: string, start: number): Shorthand {
  const lead = rest.length - rest.trimStart().length;
  const text = rest.trim();
  const wrong = (problem: string, help: string): Shorthand => ({ problem, help, start: start + lead, end: start + lead + text.length });
  const range = /^(-?\d+(?:\.\d+)?)?\.\.(-?\d+(?:\.\d+)?)?$/.exec(text);
  if (range === null || (range[1] === undefined && range[2] === undefined)) {
    const number = word === 'number' || word === 'integer';
    return wrong(
      `"${text}" cannot follow the type "${word}"`,
      `write \`${word} -- ${text}\` if it is a description${number ? `, or a range: \`${word} 0..10\`` : ''}`,
    );
  }
  if (word !== 'number' && word !== 'integer') {
    return wrong(
      `a range is for numbers, and this is "${word}"`,
      `write { schema: { type: ${word === 'any' ? 'number' : word}, … } } for other bounds`,
    );
  }
  const minimum = range[1] === undefined ? undefined : Number(range[1]);
  const maximum = range[2] === undefined ? undefined : Number(range[2]);
  if (minimum !== undefined && maximum !== undefined && minimum > maximum)
    return wrong(`no number lies between ${minimum} and ${maximum}`, `write ${maximum}..${minimum}`);
  if (word === 'integer' && ![minimum, maximum].every((bound) => bound === undefined || Number.isInteger(bound))) {
    return wrong(`the bounds of an integer are whole numbers`, `write \`number ${text}\` if fractions are allowed`);
  }
  return { schema: { ...schema, ...(minimum !== undefined && { minimum }), ...(maximum !== undefined && { maximum }) } };
}

function parseEnum(text: string, start: number): Shorthand {
  const values: string[] = [];
  let at = 0;
  for (const part of text.split('|')) {
    const value = part.trim();
    const from = start + at + (part.length - part.trimStart().length);
    const to = from + Math.max(1, value.length);
    at += part.length + 1;
    if (value === '')
      return { problem: 'a value is missing here', help: 'write the values with | between them: a | b | c', start: from, end: to };
    if (TYPES.some((type) => type === value) || value === 'null') {
      const help = severalTypes(text.split('|').map((word) => word.trim()));
      return { problem: `"${value}" is a type, and | stands between values`, help, start: from, end: to };
    }
    if (values.includes(value)) return { problem: `"${value}" is there twice`, start: from, end: to };
    values.push(value);
  }
  if (values.every((value) => /^(["']).*\1$/.test(value))) {
    const bare = values.map((value) => value.slice(1, -1)).join(' | ');
    return { problem: 'the values stand without quotes', help: `write ${bare}`, start, end: start + text.length };
  }
  if (values.length === 2 && values.includes('true') && values.includes('false')) return { schema: { type: 'boolean' } };
  if (values.every((value) => /^-?\d+(\.\d+)?$/.test(value))) {
    const numbers: readonly Json[] = values.map(Number);
    return { schema: { type: numbers.every((number) => Number.isInteger(number)) ? 'integer' : 'number', enum: numbers } };
  }
  return { schema: { type: 'string', enum: values } };
}

/** What to write where several types were joined by |, one of them perhaps null. */
function severalTypes(words: readonly string[]): string {
  const types = words.filter((word) => word !== 'any' && TYPES.some((type) => type === word));
  const all = types.length > 0 && types.length + words.filter((word) => word === 'null').length === words.length;
  const listed = all ? words.map((word) => (word === 'null' ? '"null"' : word)) : ['string', words.includes('null') ? '"null"' : 'number'];
  const schema = `{ schema: { type: [${listed.join(', ')}] } }`;
  return words.includes('null') ? `write ${schema}, or \`name?\` if the field may be missing` : `write ${schema} for several types`;
}

/** Whether a word is a type of the shorthand. */
export function isType(word: string): boolean {
  return TYPES.some((type) => type === word);
}
