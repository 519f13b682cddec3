import { invariant } from '../base/assert.ts';
import type { Json, JsonObject } from '../base/json.ts';
import { Failed } from '../contracts/failure.ts';
import { type NodeKind, Parked, type TaskContext } from '../contracts/node-kind.ts';
import { dataIn } from './data-text.ts';
import { askToCall, askToRepeat } from './tool-questions.ts';

interface ToolSpec {
  readonly tool: string;
  readonly with?: JsonObject;
}

export const tool: NodeKind<ToolSpec> = {
  kind: 'tool',
  summary: 'Call one tool by name: no model, no cost.',
  schema: {
    type: 'object',
    properties: {
      tool: {
        type: 'string',
        minLength: 1,
        'x-holds': 'literal',
        description: 'A tool of `tools`, or one of an MCP server: `search_db`, `fs/read_file`.',
      },
      with: {
        type: 'object',
        'x-holds': 'template',
        'x-typed': true,
        description:
          'Its arguments: name → value. A text that is exactly one `{{path}}` keeps the type of the value; `{ cel: … }` is the value of an expression.',
      },
    },
    required: ['tool'],
    additionalProperties: false,
  },
  example: 'kind: tool\ntool: count_words\nwith: { text: "{{inputs.text}}" }\n',
  callsModel: false,
  leavesFiles: true,
  output: () => ({}),
  reuse: { version: 1 },

  async execute(spec, ctx) {
    const [known] = boxOf(ctx).offered([spec.tool]);
    if (known?.approve) return new Parked({ type: 'approval', request: askToCall(spec.tool, spec.with ?? {}) }, { why: 'approve' });
    return call(spec, ctx);
  },

  async wake(spec, memo, wake, ctx) {
    const repeat = (memo as { readonly why?: unknown } | null)?.why === 'repeat';
    if (wake.type === 'answered' && wake.approved) return call(spec, ctx);
    const said = wake.type === 'answered' && wake.reason ? `, and said: ${wake.reason}` : '';
    const message = repeat ? `whether it was done is not known, and it is not done again${said}` : `a person did not allow the call${said}`;
    throw new Failed(
      repeat ? { type: 'in_doubt', message } : { type: 'tool_failed', tool: spec.tool, message: `${spec.tool}: ${message}` },
    );
  },
};

/** Throws Failed (tool_failed, output_invalid). */
async function call(spec: ToolSpec, ctx: TaskContext): Promise<Json | Parked> {
  const args = spec.with ?? {};
  const outcome = await boxOf(ctx).call({ tool: spec.tool, args });
  switch (outcome.status) {
    case 'succeeded': {
      const { output } = outcome;
      return typeof output === 'string' && ctx.outputSchema ? dataIn(output, ctx.outputSchema, `what ${spec.tool} gave`) : output;
    }
    case 'failed':
      throw new Failed({ type: 'tool_failed', tool: spec.tool, message: `${spec.tool}: ${outcome.message}` });
    case 'in_doubt':
      return new Parked(
        { type: 'approval', request: outcome.inside ?? askToRepeat(spec.tool, args) },
        { why: 'repeat' },
        { repeats: outcome.request, ...(outcome.inside && { inside: true }) },
      );
  }
}

function boxOf({ tools }: TaskContext): NonNullable<TaskContext['tools']> {
  invariant(tools, 'a task has tools');
  return tools;
}
