import type { Json } from '../base/json.ts';

/**
 * The tree of a CEL expression. `start` and `end` are UTF-16 offsets in its text.
 * A method call `x.f(y)` is a call of `f` with `x` as its first argument and `method: true`.
 */
export type Expr = { readonly start: number; readonly end: number } & (
  | { readonly op: 'literal'; readonly value: Json }
  | { readonly op: 'name'; readonly name: string }
  /** `of.name`; `of.?name` when optional. */
  | { readonly op: 'field'; readonly of: Expr; readonly name: string; readonly optional: boolean }
  | { readonly op: 'index'; readonly of: Expr; readonly at: Expr; readonly optional: boolean }
  | { readonly op: 'call'; readonly name: string; readonly method: boolean; readonly args: readonly Expr[] }
  | {
      readonly op: 'macro';
      readonly name: 'all' | 'exists' | 'exists_one' | 'map' | 'filter';
      readonly of: Expr;
      readonly variable: string;
      readonly where?: Expr;
      readonly body: Expr;
    }
  /** `of` is a field. */
  | { readonly op: 'has'; readonly of: Expr }
  | { readonly op: 'coalesce'; readonly args: readonly Expr[] }
  /** `optional(x)`: x, or null where a step of the path is absent. */
  | { readonly op: 'optional'; readonly of: Expr }
  | { readonly op: 'not' | 'negate'; readonly of: Expr }
  | { readonly op: 'and' | 'or'; readonly left: Expr; readonly right: Expr }
  | {
      readonly op: 'binary';
      readonly operator: '==' | '!=' | '<' | '<=' | '>' | '>=' | '+' | '-' | '*' | '/' | '%' | 'in';
      readonly left: Expr;
      readonly right: Expr;
    }
  | { readonly op: 'conditional'; readonly test: Expr; readonly then: Expr; readonly otherwise: Expr }
  | { readonly op: 'list'; readonly items: readonly Expr[] }
  | { readonly op: 'object'; readonly entries: readonly { readonly key: Expr; readonly value: Expr }[] }
);
