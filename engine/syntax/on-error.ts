import { isObject, type JsonObject } from '../base/json.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { OnErrorDecl } from '../contracts/workflow.ts';
import { misfits } from '../lang/misfit.ts';
import { explainProblem, type Place } from './explain.ts';
import { OF_THE_NODE } from './field-shapes.ts';
import { elsewhere, only, over, type Written, written } from './layers.ts';
import { kindOf, mistake, type NodeContext, type Verdict } from './node-context.ts';
import { isOfCall, retryOf, withDefaults, withSchemas } from './parse-call.ts';
import { PATTERNS } from './pattern-fields.ts';
import { withPromptFile } from './prompt-file.ts';
import { fallbackSchema, missingFields } from './schema.ts';
import { subWorkflowOf } from './sub-workflow.ts';
import { durationOf, expression } from './values.ts';

/** A failure of the node is its failure. */
export const FAIL: OnErrorDecl = { action: 'fail' };

/** Fields which a fallback cannot replace. */
const KEPT: readonly string[] = [
  ...OF_THE_NODE,
  ...PATTERNS,
  'output',
  'check',
  'result',
  'on_error',
  'cache',
  'idempotent',
  'description',
];

/** What to do when every try has failed, as `on_error` says. */
export function onErrorOf(from: Written, kind: NodeKind, context: NodeContext, verdict: Verdict): OnErrorDecl {
  const { on_error } = from.fields;
  if (on_error === 'skip' || !isObject(on_error)) return { action: on_error === 'skip' ? 'skip' : 'fail' };
  if (on_error.value !== undefined) return { action: 'value', value: expression(on_error.value, [...from.placeOf('on_error'), 'value']) };
  return fallbackOf(isObject(on_error.fallback) ? on_error.fallback : {}, from, kind, context, verdict);
}

function fallbackOf(fields: JsonObject, from: Written, own: NodeKind, context: NodeContext, verdict: Verdict): OnErrorDecl {
  const path = [...from.placeOf('on_error'), 'fallback'];
  const { document, defaults, kinds } = context;
  const { wrong } = verdict;
  const kind = kindOf(fields, path, context, kinds, own, wrong);
  if (kind === undefined) return FAIL;
  if (kind.kind === 'group') {
    const help = 'put the nodes into a file of their own, and write `kind: workflow`';
    wrong(mistake('DAG123', document.spanOf([...path, 'kind']), 'a fallback cannot be a group', { help }));
    return FAIL;
  }
  const place: Place = { document, path, what: 'a fallback', subject: 'the fallback', kinds, kind };
  for (const problem of misfits(fields, fallbackSchema(kind))) {
    const key = String(problem.params.key);
    if (problem.keyword === 'additionalProperties' && problem.path.length === 0 && KEPT.includes(key)) {
      wrong(
        mistake('DAG120', document.spanOf([...path, key], 'key'), `"${key}" cannot be replaced by a fallback`, {
          because: `"${key}" concerns the node as a whole, whichever way its work is done`,
          help: 'remove it from the fallback',
        }),
      );
    } else wrong(explainProblem(problem, place));
  }
  const whole = over(withDefaults(only(from, isOfCall(kind)), kind, context), only(written(fields, path), isOfCall(kind)));
  const complete = withPromptFile(whole, context, verdict);
  const spec = withSchemas(kind, complete, context);
  const places = elsewhere(complete, path);
  for (const key of missingFields(kind, spec)) {
    wrong(
      mistake('DAG121', document.spanOf(path, 'key'), `the fallback has no "${key}", and neither has the node`, {
        help: `add "${key}" to the fallback`,
      }),
    );
  }
  const timeout = durationOf(fields.timeout ?? from.fields.timeout ?? (kind.callsModel ? defaults.timeout : undefined));
  const retry = retryOf(kind, fields.retry ?? from.fields.retry, [...path, 'retry'], context, verdict);
  const body = kind.kind === 'workflow' ? subWorkflowOf(whole.fields.workflow, whole.placeOf('workflow'), context, verdict) : undefined;
  return {
    action: 'fallback',
    path,
    kind: kind.kind,
    spec,
    ...(Object.keys(places).length > 0 && { places }),
    ...(body !== undefined && { body }),
    retry,
    ...(timeout !== undefined && { timeout }),
  };
}
