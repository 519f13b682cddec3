import type { Json } from '../base/json.ts';
import { fail } from './failing.ts';

/** Steps one evaluation may take: an element looked at, a value compared. About a second of work. */
const MAX_STEPS = 10_000_000;
/** Characters of the longest text an expression may make. */
export const MAX_TEXT: number = 16 * 1024 * 1024;

/** What one evaluation may still cost, so that no expression can hold the engine up. */
export class Budget {
  #left = MAX_STEPS;

  /** Throws Failed when an evaluation takes too many steps. */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) fail('this expression takes too many steps; work on fewer elements, or compute it in several nodes');
  }

  /** The text itself, when it is not too long. */
  text(text: string): string {
    if (text.length > MAX_TEXT) fail(`this expression makes a text of more than ${MAX_TEXT / 1024 / 1024} million characters`);
    return text;
  }

  /** The list itself, when there is room for it. */
  list(list: readonly Json[]): readonly Json[] {
    this.spend(list.length);
    return list;
  }
}
