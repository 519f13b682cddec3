import type { JsonObject } from '../base/json.ts';
import type { NodeKind } from '../contracts/node-kind.ts';

export const workflow: NodeKind<JsonObject> = {
  kind: 'workflow',
  summary: 'Another workflow file, as one node.',
  schema: {
    type: 'object',
    properties: {
      workflow: {
        type: 'string',
        pattern: '^\\S.*\\.ya?ml$',
        'x-holds': 'literal',
        'x-words': 'the path of a workflow file, ./review.workflow.yml',
        description:
          'The file; its path starts at the folder of this one and stays inside the workspace. It uses its own `defaults` and `tools`, and the tiers and providers of the run. Its outputs are the output.',
      },
      with: {
        type: 'object',
        'x-holds': 'template',
        'x-typed': true,
        description:
          'Its inputs: name → value. A text that is exactly one `{{path}}` keeps the type of the value; `{ cel: … }` is the value of an expression.',
      },
    },
    required: ['workflow'],
    additionalProperties: false,
  },
  example: 'kind: workflow\nworkflow: ./review.workflow.yml\nwith: { diff: "{{inputs.diff}}", strict: true }\n',
  callsModel: false,
  leavesFiles: true,
  output: () => ({}),
  async execute() {
    throw new Error('the nodes of a sub-workflow do its work');
  },
};
