import type { Json, JsonSchema } from '../base/json.ts';
import type { NodeKind } from '../contracts/node-kind.ts';

interface SignalSpec {
  readonly signal: string;
  readonly to: string;
  readonly payload?: Json;
}

/** The name of a signal: it stands in files, on command lines and in URLs. */
export const SIGNAL_NAME: JsonSchema = {
  type: 'string',
  pattern: '^[A-Za-z][A-Za-z0-9_.-]*$',
  'x-words': 'letters, digits, `_`, `.` and `-`, a letter first',
  'x-holds': 'literal',
};

export const signal: NodeKind<SignalSpec> = {
  kind: 'signal',
  summary: 'Send a signal to another run, or to all: whoever waits for it goes on.',
  schema: {
    type: 'object',
    properties: {
      signal: { ...SIGNAL_NAME, description: 'Its name: letters, digits, `_`, `.`, `-`.' },
      to: { type: 'string', minLength: 1, 'x-holds': 'template', description: 'The id of a run, or `all` that are under way.' },
      payload: {
        'x-holds': 'template',
        'x-typed': true,
        description:
          'What it carries. A text that is exactly one `{{path}}` keeps the type of the value; `{ cel: … }` is the value of an expression.',
      },
    },
    required: ['signal', 'to'],
    additionalProperties: false,
  },
  example: 'kind: signal\nsignal: build-finished\nto: all\npayload: { version: "{{inputs.version}}" }\n',
  callsModel: false,
  leavesFiles: true,
  output: () => ({ type: 'object', properties: { runs: { type: 'integer' } }, required: ['runs'], additionalProperties: false }),
  async execute(spec, ctx) {
    return { runs: await ctx.send(spec.signal, spec.payload ?? null, spec.to) };
  },
};
