declare const brand: unique symbol;
/** A value that carries its meaning in its type: milliseconds cannot be passed for dollars. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** `run_…`; sorts by start time. */
export type RunId = Brand<string, 'RunId'>;
/** A node's id as written in the YAML. */
export type NodeId = Brand<string, 'NodeId'>;
/** A task's address: `scan`, `scan[3]`, `refine#2/draft[0]`. */
export type TaskKey = Brand<string, 'TaskKey'>;
/** sha256 of a plan's canonical JSON. */
export type PlanDigest = Brand<string, 'PlanDigest'>;
/** sha256 of a blob's content. */
export type BlobRef = Brand<string, 'BlobRef'>;
/** Milliseconds since 1970, UTC. */
export type Instant = Brand<number, 'Instant'>;
export type Millis = Brand<number, 'Millis'>;
/** Integer nano-dollars (10⁻⁹ USD); rounded once, per model call. */
export type Usd = Brand<number, 'Usd'>;

export const runId = (text: string): RunId => text as RunId;
export const nodeId = (text: string): NodeId => text as NodeId;
export const taskKey = (text: string): TaskKey => text as TaskKey;
export const planDigest = (text: string): PlanDigest => text as PlanDigest;
export const instant = (ms: number): Instant => ms as Instant;
export const millis = (ms: number): Millis => ms as Millis;
export const nanoUsd = (amount: number): Usd => amount as Usd;

/** The key of item `index` of a fanned-out node: `scan[3]`. */
export function itemKey(node: TaskKey, index: number): TaskKey {
  return `${node}[${index}]` as TaskKey;
}
