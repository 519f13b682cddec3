import type { PaidCall } from '../contracts/provider.ts';
import type { ToolCalled } from '../contracts/tool.ts';

/** Takes the call of a model out of those that were paid before; undefined when it is to be made. */
export function takePaid(before: PaidCall[], request: string): PaidCall | undefined {
  const at = before.findIndex((one) => one.request === request && !mayBeMended(one));
  return at < 0 ? undefined : before.splice(at, 1)[0];
}

/**
 * Takes out what is known of one call of a tool: its end, or else that it was begun, which `again` makes nothing of. A workflow that is a tool
 * may call the same one with the same words several times: each is known by itself.
 */
export function takeToolCall(made: ToolCalled[], request: string, again: boolean): ToolCalled | undefined {
  const same = made.filter((call) => call.request === request);
  const begun = same.find(({ status }) => status === 'begun');
  const ended = same.find(({ status }) => status !== 'begun');
  for (const call of [begun, ended]) if (call) made.splice(made.indexOf(call), 1);
  return ended ?? (again ? undefined : begun);
}

/** A call that was given up, or was refused for a key that is another one by now: it is made again. */
function mayBeMended({ call: { failure }, reply }: PaidCall): boolean {
  return reply === null && (failure?.type === 'cancelled' || failure?.type === 'unauthorized');
}
