import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { chainByHand, graphByHand, poolByHand } from './by-hand.ts';
import { type Figure, measure, megabytes, micros, millis, times } from './measure.ts';
import { planOf, runPlan } from './rig.ts';
import { chain, fanOut, layered, skewed } from './workloads.ts';

/** What the engine itself costs, with nodes that take no time, and how close it comes to the best possible with nodes that do. */
export async function benchEngine(): Promise<readonly Figure[]> {
  return [...(await chained()), await fannedOut(), await inLayers(), await wide(), await skewedChains(), ...(await scaling())];
}

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

async function chained(): Promise<readonly Figure[]> {
  const count = 1000;
  const plan = planOf(chain(count));
  const start = performance.now();
  await runPlan(plan, { start: 0 });
  const cold = performance.now() - start;
  const ours = await measure(() => runPlan(plan, { start: 0 }));
  const hand = await measure(() => chainByHand(count, async (value) => value + 1));
  return [
    {
      what: `chain of ${count} nodes, per node`,
      value: micros(ours.wallMs, count),
      byHand: micros(hand.wallMs, count),
      ratio: times(ours.wallMs, hand.wallMs),
      aim: '≤ 60 µs',
      memory: megabytes(ours.heapMb),
    },
    { what: '— the same in the first run of a process, nothing compiled yet', value: micros(cold, count) },
  ];
}

async function fannedOut(): Promise<Figure> {
  const count = 10_000;
  const plan = planOf(fanOut(64));
  const items = range(count);
  const ours = await measure(() => runPlan(plan, { items }));
  const hand = await measure(() => poolByHand(items, 64, async (item) => item + 1));
  return {
    what: `fan-out over ${count} items, 64 at a time, per item`,
    value: micros(ours.wallMs, count),
    byHand: micros(hand.wallMs, count),
    ratio: times(ours.wallMs, hand.wallMs),
    aim: '≤ 40 µs',
    memory: megabytes(ours.heapMb),
  };
}

async function inLayers(): Promise<Figure> {
  const [layers, width] = [50, 40];
  const plan = planOf(layered(layers, width));
  const tasks = plan.nodes.map((node) => ({ id: node.id, after: node.after.map((edge) => edge.from), work: async () => 1 }));
  const ours = await measure(() => runPlan(plan, { start: 0 }));
  const hand = await measure(() => graphByHand(tasks));
  return {
    what: `${layers} layers of ${width} nodes, 3 edges each, per node`,
    value: micros(ours.wallMs, layers * width),
    byHand: micros(hand.wallMs, layers * width),
    ratio: times(ours.wallMs, hand.wallMs),
    aim: '≤ 60 µs',
    memory: megabytes(ours.heapMb),
  };
}

async function wide(): Promise<Figure> {
  const [count, width, ms] = [2000, 200, 20];
  const plan = planOf(fanOut(width, `kind: sleep\n    ms: ${ms}\n    value: item`));
  const items = range(count);
  const ours = await measure(() => runPlan(plan, { items }), 3);
  const hand = await measure(() => poolByHand(items, width, () => sleep(ms)), 3);
  const ideal = (count / width) * ms;
  return {
    what: `${count} × ${ms} ms, ${width} at a time; ideal ${ideal} ms`,
    value: `${millis(ours.wallMs)}, ${times(ours.wallMs, ideal)} ideal`,
    byHand: `${millis(hand.wallMs)}, ${times(hand.wallMs, ideal)} ideal`,
    ratio: times(ours.wallMs, hand.wallMs),
    aim: '≤ 1.06× ideal',
    memory: megabytes(ours.heapMb),
  };
}

async function skewedChains(): Promise<Figure> {
  const [count, slow, quick] = [10, 500, 20];
  const plan = planOf(skewed(count, slow, quick));
  const tasks = plan.nodes.map((node) => {
    const ms = Number(node.stages[0].spec.ms);
    return { id: node.id, after: node.after.map((edge) => edge.from), work: () => sleep(ms) };
  });
  const ours = await measure(() => runPlan(plan), 3);
  const hand = await measure(() => graphByHand(tasks), 3);
  const critical = slow + (count - 1) * quick;
  return {
    what: `${count} skewed chains; critical path ${critical} ms, with barriers ${count * slow} ms`,
    value: `${millis(ours.wallMs)}, ${times(ours.wallMs, critical)} critical path`,
    byHand: `${millis(hand.wallMs)}, ${times(hand.wallMs, critical)} critical path`,
    ratio: times(ours.wallMs, hand.wallMs),
    aim: '≤ 1.01× critical path',
    memory: megabytes(ours.heapMb),
  };
}

async function scaling(): Promise<readonly Figure[]> {
  const plan = planOf(fanOut(64));
  const figures: Figure[] = [];
  let first: number | undefined;
  for (const count of [1000, 10_000, 100_000]) {
    const items = range(count);
    const ours = await measure(() => runPlan(plan, { items }), count > 50_000 ? 3 : 9);
    const perItem = ours.wallMs / count;
    first ??= perItem;
    figures.push({
      what: `scaling: ${count} items, per item`,
      value: micros(ours.wallMs, count),
      ratio: `${times(perItem, first)} that of 1000`,
      aim: 'linear',
      memory: megabytes(ours.heapMb),
    });
  }
  return figures;
}
