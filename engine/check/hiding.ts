import type { Report } from '../contracts/diagnostic.ts';
import type { Expr } from '../contracts/expression.ts';
import type { TemplatePart } from '../contracts/template.ts';
import { parseExpression } from '../lang/expression.ts';
import type { FieldReading } from '../lang/readings.ts';
import { expressionsIn } from '../lang/structure.ts';
import { parseTemplate } from '../lang/template.ts';
import { readerOf } from './known-names.ts';
import { namesIn } from './names-in.ts';
import type { CheckInput } from './rule.ts';

/** No variable of a macro or a block takes the name of something else that can be read there: one would be taken for the other. */
export function checkHiding({ workflow, references }: CheckInput, report: Report): void {
  for (const reading of references) {
    for (const { name, path, start } of variablesIn(reading)) {
      // The `index` of an `each` inside a fan-out is what everybody writes, and takes it for.
      if (name === 'index' || !namesIn(reading).includes(name)) continue;
      report({
        code: 'DAG209',
        severity: 'warning',
        message: `${readerOf(reading)} calls something else "${name}"`,
        at: workflow.document.spanWithin(path, start, start + name.length),
        label: 'this hides what has the name',
        help: 'choose another name for the variable',
      });
    }
  }
}

interface Variable {
  readonly name: string;
  readonly path: FieldReading['path'];
  /** Offset of its first mention, in the text at `path`. */
  readonly start: number;
}

function variablesIn({ holds, source, path }: FieldReading): readonly Variable[] {
  if (holds === 'expression') return expressionsIn(source, path).flatMap((one) => macroVariables(one.text, one.path));
  if (typeof source !== 'string' || !BLOCK_NAMES.test(source)) return [];
  const parsed = parseTemplate(source);
  return parsed.ok ? blockVariables(parsed.tree, source, path) : [];
}

const BLOCK_NAMES = /\bas\s+\|/;
const MACRO = /\.(?:all|exists|exists_one|map|filter)\(\s*(?=([a-z_]\w*)\s*,)/gi;

function macroVariables(text: string, path: FieldReading['path']): readonly Variable[] {
  const calls = [...text.matchAll(MACRO)];
  if (calls.length === 0) return [];
  const parsed = parseExpression(text);
  if (!parsed.ok) return [];
  // What looks like a macro inside a text is none.
  const ends = new Set(macrosIn(parsed.tree).map((macro) => macro.of.end));
  return calls.filter((call) => ends.has(call.index)).map((call) => ({ name: call[1] ?? '', path, start: call.index + call[0].length }));
}

type Macro = Expr & { readonly op: 'macro' };

function macrosIn(tree: Expr): readonly Macro[] {
  const found: Macro[] = [];
  const open: unknown[] = [tree];
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    if (typeof part !== 'object' || part === null) continue;
    if ('op' in part && part.op === 'macro') found.push(part as Macro);
    open.push(...Object.values(part).filter((value) => value !== undefined));
  }
  return found;
}

function blockVariables(parts: readonly TemplatePart[], text: string, path: FieldReading['path']): readonly Variable[] {
  return parts.flatMap((part): readonly Variable[] => {
    if (part.type === 'if') return [...blockVariables(part.then, text, path), ...blockVariables(part.otherwise, text, path)];
    if (part.type !== 'each' && part.type !== 'with') return [];
    const bar = text.indexOf('|', part.of.end);
    const own = part.names.map((name) => ({ name, path, start: bar + 1 + text.slice(bar + 1).search(new RegExp(`\\b${name}\\b`)) }));
    return [...own, ...blockVariables(part.body, text, path), ...blockVariables(part.otherwise, text, path)];
  });
}
