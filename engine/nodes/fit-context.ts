import { isList, isObject, type Json, type JsonObject, type JsonSchema } from '../base/json.ts';
import { Failed } from '../contracts/failure.ts';
import type { ReportField, TaskContext } from '../contracts/node-kind.ts';
import type { ModelAsk, Ruler } from '../contracts/provider.ts';
import { shorten } from './shorten.ts';

/** `context` of a model call. */
export interface ContextFields {
  readonly max_input_tokens?: number;
  readonly on_overflow?: 'fail' | 'truncate' | 'summarize';
  /** Paths of values, or `attach`, in the order in which they are made shorter. */
  readonly shrink?: readonly string[];
}

/** The field `context` of a model call. */
export const contextField: JsonSchema = {
  type: 'object',
  'x-holds': 'literal',
  additionalProperties: false,
  properties: {
    max_input_tokens: {
      type: 'integer',
      minimum: 1,
      'x-holds': 'literal',
      description: 'The longest prompt, in tokens. Default: what the models of the tier take.',
    },
    on_overflow: {
      enum: ['fail', 'truncate', 'summarize'],
      'x-holds': 'literal',
      description: 'What happens to a longer one: the node fails, or values are cut off, or the cheap tier shortens them. Default: fail.',
    },
    shrink: {
      type: 'array',
      minItems: 1,
      items: { type: 'string', pattern: '^[a-z_]\\w*(\\.[a-zA-Z_]\\w*)*$' },
      'x-holds': 'literal',
      description: 'What is made shorter, in this order: `nodes.search.output`, `inputs.text`, `attach`.',
    },
  },
  description: 'What to do with a prompt that is too long, decided before the call.',
};

/** Mistakes in how the fields of `context` go together. */
export function checkContext({ context, attach }: JsonObject, report: ReportField): void {
  if (!isObject(context)) return;
  const { on_overflow = 'fail', shrink } = context;
  if (on_overflow === 'fail' && shrink !== undefined)
    report('DAG124', ['context', 'shrink'], '"shrink" goes with `on_overflow: truncate` or `summarize` only', {
      help: 'add `on_overflow: truncate`, or remove it',
    });
  if (on_overflow !== 'fail' && shrink === undefined)
    report('DAG121', ['context', 'on_overflow'], `nothing says what to ${String(on_overflow)}`, {
      help: 'add `shrink: [nodes.search.output]`, the values in the order in which they may get shorter',
    });
  if (isList(shrink) && shrink.includes('attach') && attach === undefined)
    report('DAG121', ['context', 'shrink', shrink.indexOf('attach')], 'nothing is attached', { help: 'remove it, or add `attach`' });
}

/** An ask before anything of it was sent. */
type Ask = Omit<ModelAsk, 'origin' | 'problemsOf'>;
/** Makes the ask of a spec; the texts that are attached replaced by `files` when that is given. */
type Make<Spec> = (spec: Spec, files: string | undefined) => Promise<Ask>;

/**
 * What is asked, made to fit: where the prompt is too long, values are cut or shortened in the order of `shrink` until it fits.
 * What was done is journaled, and is done the same way again. Throws Failed (context_too_long).
 */
export async function fitted<Spec extends { readonly context?: ContextFields }>(
  spec: Spec,
  ctx: TaskContext,
  make: Make<Spec>,
  textOfFiles: () => Promise<string>,
): Promise<Ask> {
  const whole = await make(spec, undefined);
  if (spec.context === undefined) return whole;
  const { max_input_tokens = Infinity, on_overflow = 'fail', shrink = [] } = spec.context;
  const ruler = await ctx.ruler(whole);
  const limit = Math.min(max_input_tokens, ruler.most ?? Infinity);
  let ask = whole;
  const values = new Map<string, Json>();
  const shortened: string[] = [];
  let files: string | undefined;
  const put = async (path: string, value: Json): Promise<void> => {
    if (path === 'attach') files = String(value);
    else values.set(path, value);
    ask = await make(values.size === 0 ? spec : (ctx.renderWith(values) as unknown as Spec), files);
  };
  for (const path of on_overflow === 'fail' ? [] : shrink) {
    if (ruler.prompt(ask) <= limit) break;
    const value = path === 'attach' ? await textOfFiles() : ctx.valueAt(path);
    if (value === null || value === '') continue;
    const before = ruler.prompt(ask);
    await put(path, isList(value) ? [] : '');
    if (ruler.prompt(ask) === before) {
      // The prompt does not print it.
      await put(path, value);
      continue;
    }
    await put(path, value);
    shortened.push(path);
    const way: Way = { path, ruler, limit, excess: () => ruler.prompt(ask) - limit, put, ctx };
    if (isList(value)) await dropItems(value, way);
    else if (typeof value !== 'string')
      throw new Failed({ type: 'expression_failed', field: 'context', message: `\`shrink\`: ${path} is neither a text nor a list` });
    else if (on_overflow === 'summarize' && path !== 'attach') await summarize(value, way);
    else await cutOff(value, way);
  }
  const tokens = ruler.prompt(ask);
  if (tokens <= limit) return ask;
  const helped = shortened.length === 0 ? 'and nothing in it can be made shorter' : `after ${shortened.join(', ')} got shorter`;
  const tried = on_overflow === 'fail' ? '' : `, ${helped}`;
  throw new Failed({ type: 'context_too_long', message: `the prompt has about ${tokens} tokens, of which ${limit} are allowed${tried}` });
}

/** How one value is made to fit. */
interface Way {
  readonly path: string;
  readonly ruler: Ruler;
  readonly limit: number;
  /** Tokens by which the prompt is too long as it is now. */
  readonly excess: () => number;
  readonly put: (path: string, value: Json) => Promise<void>;
  readonly ctx: TaskContext;
}

/** A value may be printed twice, or in another form: how much of it may stay is found by trying. */
const TRIES = 6;

async function cutOff(text: string, { path, ruler, excess, put, ctx }: Way): Promise<void> {
  const tokens = ruler.text(text);
  let kept = tokens;
  for (let tries = 0; tries < TRIES && kept > 0 && excess() > 0; tries += 1) {
    const marker = markerOf(tokens);
    kept = Math.max(0, Math.min(kept - excess(), tokens) - ruler.text(marker));
    await put(path, `${ruler.cut(text, kept)}${marker}`);
  }
  await ctx.log(`context: ${path} was cut from ${tokens} to ${kept} tokens`);
}

/** What stands where something was left out; its length does not depend on how much. */
function markerOf(tokens: number): string {
  return `\n[… the rest of about ${tokens} tokens is left out …]`;
}

async function summarize(text: string, way: Way): Promise<void> {
  const { path, ruler, excess, put, ctx } = way;
  const tokens = ruler.text(text);
  const target = tokens - excess();
  if (target < LEAST_SUMMARY) return cutOff(text, way);
  const short = await shorten(text, target, ctx);
  await put(path, short);
  await ctx.log(`context: ${path} was shortened from ${tokens} to ${ruler.text(short)} tokens`);
  // A model that was told how long it may get does not always keep to it.
  if (excess() > 0) await cutOff(short, way);
}

/** Shorter than this, nothing is told by a summary. */
const LEAST_SUMMARY = 32;

/** As many items from the start as fit. */
async function dropItems(items: readonly Json[], { path, excess, put, ctx }: Way): Promise<void> {
  const texts = items.every((item) => typeof item === 'string');
  const first = (count: number): Json => {
    const left = items.length - count;
    return left > 0 && texts ? [...items.slice(0, count), `[… ${left} more left out …]`] : items.slice(0, count);
  };
  let [fits, tooMany] = [0, items.length];
  while (tooMany - fits > 1) {
    const middle = Math.floor((fits + tooMany) / 2);
    await put(path, first(middle));
    if (excess() > 0) tooMany = middle;
    else fits = middle;
  }
  await put(path, first(fits));
  await ctx.log(`context: of ${path}, ${fits} of ${items.length} items were kept`);
}
