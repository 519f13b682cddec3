import type { OpenGate } from '../engine/index.ts';
import type { Context } from './context.ts';
import { formFields } from './form.ts';
import { oneLine, renderTable } from './layout.ts';
import { ago, until } from './moments.ts';
import { quoted } from './run-tree.ts';

const MESSAGE_WIDTH = 160;

/** Open questions, one in a line. */
export function renderGates(gates: readonly OpenGate[], ctx: Context): string {
  const now = ctx.io.now();
  const { bold, dim } = ctx.out;
  const rows = gates.map((gate) => [
    gate.run,
    gate.gate,
    ago(Date.parse(gate.askedAt), now),
    endOf(gate, now),
    oneLine(gate.message, MESSAGE_WIDTH),
  ]);
  const columns = [
    { title: 'run' },
    { title: 'gate', paint: bold },
    { title: 'asked' },
    { title: 'expires' },
    { title: 'message', shrinks: true },
  ];
  return `${renderTable(columns, rows, { width: ctx.outWidth, title: dim }).join('\n')}\n`;
}

function endOf({ posted, expiresAt }: OpenGate, now: number): string {
  if (posted) return `${posted.approved ? 'approved' : 'rejected'} by ${posted.by}`;
  return expiresAt === null ? 'never' : until(Date.parse(expiresAt), now);
}

/** A question as a person reads it before answering. */
export function describeGate(gate: OpenGate, ctx: Context): readonly string[] {
  const { bold, dim } = ctx.out;
  const now = ctx.io.now();
  const who = [
    gate.approvers.length === 0 ? '' : `one of ${gate.approvers.join(', ')}`,
    gate.requireDifferentApprover ? `somebody else than ${gate.startedBy ?? 'whoever started it'}` : '',
  ].filter((text) => text !== '');
  const fields = gate.form ? formFields(gate.form) : [];
  const filled = fields.filter(({ required }) => required).map(({ name }) => ` --form ${name}=…`);
  const address = `${gate.run} ${quoted(gate.gate)}`;
  return [
    `${bold(gate.gate)}  ${dim(`${gate.workflow} · ${gate.run}`)}`,
    '',
    ...gate.message
      .trimEnd()
      .split('\n')
      .map((line) => `  ${line}`.trimEnd()),
    '',
    `  ${dim('asked')}    ${ago(Date.parse(gate.askedAt), now)}${gate.startedBy === null || gate.startedBy === 'unknown' ? '' : `, in a run ${gate.startedBy} started`}`,
    ...(gate.expiresAt === null ? [] : [`  ${dim('expires')}  ${until(Date.parse(gate.expiresAt), now)} (${gate.expiresAt})`]),
    ...(who.length === 0 ? [] : [`  ${dim('answer')}   ${who.join(', and ')}`]),
    ...fields.map(
      ({ name, type, required, description, default: value }) =>
        `  ${dim('form')}     ${name}${required ? '' : '?'}: ${type}${value === undefined ? '' : `, ${JSON.stringify(value)} if left out`}${description === undefined ? '' : `  ${dim(description)}`}`,
    ),
    ...(gate.form && fields.length === 0 ? [`  ${dim('form')}     ${JSON.stringify(gate.form)}`] : []),
    ...(gate.posted
      ? [`  ${dim('answered')} ${gate.posted.approved ? 'approved' : 'rejected'} by ${gate.posted.by}; the run has not taken it yet`]
      : []),
    '',
    `  dagrun approvals approve ${address}${filled.join('')}`,
    `  dagrun approvals reject ${address} --reason …`,
  ];
}
