import { type Millis, millis, type NodeId, nodeId } from '../base/ids.ts';
import { isList, isObject, type Json, type JsonObject } from '../base/json.ts';
import { parseDuration } from '../base/units.ts';
import type { Report } from '../contracts/diagnostic.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { Document, Path } from '../contracts/source.ts';
import type { Bound, CheckDecl, Expression, ForeachDecl, Need, NodeDecl, OnErrorDecl, Retry, SkipDecl } from '../contracts/workflow.ts';
import { adviceOn, suggest } from '../diagnostics/suggest.ts';
import { misfits } from '../lang/misfit.ts';
import { RETRYABLE } from './common-fields.ts';
import { explainProblem, explainProblems, kindForAuthors, type Place } from './explain.ts';
import { nameProblem } from './names.ts';
import { fallbackSchema, nodeSchema, ownFields } from './schema.ts';
import type { SchemaLibrary } from './schema-library.ts';

const NO_ERROR_POLICY: OnErrorDecl = { action: 'fail' };

/** What the nodes of one file have in common. */
export interface NodeContext {
  readonly document: Document;
  /** The first is the kind of a node that names none. */
  readonly kinds: readonly NodeKind[];
  /** `defaults` of the file, their shape checked. */
  readonly defaults: JsonObject;
  readonly library: SchemaLibrary;
  readonly report: Report;
}

/** A node as its author wrote it, with what the language and the file's `defaults` add; undefined when it has a mistake (reported). */
export function parseNode(id: string, value: Json, context: NodeContext): NodeDecl | undefined {
  const path = ['nodes', id];
  const { document, report } = context;
  let sound = true;
  const wrong: Report = (diagnostic) => {
    if (diagnostic.severity === 'error') sound = false;
    report(diagnostic);
  };
  if (!isObject(value)) {
    const at = document.spanOf(path, value === null ? 'key' : 'value');
    wrong({
      code: 'DAG122',
      severity: 'error',
      message: `node "${id}" must be a map of fields; it is ${kindForAuthors(value)}`,
      at,
      help: 'give it a `prompt`, or a `kind` and the fields of that kind',
    });
    return undefined;
  }
  const kind = kindOf(value, path, context, wrong);
  if (kind === undefined) return undefined;
  const place: Place = { document, path, what: 'a node', subject: `node "${id}"`, kinds: context.kinds, kind };
  const problems = misfits(value, nodeSchema(kind));
  for (const diagnostic of explainProblems(problems, place)) wrong(diagnostic);
  const isShaped = (field: string): boolean => !problems.some((problem) => problem.path[0] === field);
  if (value.skip_if !== undefined && value.run_if !== undefined) {
    wrong({
      code: 'DAG124',
      severity: 'error',
      message: '"skip_if" and "run_if" exclude each other',
      at: document.spanOf([...path, 'run_if'], 'key'),
      related: [{ at: document.spanOf([...path, 'skip_if'], 'key'), label: 'the other one' }],
      help: 'keep one, and join the two conditions with && or ||',
    });
  }
  for (const [field, other] of Object.entries(ALTERNATIVES)) {
    // Each pair is told once, at the field that is written second.
    if (value[field] === undefined || value[other] === undefined || Object.keys(value).indexOf(field) < Object.keys(value).indexOf(other))
      continue;
    wrong({
      code: 'DAG124',
      severity: 'error',
      message: `"${other}" and "${field}" exclude each other`,
      at: document.spanOf([...path, field], 'key'),
      related: [{ at: document.spanOf([...path, other], 'key'), label: 'the other one' }],
      help: 'keep one: `tier` for whatever the configuration has at that level, `model` for one model by name',
    });
  }
  const output = isObject(value.output) ? context.library.expand([...path, 'output']) : undefined;
  if (isObject(value.output) && output === undefined) sound = false;
  const foreach = isShaped('foreach') ? foreachOf(value.foreach, [...path, 'foreach'], document, wrong) : undefined;
  const onError = isShaped('on_error') ? onErrorOf(value, kind, path, context, wrong) : NO_ERROR_POLICY;
  const retry = retryOf(kind, [...path, 'retry'], value, context, wrong);
  if (!sound) return undefined;

  const { description, if_skipped, result } = value;
  const spec = withSchemas(kind, specOf(kind, value, context.defaults), value, path, context);
  const timeout = durationOf(value.timeout ?? (kind.callsModel ? context.defaults.timeout : undefined));
  const skipIf = skipOf(value, path);
  return {
    id: nodeId(id),
    kind: kind.kind,
    path,
    ...(typeof description === 'string' && { description }),
    needs: needsOf(value.needs, [...path, 'needs']),
    ...(skipIf !== undefined && { skipIf }),
    ...(if_skipped !== undefined && { ifSkipped: expression(if_skipped, [...path, 'if_skipped']) }),
    ...(foreach !== undefined && { foreach }),
    retry,
    ...(timeout !== undefined && { timeout }),
    onError,
    ...cacheOf(value.cache),
    ...(typeof value.idempotent === 'boolean' && { idempotent: value.idempotent }),
    ...(output !== undefined && { output }),
    check: checksOf(value.check, [...path, 'check']),
    ...(result !== undefined && { result: expression(result, [...path, 'result']) }),
    spec,
  };
}

function kindOf(value: JsonObject, path: Path, { kinds, document }: NodeContext, wrong: Report): NodeKind | undefined {
  if (value.kind === undefined) return kinds[0];
  const found = kinds.find((kind) => kind.kind === value.kind);
  if (found !== undefined) return found;
  const at = document.spanOf([...path, 'kind']);
  const names = kinds.map((kind) => kind.kind);
  const written = typeof value.kind === 'string' ? value.kind : undefined;
  const near = written === undefined ? undefined : suggest(written, names);
  const help = written === undefined ? undefined : adviceOn(written, names);
  wrong({
    code: 'DAG125',
    severity: 'error',
    message:
      written === undefined ? `"kind" must be the name of a kind; it is ${kindForAuthors(value.kind)}` : `there is no kind "${written}"`,
    at,
    ...(help !== undefined && { help }),
    ...(near !== undefined && { fix: { at, replacement: near } }),
  });
  return undefined;
}

/** Fields of which only one counts: who sets one no longer wants the other that a layer below has set. */
const ALTERNATIVES: Readonly<Record<string, string>> = { tier: 'model', model: 'tier' };

/** Own fields of a kind, from the lowest layer to the highest. */
function layered(kind: NodeKind, ...layers: readonly JsonObject[]): JsonObject {
  const own = ownFields(kind);
  const spec: Record<string, Json> = {};
  for (const layer of layers) {
    for (const key of Object.keys(layer)) {
      const other = ALTERNATIVES[key];
      if (other !== undefined && !Object.hasOwn(layer, other)) delete spec[other];
    }
    for (const [key, value] of Object.entries(layer)) if (Object.hasOwn(own, key)) spec[key] = value;
  }
  return spec;
}

function specOf(kind: NodeKind, value: JsonObject, defaults: JsonObject): JsonObject {
  return kind.callsModel ? layered(kind, defaults, value) : layered(kind, value);
}

/** The spec with the schemas in its own fields expanded, as `written` at `path`; of one with a mistake (reported) nothing is known. */
function withSchemas(kind: NodeKind, spec: JsonObject, written: JsonObject, path: Path, { library }: NodeContext): JsonObject {
  const expanded: Record<string, Json> = {};
  for (const [name, field] of Object.entries(ownFields(kind))) {
    if (!isObject(field) || field['x-schema'] !== true || !isObject(written[name])) continue;
    expanded[name] = library.expand([...path, name]) ?? {};
  }
  return { ...spec, ...expanded };
}

function expression(source: Json, path: Path): Expression {
  return { source, path };
}

function durationOf(value: Json | undefined): Millis | undefined {
  return typeof value === 'string' ? parseDuration(value) : undefined;
}

/** Backoff of the language: 1 s doubling to 30 s. */
const INITIAL_DELAY = millis(1000);
const MAX_DELAY = millis(30_000);
/** Tries of a model call: a lost connection and one answer that does not fit are common, a third is not. */
const MODEL_ATTEMPTS = 3;

/** Retries of a node: its own fields, else the file's, else the language's. */
function retryOf(kind: NodeKind, path: Path, value: JsonObject, { defaults, document }: NodeContext, wrong: Report): Retry {
  const own = isObject(value.retry) ? value.retry : {};
  const { max_attempts, backoff, initial_delay, max_delay, retry_on } = {
    ...(kind.callsModel && isObject(defaults.retry) ? defaults.retry : {}),
    ...own,
  };
  const initialDelay = durationOf(initial_delay) ?? INITIAL_DELAY;
  const longest = durationOf(max_delay);
  if (longest !== undefined && longest < initialDelay && own.max_delay !== undefined) {
    wrong({
      code: 'DAG123',
      severity: 'error',
      message: '"max_delay" is shorter than the first delay',
      at: document.spanOf([...path, 'max_delay']),
      help: 'make it longer, or make "initial_delay" shorter',
    });
  }
  return {
    maxAttempts: typeof max_attempts === 'number' ? max_attempts : kind.callsModel ? MODEL_ATTEMPTS : 1,
    backoff: backoff === 'constant' ? 'constant' : 'exponential',
    initialDelay,
    maxDelay: millis(Math.max(longest ?? MAX_DELAY, initialDelay)),
    retryOn: isList(retry_on) ? RETRYABLE.filter((type) => retry_on.includes(type)) : RETRYABLE,
  };
}

function skipOf(value: JsonObject, node: Path): SkipDecl | undefined {
  const key = value.skip_if !== undefined ? 'skip_if' : value.run_if !== undefined ? 'run_if' : undefined;
  if (key === undefined) return undefined;
  const written = value[key] ?? null;
  const path = [...node, key];
  const negate = key === 'run_if';
  if (!isObject(written)) return { when: expression(written, path), negate, path };
  return {
    when: expression(written.when ?? null, [...path, 'when']),
    negate,
    ...(typeof written.reason === 'string' && { reason: { text: written.reason, path: [...path, 'reason'] } }),
    path,
  };
}

/** Every form of `needs`: an id, a list of these, a map from ids to `required` or `optional`, `any_of`. */
function needsOf(value: Json | undefined, path: Path): readonly Need[] {
  if (typeof value === 'string') return [{ from: nodeId(value), path, optional: false, anyOf: false }];
  if (isList(value)) return value.flatMap((part, index) => needsOf(part, [...path, index]));
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, part]): Need[] => {
    if (key !== 'any_of') return [{ from: nodeId(key), path: [...path, key], optional: part === 'optional', anyOf: false }];
    const members = isList(part) ? part : [];
    return members.flatMap((id, index) =>
      typeof id === 'string' ? [{ from: nodeId(id) as NodeId, path: [...path, key, index], optional: true, anyOf: true }] : [],
    );
  });
}

function foreachOf(value: Json | undefined, path: Path, document: Document, wrong: Report): ForeachDecl | undefined {
  if (value === undefined) return undefined;
  if (!isObject(value)) return { path, items: expression(value, path), as: 'item' };
  const { items = null, as = 'item', where, key, concurrency, max_failures } = value;
  const name = String(as);
  const problem = name === 'item' ? undefined : nameProblem(name, 'the name of an item');
  if (problem !== undefined) {
    wrong({ severity: 'error', at: document.spanOf([...path, 'as']), ...problem });
  }
  const percent = typeof max_failures === 'string' ? /^(\d+(?:\.\d+)?)\s*%$/.exec(max_failures)?.[1] : undefined;
  if (percent !== undefined && Number(percent) > 100) {
    wrong({
      code: 'DAG123',
      severity: 'error',
      message: '"max_failures" is more than 100%',
      at: document.spanOf([...path, 'max_failures']),
      help: 'write a share of the items, such as 10%',
    });
  }
  return {
    path,
    items: expression(items, [...path, 'items']),
    as: name,
    ...(where !== undefined && { where: expression(where, [...path, 'where']) }),
    ...(key !== undefined && { key: expression(key, [...path, 'key']) }),
    ...(concurrency !== undefined && { concurrency: bound(concurrency, [...path, 'concurrency']) }),
    ...(max_failures !== undefined && {
      maxFailures: percent === undefined ? bound(max_failures, [...path, 'max_failures']) : { percent: Number(percent) },
    }),
  };
}

function bound(value: Json, path: Path): Bound {
  return typeof value === 'number' ? { value } : { expression: expression(value, path) };
}

/** `true`, `false`, or `{ ttl }`, which is true with a bound. */
function cacheOf(value: Json | undefined): Pick<NodeDecl, 'cache'> {
  if (value === undefined) return {};
  const ttl = isObject(value) ? durationOf(value.ttl) : undefined;
  return { cache: { use: value !== false, ...(ttl !== undefined && { ttl }) } };
}

function checksOf(value: Json | undefined, path: Path): readonly CheckDecl[] {
  if (!isList(value)) return [];
  return value.flatMap((check, index) => {
    if (!isObject(check)) return [];
    const { that = null, message } = check;
    return [{ that: expression(that, [...path, index, 'that']), ...(typeof message === 'string' && { message }), path: [...path, index] }];
  });
}

/** Fields of the node as a whole, which a fallback cannot replace. */
const OF_THE_WHOLE = [
  'output',
  'needs',
  'foreach',
  'skip_if',
  'run_if',
  'if_skipped',
  'check',
  'result',
  'on_error',
  'cache',
  'idempotent',
  'description',
];

function onErrorOf(value: JsonObject, kind: NodeKind, node: Path, context: NodeContext, wrong: Report): OnErrorDecl {
  const { on_error } = value;
  if (on_error === 'skip' || !isObject(on_error)) return { action: on_error === 'skip' ? 'skip' : 'fail' };
  const path = [...node, 'on_error'];
  if (on_error.value !== undefined) return { action: 'value', value: expression(on_error.value, [...path, 'value']) };
  const fields = isObject(on_error.fallback) ? on_error.fallback : {};
  return fallbackOf(fields, value, kind, [...path, 'fallback'], context, wrong);
}

function fallbackOf(fields: JsonObject, value: JsonObject, own: NodeKind, path: Path, context: NodeContext, wrong: Report): OnErrorDecl {
  const { document, defaults, kinds } = context;
  const kind = fields.kind === undefined ? own : kindOf(fields, path, context, wrong);
  if (kind === undefined) return { action: 'fail' };
  const place: Place = { document, path, what: 'a fallback', subject: 'the fallback', kinds, kind };
  for (const problem of misfits(fields, fallbackSchema(kind))) {
    const key = String(problem.params.key);
    if (problem.keyword === 'additionalProperties' && problem.path.length === 0 && OF_THE_WHOLE.includes(key)) {
      wrong({
        code: 'DAG120',
        severity: 'error',
        message: `"${key}" cannot be replaced by a fallback`,
        at: document.spanOf([...path, key], 'key'),
        because: `"${key}" concerns the node as a whole, whichever way its work is done`,
        help: 'remove it from the fallback',
      });
    } else wrong(explainProblem(problem, place));
  }
  const lower = kind.callsModel ? [defaults, value] : [value];
  const taken = layered(kind, ...lower, fields);
  // What the fallback takes over from the node stands there.
  const over = Object.fromEntries(Object.entries(value).filter(([name]) => !Object.hasOwn(fields, name)));
  const spec = withSchemas(kind, withSchemas(kind, taken, over, path.slice(0, -2), context), fields, path, context);
  for (const key of isList(kind.schema.required) ? kind.schema.required : []) {
    if (typeof key !== 'string' || Object.hasOwn(spec, key)) continue;
    wrong({
      code: 'DAG121',
      severity: 'error',
      message: `the fallback has no "${key}", and neither has the node`,
      at: document.spanOf(path, 'key'),
      help: `add "${key}" to the fallback`,
    });
  }
  const timeout = durationOf(fields.timeout ?? value.timeout ?? (kind.callsModel ? defaults.timeout : undefined));
  const retry = retryOf(kind, [...path, 'retry'], fields.retry === undefined ? value : fields, context, wrong);
  return { action: 'fallback', path, kind: kind.kind, spec, retry, ...(timeout !== undefined && { timeout }) };
}
