import type { Json } from '../base/json.ts';

/** A path of names, as a reference has it. */
export type Steps = readonly string[];

/** What is known, at some place of an expression or template, to be there and not null. */
export type Facts = readonly Steps[];

export const NO_FACTS: Facts = [];

/** What holds when one of two tests held: what both of them show. */
export function common(a: Facts, b: Facts): Facts {
  return [...a.filter((path) => isGuarded(path, b)), ...b.filter((path) => isGuarded(path, a))];
}

/**
 * True when a null test on one of the paths guards a read of `path`: a test guards what lies below it.
 * A test below a node's output guards the whole output: where a part of it is there, the node was not skipped.
 */
export function isGuarded(path: Steps, facts: Facts): boolean {
  return guardOf(path, facts) !== undefined;
}

/** The path whose test guards a read of `path`, as it is written. */
export function guardOf(path: Steps, facts: Facts): string | undefined {
  const guard = facts.find((fact) => {
    if (isAbove(fact, path)) return true;
    return fact.length > 3 && fact[0] === 'nodes' && fact[2] === 'output' && isAbove(fact.slice(0, 3), path);
  });
  return guard?.join('.');
}

/** The output of a node that ran, because its status is, or is not, `status`; undefined when that says nothing, or of no node. */
export function outputThatRan(path: Steps | undefined, status: Json, same: boolean): Steps | undefined {
  const [root, id, property] = path ?? [];
  const ran = same ? status === 'succeeded' : status === 'skipped';
  return ran && root === 'nodes' && id !== undefined && property === 'status' && path?.length === 3 ? [root, id, 'output'] : undefined;
}

/** Of a path that was found to be there, the part that a fact can be about: one element says nothing of another. */
export function knownPart(path: Steps): Steps {
  const element = path.indexOf('[]');
  return element < 0 ? path : path.slice(0, element);
}

function isAbove(above: Steps, path: Steps): boolean {
  return above.length <= path.length && above.every((step, at) => step === path[at]);
}
