import { isList, isObject, type Json } from '../base/json.ts';
import type { Expr } from '../contracts/expression.ts';
import type { Path } from '../contracts/source.ts';
import { parseExpression } from './expression.ts';
import { inferExpression } from './infer-expression.ts';
import type { SyntaxProblem } from './parsed.ts';
import { ANY, listOf, NEVER, type Shape, union } from './shape.ts';
import type { TypeProblem } from './type-problem.ts';
import type { TypeScope } from './type-scope.ts';
import { shapeOfValue } from './value-shape.ts';

/** One text with an expression in it: where it stands, and what came of reading it. */
export interface ReadText {
  readonly path: Path;
  readonly text: string;
  readonly tree?: Expr;
  readonly syntax?: SyntaxProblem;
}

/** What a field that holds an expression or a structure gives. */
export interface InferredSource {
  readonly shape: Shape;
  readonly texts: readonly ReadText[];
  readonly problems: readonly (TypeProblem & { readonly path: Path })[];
}

/** A field's value as the language reads it: a text is an expression, a map or list a structure of them, the rest stands for itself. */
export function inferSource(source: Json, path: Path, scope: TypeScope): InferredSource {
  const texts: ReadText[] = [];
  const problems: (TypeProblem & { readonly path: Path })[] = [];
  const shape = read(source, path);
  return { shape, texts, problems };

  function read(value: Json, at: Path): Shape {
    if (typeof value === 'string') {
      const parsed = parseExpression(value);
      if (!parsed.ok) {
        texts.push({ path: at, text: value, syntax: parsed.problem });
        return ANY;
      }
      texts.push({ path: at, text: value, tree: parsed.tree });
      const inferred = inferExpression(parsed.tree, scope);
      problems.push(...inferred.problems.map((problem) => ({ ...problem, path: at })));
      return inferred.shape;
    }
    if (isList(value)) {
      const items = value.map((item, i) => read(item, [...at, i]));
      return items.length > 0 && items.length <= 50 ? { type: 'list', element: NEVER, tuple: items } : listOf(union(...items));
    }
    if (isObject(value)) {
      const fields = Object.entries(value).map(([name, field]) => [name, { shape: read(field, [...at, name]), required: true }] as const);
      return { type: 'object', fields: new Map(fields), exact: true };
    }
    return shapeOfValue(value);
  }
}
