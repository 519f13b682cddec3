import { expect, test } from 'vitest';
import { adviceFor } from '../../cli/advice.ts';
import type { ResultError } from '../../engine/index.ts';

const error = (type: ResultError['type']): ResultError => ({ type, code: 'DAG800', message: 'it failed', node: 'it' });

test('what helps a model is told of nodes that ask one', () => {
  expect(adviceFor(error('bad_request'), 'llm')).toBe('check the name of the model and what it takes: `dagrun models`');
  expect(adviceFor(error('check_failed'), 'llm')).toContain('prompt');
  expect(adviceFor(error('check_failed'))).toContain('prompt');
});

test.each(['set', 'script', 'command', 'http', 'tool', 'write', 'approval', 'wait', 'signal'])(
  'and of no prompt and no model to %s',
  (kind) => {
    const types = [
      'refused',
      'bad_request',
      'file_unreadable',
      'unauthorized',
      'rate_limited',
      'unavailable',
      'output_invalid',
      'check_failed',
      'timed_out',
    ] as const;
    for (const type of types) expect(adviceFor(error(type), kind) ?? '').not.toMatch(/prompt|model|tier|attach|answer|key/);
    expect(adviceFor(error('timed_out'), kind)).toBe('raise its `timeout`');
    expect(adviceFor(error('expression_failed'), kind)).toContain('coalesce');
  },
);
