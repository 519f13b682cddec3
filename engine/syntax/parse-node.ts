import { nodeId } from '../base/ids.ts';
import { isObject, type Json, type JsonObject } from '../base/json.ts';
import type { Path } from '../contracts/source.ts';
import type { NodeDecl } from '../contracts/workflow.ts';
import { misfits } from '../lang/misfit.ts';
import { explainProblems, kindForAuthors, type Place } from './explain.ts';
import { OF_THE_NODE } from './field-shapes.ts';
import { written } from './layers.ts';
import { kindOf, mistake, type NodeContext, verdictOn } from './node-context.ts';
import { FAIL } from './on-error.ts';
import { ONE_TRY } from './parse-call.ts';
import { routeOf } from './parse-route.ts';
import { type Work, workOf } from './parse-work.ts';
import { nodeSchema, routedSchema } from './schema.ts';
import { expression } from './values.ts';
import { foreachOf, needsOf, repeatOf, skipOf } from './whole-fields.ts';

/** A node as its author wrote it at `path`, with what the language and the file's `defaults` add; undefined when it has a mistake (reported). */
export function parseNode(id: string, value: Json, path: Path, context: NodeContext): NodeDecl | undefined {
  const { document } = context;
  const verdict = verdictOn(context.report);
  const { wrong } = verdict;
  if (!isObject(value)) {
    const at = document.spanOf(path, value === null ? 'key' : 'value');
    const help = 'give it a `prompt`, or a `kind` and the fields of that kind';
    wrong(mistake('DAG122', at, `node "${id}" must be a map of fields; it is ${kindForAuthors(value)}`, { help }));
    return undefined;
  }
  const kind = kindOf(value, path, context, context.kinds, context.kinds[0], wrong);
  if (kind === undefined) return undefined;
  const place: Place = { document, path, what: 'a node', subject: `node "${id}"`, kinds: context.kinds, kind };
  const routed = isObject(value.route);
  // Which other fields a node with a route has is for its cases to say.
  const problems = routed ? misfits(ofTheNode(value), routedSchema) : misfits(value, nodeSchema(kind));
  for (const diagnostic of explainProblems(problems, place)) wrong(diagnostic);
  const misshapen = new Set(problems.flatMap((problem) => (problem.path[0] === undefined ? [] : [String(problem.path[0])])));
  if (value.skip_if !== undefined && value.run_if !== undefined) {
    wrong(
      mistake('DAG124', document.spanOf([...path, 'run_if'], 'key'), '"skip_if" and "run_if" exclude each other', {
        related: [{ at: document.spanOf([...path, 'skip_if'], 'key'), label: 'the other one' }],
        help: 'keep one, and join the two conditions with && or ||',
      }),
    );
  }
  const from = written(value, path);
  const foreach = misshapen.has('foreach') ? undefined : foreachOf(value.foreach, [...path, 'foreach'], document, wrong);
  const repeat = misshapen.has('repeat') ? undefined : repeatOf(value.repeat, [...path, 'repeat'], document, wrong);
  const work: Work =
    routed && isObject(value.route) && !misshapen.has('route')
      ? {
          kind: kind.kind,
          path,
          retry: ONE_TRY,
          onError: FAIL,
          check: [],
          body: routeOf(value.route, from, kind, place.subject, context, verdict),
          spec: {},
        }
      : workOf(from, kind, misshapen, context, verdict);
  if (!verdict.sound()) return undefined;

  const { description, if_skipped } = value;
  const skipIf = skipOf(value, path);
  return {
    id: nodeId(id),
    ...(typeof description === 'string' && { description }),
    needs: needsOf(value.needs, [...path, 'needs']),
    ...(skipIf !== undefined && { skipIf }),
    ...(if_skipped !== undefined && { ifSkipped: expression(if_skipped, [...path, 'if_skipped']) }),
    ...(foreach !== undefined && { foreach }),
    ...(repeat !== undefined && { repeat }),
    ...work,
  };
}

function ofTheNode(value: JsonObject): JsonObject {
  const fields = ['kind', 'description', ...OF_THE_NODE];
  return Object.fromEntries(Object.entries(value).filter(([field]) => fields.includes(field)));
}
