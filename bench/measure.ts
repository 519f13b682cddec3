import { performance } from 'node:perf_hooks';

/** What one piece of work took. */
export interface Measured {
  readonly wallMs: number;
  /** Of the whole process, all threads. */
  readonly cpuMs: number;
  /** How much the heap had grown at the end, before anything was collected. */
  readonly heapMb: number;
}

/**
 * The fastest of `times` runs by wall time, after as many that do not count, in which the code gets compiled:
 * whatever else the machine does only adds. Memory is measured in a run of its own, because collecting the heap in between
 * throws away hidden classes, and with them the code compiled for them: that alone doubled the times.
 */
export async function measure(work: () => unknown, times = 9): Promise<Measured> {
  for (let run = 0; run < times; run += 1) await work();
  let wallMs = Number.POSITIVE_INFINITY;
  let cpuMs = Number.POSITIVE_INFINITY;
  for (let run = 0; run < times; run += 1) {
    const cpu = process.cpuUsage();
    const start = performance.now();
    await work();
    wallMs = Math.min(wallMs, performance.now() - start);
    const { user, system } = process.cpuUsage(cpu);
    cpuMs = Math.min(cpuMs, (user + system) / 1000);
  }
  globalThis.gc?.();
  const heap = process.memoryUsage().heapUsed;
  await work();
  const heapMb = (process.memoryUsage().heapUsed - heap) / 1048576;
  return { wallMs, cpuMs, heapMb };
}

/** One line of the report. */
export interface Figure {
  readonly what: string;
  readonly value: string;
  /** What the same costs written by hand, in the same process. */
  readonly byHand?: string;
  readonly ratio?: string;
  readonly aim?: string;
  readonly memory?: string;
}

export const micros = (ms: number, count: number): string => {
  const each = (ms * 1000) / count;
  return `${each.toFixed(each < 1 ? 2 : each < 100 ? 1 : 0)} µs`;
};
export const millis = (ms: number): string => (ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`);
export const megabytes = (mb: number): string => `${mb.toFixed(mb < 10 ? 1 : 0)} MB`;
export const times = (a: number, b: number): string => {
  const ratio = a / b;
  return `${ratio >= 100 ? Math.round(ratio) : ratio >= 10 ? ratio.toFixed(1) : ratio.toFixed(2)}×`;
};
