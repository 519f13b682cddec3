import { isList, isObject, type Json, type JsonObject } from '../base/json.ts';
import type { TemplatePart, TemplateValue } from '../contracts/template.ts';
import { printedShape } from './infer-template.ts';
import { membersOf } from './shape.ts';
import type { TypeScope } from './type-scope.ts';

/** What a template can print. */
export interface PrintedTexts {
  /** All of it when `exact`; else one text of each sort. */
  readonly texts: readonly string[];
  readonly exact: boolean;
}

/** More texts than this are not looked at one by one. */
const MOST = 200;

/** Numbers of which only the type is known, as they may be printed: what they make depends on how many digits they have, and on their sign. */
const WHOLE = ['5', '12', '-12', '123', '2027'];
const BROKEN = [...WHOLE, '1.5'];

/** What a template can print, where that is only a few sorts of texts; undefined where it may be any text. */
export function printedTexts(parts: readonly TemplatePart[], scope: TypeScope, constants: JsonObject): PrintedTexts | undefined {
  let texts: readonly string[] = [''];
  let exact = true;
  for (const part of parts) {
    const found = ofPart(part, scope, constants);
    if (found === undefined || texts.length * found.texts.length > MOST) return undefined;
    exact &&= found.exact;
    texts = texts.flatMap((before) => found.texts.map((text) => before + text));
  }
  return { texts: [...new Set(texts)], exact };
}

function ofPart(part: TemplatePart, scope: TypeScope, constants: JsonObject): PrintedTexts | undefined {
  switch (part.type) {
    case 'text':
      return { texts: [part.text], exact: true };
    case 'print':
      return ofValue(part.value, scope, constants);
    case 'if': {
      const ways = [part.then, part.otherwise].map((way) => printedTexts(way, scope, constants));
      const [one, other] = ways;
      return one && other && { texts: [...one.texts, ...other.texts], exact: one.exact && other.exact };
    }
    default:
      return undefined;
  }
}

function ofValue(value: TemplateValue, scope: TypeScope, constants: JsonObject): PrintedTexts | undefined {
  const constant = value.type === 'literal' ? value.value : constantAt(value, constants);
  if (constant === null || isList(constant) || isObject(constant)) return undefined;
  if (constant !== undefined) return { texts: [String(constant)], exact: true };
  const texts: string[] = [];
  let exact = true;
  for (const one of membersOf(printedShape(value, scope))) {
    if (one.type === 'boolean') texts.push(...(one.value === undefined ? ['true', 'false'] : [String(one.value)]));
    else if ((one.type === 'string' || one.type === 'number') && one.values !== undefined) texts.push(...one.values.map(String));
    else if (one.type === 'number') {
      texts.push(...(one.integer ? WHOLE : BROKEN));
      exact = false;
    } else if (one.type !== 'null' || one.skipped === undefined) return undefined;
  }
  return texts.length === 0 ? undefined : { texts, exact };
}

/** The constant that a path leads to; their types say of what sort they are, and not which. */
function constantAt(value: TemplateValue, constants: JsonObject): Json | undefined {
  if (value.type !== 'path' || value.explicit || value.data || value.up > 0 || value.parts[0] !== 'constants') return undefined;
  let at: Json | undefined = constants;
  for (const step of value.parts.slice(1)) {
    if (isList(at)) at = at[Number(step)];
    else at = isObject(at) && Object.hasOwn(at, step) ? at[step] : undefined;
  }
  return at;
}
