import { nodeId } from '../base/ids.ts';
import { isList, isObject, type Json, type JsonObject, type JsonSchema } from '../base/json.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { Path } from '../contracts/source.ts';
import type { EvaluateDecl, NodeDecl } from '../contracts/workflow.ts';
import { misfits } from '../lang/misfit.ts';
import { JUDGES } from './common-fields.ts';
import { explainProblems, type Place } from './explain.ts';
import { TIERS } from './field-shapes.ts';
import { only, over, type Written, written } from './layers.ts';
import { kindOf, mistake, type NodeContext, type Verdict } from './node-context.ts';
import { FAIL } from './on-error.ts';
import { callOf, isOfCall, withDefaults } from './parse-call.ts';
import { evaluateOptions } from './pattern-fields.ts';
import { judgeSchema, reviseSchema } from './schema.ts';
import { bound, expression } from './values.ts';

/** Candidates of an `evaluate` when it does not say how many at most: a first one, and two chances to mend it. */
const MAX_ITERATIONS = 3;

/**
 * An `evaluate`: fields of the judge and options. `from` are the fields of the node around it, which make the candidates; `make` gives a
 * part that calls a model. Undefined when it has a mistake (reported).
 */
export function evaluateOf(
  value: JsonObject,
  path: Path,
  from: Written,
  kind: NodeKind,
  make: (id: string, fields: Written) => NodeDecl,
  context: NodeContext,
  verdict: Verdict,
): EvaluateDecl | undefined {
  const { document } = context;
  const generate = make('generate', from);
  const judge = judgeOf(value, path, evaluateOptions, '"evaluate"', context, verdict);
  const revise = revisionOf(value.revise, [...path, 'revise'], from, kind, make, context, verdict);
  const { accept_if, score, max_iterations, keep, stop_when_stuck, on_exhausted } = value;
  if (judge === undefined || accept_if === undefined) return undefined;
  const scored = score !== undefined || hasScore(judge.output);
  const needsScore = keep === 'best' ? 'keep' : stop_when_stuck === undefined ? undefined : 'stop_when_stuck';
  if (needsScore !== undefined && !scored && judge.output !== undefined) {
    verdict.wrong(
      mistake('DAG121', document.spanOf([...path, needsScore], 'key'), `"${needsScore}" needs a score, and there is none`, {
        because: 'candidates are compared by `evaluation.score`, or by what `score` says',
        help: 'add `score: integer 1..10` to the `output` of the judge, or `score: <expression>` to "evaluate"',
      }),
    );
  }
  if (on_exhausted === 'escalate') checkNextTier([...path, 'on_exhausted'], withDefaults(from, kind, context), context, verdict);
  return {
    type: 'evaluate',
    path,
    generate,
    ...(revise !== undefined && { revise }),
    judge,
    acceptIf: expression(accept_if, [...path, 'accept_if']),
    ...(score !== undefined && { score: expression(score, [...path, 'score']) }),
    maxIterations: max_iterations === undefined ? { value: MAX_ITERATIONS } : bound(max_iterations, [...path, 'max_iterations']),
    keep: keep === 'best' || keep === 'last' ? keep : scored ? 'best' : 'last',
    ...(stop_when_stuck !== undefined && { stopWhenStuck: bound(stop_when_stuck, [...path, 'stop_when_stuck']) }),
    onExhausted: isEnding(on_exhausted) ? on_exhausted : revise === undefined ? 'fail' : 'accept',
  };
}

/** A judge: fields of a call, among `options` of whoever asks it. Undefined when it has no kind that can judge (reported). */
export function judgeOf(
  value: JsonObject,
  path: Path,
  options: Readonly<Record<string, JsonSchema>>,
  subject: string,
  context: NodeContext,
  verdict: Verdict,
): NodeDecl | undefined {
  const kinds = context.kinds.filter((kind) => JUDGES.includes(kind.kind));
  if (context.kinds.some(({ kind }) => kind === value.kind) && !JUDGES.includes(String(value.kind))) {
    const at = context.document.spanOf([...path, 'kind']);
    const help = 'it may be a model call, or of kind command, script or workflow';
    verdict.wrong(mistake('DAG125', at, `a judge cannot be of kind "${value.kind}"`, { help }));
    return undefined;
  }
  const kind = kindOf(value, path, context, kinds, kinds[0], verdict.wrong);
  if (kind === undefined) return undefined;
  const inside = String(path.at(-1));
  const place: Place = { document: context.document, path, what: subject, subject, kinds: context.kinds, kind, inside };
  const problems = misfits(value, judgeSchema(kind, options));
  for (const diagnostic of explainProblems(problems, place)) verdict.wrong(diagnostic);
  if (problems.length > 0) return undefined;
  const fields = only(written(value, path), (field) => !Object.hasOwn(options, field) && field !== 'kind');
  const { result } = fields.fields;
  return {
    id: nodeId('judge'),
    needs: [],
    onError: FAIL,
    ...callOf(fields, kind, context, verdict),
    ...(result !== undefined && { result: expression(result, fields.placeOf('result')) }),
  };
}

function revisionOf(
  value: Json | undefined,
  path: Path,
  from: Written,
  kind: NodeKind,
  make: (id: string, fields: Written) => NodeDecl,
  context: NodeContext,
  { wrong }: Verdict,
): NodeDecl | undefined {
  if (typeof value === 'string') return make('revise', over(from, { fields: { prompt: value }, path, placeOf: () => path }));
  if (!isObject(value)) return undefined;
  const place: Place = {
    document: context.document,
    path,
    what: '"revise"',
    subject: '"revise"',
    kinds: context.kinds,
    kind,
    inside: 'revise',
  };
  const problems = misfits(value, reviseSchema(kind));
  for (const diagnostic of explainProblems(problems, place)) wrong(diagnostic);
  return problems.length > 0 ? undefined : make('revise', over(from, only(written(value, path), isOfCall(kind))));
}

/** Whether what a judge gives has a number `score`. */
function hasScore(output: JsonSchema | undefined): boolean {
  const score = isObject(output?.properties) ? output.properties.score : undefined;
  return score !== undefined;
}

function isEnding(value: Json | undefined): value is EvaluateDecl['onExhausted'] {
  return value === 'accept' || value === 'fail' || value === 'escalate';
}

/** There is a tier above the one that the candidates are asked of. */
function checkNextTier(path: Path, { fields, placeOf }: Written, { document }: NodeContext, { wrong }: Verdict): void {
  const { model, tier } = fields;
  const names = isList(tier) ? tier.map((choice) => (isObject(choice) ? choice.use : undefined)) : [tier];
  const [top] = TIERS.slice(-1);
  if (model === undefined && !names.every((name) => name === top)) return;
  wrong(
    mistake('DAG123', document.spanOf(path), model === undefined ? `there is no tier above "${top}"` : 'one model has no next tier', {
      related: [{ at: document.spanOf(placeOf(model === undefined ? 'tier' : 'model')), label: 'what is asked' }],
      help: model === undefined ? 'begin with a lower tier, or write `accept` or `fail`' : 'write `tier` in place of `model`',
    }),
  );
}
