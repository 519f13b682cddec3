import type { JsonSchema } from '../base/json.ts';
import type {
  CallPrice,
  DiffedWorkflow,
  DiffGraph,
  EdgeChange,
  FieldChange,
  NodeChange,
  NodeReuse,
  Presence,
  PriceChange,
  SchemaChange,
  SignatureChange,
  WorkflowDiff,
} from '../contracts/diff.ts';
import { objectOf, oneOf, text } from '../lang/described.ts';

const yesOrNo = (description: string): JsonSchema => ({ type: 'boolean', description });
const listOf = (name: string, description: string): JsonSchema => ({
  type: 'array',
  items: { $ref: `#/definitions/${name}` },
  description,
});
const dollars = (description: string): JsonSchema => ({ type: ['number', 'null'], description: `${description}; null: not known.` });

const workflow = objectOf<DiffedWorkflow>(
  {
    workflow: text('Its name.'),
    file: text('As it was named: `review.workflow.yml`, `HEAD:review.workflow.yml`.'),
    digest: text('Of its plan: equal ones run the same.'),
  },
  {},
);

const signature = objectOf<SignatureChange>(
  {
    of: oneOf<SignatureChange['of']>({ input: true, output: true, workflow: true }),
    name: text('As it is called now.'),
    change: oneOf<SignatureChange['change']>({
      added: true,
      removed: true,
      renamed: true,
      type: true,
      default: true,
      value: true,
      description: true,
    }),
    breaking: yesOrNo('True when somebody who calls the workflow has to change something.'),
    before: text('The name it had.'),
    at: text('Which part of it: `findings[].severity`.'),
    message: text('In a sentence, without its name.'),
  },
  { before: true, at: true },
);

const node = objectOf<NodeChange>(
  {
    node: text('Its address: nodes inside nodes are `group/inner`.'),
    change: oneOf<NodeChange['change']>({ added: true, removed: true, renamed: true, changed: true }),
    before: text('Of a renamed one: its address before.'),
    similarity: { type: 'number', minimum: 0, maximum: 1, description: 'Of a renamed one: how alike both are.' },
    is: text('Its kind, and what answers it: `llm · cheap`.'),
    fields: listOf('field', 'What is written on it.'),
    output: listOf('schema', 'The schema of its output, part by part.'),
  },
  { before: true, similarity: true },
);

const field = objectOf<FieldChange>(
  {
    field: text('As its author knows it: `prompt`, `retry.max_attempts`.'),
    holds: oneOf<FieldChange['holds']>({ text: true, expression: true, value: true }),
    before: { description: 'null where it was not written.' },
    after: { description: 'null where it is not written any more.' },
  },
  {},
);

const schema = objectOf<SchemaChange>(
  {
    at: text('`findings[].severity`; empty for the whole.'),
    change: oneOf<SchemaChange['change']>({
      added: true,
      removed: true,
      required: true,
      optional: true,
      narrowed: true,
      widened: true,
      changed: true,
      described: true,
    }),
    message: text('In a sentence, without its name.'),
    breaksGivers: yesOrNo('True when a value that was right may be wrong now.'),
    breaksReaders: yesOrNo('True when what is read may be missing, or be something that it never was.'),
  },
  {},
);

const edge = objectOf<EdgeChange>(
  {
    from: text('The node that is waited for.'),
    to: text('The node that waits.'),
    change: oneOf<EdgeChange['change']>({ added: true, removed: true, optional: true, required: true }),
    why: text('What makes it, or made it: `prompt reads output.kind`.'),
  },
  {},
);

const reuse = objectOf<NodeReuse>(
  {
    node: text('Its address.'),
    verdict: {
      ...oneOf<NodeReuse['verdict']>({ kept: true, cache: true, may_change: true, again: true, new: true, never: true }),
      description:
        'kept: earlier outputs stand; cache: only those in the cache; may_change: it reads what may be different; again: it is done again; never: its kind always is.',
    },
    because: text('Empty where the verdict says it all.'),
  },
  {},
);

const price = objectOf<PriceChange>(
  {
    node: text('Its address.'),
    repeated: yesOrNo('True when there is a call for every item or round.'),
    before: listOf('call', 'One for each tier it may ask; absent where there was no such call.'),
    after: listOf('call', 'One for each tier it may ask; absent where there is no such call any more.'),
  },
  { before: true, after: true },
);

const call = objectOf<CallPrice>(
  {
    model: text('The first candidate, `provider/model`.'),
    input: dollars('Per million tokens'),
    output: dollars('Per million tokens'),
    call: dollars('For a call of 1,000 tokens in and 500 out'),
  },
  {},
);

const state = oneOf<Presence>({ same: true, added: true, removed: true, changed: true });

const graph = objectOf<DiffGraph>(
  {
    nodes: {
      type: 'array',
      items: objectOf<DiffGraph['nodes'][number]>(
        {
          node: text('Its address.'),
          inside: text('The address of the node it is inside of.'),
          before: text('Of a renamed one: its address before.'),
          is: text('Its kind, and what answers it.'),
          state,
          foreach: yesOrNo('Done once per item.'),
          conditional: yesOrNo('May be skipped by a condition of its own.'),
        },
        { inside: true, before: true },
      ),
    },
    edges: {
      type: 'array',
      items: objectOf<DiffGraph['edges'][number]>(
        { from: text('An address.'), to: text('An address.'), optional: yesOrNo('The source may be skipped.'), state },
        {},
      ),
    },
  },
  {},
);

/** The JSON Schema (draft-07) of what `dagrun diff --format json` prints. */
export const diffSchema: JsonSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'dagrun workflow difference',
  description: 'What is different between two workflows, or two versions of one.',
  ...objectOf<WorkflowDiff>(
    {
      schemaVersion: { const: 1 },
      before: { $ref: '#/definitions/workflow' },
      after: { $ref: '#/definitions/workflow' },
      same: yesOrNo('True when both would run the same.'),
      breaking: yesOrNo('True when somebody who calls the workflow has to change something.'),
      signature: listOf('signature', 'What callers see: inputs, outputs, the name.'),
      nodes: listOf('node', 'Nodes that are not as they were.'),
      edges: listOf('edge', 'What waits for what.'),
      settings: listOf('field', 'What belongs to no node: limits, tiers, constants, tools, partials.'),
      reuse: listOf('reuse', 'For each node that holds no others: whether outputs made before still stand.'),
      prices: listOf('price', 'Nodes whose calls have another price, or are new or gone.'),
      graph: { $ref: '#/definitions/graph' },
    },
    {},
  ),
  definitions: { workflow, signature, node, field, schema, edge, reuse, price, call, graph },
};
