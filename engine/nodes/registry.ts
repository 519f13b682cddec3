import type { NodeKind } from '../contracts/node-kind.ts';
import { approval } from './approval.ts';
import { command } from './command.ts';
import { group } from './group.ts';
import { http } from './http.ts';
import { llm } from './llm.ts';
import { script } from './script.ts';
import { set } from './set.ts';
import { signal } from './signal.ts';
import { tool } from './tool.ts';
import { wait } from './wait.ts';
import { workflow } from './workflow.ts';
import { write } from './write.ts';

/** Every kind of node, in the order in which the docs list them. The first is the kind of a node that names none. */
export const kinds: readonly NodeKind[] = [llm, set, script, command, http, tool, workflow, group, write, approval, wait, signal];
