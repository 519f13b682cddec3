import type { NodeKind } from '../contracts/node-kind.ts';
import { approval } from './approval.ts';
import { llm } from './llm.ts';
import { set } from './set.ts';
import { signal } from './signal.ts';
import { wait } from './wait.ts';

/** Every kind of node, in the order in which the docs list them. The first is the kind of a node that names none. */
export const kinds: readonly NodeKind[] = [llm, set, approval, wait, signal];
