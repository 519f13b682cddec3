import { createRequire } from 'node:module';
import type { Ajv, Options } from 'ajv';
import type { Ajv2020 } from 'ajv/dist/2020.js';
import { fullFormats } from 'ajv-formats/dist/formats.js';
import { isObject, type Json, type JsonSchema } from '../base/json.ts';
import type { Path } from '../contracts/source.ts';
import { type FormatTest, misfits, type Problem } from './misfit.ts';
import { compileRegex } from './regex.ts';

export type { Problem } from './misfit.ts';

/** What is wrong with a value; empty when it fits. */
export type Validator = (value: Json) => readonly Problem[];

const NONE: readonly Problem[] = [];
const known = new WeakMap<JsonSchema, Validator>();

/** Compiling a schema costs as much as some hundred plain checks: most schemas of a short run are never worth it. */
const WARM = 50;

/** What only compiled code looks at. */
const COMPILED_ONLY = /"(?:unevaluated\w+|\$dynamicRef|\$anchor|\$id)":/;

/**
 * A validator for a schema (2020-12, or draft-07 when its `$schema` says so) that is sound and self-contained; remembered per
 * schema object. It is compiled once it is used often: then a value that fits costs about a microsecond.
 */
export function compileValidator(schema: JsonSchema): Validator {
  const done = known.get(schema);
  if (done !== undefined) return done;
  let check: Validator | undefined;
  let left = isDraft07(schema) || COMPILED_ONLY.test(JSON.stringify(schema)) ? 0 : WARM;
  const validator: Validator = (value) => {
    if (left > 0) {
      left -= 1;
      return misfits(value, schema, isFormat);
    }
    check ??= compile(schema);
    return check(value);
  };
  known.set(schema, validator);
  return validator;
}

function compile(schema: JsonSchema): Validator {
  const ajv = isDraft07(schema) ? draft07() : draft2020();
  const fits = ajv.compile(schema);
  // The compiler's own memory would keep every schema of a long-lived process.
  ajv.removeSchema(schema);
  return (value) => {
    if (fits(value)) return NONE;
    const problems = misfits(value, schema, isFormat);
    if (problems.length > 0) return problems;
    const [error] = fits.errors ?? [];
    const path = pathOf(error?.instancePath ?? '', value);
    const keyword = error?.keyword ?? 'false';
    const field = path.length === 0 ? 'the value' : `"${path.join('.')}"`;
    return [{ path, keyword, params: {}, schema, message: `${field} does not meet "${keyword}" of its schema` }];
  };
}

/** Steps that are indexes come back as numbers. */
function pathOf(pointer: string, value: Json): Path {
  const path: (string | number)[] = [];
  let at: Json | undefined = value;
  for (const step of pointer.split('/').slice(1)) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    path.push(Array.isArray(at) ? Number(key) : key);
    at = Array.isArray(at) ? at[Number(key)] : isObject(at) ? at[key] : undefined;
  }
  return path;
}

function isDraft07(schema: JsonSchema): boolean {
  return typeof schema.$schema === 'string' && /draft-0[4-7]/.test(schema.$schema);
}

/** The compiler tells patterns apart by their text: two that print alike would be taken for one. */
function regExp(pattern: string): { test(text: string): boolean; toString(): string } {
  const { test } = compileRegex(pattern);
  return { test, toString: () => pattern };
}
regExp.code = 'compileRegex';

/** Unknown keywords and formats are annotations; schemas are examined where they are written, not here; `$id` claims no global name. */
const options: Options = {
  strict: false,
  validateSchema: false,
  addUsedSchema: false,
  logger: false,
  code: { regExp },
  multipleOfPrecision: 9,
};

let made2020: Ajv2020 | undefined;
let made07: Ajv | undefined;

/** The compiler is loaded when it is first needed: commands that only look at a file never do. */
const load = createRequire(import.meta.url);

function draft2020(): Ajv2020 {
  made2020 ??= withFormats(new (load('ajv/dist/2020.js') as typeof import('ajv/dist/2020.js')).Ajv2020(options));
  return made2020;
}

function draft07(): Ajv {
  made07 ??= withFormats(new (load('ajv') as typeof import('ajv')).Ajv(options));
  return made07;
}

function withFormats<A extends Ajv | Ajv2020>(ajv: A): A {
  (load('ajv-formats') as { readonly default: (ajv: Ajv) => unknown }).default(ajv as Ajv);
  ajv.addFormat('path', true);
  return ajv;
}

const isFormat: FormatTest = (name, text) => {
  const format = Object.hasOwn(fullFormats, name) ? fullFormats[name as keyof typeof fullFormats] : undefined;
  if (format instanceof RegExp) return format.test(text);
  if (typeof format === 'function') return format(text);
  if (typeof format !== 'object' || !('validate' in format)) return undefined;
  const { validate } = format;
  if (validate instanceof RegExp) return validate.test(text);
  return typeof validate === 'function' ? (validate as (value: string) => boolean)(text) : undefined;
};
