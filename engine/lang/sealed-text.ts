import { isList, isObject, type Json } from '../base/json.ts';
import type { TemplatePart } from '../contracts/template.ts';
import type { Scope } from './evaluate.ts';
import { compileTemplate } from './render.ts';

/**
 * A rendered text that may name secrets: their values are filled in where it is used, and nowhere before. What is kept of it,
 * compared or hashed holds the names. Values of a run are texts in it, so that none of them can pass for a secret.
 */
export type SealedText = string | readonly (string | { readonly secret: string })[];

/** The name of the secret a part prints, when it prints one alone. */
export function secretIn(part: TemplatePart): string | undefined {
  if (part.type !== 'print' || part.value.type !== 'path' || part.value.explicit || part.value.data) return undefined;
  const [root, name] = part.value.parts;
  return root === 'secrets' && part.value.parts.length === 2 ? name : undefined;
}

/** Renders a template that may print secrets; what stands between them is rendered like any template. */
export function compileSealed(parts: readonly TemplatePart[], partials: Readonly<Record<string, string>>): (scope: Scope) => SealedText {
  if (parts.every((part) => secretIn(part) === undefined)) return compileTemplate(parts, partials);
  const pieces: ((scope: Scope) => string | { readonly secret: string })[] = [];
  let between: TemplatePart[] = [];
  const flush = (): void => {
    if (between.length > 0) pieces.push(compileTemplate(between, partials));
    between = [];
  };
  for (const part of parts) {
    const secret = secretIn(part);
    if (secret === undefined) between.push(part);
    else {
      flush();
      pieces.push(() => ({ secret }));
    }
  }
  flush();
  return (scope) => pieces.map((piece) => piece(scope));
}

/** The text with the values of its secrets. */
export function unseal(text: SealedText, reveal: (secret: string) => string): string {
  return typeof text === 'string' ? text : text.map((part) => (typeof part === 'string' ? part : reveal(part.secret))).join('');
}

/** True when a text names a secret. */
export function isSealed(text: SealedText): boolean {
  return typeof text !== 'string';
}

/**
 * A value in which every secret is replaced by its name: plain, or as it would stand in JSON, in a URL or in base64, also among other
 * text, as in the `user:password` of a header.
 */
export function withoutSecrets<T>(value: T, secrets: ReadonlyMap<string, string>): T {
  if (secrets.size === 0) return value;
  const hidden = [...secrets].flatMap(([name, secret]) => formsOf(secret).map((text) => ({ text, name: `[secrets.${name}]` })));
  // The longest first: one secret may be a part of another.
  hidden.sort((a, b) => b.text.length - a.text.length);
  const clean = (text: string): string => hidden.reduce((left, { text: secret, name }) => left.replaceAll(secret, name), text);
  return cleaned(value as Json, clean) as T;
}

/** Shorter pieces of base64 turn up in any image by chance, and are no use to anybody who has only them. */
const LEAST_BASE64 = 8;

function formsOf(secret: string): readonly string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const ascii = json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const bytes = Buffer.from(secret);
  const base64 = [0, 1, 2].map((before) => {
    // Three bytes are four characters: what stands before a secret decides which bits go together. Taken is what it alone decides.
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
  });
  const inBase64 = base64.filter((text) => text.length >= LEAST_BASE64);
  const inUrls = inBase64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'));
  return [...new Set([secret, json, ascii, encodeURIComponent(secret), bytes.toString('base64'), ...inBase64, ...inUrls])];
}

function cleaned(value: Json, clean: (text: string) => string): Json {
  if (typeof value === 'string') return clean(value);
  if (isList(value)) return value.map((inner) => cleaned(inner, clean));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [clean(key), cleaned(inner, clean)]));
}
