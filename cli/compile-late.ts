/**
 * Lets V8 optimize only what runs for long, in the whole process: for a command that works for a second and ends. Optimizing what it runs
 * takes longer than the optimized code can save: a third of all that `validate` takes for 1,000 nodes, and a fifth still for 5,000
 * (bench/README.md). Each function has to run for nine times as long as is usual (600,000 bytes of bytecode instead of 67,584).
 *
 * Only where V8 is that of Node 20: later ones have a compiler between the first and the last, and Node 24 has no such setting.
 */
export function compileLate(): void {
  // Not imported: other commands start without it.
  if (process.versions.v8.startsWith('11.')) process.getBuiltinModule('node:v8').setFlagsFromString('--interrupt-budget=600000');
}
