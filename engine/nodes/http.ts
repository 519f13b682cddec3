import { type Millis, millis } from '../base/ids.ts';
import { isList, isObject, type Json } from '../base/json.ts';
import { Failed } from '../contracts/failure.ts';
import type { NodeKind, TaskContext } from '../contracts/node-kind.ts';
import { isSealed, type SealedText, unseal, withoutSecrets } from '../lang/sealed-text.ts';
import { parseTemplate } from '../lang/template.ts';
import { dataIn } from './data-text.ts';
import { exchange, type HttpAnswer, type HttpRequest } from './http-exchange.ts';

interface HttpSpec {
  readonly method?: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, SealedText>>;
  readonly query?: Readonly<Record<string, Json>>;
  readonly json?: Json;
  readonly ok_statuses?: readonly number[];
  readonly full?: boolean;
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
/** By RFC 9110 § 9.2.2, doing these twice comes to the same as once. */
const IDEMPOTENT: readonly unknown[] = ['GET', 'HEAD', 'PUT', 'DELETE'];
/** Hops before a chain of redirects counts as a circle; browsers allow 20, nobody needs them. */
const MAX_REDIRECTS = 5;

export const http: NodeKind<HttpSpec> = {
  kind: 'http',
  summary: 'Make one HTTP request: no model, no cost.',
  schema: {
    type: 'object',
    properties: {
      method: { enum: METHODS, 'x-holds': 'literal', description: 'Default: GET, or POST when there is `json`.' },
      url: {
        type: 'string',
        'x-holds': 'template',
        'x-url': true,
        'x-reaches': 'an address',
        description:
          'The address. What a `{{…}}` in it gives is encoded as one segment of the path; one that stands first is the beginning of the address as it is.',
      },
      headers: {
        type: 'object',
        additionalProperties: { type: 'string' },
        'x-holds': 'template',
        'x-secrets': true,
        'x-reaches': 'a header',
        description: 'Headers. Secrets may stand here: `{{secrets.<name>}}`.',
      },
      query: {
        type: 'object',
        additionalProperties: {},
        'x-holds': 'template',
        'x-typed': true,
        'x-wants': {
          title: 'a text, a number, true, false, null, or a list of these',
          anyOf: [
            { type: ['string', 'number', 'boolean', 'null'] },
            { type: 'array', items: { type: ['string', 'number', 'boolean', 'null'] } },
          ],
        },
        description: 'Parameters after the `?`: a list repeats one, null leaves it out.',
      },
      json: {
        'x-holds': 'template',
        'x-typed': true,
        description:
          'The body, sent as JSON. A text that is exactly one `{{path}}` keeps the type of the value; `{ cel: … }` is the value of an expression.',
      },
      ok_statuses: {
        type: 'array',
        minItems: 1,
        items: { type: 'integer', minimum: 200, maximum: 599 },
        'x-holds': 'literal',
        description: 'Statuses that are no failure. Default: 200 to 299; redirects are followed.',
      },
      full: {
        type: 'boolean',
        'x-holds': 'literal',
        description: 'Whether the output is `{ status, headers, body }`. Default: false, the output is the body.',
      },
    },
    required: ['url'],
    additionalProperties: false,
  },
  example:
    'kind: http\nurl: https://api.github.com/repos/{{inputs.owner}}/{{inputs.repo}}\nheaders: { authorization: "Bearer {{secrets.github}}" }\noutput: { type: object, properties: { stargazers_count: { type: integer } }, required: [stargazers_count] }\n',
  callsModel: false,
  leavesFiles: true,
  output: ({ full }) =>
    full === true
      ? {
          type: 'object',
          properties: { status: { type: 'integer' }, headers: { type: 'object', additionalProperties: { type: 'string' } }, body: {} },
          required: ['status', 'headers', 'body'],
          additionalProperties: false,
        }
      : {},
  online: true,
  idempotent: (spec) => IDEMPOTENT.includes(methodOf(spec)),
  reuse: { version: 1 },

  check({ url, method, json }, report) {
    if (typeof url !== 'string') return;
    const parsed = parseTemplate(url);
    if (parsed.ok && parsed.tree.some((part) => part.type !== 'text' && part.type !== 'print'))
      report('DAG124', ['url'], 'a URL has no blocks: each value in it is one `{{…}}`', {
        help: 'put what may be missing into `query`, where null leaves it out, or compute it in a `set` node',
      });
    const start = /^[^{]*/.exec(url)?.[0] ?? '';
    if (start !== '' && !/^https?:\/\/./.test(url))
      report('DAG123', ['url'], 'a URL starts with http:// or https://', { help: 'write it in full: https://api.example.com/…' });
    else if (/^https?:\/\/[^/{]*@/.test(url))
      report('DAG123', ['url'], 'a URL holds no user and no password', {
        help: 'write `headers: { authorization: "Bearer {{secrets.<name>}}" }`',
      });
    if (json !== undefined && (method === 'GET' || method === 'HEAD'))
      report('DAG124', ['json'], `a ${method} request has no body`, { help: 'write `query`, or another method' });
  },

  async execute(spec, ctx) {
    const told = new Map<string, string>();
    const request = requestOf(spec, ctx, told);
    const answer = await follow(request, spec, ctx);
    const { status, headers } = answer.answer;
    const text = bodyText(answer.answer);
    if (!isOk(status, spec)) throw failureOf(answer, withoutSecrets(text, told));
    if (spec.full) return { status, headers, body: dataIn(text, undefined, 'the body') };
    if (text === '' && !wantsText(ctx)) return null;
    return dataIn(text, ctx.outputSchema, `what ${answer.request.url.host} sent`);
  },
};

function methodOf({ method, json }: { readonly method?: unknown; readonly json?: unknown }): string {
  return typeof method === 'string' ? method : json === undefined ? 'GET' : 'POST';
}

function wantsText({ outputSchema }: TaskContext): boolean {
  return outputSchema === undefined || outputSchema.type === 'string';
}

function isOk(status: number, { ok_statuses }: HttpSpec): boolean {
  return ok_statuses === undefined ? status >= 200 && status < 300 : ok_statuses.includes(status);
}

/** Throws Failed. */
function requestOf(spec: HttpSpec, { outside }: TaskContext, told: Map<string, string>): HttpRequest {
  const url = urlOf(spec.url);
  for (const [name, value] of Object.entries(spec.query ?? {})) {
    for (const one of isList(value) ? value : [value]) if (one !== null) url.searchParams.append(name, scalar(one, `query.${name}`));
  }
  const own = Object.entries(spec.headers ?? {}).map(([name, text]) => {
    const value = unseal(text, (secret) => {
      const known = outside.secret(secret);
      told.set(secret, known);
      return known;
    });
    return [name.toLowerCase(), value] as const;
  });
  const body = spec.json === undefined ? undefined : JSON.stringify(spec.json);
  return {
    method: methodOf(spec),
    url,
    headers: {
      accept: 'application/json, text/plain;q=0.9, */*;q=0.8',
      'user-agent': 'dagrun',
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...Object.fromEntries(own),
    },
    ...(body !== undefined && { body }),
  };
}

/** Throws Failed (expression_failed). */
function urlOf(text: string): URL {
  const fail = (why: string): Failed =>
    new Failed({ type: 'expression_failed', field: 'url', message: `\`url\` gives ${JSON.stringify(text)}, ${why}` });
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw fail('not an address that starts with http:// or https://');
  if (url.username !== '' || url.password !== '') throw fail('which holds a user or a password');
  // Resolved, they would lead up and out of the path that is written.
  const path = text.replace(/[?#].*$/s, '').replace(/^[^/]*\/\/[^/]*/, '');
  if (path.split(/[/\\]/).some((segment) => /^(\.|%2e){1,2}$/i.test(segment))) throw fail('with a segment `.` or `..` in its path');
  url.hash = '';
  return url;
}

function scalar(value: Json, field: string): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  const what = isObject(value) ? 'an object' : 'a list in a list';
  throw new Failed({ type: 'expression_failed', field, message: `\`${field}\` is ${what}, and a parameter is text` });
}

interface Followed {
  readonly request: HttpRequest;
  readonly answer: HttpAnswer;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

async function follow(first: HttpRequest, spec: HttpSpec, { outside, abort }: TaskContext): Promise<Followed> {
  let request = first;
  for (let hops = 0; ; hops += 1) {
    const answer = await exchange(request, { allowed: outside.allowedHosts, abort });
    const { location } = answer.headers;
    if (!REDIRECTS.has(answer.status) || isOk(answer.status, spec) || location === undefined) return { request, answer };
    if (hops === MAX_REDIRECTS)
      throw new Failed({ type: 'bad_request', message: `${first.url.host} redirects more than ${MAX_REDIRECTS} times` });
    request = redirected(request, answer.status, location, spec);
  }
}

/** The request after a redirect, as the Fetch standard makes it. What is secret does not leave its origin. */
function redirected(request: HttpRequest, status: number, location: string, { headers = {} }: HttpSpec): HttpRequest {
  const url = URL.canParse(location, request.url.href) ? new URL(location, request.url) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.username !== '')
    throw new Failed({ type: 'bad_request', message: `${request.url.host} redirects to no address that can be called` });
  const { method, body } = request;
  const becomesGet = (status === 303 && method !== 'HEAD') || ((status === 301 || status === 302) && method === 'POST');
  const guarded = new Set(['authorization', 'cookie', 'proxy-authorization', 'host']);
  for (const [name, text] of Object.entries(headers)) if (isSealed(text)) guarded.add(name.toLowerCase());
  const kept = Object.entries(request.headers).filter(
    ([name]) => (url.origin === request.url.origin || !guarded.has(name)) && !(becomesGet && name === 'content-type'),
  );
  return {
    method: becomesGet ? 'GET' : method,
    url,
    headers: Object.fromEntries(kept),
    ...(body !== undefined && !becomesGet && { body }),
  };
}

function bodyText({ body, headers }: HttpAnswer): string {
  const charset = /charset=["']?([\w-]+)/i.exec(headers['content-type'] ?? '')?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(charset).decode(body);
  } catch {
    return body.toString('utf8');
  }
}

/** Characters of a body that a failure quotes. */
const QUOTED = 300;

function failureOf({ request, answer }: Followed, text: string): Failed {
  const { status, headers } = answer;
  const body = text.replace(/\s+/g, ' ').trim();
  const quote = body === '' ? '' : `: ${body.length > QUOTED ? `${body.slice(0, QUOTED)}…` : body}`;
  const message = `${request.method} ${request.url.origin}${request.url.pathname} gave ${status}${quote}`;
  if (status === 429) {
    const retryAfter = retryAfterOf(headers);
    return new Failed({ type: 'rate_limited', message, ...(retryAfter !== undefined && { retryAfter }) });
  }
  // A 401 or 403 is about this address, not about all that a node may call: it ends no fan-out.
  return new Failed(status === 408 || status >= 500 ? { type: 'unavailable', message, status } : { type: 'bad_request', message });
}

/** In seconds, or as a date, which is told by the answer's own clock. */
function retryAfterOf(headers: Readonly<Record<string, string>>): Millis | undefined {
  const text = headers['retry-after'] ?? '';
  if (/^\s*\d+\s*$/.test(text)) return millis(Number(text) * 1000);
  const wait = Date.parse(text) - Date.parse(headers.date ?? '');
  return wait >= 0 ? millis(wait) : undefined;
}
