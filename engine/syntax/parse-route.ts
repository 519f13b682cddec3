import { nodeId } from '../base/ids.ts';
import { isList, isObject, type Json, type JsonObject } from '../base/json.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { Path } from '../contracts/source.ts';
import type { CaseDecl, RouteDecl } from '../contracts/workflow.ts';
import { suggest } from '../diagnostics/suggest.ts';
import { misfits } from '../lang/misfit.ts';
import { explainProblem, explainProblems, kindForAuthors, type Place } from './explain.ts';
import { OF_THE_NODE, TIERS } from './field-shapes.ts';
import { only, over, type Written, written } from './layers.ts';
import { kindOf, mistake, type NodeContext, type Verdict } from './node-context.ts';
import { workOf } from './parse-work.ts';
import { missingFields, nodeSchema, ownFields, workFields } from './schema.ts';
import { expression } from './values.ts';

/** A case as it stands in the file. */
interface WrittenCase {
  readonly name: string;
  readonly path: Path;
  readonly value: Json;
  readonly when?: Json;
}

/** A case whose fields have been put together with those of the node. */
interface Assembled extends WrittenCase {
  readonly own: JsonObject;
  readonly kind: NodeKind;
  readonly taken: Written;
}

/** `node` is what its fields are called in messages: `node "respond"`. */
export function routeOf(
  value: JsonObject,
  from: Written,
  standard: NodeKind,
  node: string,
  context: NodeContext,
  verdict: Verdict,
): RouteDecl {
  const path = from.placeOf('route');
  const found = casesOf(value, path, context, verdict);
  const shared = only(from, (field) => !OF_THE_NODE.includes(field) && field !== 'description' && field !== 'kind');
  const assembled = found.flatMap((one) => assembledCase(one, shared, standard, context, verdict) ?? []);
  checkUse(shared, assembled, found.length - assembled.length, standard, node, context, verdict);
  const missing = missingEverywhere(assembled);
  for (const key of missing) {
    const at = context.document.spanOf(from.path, 'key');
    verdict.wrong(mistake('DAG121', at, `${node} has no "${key}", and neither has any of its cases`, { help: `add "${key}" to the node` }));
  }
  const nodes = new Map(assembled.map((one) => [one.name, caseNode(one, missing, context, verdict)]));
  const { by } = value;
  return {
    type: 'route',
    path,
    ...(by !== undefined && { by: expression(by, [...path, 'by']) }),
    cases: found.map((one): CaseDecl => {
      const decl = nodes.get(one.name);
      return {
        name: one.name,
        path: one.path,
        ...(one.when !== undefined && { when: expression(one.when, [...one.path, 'when']) }),
        ...(decl !== undefined && { node: decl }),
      };
    }),
  };
}

/** The cases, `default` last. */
function casesOf(value: JsonObject, path: Path, { document }: NodeContext, { wrong }: Verdict): readonly WrittenCase[] {
  const { by, cases, default: standard } = value;
  const found: WrittenCase[] = [];
  const list = isList(cases);
  if (list && by !== undefined) {
    wrong(
      mistake('DAG124', document.spanOf([...path, 'by'], 'key'), '"by" and a list of cases exclude each other', {
        related: [{ at: document.spanOf([...path, 'cases'], 'key'), label: 'a list: each case has its own condition' }],
        help: 'write the cases as a map from the values of `by`, or remove "by"',
      }),
    );
  }
  if (!list && by === undefined) {
    const help = 'add `by: nodes.x.output.category`, or write a list of cases with `when` each';
    wrong(
      mistake('DAG121', document.spanOf(path, 'key'), '"route" has no "by"', { because: '"by" is what decides between the cases', help }),
    );
  }
  for (const [key, written] of list ? cases.entries() : Object.entries(isObject(cases) ? cases : {})) {
    const at = [...path, 'cases', key];
    const last = list && key === cases.length - 1;
    const when = list && isObject(written) ? written.when : undefined;
    if (list && isObject(written) && !last && when === undefined) {
      const help = 'add `when`, or move it to the end: the first that holds is taken';
      wrong(mistake('DAG121', document.spanOf(at), `case ${Number(key) + 1} has no "when"`, { help }));
    }
    if (last && when !== undefined && standard === undefined) {
      const because = 'when none of the conditions holds, there must be a way all the same';
      const help = 'add a last case without `when`, or `default: skip`';
      wrong(mistake('DAG121', document.spanOf([...at, 'when'], 'key'), 'the last case has a condition', { because, help }));
    }
    const name = !list ? String(key) : last && when === undefined ? 'default' : `case_${Number(key) + 1}`;
    if (!list) checkCaseName(name, at, document, wrong);
    found.push({ name, path: at, value: written, ...(when !== undefined && { when }) });
  }
  if (standard !== undefined) {
    const at = [...path, 'default'];
    const other = found.find((one) => one.name === 'default');
    if (other !== undefined && list) {
      const related = [{ at: document.spanOf(other.path), label: 'already taken when no condition holds' }];
      wrong(
        mistake('DAG124', document.spanOf(at, 'key'), 'there are two cases without a condition', { related, help: 'keep one of them' }),
      );
    } else found.push({ name: 'default', path: at, value: standard });
  }
  return found;
}

/** Cases are steps of paths: `respond/refund`. */
function checkCaseName(name: string, path: Path, document: NodeContext['document'], wrong: Verdict['wrong']): void {
  const at = document.spanOf(path, 'key');
  if (name === 'default') {
    const help = 'write `default` beside `cases`';
    wrong(mistake('DAG129', at, '"default" is what is done when no case is taken, and no case itself', { help }));
  } else if (name === '' || name !== name.trim() || /[/[\]#~\p{Cc}]/u.test(name)) {
    wrong(
      mistake('DAG129', at, `"${name}" cannot be the name of a case`, {
        because: 'it is a step of the path that cases have in replies and results, where / [ ] # ~ mean something else',
        help: 'give the value that decides a name without these, or write a list of cases with `when`',
      }),
    );
  }
}

function assembledCase(
  one: WrittenCase,
  shared: Written,
  standard: NodeKind,
  context: NodeContext,
  { wrong }: Verdict,
): Assembled | undefined {
  const { document, kinds } = context;
  const { value, path } = one;
  if (value === 'skip') return undefined;
  if (!isObject(value)) {
    const at = document.spanOf(path, value === null ? 'key' : 'value');
    const fixed = typeof value === 'string' ? suggest(value, ['skip', ...TIERS]) : undefined;
    const help =
      fixed === undefined
        ? 'write {} for the fields of the node as they are, or skip'
        : `write ${fixed === 'skip' ? 'skip' : `{ tier: ${fixed} }`}`;
    wrong(mistake('DAG122', at, `case "${one.name}" must be a map of fields, or skip; it is ${kindForAuthors(value)}`, { help }));
    return undefined;
  }
  const own: Record<string, Json> = {};
  for (const [field, inner] of Object.entries(value)) {
    if (field === 'when' && path.at(-2) === 'cases' && typeof path.at(-1) === 'number') continue;
    if (!OF_THE_NODE.includes(field)) {
      own[field] = inner;
      continue;
    }
    wrong(
      mistake('DAG120', document.spanOf([...path, field], 'key'), `"${field}" cannot be replaced by a case`, {
        because: `"${field}" concerns the node as a whole, whichever case is taken`,
        help: field === 'route' ? 'for a route inside a case, write `kind: group` with a node that has one' : 'move it to the node',
      }),
    );
  }
  const kind = kindOf(own, path, context, kinds, standard, wrong);
  if (kind === undefined) return undefined;
  const usable = workFields(kind);
  const taken = over(
    only(shared, (field) => Object.hasOwn(usable, field)),
    only(written(own, path), (field) => field !== 'kind' && field !== 'description'),
  );
  return { ...one, own, kind, taken };
}

function caseNode(one: Assembled, missing: ReadonlySet<string>, context: NodeContext, verdict: Verdict): CaseDecl['node'] {
  const { kind, taken, path, name, own } = one;
  const place: Place = {
    document: context.document,
    path,
    what: 'a case',
    subject: `case "${name}"`,
    kinds: context.kinds,
    kind,
    placeOf: taken.placeOf,
  };
  const value = { ...taken.fields, ...own };
  const problems = misfits(value, nodeSchema(kind)).filter(
    ({ keyword, path: at, params }) => !(keyword === 'required' && at.length === 0 && missing.has(String(params.key))),
  );
  for (const diagnostic of explainProblems(problems, place)) verdict.wrong(diagnostic);
  const misshapen = new Set(problems.flatMap((problem) => (problem.path[0] === undefined ? [] : [String(problem.path[0])])));
  return {
    id: nodeId(name),
    ...(typeof own.description === 'string' && { description: own.description }),
    needs: [],
    ...workOf(taken, kind, misshapen, context, verdict),
  };
}

/** Fields without which no case can be, and that none has. */
function missingEverywhere(cases: readonly Assembled[]): ReadonlySet<string> {
  if (cases.length < 2) return new Set();
  const missing = cases.map(({ kind, taken }) => missingFields(kind, taken.fields));
  return new Set(missing[0]?.filter((field) => missing.every((one) => one.includes(field))));
}

/** Every field of the node is taken over by a case at least. */
function checkUse(
  shared: Written,
  cases: readonly Assembled[],
  skips: number,
  standard: NodeKind,
  node: string,
  context: NodeContext,
  { wrong }: Verdict,
): void {
  const { document, kinds } = context;
  for (const field of Object.keys(shared.fields)) {
    const at = shared.placeOf(field);
    const taking = cases.filter(({ kind }) => Object.hasOwn(workFields(kind), field));
    if (taking.some(({ own }) => !Object.hasOwn(own, field))) continue;
    const known = taking.length > 0 || Object.hasOwn(workFields(standard), field);
    if (!known) {
      // A field of none of the kinds there are here is told as that of any node is.
      const [problem] = misfits({ [field]: shared.fields[field] ?? null }, { ...nodeSchema(standard), required: [] });
      const place: Place = { document, path: shared.path, what: 'a node', subject: node, kinds, kind: standard };
      if (problem !== undefined) wrong(explainProblem(problem, place));
      continue;
    }
    if (cases.length === 0 && skips > 0) continue;
    const replaced = taking.length > 0;
    wrong(
      mistake('DAG134', document.spanOf(at, 'key'), `no case uses "${field}"`, {
        label: replaced ? 'every case has its own' : `no case is of kind "${ownerOf(field, kinds, standard)}"`,
        help: 'remove it from the node',
      }),
    );
  }
}

function ownerOf(field: string, kinds: readonly NodeKind[], standard: NodeKind): string {
  return [standard, ...kinds].find((kind) => Object.hasOwn(ownFields(kind), field))?.kind ?? standard.kind;
}
