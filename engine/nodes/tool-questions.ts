import type { Json } from '../base/json.ts';
import type { ApprovalRequest } from '../contracts/node-kind.ts';

/** Characters of arguments that a question shows. */
const MOST_SHOWN = 2_000;

/** Asks whether a tool may be called. */
export function askToCall(tool: string, args: Json): ApprovalRequest {
  return question(`May ${tool} be called with this?\n\n${argumentsOf(args)}`);
}

/** Asks whether a call is made again that was broken off: its process ended, or its task was given up. */
export function askToRepeat(tool: string, args: Json): ApprovalRequest {
  return question(
    `${tool} was interrupted while it was being called. Whether it was done is not known, and doing it twice may do harm. Call it again?\n\n${argumentsOf(args)}`,
  );
}

interface Word {
  readonly by: string;
  readonly reason: string | null;
}

/** What a model is told of a call that was not allowed. */
export function notAllowed(tool: string, { reason }: Word): string {
  return `${tool} was not called: a person did not allow it${reason === null || reason === '' ? '' : `, and said: ${reason}`}.`;
}

/** What a model is told of a call that may have been made, and was not made again. */
export function notRepeated(tool: string, { reason }: Word): string {
  return `${tool} was interrupted: whether it was done is not known, and it is not done again${reason === null || reason === '' ? '' : ` (${reason})`}.`;
}

function question(message: string): ApprovalRequest {
  return { message, approvers: [], requireDifferentApprover: false };
}

function argumentsOf(args: Json): string {
  const text = typeof args === 'string' ? args : JSON.stringify(args, null, 2);
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}
