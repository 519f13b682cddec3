import { nodeId } from '../base/ids.ts';
import { isList, isObject, type Json, type JsonObject, type JsonSchema } from '../base/json.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { Path } from '../contracts/source.ts';
import type { BestOfDecl, EscalateDecl, NodeDecl } from '../contracts/workflow.ts';
import { RETRYABLE, TIERS } from './field-shapes.ts';
import { EXCLUSIVE, type Written } from './layers.ts';
import { mistake, type NodeContext, type Verdict } from './node-context.ts';
import { FAIL, onErrorOf } from './on-error.ts';
import { type Call, callOf, ONE_TRY, withDefaults } from './parse-call.ts';
import { evaluateOf, judgeOf } from './parse-evaluate.ts';
import { bound, expression } from './values.ts';

/** How the work of a node, or of a case of it, is done: all of a `NodeDecl` but what it is called and what concerns it as a whole. */
export type Work = Call & Pick<NodeDecl, 'onError' | 'result' | 'escalate'>;

/**
 * The work that fields describe: one call, or several around which `evaluate` and `best_of` stand. `misshapen` are fields about whose
 * shape something was reported.
 */
export function workOf(from: Written, kind: NodeKind, misshapen: ReadonlySet<string>, context: NodeContext, verdict: Verdict): Work {
  const { fields, placeOf, path } = from;
  checkExclusive(from, context, verdict);
  const { result, evaluate, best_of } = fields;
  const onError = misshapen.has('on_error') ? FAIL : onErrorOf(from, kind, context, verdict);
  const outside = { onError, ...(result !== undefined && { result: expression(result, placeOf('result')) }) };
  if (!kind.callsModel) return { ...callOf(from, kind, context, verdict), ...outside };

  const escalate = misshapen.has('escalate') ? undefined : escalateOf(from, kind, context, verdict);
  const answer = (taken: Written): Call & Pick<NodeDecl, 'escalate'> => {
    const call = { ...callOf(taken, kind, context, verdict), ...(escalate !== undefined && { escalate }) };
    const body = isObject(best_of) && !misshapen.has('best_of') ? bestOf(best_of, placeOf('best_of'), call, context, verdict) : undefined;
    return body === undefined ? call : { ...around(call), body };
  };
  if (!isObject(evaluate) || misshapen.has('evaluate')) return { ...answer(from), ...outside };
  const body = evaluateOf(evaluate, placeOf('evaluate'), from, kind, (id, taken) => part(id, answer(taken)), context, verdict);
  return { kind: kind.kind, path, retry: ONE_TRY, check: [], spec: {}, ...(body !== undefined && { body }), ...outside };
}

/** A node that is a part of another. */
function part(id: string, call: Call): NodeDecl {
  return { id: nodeId(id), needs: [], onError: FAIL, ...call };
}

/** A node around a call: it has nothing of the call but its kind and its place. */
function around({ kind, path }: Call): Call {
  return { kind, path, retry: ONE_TRY, check: [], spec: {} };
}

function checkExclusive({ fields, placeOf }: Written, { document }: NodeContext, { wrong }: Verdict): void {
  const order = Object.keys(fields);
  for (const group of EXCLUSIVE) {
    const [first, second] = group.filter((field) => fields[field] !== undefined).sort((a, b) => order.indexOf(a) - order.indexOf(b));
    if (first === undefined || second === undefined) continue;
    wrong(
      mistake('DAG124', document.spanOf(placeOf(second), 'key'), `"${first}" and "${second}" exclude each other`, {
        related: [{ at: document.spanOf(placeOf(first), 'key'), label: 'the other one' }],
        help:
          group[0] === 'tier'
            ? 'keep one: `tier` for whatever the configuration has at that level, `model` for one model by name'
            : 'keep one of them',
      }),
    );
  }
}

function escalateOf(from: Written, kind: NodeKind, context: NodeContext, { wrong }: Verdict): EscalateDecl | undefined {
  const { escalate } = from.fields;
  if (!isObject(escalate)) return undefined;
  const path = from.placeOf('escalate');
  const { document } = context;
  const to = TIERS.find((tier) => tier === escalate.to);
  if (to === undefined) return undefined;
  const { fields, placeOf } = withDefaults(from, kind, context);
  const at = document.spanOf([...path, 'to']);
  if (fields.model !== undefined) wrong(oneModel(document.spanOf(path, 'key'), '"escalate"', document.spanOf(placeOf('model'), 'key')));
  else {
    const lowest = lowestTier(fields);
    if (lowest !== undefined && TIERS.indexOf(to) <= TIERS.indexOf(lowest)) {
      const higher = TIERS.slice(TIERS.indexOf(lowest) + 1);
      wrong(
        mistake('DAG123', at, `"${to}" is not above "${lowest}", the tier of the call`, {
          ...(fields.tier !== undefined && { related: [{ at: document.spanOf(placeOf('tier')), label: 'begins here' }] }),
          help: higher.length > 0 ? `write ${higher.join(' or ')}, or begin with a lower tier` : 'begin with a lower tier',
        }),
      );
    }
  }
  const { on, when } = escalate;
  return {
    path,
    to,
    on: isList(on) ? RETRYABLE.filter((type) => on.includes(type)) : ['output_invalid', 'check_failed'],
    ...(when !== undefined && { when: expression(when, [...path, 'when']) }),
  };
}

/** The lowest tier that a call begins with. */
function lowestTier({ tier }: JsonObject): (typeof TIERS)[number] | undefined {
  if (tier === undefined) return 'capable';
  const names = isList(tier) ? tier.map((choice) => (isObject(choice) ? choice.use : undefined)) : [tier];
  return TIERS.find((one) => names.includes(one));
}

function oneModel(at: ReturnType<NodeContext['document']['spanOf']>, what: string, model: typeof at): ReturnType<typeof mistake> {
  return mistake('DAG124', at, `${what} and "model" exclude each other`, {
    related: [{ at: model, label: 'one model by name' }],
    because: 'a model has no next tier',
    help: 'write `tier` in place of `model`',
  });
}

function bestOf(value: JsonObject, path: Path, call: Call, context: NodeContext, verdict: Verdict): BestOfDecl | undefined {
  const { n, by, pick: chosen, judge: fields } = value;
  if (n === undefined) return undefined;
  const { document } = context;
  const pick = chosen === 'judge' || (chosen === undefined && fields !== undefined) ? 'judge' : 'vote';
  if (pick === 'judge' && fields === undefined) {
    const help = 'add `judge: { prompt: … }`, whose prompt reads `candidates`';
    verdict.wrong(mistake('DAG121', document.spanOf([...path, 'pick'], 'key'), '"best_of" has no "judge"', { help }));
  }
  if (pick === 'vote' && fields !== undefined) {
    const related = [{ at: document.spanOf([...path, 'pick']), label: 'the most frequent is kept' }];
    const help = 'write `pick: judge`, or remove "judge"';
    verdict.wrong(mistake('DAG124', document.spanOf([...path, 'judge'], 'key'), 'a vote needs no "judge"', { related, help }));
  }
  if (pick === 'judge' && by !== undefined) {
    const help = 'write `pick: vote`, or remove "by"';
    verdict.wrong(
      mistake('DAG124', document.spanOf([...path, 'by'], 'key'), '"by" is what is voted on, and a judge is asked here', { help }),
    );
  }
  const judge = isObject(fields) ? judgeOf(fields, [...path, 'judge'], {}, '"judge"', context, verdict) : undefined;
  return {
    type: 'best_of',
    path,
    candidate: part('candidate', call),
    n: bound(n, [...path, 'n']),
    pick,
    ...(by !== undefined && { by: expression(by, [...path, 'by']) }),
    ...(judge !== undefined && { judge: judge.output === undefined ? { ...judge, output: choiceOf(n) } : judge }),
  };
}

/** What a judge gives who has to choose among `n`, unless it says so itself. */
function choiceOf(n: Json): JsonSchema {
  const most = typeof n === 'number' ? { maximum: n } : {};
  return {
    type: 'object',
    properties: { best: { type: 'integer', minimum: 1, ...most, description: 'The number of the best candidate, from 1.' } },
    required: ['best'],
    additionalProperties: false,
  };
}
