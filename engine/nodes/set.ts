import type { Json } from '../base/json.ts';
import type { NodeKind } from '../contracts/node-kind.ts';

interface SetSpec {
  readonly value: Json;
}

export const set: NodeKind<SetSpec> = {
  kind: 'set',
  summary: 'Compute a value from other values: no model, no I/O, no cost.',
  schema: {
    type: 'object',
    properties: {
      value: {
        'x-holds': 'expression',
        description: 'A CEL expression, or a map or list whose texts are CEL expressions.',
      },
    },
    required: ['value'],
    additionalProperties: false,
  },
  example: 'kind: set\nvalue:\n  files: size(inputs.files_changed)\n  risky: inputs.files_changed.exists(f, f.startsWith("src/core/"))\n',
  callsModel: false,
  leavesFiles: true,
  output: () => ({}),
  outputField: 'value',
  reuse: { version: 1 },
  async execute(spec) {
    return spec.value;
  },
};
