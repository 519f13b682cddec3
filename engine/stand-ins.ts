import type { Json } from './base/json.ts';
import { Failed } from './contracts/failure.ts';
import { type ApprovalRequest, type NodeKind, Parked, type TaskContext, type Wake } from './contracts/node-kind.ts';
import type { Plan } from './contracts/plan.ts';
import { compileValidator } from './lang/validate.ts';
import { failureFrom, type Replies } from './providers/replies.ts';

/** The kinds as written replies want them: a node with a stub is not executed, and a gate with an answer does not wait. */
export function standIn(kinds: readonly NodeKind[], replies: Replies, plan: Plan): readonly NodeKind[] {
  const isOwn = ownKinds(plan);
  return kinds.map((kind): NodeKind => {
    const { wake } = kind;
    return {
      ...kind,
      async execute(spec, ctx) {
        const stub = kind.callsModel || !isOwn(ctx.node, kind) ? undefined : replies.stub(placeOf(ctx));
        if (stub === undefined) return answered(await kind.execute(spec, ctx), spec, ctx);
        if ('fail' in stub) throw new Failed(failureFrom(stub.fail, `${ctx.task}, attempt ${ctx.attempt}`));
        return 'text' in stub ? stub.text : stub.json;
      },
      ...(wake && { wake: async (spec, memo, why, ctx) => answered(await wake.call(kind, spec, memo, why, ctx), spec, ctx) }),
    };

    async function answered(output: Json | Parked, spec: unknown, ctx: TaskContext): Promise<Json | Parked> {
      if (!(output instanceof Parked) || !wake) return output;
      const why = replies.wake(placeOf(ctx), output.until);
      if (why === undefined) return output;
      if (why.type === 'answered' && output.until.type === 'approval') checkForm(why, output.until.request);
      return answered(await wake.call(kind, spec, output.memo, why, ctx), spec, ctx);
    }
  });
}

/** Whether a kind is one that the node names itself: the value of `on_error` is computed by one that it does not. */
export function ownKinds(plan: Plan): (node: string, kind: NodeKind) => boolean {
  const own = new Map(plan.nodes.map(({ id, stages }) => [String(id), new Set(stages.map((stage) => stage.kind))]));
  return (node, kind) => own.get(node)?.has(kind.kind) ?? false;
}

/** What a person fills in fits the form. Throws Failed. */
function checkForm({ approved, form }: Extract<Wake, { type: 'answered' }>, request: ApprovalRequest): void {
  const problems = request.form && approved ? compileValidator(request.form)(form).map((problem) => problem.message) : [];
  if (problems.length > 0)
    throw new Failed({ type: 'output_invalid', message: `the form of the answer does not fit: ${problems[0]}`, problems });
}

function placeOf({ node, item, attempt }: TaskContext): Parameters<Replies['stub']>[0] {
  return { node, attempt, ...(item !== undefined && { item }) };
}
