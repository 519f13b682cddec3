import { instant, type Millis } from '../base/ids.ts';
import { isObject, type Json, type JsonObject, type JsonSchema } from '../base/json.ts';
import { renderDuration } from '../base/units.ts';
import { Failed } from '../contracts/failure.ts';
import { type NodeKind, Parked } from '../contracts/node-kind.ts';
import { checkDuration, durationIn } from './duration.ts';

interface ApprovalSpec {
  readonly message: string;
  readonly form?: JsonSchema;
  readonly expires?: string;
  readonly on_expiry?: 'reject' | 'approve' | 'fail';
  readonly approvers?: readonly string[];
  readonly require_different_approver?: boolean;
}

export const approval: NodeKind<ApprovalSpec> = {
  kind: 'approval',
  summary: 'Ask a person, and wait for the answer; the process may exit meanwhile.',
  schema: {
    type: 'object',
    properties: {
      message: { type: 'string', 'x-holds': 'template', description: 'What the person is asked, with all it takes to decide.' },
      form: {
        type: 'object',
        'x-schema': true,
        'x-holds': 'literal',
        description: 'The schema of what is filled in with a yes; it is `output.form`.',
      },
      expires: {
        type: 'string',
        'x-unit': 'duration',
        'x-holds': 'template',
        description: 'How long there is to answer: `4h`, `2d`. Without it the question stays open.',
      },
      on_expiry: {
        enum: ['reject', 'approve', 'fail'],
        'x-holds': 'literal',
        description: 'What no answer in time means; goes with `expires`.',
      },
      approvers: {
        type: 'array',
        minItems: 1,
        items: { type: 'string', minLength: 1, 'x-holds': 'template' },
        'x-holds': 'template',
        description: 'Names of those who may answer. Default: anybody.',
      },
      require_different_approver: {
        type: 'boolean',
        'x-holds': 'literal',
        description: 'Whether whoever started the run may not answer. Default: false.',
      },
    },
    required: ['message'],
    dependencies: { expires: ['on_expiry'], on_expiry: ['expires'] },
    additionalProperties: false,
  },
  example: 'kind: approval\nmessage: Deploy {{inputs.version}} to production?\nexpires: 24h\non_expiry: reject\n',
  callsModel: false,
  leavesFiles: true,
  waits: true,

  output({ form }) {
    const filled = isObject(form) ? form : undefined;
    const { $defs, ...body } = filled ?? {};
    return {
      type: 'object',
      properties: {
        approved: { type: 'boolean' },
        reason: { type: ['string', 'null'] },
        responder: { type: ['string', 'null'] },
        form: filled ? { anyOf: [body, { type: 'null' }] } : { type: 'null' },
      },
      required: ['approved', 'reason', 'responder', 'form'],
      additionalProperties: false,
      ...($defs !== undefined && { $defs }),
    };
  },

  check(spec, report, node) {
    if (node.output !== undefined)
      report('DAG124', ['output'], 'what an approval gives is known: `output` cannot change it', {
        help: 'describe what is filled in with `form`, and adapt the output with `result`',
      });
    checkDuration(spec, 'expires', report);
    if (spec.expires !== undefined && spec.on_expiry === undefined)
      report('DAG121', ['expires'], 'nothing says what no answer in time means', { help: 'add `on_expiry: reject`, `approve` or `fail`' });
    if (spec.on_expiry !== undefined && spec.expires === undefined)
      report('DAG121', ['on_expiry'], 'without `expires` there is always time left to answer', {
        help: 'add `expires: 24h`, or remove it',
      });
    if (spec.on_expiry === 'approve' && spec.form !== undefined)
      report('DAG124', ['on_expiry'], 'nobody fills in the form when time approves', {
        help: 'use `reject` or `fail`, or leave out the form',
      });
  },

  async execute(spec, ctx) {
    const time = spec.expires === undefined ? undefined : durationIn(spec.expires, 'expires');
    return new Parked({
      type: 'approval',
      request: {
        message: spec.message,
        ...(spec.form && { form: spec.form }),
        approvers: spec.approvers ?? [],
        requireDifferentApprover: spec.require_different_approver ?? false,
      },
      ...(time !== undefined && { deadline: instant(ctx.now() + time) }),
    });
  },

  async wake(spec, _memo, wake) {
    if (wake.type === 'answered')
      return outputOf(wake.approved, wake.reason, wake.by, wake.approved && spec.form !== undefined ? wake.form : null);
    const time: Millis = durationIn(spec.expires ?? '0s', 'expires');
    const message = `nobody answered within ${renderDuration(time)}`;
    if (spec.on_expiry === 'fail') throw new Failed({ type: 'timed_out', message, after: time });
    return outputOf(spec.on_expiry === 'approve', message, null, null);
  },
};

function outputOf(approved: boolean, reason: string | null, responder: string | null, form: Json): JsonObject {
  return { approved, reason, responder, form };
}
