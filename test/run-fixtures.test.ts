import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { runId } from '../engine/base/ids.ts';
import { renderDuration, renderUsd } from '../engine/base/units.ts';
import type { RunEvent } from '../engine/contracts/event.ts';
import type { RunResult } from '../engine/contracts/result.ts';
import { loadWorkflow } from '../engine/load.ts';
import { loadTokenCounter } from '../engine/models/tokens.ts';
import { runIn } from '../engine/run-workflow.ts';
import { virtualClock } from './support/virtual-clock.ts';

const FOLDER = 'test/fixtures/run';

// A virtual clock does not wait for what is loaded from the disk.
beforeAll(async () => void (await loadTokenCounter()));

/** Every workflow of test/fixtures/run runs on a virtual clock and on its written answers; its journal is a text to be read. */
describe('runs, told by their journals', () => {
  for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.workflow.yml'))) {
    const name = file.replace('.workflow.yml', '');
    test(name, async () => {
      const workflow = await loadWorkflow(join(FOLDER, file));
      const replies = join(FOLDER, `${name}.replies.yml`);
      const clock = virtualClock();
      const lines: string[] = [];
      // What a run is sent comes with its heartbeat; the others do without.
      const alone = name !== 'signals';
      const running = runIn({ clock, random: () => 0.5, id: runId('run_fixture'), alone }, workflow, {
        ...(existsSync(replies) ? { replies } : { offline: true }),
        env: { DAGRUN_STORE: 'memory:' },
        onEvent: (event) => lines.push(lineOf(event)),
      });
      await clock.run();
      const result = await running;
      await expect(`${lines.join('\n')}\n\n${summaryOf(result)}`).toMatchFileSnapshot(join('fixtures/run', `${name}.journal.txt`));
    });
  }
});

function lineOf(event: RunEvent): string {
  const at = (event.at / 1000).toFixed(3).padStart(8);
  const subject =
    'attempt' in event ? `${event.task} ~${event.attempt}` : 'task' in event ? event.task : 'node' in event ? (event.node ?? '') : '';
  return `${at}  ${event.type.padEnd(20)} ${subject.padEnd(16)} ${detailOf(event)}`.trimEnd();
}

function detailOf(event: RunEvent): string {
  switch (event.type) {
    case 'run.started':
      return JSON.stringify(event.inputs);
    case 'run.finished':
      return `${event.status}  ${event.outputs ? JSON.stringify(event.outputs) : (event.failure?.message ?? '')}`;
    case 'run.failing':
    case 'node.failed':
      return `${event.failure.type}: ${event.failure.message}`;
    case 'node.opening':
      return event.skip ?? '';
    case 'node.opened':
      return JSON.stringify(event.operands);
    case 'node.expanded':
      return `${event.count} items, ${event.window} at once${event.maxFailures === null ? '' : `, ${event.maxFailures} may fail`}${event.keys ? `, keys ${event.keys.join(' ')}` : ''}`;
    case 'node.skipped': {
      const operands = event.operands && Object.keys(event.operands).length > 0 ? `  ${JSON.stringify(event.operands)}` : '';
      return `${event.reason}: ${event.detail}${operands}${event.guarded ? `  → ${JSON.stringify(event.output)}` : ''}`;
    }
    case 'node.cancelled':
      return event.detail;
    case 'attempt.logged':
      return event.text;
    case 'attempt.scheduled':
      return event.stage > 0 ? `stage ${event.stage}` : '';
    case 'attempt.succeeded':
      return 'json' in event.output
        ? `${cut(JSON.stringify(event.output.json))}${event.recovered ? `  instead of ${event.recovered.type}` : ''}`
        : '';
    case 'attempt.failed':
      return `${event.failure.type}: ${event.failure.message} → ${event.next.type === 'retry' ? `retry at ${(event.next.at / 1000).toFixed(3)}` : event.next.type}`;
    case 'attempt.parked': {
      const { until } = event;
      const end = until.type === 'timer' ? until.at : until.deadline;
      const what = until.type === 'approval' ? JSON.stringify(until.request.message) : until.type === 'signal' ? until.name : '';
      return `${until.type} ${what}${end === undefined ? '' : ` until ${(end / 1000).toFixed(3)}`}`;
    }
    case 'attempt.woken':
      return event.wake.type === 'signalled' ? `${event.wake.type} ${JSON.stringify(event.wake.payload)}` : event.wake.type;
    case 'signal.received':
      return `${event.name} ${JSON.stringify(event.payload)}${event.kept ? ', kept' : ''}`;
    case 'answer.refused':
      return `${event.by}: ${event.reason}`;
    case 'attempt.entered': {
      const inputs = event.inputs ? JSON.stringify(event.inputs) : '';
      return event.route === undefined ? inputs : `${event.route}  ${JSON.stringify(event.operands)}`;
    }
    case 'attempt.failing':
      return `${event.failure.type}: ${event.failure.message}${event.others ? ', others go on' : ''}`;
    case 'attempt.skipped':
      return `${event.reason}: ${event.detail}`;
    case 'loop.turned':
      return `round ${event.round}  ${JSON.stringify(event.memory)}`;
    case 'loop.ended': {
      const output = 'json' in event.output ? cut(JSON.stringify(event.output.json)) : '';
      const instead = event.recovered ? `, instead of ${event.recovered.type}` : '';
      return `after ${event.rounds}${event.accepted ? '' : ', not accepted'}${instead}  ${output}`;
    }
    case 'loop.failed':
      return `${event.failure.type}: ${event.failure.message}${event.skip ? ' → skip' : ''}`;
    case 'loop.skipped':
      return event.detail;
    case 'model.called': {
      const { call } = event;
      const cost = call.cost === null ? 'cost unknown' : renderUsd(call.cost);
      return `${call.tier ?? ''} ${call.provider}/${call.model} ${call.call} ${call.status} in ${call.usage.input} out ${call.usage.output} ${cost}`.trim();
    }
    default:
      return '';
  }
}

function summaryOf(result: RunResult): string {
  const nodes = result.nodes.map((node) => {
    const items = node.items ? ` [${node.items.map((item) => item.status).join(' ')}]` : '';
    const why = node.skipReason ?? node.error?.message;
    return `${node.id}: ${node.status}${node.recovered ? ' (recovered)' : ''}, ${node.attempts} tries, $${node.cost}${items}${why === undefined ? '' : ` — ${why}`}`;
  });
  const { cost } = result;
  const error = result.error
    ? `\nerror ${result.error.code} ${result.error.type}${result.error.node ? ` at ${result.error.node}` : ''}`
    : '';
  return `${result.status} in ${renderDuration(result.durationMs as never)}, $${cost.total}, all premium $${cost.baseline}, ${cost.unpricedCalls} unpriced${error}\n${nodes.join('\n')}\n`;
}

function cut(text: string): string {
  return text.length > 90 ? `${text.slice(0, 90)}…` : text;
}
