import type { NodeKind } from '../contracts/node-kind.ts';
import type { Workflow } from '../contracts/workflow.ts';
import { readingsOf } from './readings.ts';
import { shapeOf } from './schema-shape.ts';
import type { WorkflowTypes } from './scope-shape.ts';
import { objectOf, type Shape } from './shape.ts';
import { settledLiterals } from './value-shape.ts';

/** What a whole workflow gives to whoever calls it: an object of its outputs, by their schemas where they have one. */
export function fileShape(workflow: Workflow, types: WorkflowTypes, kinds: readonly NodeKind[]): Shape {
  const outputs = readingsOf(workflow, kinds)
    .filter(({ place }) => place === 'file')
    .map((reading): [string, Shape] => {
      const declared = workflow.outputs.get(reading.field)?.schema;
      return [reading.field, declared === undefined ? settledLiterals(types.inferred(reading).shape) : shapeOf(declared)];
    });
  return objectOf(Object.fromEntries(outputs));
}
