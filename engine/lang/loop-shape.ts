import { ANY, type Shape, sameShape } from './shape.ts';

/** What goes through the rounds of a loop. */
export interface LoopShape {
  /** Null in the first round. */
  readonly previous: Shape;
  readonly carry: ReadonlyMap<string, Shape>;
  /** At the end of a round, when what it begins with has been left behind. */
  readonly carriedOn: ReadonlyMap<string, Shape>;
}

/** What is known of a loop before anything is. */
export const NO_LOOP: LoopShape = { previous: ANY, carry: new Map(), carriedOn: new Map() };

/** True when another round would not tell more. */
export function sameLoop(a: LoopShape, b: LoopShape): boolean {
  const same = (one: LoopShape['carry'], other: LoopShape['carry']): boolean =>
    [...one].every(([name, shape]) => sameShape(shape, other.get(name) ?? ANY));
  return sameShape(a.previous, b.previous) && same(a.carry, b.carry) && same(a.carriedOn, b.carriedOn);
}
