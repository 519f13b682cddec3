import type { JsonObject } from '../base/json.ts';
import type { Expr } from '../contracts/expression.ts';
import type { Shape } from './shape.ts';

/** What the names in a field stand for. */
export interface TypeScope {
  /** A name that is not here is somebody else's mistake: nothing is said of it. */
  readonly names: ReadonlyMap<string, Shape>;
  /**
   * What an unguarded read of a skipped node's output leads to: the reader is skipped as well (`follow`),
   * or there is nobody to skip, and it is a mistake (`refuse`).
   */
  readonly skips: 'follow' | 'refuse';
  /** Nodes that cannot be skipped when this field is looked at, because the field's own node would be skipped with them. */
  readonly spared?: ReadonlySet<string>;
  /** What `constants` holds: their types say of what sort they are, and not how long their lists are. */
  readonly constants?: JsonObject;
  /** Conditions that have turned out so before this field is looked at. */
  readonly known?: readonly KnownCondition[];
  /** Names of which an object or a list prints as JSON by itself. */
  readonly printable?: ReadonlySet<string>;
  /** The names `iteration`, and those of loops, from which `previous` can be told to be there. */
  readonly loops?: ReadonlySet<string>;
  /** The nodes with any of which a node is skipped, when it has no other reason to be. */
  readonly skippedWith?: (node: string) => readonly string[];
  /** True when it is certain that not all of these groups have a skipped member: one of them has its output whatever happens. */
  readonly oneAlwaysRuns?: (groups: readonly (readonly string[])[]) => boolean;
}

/** A condition, and how it has turned out. */
export interface KnownCondition {
  readonly tree: Expr;
  readonly outcome: boolean;
}
