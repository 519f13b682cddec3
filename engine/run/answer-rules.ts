import type { Json } from '../base/json.ts';
import type { ApprovalRequest } from '../contracts/node-kind.ts';
import { compileValidator } from '../lang/validate.ts';

/** An answer to a gate, before it is taken. */
export interface GivenAnswer {
  readonly approved: boolean;
  readonly by: string;
  /** What was filled in; null for nothing. */
  readonly form: Json;
}

/** The name of a starter when nobody said who it was. */
const UNKNOWN_STARTER = 'unknown';

/**
 * Why an answer cannot be taken: whoever gives it may not, or the form does not fit; undefined when it can. Asked where an answer
 * is posted, so that people are told at once, and again where it is taken, so that no other way in goes past it.
 */
export function refusalOf(request: ApprovalRequest, startedBy: string | null, { approved, by, form }: GivenAnswer): string | undefined {
  const { approvers } = request;
  if (approvers.length > 0 && !approvers.includes(by)) return `${by} is not one of its approvers (${approvers.join(', ')})`;
  if (request.requireDifferentApprover) {
    if (startedBy === null || startedBy === UNKNOWN_STARTER)
      return 'it takes somebody else than whoever started the run, and who that was is not known';
    if (startedBy === by) return `${by} started the run, and it takes somebody else`;
  }
  if (!approved) return undefined;
  if (request.form === undefined) return form === null ? undefined : 'it has no form to fill in';
  if (form === null) return 'it has a form to fill in';
  const [problem] = compileValidator(request.form)(form);
  return problem && `its form does not fit: ${problem.message}`;
}
