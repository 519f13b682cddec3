import type { Json } from './base/json.ts';
import { Failed } from './contracts/failure.ts';
import { type NodeKind, Parked, type TaskContext } from './contracts/node-kind.ts';
import { compileValidator } from './lang/validate.ts';
import { failureFrom, type Replies } from './providers/replies.ts';

/** The kinds as written replies want them: a node with a stub is not executed, and a gate with an answer does not wait. */
export function standIn(kinds: readonly NodeKind[], replies: Replies): readonly NodeKind[] {
  return kinds.map((kind): NodeKind => {
    const { wake } = kind;
    return {
      ...kind,
      async execute(spec, ctx) {
        const stub = kind.callsModel ? undefined : replies.stub(placeOf(ctx));
        if (stub === undefined) return answered(await kind.execute(spec, ctx), spec, ctx);
        if ('fail' in stub) throw new Failed(failureFrom(stub.fail, `${ctx.task}, attempt ${ctx.attempt}`));
        return 'text' in stub ? stub.text : stub.json;
      },
      ...(wake && { wake: async (spec, memo, why, ctx) => answered(await wake.call(kind, spec, memo, why, ctx), spec, ctx) }),
    };

    async function answered(output: Json | Parked, spec: unknown, ctx: TaskContext): Promise<Json | Parked> {
      if (!(output instanceof Parked) || output.until.type !== 'approval' || !wake) return output;
      const answer = replies.answer(placeOf(ctx));
      if (answer === undefined) return output;
      const { form } = output.until.request;
      const problems = form && answer.approved ? compileValidator(form)(answer.form).map((problem) => problem.message) : [];
      if (problems.length > 0)
        throw new Failed({ type: 'output_invalid', message: `the form of the answer does not fit: ${problems[0]}`, problems });
      return answered(await wake.call(kind, spec, output.memo, { type: 'answered', ...answer }, ctx), spec, ctx);
    }
  });
}

function placeOf({ node, item, attempt }: TaskContext): Parameters<Replies['stub']>[0] {
  return { node, attempt, ...(item !== undefined && { item }) };
}
