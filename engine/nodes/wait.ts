import { type Instant, instant } from '../base/ids.ts';
import { parseTime, renderDuration } from '../base/units.ts';
import { Failed } from '../contracts/failure.ts';
import { type NodeKind, Parked, type WakeCondition } from '../contracts/node-kind.ts';
import { checkDuration, durationIn } from './duration.ts';
import { SIGNAL_NAME } from './signal.ts';

interface WaitSpec {
  readonly for?: string;
  readonly until_time?: string;
  readonly signal?: string;
  readonly since?: string;
  readonly expires?: string;
}

/** What a node waits for; it has exactly one of them. */
const WAYS = ['for', 'until_time', 'signal'] as const;
/** Fields of waiting for a signal. */
const OF_SIGNALS = ['since', 'expires'] as const;

export const wait: NodeKind<WaitSpec> = {
  kind: 'wait',
  summary: 'Wait for a while, until a time, or for a signal; the process may exit meanwhile.',
  schema: {
    type: 'object',
    properties: {
      for: { type: 'string', 'x-unit': 'duration', 'x-holds': 'template', description: 'How long: `10m`, `2d`.' },
      until_time: {
        type: 'string',
        'x-unit': 'time',
        'x-holds': 'template',
        description: 'Until when, with its offset from UTC: `2027-03-01T09:00:00Z`. A time that has passed is no wait.',
      },
      signal: {
        ...SIGNAL_NAME,
        description: 'For the signal of this name; what it carries is the output. One that came earlier in this run counts, once.',
      },
      since: {
        type: 'string',
        'x-unit': 'duration',
        'x-holds': 'template',
        description:
          'How old a signal may be that came before the wait: `1h`; `0s`: only what comes from now on. Default: as old as the run.',
      },
      expires: {
        type: 'string',
        'x-unit': 'duration',
        'x-holds': 'template',
        description: 'The longest wait for a signal; then the node fails (timed_out), and `on_error` says what that means.',
      },
    },
    oneOf: WAYS.map((way) => ({ required: [way] })),
    additionalProperties: false,
  },
  example: 'kind: wait\nsignal: build-finished\nexpires: 30m\n',
  callsModel: false,
  waits: true,
  output: (spec) => (spec.signal === undefined ? { type: 'null' } : {}),

  check(spec, report, node) {
    const written = WAYS.filter((way) => spec[way] !== undefined);
    const [first, second] = written;
    if (first === undefined) report('DAG121', [], 'nothing says what to wait for', { help: 'add `for`, `until_time` or `signal`' });
    if (second !== undefined)
      report('DAG124', [second], `"${first}" and "${second}" exclude each other`, {
        help: 'keep one, and wait for the other in a node of its own',
      });
    for (const field of OF_SIGNALS) {
      if (spec[field] !== undefined && spec.signal === undefined)
        report('DAG124', [field], `"${field}" goes with \`signal\` only`, { help: 'remove it' });
    }
    if (spec.signal === undefined && first !== undefined && node.output !== undefined)
      report('DAG124', ['output'], 'waiting for a time gives null: there is nothing to describe', { help: 'remove `output`' });
    for (const field of ['for', ...OF_SIGNALS]) checkDuration(spec, field, report);
    const time = spec.until_time;
    if (typeof time === 'string' && !time.includes('{{') && parseTime(time) === undefined)
      report('DAG123', ['until_time'], `"until_time" must be a time with its offset from UTC; this is "${time}"`, {
        help: 'a day, a time and its offset from UTC: 2027-03-01T09:00:00Z, 2027-03-01T09:00+01:00',
      });
  },

  async execute(spec, ctx) {
    return new Parked(conditionOf(spec, ctx.now()));
  },

  async wake(spec, _memo, wake) {
    if (wake.type === 'signalled') return wake.payload;
    if (wake.type === 'due') return null;
    const after = durationIn(spec.expires ?? '0s', 'expires');
    throw new Failed({ type: 'timed_out', message: `no signal "${spec.signal}" came within ${renderDuration(after)}`, after });
  },
};

function conditionOf(spec: WaitSpec, now: Instant): WakeCondition {
  if (spec.signal !== undefined) {
    return {
      type: 'signal',
      name: spec.signal,
      since: instant(spec.since === undefined ? 0 : now - durationIn(spec.since, 'since')),
      ...(spec.expires !== undefined && { deadline: instant(now + durationIn(spec.expires, 'expires')) }),
    };
  }
  if (spec.for !== undefined) return { type: 'timer', at: instant(now + durationIn(spec.for, 'for')) };
  const text = spec.until_time ?? '';
  const at = parseTime(text);
  if (at !== undefined) return { type: 'timer', at };
  const message = `\`until_time\` gives ${JSON.stringify(text)}, not a time such as 2027-03-01T09:00:00Z`;
  throw new Failed({ type: 'expression_failed', field: 'until_time', message });
}
