import type { NodeKind } from '../contracts/node-kind.ts';
import type { NodeDecl } from '../contracts/workflow.ts';

/** Whether a model is called for certain when a node runs, and whether by tier. */
export function modelCallOf(
  { kind, spec, body }: NodeDecl,
  kinds: ReadonlyMap<string, NodeKind>,
): { readonly called: boolean; readonly byTier: boolean } {
  switch (body?.type) {
    case undefined:
      return { called: kinds.get(kind)?.callsModel === true, byTier: spec.model === undefined };
    case 'evaluate':
      return modelCallOf(body.generate, kinds);
    case 'best_of':
      return modelCallOf(body.candidate, kinds);
    case 'route': {
      const calls = body.cases.flatMap((one) => (one.node === undefined ? [] : [modelCallOf(one.node, kinds)]));
      return { called: calls.every(({ called }) => called), byTier: calls.every(({ byTier }) => byTier) };
    }
    default:
      return { called: false, byTier: false };
  }
}
