import type { TaskKey } from './base/ids.ts';
import { digestOf } from './base/json.ts';
import { Failed, type Failure } from './contracts/failure.ts';
import type { ApprovalRequest, NodeKind, TaskContext, Wake, WakeCondition } from './contracts/node-kind.ts';
import type { Plan } from './contracts/plan.ts';
import type { PlanTool, ToolOutcome, ToolUse } from './contracts/tool.ts';
import { DagrunError } from './errors.ts';
import { compileValidator } from './lang/validate.ts';
import { makeUpAnswer } from './providers/made-up.ts';
import { failureFrom, type StagedFailure, UNNAMED } from './providers/replies.ts';
import type { Replies } from './providers/reply-search.ts';
import { refusalOf } from './run/answer-rules.ts';
import { indexPlan } from './run/plan-index.ts';
import { whereIs } from './run/where.ts';

/**
 * The kinds as written replies want them: a node with a stub is not executed. `within`: what the nodes of the plan are below, when it is that
 * of a workflow that is called as a tool.
 */
export function standIn(kinds: readonly NodeKind[], replies: Replies, plan: Plan, within?: string): readonly NodeKind[] {
  const isOwn = ownKinds(plan);
  const index = indexPlan(plan);
  return kinds.map((kind): NodeKind => {
    if (kind.callsModel) return kind;
    return {
      ...kind,
      async execute(spec, ctx) {
        const { attempt, task } = ctx;
        const { origin } = whereIs(index, task);
        const node = within === undefined ? origin.node : `${within}/${origin.node}`;
        const stub = isOwn(task, kind) ? replies.stub({ ...origin, node, attempt }) : undefined;
        if (stub === undefined) return kind.execute(spec, ctx);
        if ('fail' in stub) throw new Failed(failureIn(stub.fail, `${task}, attempt ${attempt}`, spec));
        return 'text' in stub ? stub.text : stub.json;
      },
    };
  });
}

/** What a node fails of: one that calls a tool, of what that says. */
function failureIn(staged: StagedFailure, where: string, spec: unknown): Failure {
  const failure = failureFrom(staged, where);
  const { tool } = spec as { readonly tool?: unknown };
  if (failure.type !== 'task_failed' || typeof tool !== 'string') return failure;
  return { type: 'tool_failed', tool, message: `${tool}: ${failure.message}` };
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

/** Told of an answer that was not taken: whoever gives it may not. */
export type Refuse = (task: TaskKey, by: string, reason: string) => void;

/**
 * Why a parked task goes on at once: what people, signals and time say in written replies. Where an entry does not say who answers, it is
 * somebody who may. With `refuse`, an answer by somebody who may not is refused, and the next one looked for. Throws DagrunError for it
 * without, and for an answer that does not fit the form of its gate.
 */
export function wakesIn(
  replies: Replies,
  plan: Plan,
  startedBy: string,
  refuse?: Refuse,
): (task: TaskKey, attempt: number, until: WakeCondition) => Wake | undefined {
  const index = indexPlan(plan);
  return (task, attempt, until) => {
    const place = { ...whereIs(index, task).origin, attempt };
    let before: Wake | undefined;
    for (let wake = replies.wake(place, until); wake !== before; wake = replies.wake(place, until)) {
      if (wake?.type !== 'answered' || until.type !== 'approval') return wake;
      const { request } = until;
      const by = wake.by === UNNAMED ? someoneFor(request, startedBy) : wake.by;
      const reason = wake.by === UNNAMED ? undefined : whyNotBy(request, startedBy, by);
      if (reason === undefined) {
        checkForm(task, wake, request);
        return { ...wake, by };
      }
      if (!refuse) throw new DagrunError(`the answer at the gate "${task}" cannot be taken: ${reason}`, { exitCode: 2 });
      refuse(task, by, reason);
      before = wake;
    }
    return undefined;
  };
}

/** Somebody who may answer. */
function someoneFor({ approvers, requireDifferentApprover }: ApprovalRequest, startedBy: string): string {
  return approvers.find((one) => !requireDifferentApprover || one !== startedBy) ?? approvers[0] ?? UNNAMED;
}

/** Why somebody may not answer; of a starter who is not known nobody can say that it is the same. */
function whyNotBy(request: ApprovalRequest, startedBy: string, by: string): string | undefined {
  return refusalOf(request, startedBy === 'unknown' ? '' : startedBy, { approved: false, by, form: null });
}

function checkForm(task: TaskKey, { approved, form }: Extract<Wake, { type: 'answered' }>, request: ApprovalRequest): void {
  const problems = request.form && approved ? compileValidator(request.form)(form).map((problem) => problem.message) : [];
  if (problems.length === 0) return;
  throw new DagrunError(`the answer at the gate "${task}" does not fit its form: ${problems[0]}`, { exitCode: 2 });
}

/** What stands in for a call of a tool; undefined where the tool is called. */
export type ToolStandIn = (tool: PlanTool, use: ToolUse, ctx: TaskContext) => ToolOutcome | undefined;

/**
 * Tools as a run wants them that asks nobody: a stub is given in place of a call; what reaches outside, or may do harm when it is done, is
 * made up to fit its schema, or with `strict` fails.
 */
export function toolsAtHome(kinds: readonly NodeKind[], replies: Replies | undefined, strict = false): ToolStandIn {
  return (tool, { tool: name, args }, { task, attempt }) => {
    const stub = replies?.toolStub(name, args);
    if (stub && 'fail' in stub) return { status: 'failed', message: failureFrom(stub.fail, `${task}, attempt ${attempt}`).message };
    if (stub) return { status: 'succeeded', output: 'text' in stub ? stub.text : stub.json };
    const { does } = tool;
    // Its nodes have stand-ins of their own.
    if (does.type === 'workflow') return undefined;
    const kind = does.type === 'kind' ? kinds.find((one) => one.kind === does.kind) : undefined;
    const isInside = kind !== undefined && !kind.online && tool.idempotent !== false;
    if (isInside && !(strict && kind.idempotent !== undefined)) return undefined;
    if (strict)
      return { status: 'failed', message: `a test calls no tool that reaches outside, and "${name}" has no entry under \`stubs\`` };
    return { status: 'succeeded', output: makeUpAnswer(tool.output ?? { type: 'string' }, digestOf([name, args]), name) };
  };
}
