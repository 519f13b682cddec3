import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { checkWorkflow } from '../engine/check/check.ts';
import { buildPlan } from '../engine/plan/build.ts';
import { parseDocument } from '../engine/source/document.ts';
import { parseWorkflow } from '../engine/syntax/parse.ts';
import { workflowSchema } from '../engine/syntax/schema.ts';
import { type Figure, measure, megabytes, millis, times } from './measure.ts';
import { benchKinds } from './rig.ts';
import { large } from './workloads.ts';

/** What it costs to read, check and plan a large file, against parsing and validating it with the libraries underneath. */
export async function benchText(): Promise<readonly Figure[]> {
  const count = 5000;
  const text = large(count);
  const host = { read: () => undefined, list: () => [] };
  const report = (diagnostic: { readonly message: string }): never => {
    throw new Error(diagnostic.message);
  };
  const read = () => {
    const document = parseDocument({ name: 'large.workflow.yml', text }, report);
    const workflow = document && parseWorkflow(document, { kinds: benchKinds, host }, report);
    if (!workflow) throw new Error('no workflow');
    return workflow;
  };
  const validate = new Ajv({ strict: false, allErrors: true }).compile(workflowSchema(benchKinds));
  const raw = await measure(() => validate(parse(text)), 3);
  const reading = await measure(read, 3);
  const checking = await measure(() => checkWorkflow({ workflow: read(), kinds: benchKinds }), 3);
  const all = await measure(() => {
    const workflow = read();
    const wrong = checkWorkflow({ workflow, kinds: benchKinds }).find((diagnostic) => diagnostic.severity === 'error');
    if (wrong) throw new Error(wrong.message);
    return buildPlan(workflow, benchKinds);
  }, 3);
  const bytes = `${(text.length / 1024).toFixed(0)} KB`;
  return [
    {
      what: `a file of ${count} nodes (${bytes}): read, check, plan`,
      value: millis(all.wallMs),
      byHand: `${millis(raw.wallMs)} (yaml + ajv)`,
      ratio: times(all.wallMs, raw.wallMs),
      memory: megabytes(all.heapMb),
    },
    {
      what: '— of which reading',
      value: millis(reading.wallMs),
      ratio: times(reading.wallMs, raw.wallMs),
      memory: megabytes(reading.heapMb),
    },
    { what: '— of which checking', value: millis(checking.wallMs - reading.wallMs) },
    { what: '— of which planning', value: millis(all.wallMs - checking.wallMs) },
  ];
}
