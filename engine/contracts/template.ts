import type { Json } from '../base/json.ts';

/** The tree of a template: its parts in order. `start` and `end` are UTF-16 offsets in its text. */
export type TemplatePart = { readonly start: number; readonly end: number } & (
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'print'; readonly value: TemplateValue }
  /** `{{#if}}`, or `{{#unless}}` when negated. */
  | {
      readonly type: 'if';
      readonly test: TemplateValue;
      readonly negated: boolean;
      readonly then: readonly TemplatePart[];
      readonly otherwise: readonly TemplatePart[];
    }
  /** `{{#each of as |item index|}}`. */
  | {
      readonly type: 'each';
      readonly of: TemplateValue;
      readonly names: readonly string[];
      readonly body: readonly TemplatePart[];
      readonly otherwise: readonly TemplatePart[];
    }
  | {
      readonly type: 'with';
      readonly of: TemplateValue;
      readonly names: readonly string[];
      readonly body: readonly TemplatePart[];
      readonly otherwise: readonly TemplatePart[];
    }
  /** `{{> name context key=value}}`. */
  | {
      readonly type: 'partial';
      readonly name: string;
      readonly context?: TemplateValue;
      readonly hash: Readonly<Record<string, TemplateValue>>;
      readonly indent: string;
    }
);

/**
 * A path is `a.b`, `this.b`, `../a.b` or `@index`. A bare first name is, in this order: a block's own name (`as |x|`), a name in scope
 * (inputs, nodes, item, …), a field of the innermost context. `explicit` is true for `this.…` and `../…`, which are always the context's.
 */
export type TemplateValue = { readonly start: number; readonly end: number } & (
  | { readonly type: 'path'; readonly up: number; readonly explicit: boolean; readonly data: boolean; readonly parts: readonly string[] }
  | { readonly type: 'literal'; readonly value: Json }
  | {
      readonly type: 'helper';
      readonly name: string;
      readonly args: readonly TemplateValue[];
      readonly hash: Readonly<Record<string, TemplateValue>>;
    }
);
