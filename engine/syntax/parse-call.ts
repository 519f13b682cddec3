import { millis } from '../base/ids.ts';
import { isList, isObject, type Json, type JsonObject } from '../base/json.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { Path } from '../contracts/source.ts';
import type { BodyDecl, CheckDecl, NodeDecl, Retry } from '../contracts/workflow.ts';
import { RETRYABLE } from './field-shapes.ts';
import { elsewhere, only, over, type Written, written } from './layers.ts';
import { mistake, type NodeContext, type Verdict } from './node-context.ts';
import { PATTERNS } from './pattern-fields.ts';
import { withPromptFile } from './prompt-file.ts';
import { ownFields } from './schema.ts';
import { subWorkflowOf } from './sub-workflow.ts';
import { durationOf, expression } from './values.ts';

/** What one task of a kind is: the fields of a `NodeDecl` that say how its work is done, once. */
export type Call = Pick<
  NodeDecl,
  'kind' | 'path' | 'retry' | 'timeout' | 'cache' | 'idempotent' | 'output' | 'check' | 'body' | 'spec' | 'places'
>;

/** Backoff of the language: 1 s doubling to 30 s. */
const INITIAL_DELAY = millis(1000);
const MAX_DELAY = millis(30_000);
/** Tries of a model call: a lost connection and one answer that does not fit are common, a third is not. */
const MODEL_ATTEMPTS = 3;

/** Of a node whose work is done by nodes inside it, which have tries of their own. */
export const ONE_TRY: Retry = {
  maxAttempts: 1,
  backoff: 'exponential',
  initialDelay: INITIAL_DELAY,
  maxDelay: MAX_DELAY,
  retryOn: RETRYABLE,
};

/** Whether a field is one of a kind's own, and not one that puts nodes around its work. */
export function isOfCall(kind: NodeKind): (field: string) => boolean {
  const own = ownFields(kind);
  return (field) => Object.hasOwn(own, field) && !PATTERNS.includes(field);
}

/** The call that fields describe, with the file's `defaults` below them; what is wrong with it is reported. */
export function callOf(from: Written, kind: NodeKind, context: NodeContext, verdict: Verdict): Call {
  const { fields, placeOf, path } = from;
  const whole = withPromptFile(withDefaults(from, kind, context), context, verdict);
  checkTiers(whole, context, verdict);
  const spec = withSchemas(kind, only(whole, isOfCall(kind)), context);
  const own = isObject(fields.output) ? context.library.expand(placeOf('output')) : undefined;
  if (isObject(fields.output) && own === undefined) verdict.fail();
  const output = own ?? (typeof spec.tool === 'string' ? context.toolOutput(spec.tool) : undefined);
  const timeout = durationOf(fields.timeout ?? (kind.callsModel ? context.defaults.timeout : undefined));
  const places = elsewhere(whole, path);
  const body = bodyOf(whole, kind, context, verdict);
  return {
    kind: kind.kind,
    path,
    retry: retryOf(kind, fields.retry, placeOf('retry'), context, verdict),
    ...(timeout !== undefined && { timeout }),
    ...cacheOf(fields.cache),
    ...(typeof fields.idempotent === 'boolean' && { idempotent: fields.idempotent }),
    ...(output !== undefined && { output }),
    check: checksOf(fields.check, placeOf('check')),
    ...(body !== undefined && { body }),
    spec: body?.type === 'group' ? {} : spec,
    ...(Object.keys(places).length > 0 && { places }),
  };
}

/** The fields with those of the file's `defaults` below them that are a kind's own. */
export function withDefaults(from: Written, kind: NodeKind, { defaults }: NodeContext): Written {
  return kind.callsModel ? over(only(written(defaults, ['defaults']), isOfCall(kind)), from) : from;
}

/** The spec in fields, with the schemas in it expanded; of one with a mistake (reported) nothing is known. */
export function withSchemas(kind: NodeKind, { fields, placeOf }: Written, { library }: NodeContext): JsonObject {
  const expanded: Record<string, Json> = {};
  for (const [name, field] of Object.entries(ownFields(kind))) {
    if (!isObject(field) || field['x-schema'] !== true || !isObject(fields[name])) continue;
    expanded[name] = library.expand(placeOf(name)) ?? {};
  }
  return { ...fields, ...expanded };
}

/** The nodes that are a kind's work: those of a group, or of another file. */
function bodyOf(from: Written, kind: NodeKind, context: NodeContext, verdict: Verdict): BodyDecl | undefined {
  const { fields, placeOf } = from;
  if (kind.kind === 'group') {
    const path = placeOf('nodes');
    return { type: 'group', path, nodes: context.nodesIn(fields.nodes ?? null, path) };
  }
  return kind.kind === 'workflow' ? subWorkflowOf(fields.workflow, placeOf('workflow'), context, verdict) : undefined;
}

/** `tier` as a list: all but the last have a condition. */
function checkTiers({ fields, placeOf }: Written, { document }: NodeContext, { wrong }: Verdict): void {
  if (!isList(fields.tier)) return;
  const last = fields.tier.length - 1;
  for (const [index, choice] of fields.tier.entries()) {
    if (!isObject(choice)) continue;
    const path = [...placeOf('tier'), index];
    if (index < last && choice.when === undefined) {
      const help = 'add `when`, or move it to the end: the first that holds is taken';
      wrong(mistake('DAG121', document.spanOf(path), `item ${index} of "tier" has no "when"`, { help }));
    } else if (index === last && choice.when !== undefined) {
      const because = 'when none of the conditions holds, there must be a tier all the same';
      const help = 'add a last item without `when`: `- { use: capable }`';
      wrong(mistake('DAG124', document.spanOf([...path, 'when'], 'key'), 'the last item of "tier" has a condition', { because, help }));
    }
  }
}

/** Retries: a node's own fields, else the file's, else the language's. `path` is where its own stand. */
export function retryOf(kind: NodeKind, value: Json | undefined, path: Path, context: NodeContext, { wrong }: Verdict): Retry {
  const { defaults, document } = context;
  const own = isObject(value) ? value : {};
  const { max_attempts, backoff, initial_delay, max_delay, retry_on } = {
    ...(kind.callsModel && isObject(defaults.retry) ? defaults.retry : {}),
    ...own,
  };
  const initialDelay = durationOf(initial_delay) ?? INITIAL_DELAY;
  const longest = durationOf(max_delay);
  if (longest !== undefined && longest < initialDelay && own.max_delay !== undefined) {
    const at = document.spanOf([...path, 'max_delay']);
    wrong(
      mistake('DAG123', at, '"max_delay" is shorter than the first delay', { help: 'make it longer, or make "initial_delay" shorter' }),
    );
  }
  return {
    maxAttempts: typeof max_attempts === 'number' ? max_attempts : kind.callsModel ? MODEL_ATTEMPTS : 1,
    backoff: backoff === 'constant' ? 'constant' : 'exponential',
    initialDelay,
    maxDelay: millis(Math.max(longest ?? MAX_DELAY, initialDelay)),
    retryOn: isList(retry_on) ? RETRYABLE.filter((type) => retry_on.includes(type)) : RETRYABLE,
  };
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
