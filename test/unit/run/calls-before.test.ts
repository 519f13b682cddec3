import { expect, test } from 'vitest';
import { millis } from '../../../engine/base/ids.ts';
import type { ToolCalled } from '../../../engine/contracts/tool.ts';
import { takeToolCall } from '../../../engine/shells/calls-before.ts';

const call = (status: ToolCalled['status'], request = 'mail'): ToolCalled => ({
  tool: 'send',
  args: {},
  request,
  status,
  result: null,
  latency: millis(1),
});

test('calls of a tool in the same words are each known once, also those of which only the beginning is', () => {
  const made = [call('begun'), call('succeeded'), call('begun', 'other'), call('begun'), call('failed'), call('begun')];
  const taken = (request = 'mail', again = false) => takeToolCall(made, request, again)?.status;
  expect([taken(), taken(), taken(), taken()]).toEqual(['succeeded', 'failed', 'begun', undefined]);
  expect(made.map(({ request }) => request)).toEqual(['other']);
  expect([taken('other', true), taken('other')]).toEqual([undefined, undefined]);
});
