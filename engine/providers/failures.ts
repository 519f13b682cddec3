import { type Millis, millis } from '../base/ids.ts';
import { renderDuration } from '../base/units.ts';
import { Failed, failedByAbort, LONGEST_WAIT } from '../contracts/failure.ts';
import type { ModelRequest } from '../contracts/provider.ts';
import { patienceFor, TransportError, type TransportProblem } from './transport.ts';

/** What a failure's message needs to know about the call. */
export interface CallInfo {
  readonly provider: string;
  readonly baseUrl: string;
  readonly request: ModelRequest;
  readonly abort: AbortSignal;
  /** The environment variable that holds the key. */
  readonly variable?: string;
  /** A server of somebody else that speaks the protocol: it may answer 500 where the original answers 400. */
  readonly compatible: boolean;
}

/** What an SDK throws for an answer with an error status, in the parts both have in common. */
interface StatusError {
  readonly status: number;
  readonly headers?: { get(name: string): string | null };
  /** The body of the answer, or its `error`. */
  readonly error?: unknown;
}

/**
 * Whatever an SDK threw, as a failure in our words. Other exceptions come out as they are: they are bugs.
 *
 * A call that got an error status costs nothing. One that was sent and whose answer was lost may have been charged.
 */
export function failedFrom(error: unknown, info: CallInfo): unknown {
  if (error instanceof Failed) return error;
  if (info.abort.aborted) return failedByAbort(info.abort, { mayHaveCharged: true });
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
    if (cause instanceof TransportError) return withoutAnswer(cause.problem, cause.detail, info);
  return isStatusError(error) ? withStatus(error, info) : error;
}

/** An answer that is not what the protocol promises. */
export function malformed(info: CallInfo): Failed {
  return withoutAnswer('malformed', '', info);
}

function isStatusError(error: unknown): error is StatusError {
  return error instanceof Error && typeof (error as { status?: unknown }).status === 'number';
}

function withoutAnswer(problem: TransportProblem, detail: string, { provider, baseUrl, request }: CallInfo): Failed {
  switch (problem) {
    case 'unreachable':
      return new Failed({ type: 'unavailable', message: `${provider} cannot be reached at ${baseUrl}: ${detail}` });
    case 'dropped':
      return new Failed({ type: 'unavailable', message: `${provider} broke the connection before its answer was complete` }, CHARGED);
    case 'malformed':
      return new Failed({ type: 'unavailable', message: `${provider} gave an answer that cannot be read` }, CHARGED);
    case 'too_big':
      return new Failed({ type: 'unavailable', message: `${provider} gave an answer that is longer than any can be` }, CHARGED);
    case 'too_slow':
      return new Failed(
        { type: 'timed_out', message: `${provider} did not answer in time`, after: millis(patienceFor(request.maxOutputTokens)) },
        CHARGED,
      );
  }
}

const CHARGED = { mayHaveCharged: true } as const;

const CONTEXT = /context[_ -]?(length|size|window)|maximum context|prompt is too long|too many tokens|input is too long/i;
const SCHEMA = /schema|response_format|text\.format|output_config|output_format|grammar/i;
/** Thoughts that were sealed with another key, are only kept elsewhere, or have lost what followed them. */
const CARRIED = /encrypted[ _]content|not persisted|'reasoning'|signature/i;
const NO_MONEY = /insufficient_quota|billing|credit balance/i;
const POLICY = /content_policy|content_filter|content management policy|bio_policy|usage polic(y|ies)/i;
/** Codes for what is wrong with the request itself. */
const REQUEST = /^(invalid|image|unsupported|empty|failed_to_download|context)|policy/;

/**
 * A failure told in an answer whose status is 200, by a code and a message. What had been written until then may have been charged,
 * unless the request was refused.
 */
export function failedWithin(error: object | string, info: CallInfo): Failed {
  const { code: given }: { readonly code?: unknown } = typeof error === 'string' ? {} : error;
  const code = typeof given === 'string' ? given : '';
  const named = code.startsWith('rate_limit') || code === 'insufficient_quota' ? 429 : REQUEST.test(code) ? 400 : 500;
  // Servers in front of several others write the status here that they were given there.
  const numbered = typeof given === 'number' && given >= 400 && given < 600 ? given : undefined;
  const status = numbered ?? named;
  const failed = withStatus({ status, error }, info, numbered ?? (code === '' ? 'status "failed"' : code));
  const { failure, schemaRefused, carryRefused } = failed;
  return new Failed(failure, { mayHaveCharged: status >= 500, schemaRefused, carryRefused });
}

/** `told`: what the failure is known by. */
function withStatus(error: StatusError, info: CallInfo, told: number | string = error.status): Failed {
  const { provider, request, compatible } = info;
  const { status } = error;
  const said = saidBy(error);
  const about = `${said.type} ${said.code} ${said.message}`;
  const quote = said.message === '' ? '' : `: ${said.message}`;
  const withKey = info.variable === undefined ? {} : { variable: info.variable };

  if (status === 402 || ((status === 429 || status === 400) && NO_MONEY.test(about)))
    return new Failed({ type: 'unauthorized', message: `${provider} says that the account has no credit left`, ...withKey });
  if (status === 429) {
    const retryAfter = retryAfterOf(error);
    const tooLong = retryAfter !== undefined && retryAfter > LONGEST_WAIT;
    const what = tooLong
      ? `asks to wait ${renderDuration(retryAfter)} (${told}); longer than the ${renderDuration(LONGEST_WAIT)} dagrun waits`
      : `is asked too much (${told})`;
    const message = `${provider} ${what}${quote}`;
    return new Failed({ type: 'rate_limited', message, ...(retryAfter !== undefined && { retryAfter }) });
  }
  // What was said is left out: some servers repeat the key.
  if (status === 401 || status === 403) {
    const variable = info.variable === undefined ? 'its api_key' : info.variable;
    return new Failed({ type: 'unauthorized', message: `${provider} refused the key (${status}): look at ${variable}`, ...withKey });
  }
  const schemaRefused = request.outputSchema !== undefined && (status < 500 ? SCHEMA.test(about) : compatible && status === 500);
  if (status === 408 || status === 409 || status >= 500) {
    const why = status === 529 ? 'is overloaded' : status >= 500 ? 'has a problem of its own' : 'could not take the request just now';
    return new Failed(
      { type: 'unavailable', message: `${provider} ${why} (${told})${quote}`, ...(told === status && { status }) },
      { schemaRefused },
    );
  }
  if (request.messages.some(({ carry }) => carry) && CARRIED.test(about))
    return new Failed({ type: 'bad_request', message: `${provider} refused the request (${told})${quote}` }, { carryRefused: true });
  if (status === 413 || CONTEXT.test(about))
    return new Failed({ type: 'context_too_long', message: `the prompt is too long for ${request.model}${quote}` });
  if (POLICY.test(about)) return new Failed({ type: 'refused', message: `${provider} declined to answer${quote}` });
  if (status === 404)
    return new Failed({ type: 'bad_request', message: `${provider} has no model "${request.model}", or none for this key (404)${quote}` });
  return new Failed({ type: 'bad_request', message: `${provider} refused the request (${told})${quote}` }, { schemaRefused });
}

/** The server's own words: `{ error: { type, code, message } }`, with or without the outer level, or any text. */
function saidBy({ error }: StatusError): { readonly type: string; readonly code: string; readonly message: string } {
  const outer = error as { error?: unknown; message?: unknown } | undefined;
  const inner = (typeof outer?.error === 'object' && outer.error !== null ? outer.error : outer) as Record<string, unknown> | undefined;
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  const message = text(error) || text(inner?.message) || text(inner?.error) || text(inner?.detail);
  return { type: text(inner?.type), code: text(inner?.code), message: cut(message.replace(/\s+/g, ' ').trim()) };
}

const cut = (text: string): string => (text.length > 300 ? `${text.slice(0, 300)}…` : text);

/** `retry-after` in seconds or as a date (told by the answer's own `date`, not our clock), or `retry-after-ms`. */
function retryAfterOf({ headers }: StatusError): Millis | undefined {
  const ms = Number.parseFloat(headers?.get('retry-after-ms') ?? '');
  if (ms >= 0) return millis(ms);
  const text = headers?.get('retry-after') ?? '';
  if (/^\s*\d+(\.\d+)?\s*$/.test(text)) return millis(Math.ceil(Number(text) * 1000));
  const wait = Date.parse(text) - Date.parse(headers?.get('date') ?? '');
  return wait >= 0 ? millis(wait) : undefined;
}
