import type { JsonObject } from '../base/json.ts';
import type { NodeKind } from '../contracts/node-kind.ts';

export const group: NodeKind<JsonObject> = {
  kind: 'group',
  summary: 'Nodes inside a node: the body of a fan-out or of a loop, or a case of a route.',
  schema: {
    type: 'object',
    properties: {
      nodes: {
        type: 'object',
        minProperties: 1,
        'x-holds': 'literal',
        'x-inside': 'nodes',
        description:
          'The nodes: id → node. They read each other and everything around the group; outside, only the group can be read. What it gives is `result`, or an object of their outputs by id.',
      },
    },
    required: ['nodes'],
    additionalProperties: false,
  },
  example:
    'kind: group\nforeach: { items: inputs.topics, as: topic, concurrency: 4 }\nnodes:\n  draft: { prompt: "Write a paragraph about {{topic}}." }\n  polish: { tier: cheap, prompt: "Shorten it. {{nodes.draft.output}}" }\nresult: nodes.polish.output\n',
  callsModel: false,
  leavesFiles: true,
  output: () => ({}),
  async execute() {
    throw new Error('the nodes of a group do its work');
  },
};
