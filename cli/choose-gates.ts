import type { OpenGate } from '../engine/index.ts';
import { countOf } from './amounts.ts';
import { UsageError } from './command.ts';

/** The run and the gates a command line names. */
export interface Named {
  readonly run: string;
  readonly gates: readonly string[];
}

/**
 * What the words of a command line name: a run by its id or the beginning of it, and gates. Both may be left out where only one
 * can be meant. Names nobody knows stay as they are, so that whoever looks them up can say more. Throws UsageError.
 */
export function chooseGates(words: readonly string[], open: readonly OpenGate[]): Named {
  const runs = words.filter((word) => word.startsWith('run_'));
  const gates = words.filter((word) => !word.startsWith('run_'));
  if (runs.length > 1) throw new UsageError(`a command answers one run at a time, and ${runs.join(' and ')} are two`);
  const run = runs[0] === undefined ? onlyRun(gates, open) : runOf(runs[0], open);
  if (gates.length > 0) return { run, gates };
  const inRun = open.filter((gate) => gate.run === run).map(({ gate }) => gate);
  if (inRun.length > 1) throw new UsageError(`${run} has ${countOf(inRun.length, 'open question')}`, `name the gate: ${inRun.join(', ')}`);
  if (inRun[0] === undefined) throw new UsageError(`nothing in ${run} waits for an answer`, 'dagrun approvals list shows what does');
  return { run, gates: inRun };
}

function runOf(word: string, open: readonly OpenGate[]): string {
  const fitting = [...new Set(open.map(({ run }) => run).filter((run) => run.startsWith(word)))];
  if (fitting.includes(word)) return word;
  if (fitting.length > 1) throw new UsageError(`several runs begin with ${word}`, fitting.join(', '));
  return fitting[0] ?? word;
}

function onlyRun(gates: readonly string[], open: readonly OpenGate[]): string {
  const runs = [...new Set(open.filter(({ gate }) => gates.length === 0 || gates.includes(gate)).map(({ run }) => run))];
  if (runs.length > 1) throw new UsageError('several runs wait for an answer', `name the run: ${runs.join(', ')}`);
  // Where only one run asks anything, a gate nobody knows is a slip of its name.
  const asking = [...new Set(open.map(({ run }) => run))];
  const [run] = runs.length > 0 ? runs : asking.length === 1 ? asking : [];
  if (run !== undefined) return run;
  throw new UsageError(
    gates.length === 0 || open.length === 0 ? 'nothing waits for an answer' : `no run waits for an answer to ${gates.join(', ')}`,
    open.length === 0 ? undefined : 'dagrun approvals list shows what does',
  );
}
