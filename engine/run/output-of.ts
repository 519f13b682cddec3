import type { Json } from '../base/json.ts';
import type { TaskState } from '../contracts/store.ts';

/** What a task or a node has given: null for one that gave nothing. */
export function outputOf(state: TaskState | undefined): Json {
  if (state?.status === 'skipped') return state.output;
  if (state?.status !== 'succeeded' || state.output === null) return null;
  if ('json' in state.output) return state.output.json;
  throw new Error(`blob ${state.output.blob} was not loaded`);
}
