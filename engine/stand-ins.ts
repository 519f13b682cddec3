import type { TaskKey } from './base/ids.ts';
import { Failed } from './contracts/failure.ts';
import type { ApprovalRequest, NodeKind, Wake, WakeCondition } from './contracts/node-kind.ts';
import type { Plan } from './contracts/plan.ts';
import { DagrunError } from './errors.ts';
import { compileValidator } from './lang/validate.ts';
import { makeUpAnswer } from './providers/made-up.ts';
import { failureFrom, type Replies } from './providers/replies.ts';
import { indexPlan } from './run/plan-index.ts';
import { whereIs } from './run/where.ts';

/** The kinds as written replies want them: a node with a stub is not executed. */
export function standIn(kinds: readonly NodeKind[], replies: Replies, plan: Plan): readonly NodeKind[] {
  const isOwn = ownKinds(plan);
  const index = indexPlan(plan);
  return kinds.map((kind): NodeKind => {
    if (kind.callsModel) return kind;
    return {
      ...kind,
      async execute(spec, ctx) {
        const { attempt, task } = ctx;
        const stub = isOwn(task, kind) ? replies.stub({ ...whereIs(index, task).origin, attempt }) : undefined;
        if (stub === undefined) return kind.execute(spec, ctx);
        if ('fail' in stub) throw new Failed(failureFrom(stub.fail, `${task}, attempt ${attempt}`));
        return 'text' in stub ? stub.text : stub.json;
      },
    };
  });
}

/**
 * The kinds as a run wants them that asks nobody: what reaches a network, or may do harm when it is done, is not done; its output is
 * made up to fit its schema.
 */
export function stayHome(kinds: readonly NodeKind[], plan: Plan): readonly NodeKind[] {
  const index = indexPlan(plan);
  return kinds.map((kind): NodeKind => {
    if (kind.callsModel || kind.idempotent === undefined) return kind;
    return {
      ...kind,
      async execute(spec, ctx) {
        const stage = index.at(ctx.task).node.stages.find((one) => one.kind === kind.kind);
        if (!kind.online && stage?.idempotent !== false) return kind.execute(spec, ctx);
        return makeUpAnswer(ctx.outputSchema ?? { type: 'string' }, ctx.task, ctx.node);
      },
    };
  });
}

/** Whether a kind is one that the node names itself: the value of `on_error` is computed by one that it does not. */
export function ownKinds(plan: Plan): (task: TaskKey, kind: NodeKind) => boolean {
  const index = indexPlan(plan);
  return (task, kind) => index.at(task).node.stages.some((stage) => stage.kind === kind.kind);
}

/**
 * Why a parked task goes on at once: what people, signals and time say in written replies. Throws DagrunError for an answer that does
 * not fit the form of its gate.
 */
export function wakesIn(replies: Replies, plan: Plan): (task: TaskKey, attempt: number, until: WakeCondition) => Wake | undefined {
  const index = indexPlan(plan);
  return (task, attempt, until) => {
    const wake = replies.wake({ ...whereIs(index, task).origin, attempt }, until);
    if (wake?.type === 'answered' && until.type === 'approval') checkForm(task, wake, until.request);
    return wake;
  };
}

function checkForm(task: TaskKey, { approved, form }: Extract<Wake, { type: 'answered' }>, request: ApprovalRequest): void {
  const problems = request.form && approved ? compileValidator(request.form)(form).map((problem) => problem.message) : [];
  if (problems.length === 0) return;
  throw new DagrunError(`the answer at the gate "${task}" does not fit its form: ${problems[0]}`, { exitCode: 2 });
}
