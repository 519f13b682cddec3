import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import { Agent, type Dispatcher } from 'undici';
import { withoutHalves } from '../base/json.ts';

/** How a request ended without a usable answer. */
export type TransportProblem =
  /** It was never sent. */
  | 'unreachable'
  /** It was sent, and the connection broke before or within the answer. */
  | 'dropped'
  /** It was sent, and no answer came for as long as one may take. */
  | 'too_slow'
  /** The answer is not JSON. */
  | 'malformed'
  /** The answer does not end where every answer has. */
  | 'too_big';

/**
 * A request that got no usable answer. The SDKs wrap it, so it is looked for in the chain of causes. Its text must not look
 * like a time-out to them: they replace those by an error of their own.
 */
export class TransportError extends Error {
  readonly problem: TransportProblem;
  /** What the system said, in a word or two: `connection refused`. */
  readonly detail: string;
  constructor(problem: TransportProblem, detail: string) {
    super(`transport: ${problem}`);
    this.name = 'TransportError';
    this.problem = problem;
    this.detail = detail;
  }
}

/** What the SDKs hand through to `fetch` untouched (`fetchOptions`). Their own signals and timers are not used: both SDKs leave listeners behind on a signal that outlives a call. */
export interface Delivery {
  readonly abort: AbortSignal;
  /** Milliseconds that an answer may take to start, and to pause. */
  readonly patience: number;
}

export interface Transport {
  readonly fetch: typeof globalThis.fetch;
  close(): Promise<void>;
}

/**
 * How long the answer to a request may be silent, in milliseconds: ten minutes, or an hour for 128,000 tokens, whichever is
 * more. (What Anthropic's SDK reckons with; a node's own `timeout` is mostly shorter.)
 */
export function patienceFor(maxOutputTokens: number): number {
  return Math.max(600_000, Math.ceil((maxOutputTokens * 3_600_000) / 128_000));
}

/** Bytes of an answer: thirty times the longest that any model gives. Nothing may fill the memory of the process. */
const MOST_BYTES = 64 * 1024 * 1024;
/** A request to a host that does not answer at all is given up after this many milliseconds. */
const CONNECT_PATIENCE = 10_000;
/** Model calls come in bursts with pauses; a new TLS connection costs more than an idle one. */
const KEEP_ALIVE = 30_000;

/**
 * A `fetch` for the SDKs over a pool of kept-alive connections, that reads the whole body at once. It has of a Response what
 * they use for an answer that is not streamed. Half of a call's CPU time goes away with the web streams it does without.
 */
export function openTransport(): Transport {
  const agent = new Agent({ keepAliveTimeout: KEEP_ALIVE, connect: { timeout: CONNECT_PATIENCE }, headersTimeout: 0, bodyTimeout: 0 });
  return {
    async fetch(input, init) {
      const url = new URL(String(input));
      const { abort, patience } = init as unknown as Delivery;
      let answer: Dispatcher.ResponseData;
      let body: Buffer;
      try {
        answer = await agent.request({
          origin: url.origin,
          path: url.pathname + url.search,
          method: (init?.method ?? 'GET') as Dispatcher.HttpMethod,
          headers: Object.fromEntries(new Headers(init?.headers as Headers)),
          body: typeof init?.body === 'string' ? withoutHalves(init.body) : null,
          signal: abort,
          headersTimeout: patience,
          bodyTimeout: patience,
        });
        body = await wholeOf(answer.body);
      } catch (error) {
        throw abort.aborted ? error : transportError(error);
      }
      return respond(answer, decode(body, answer.headers['content-encoding']));
    },
    close: () => agent.close(),
  };
}

async function wholeOf(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > MOST_BYTES) throw new TransportError('too_big', 'too many bytes');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function respond({ statusCode, headers }: Dispatcher.ResponseData, text: string): Response {
  const headerOf = (name: string): string | null => {
    const value = headers[name.toLowerCase()];
    return Array.isArray(value) ? value.join(', ') : (value ?? null);
  };
  const response = {
    ok: statusCode >= 200 && statusCode < 300,
    status: statusCode,
    url: '',
    body: null,
    headers: { get: headerOf, has: (name: string) => headerOf(name) !== null, entries: () => Object.entries(headers) },
    text: () => Promise.resolve(text),
    json: () => {
      try {
        return Promise.resolve(JSON.parse(text) as unknown);
      } catch {
        return Promise.reject(new TransportError('malformed', 'not JSON'));
      }
    },
  };
  return response as unknown as Response;
}

/** We ask for no compression; some gateways compress all the same. */
function decode(body: Buffer, encoding: string | string[] | undefined): string {
  const most = { maxOutputLength: MOST_BYTES };
  try {
    if (encoding === 'gzip') return gunzipSync(body, most).toString('utf8');
    if (encoding === 'br') return brotliDecompressSync(body, most).toString('utf8');
    if (encoding === 'deflate') return inflateSync(body, most).toString('utf8');
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') throw new TransportError('too_big', 'too many bytes');
    throw new TransportError('malformed', 'cannot be decompressed');
  }
  return body.toString('utf8');
}

/** Error codes of Node's sockets and of undici for a connection that was never made. */
const NEVER_SENT: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name cannot be looked up',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ETIMEDOUT: 'the host does not answer',
  UND_ERR_CONNECT_TIMEOUT: 'the host does not answer',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate chain is self-signed',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate cannot be verified',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS',
};

function transportError(error: unknown): TransportError {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof TransportError) return cause;
    const first: unknown = cause instanceof AggregateError ? cause.errors[0] : cause;
    const code = String((first as { code?: unknown }).code ?? '');
    const never = NEVER_SENT[code];
    if (never !== undefined) return new TransportError('unreachable', never);
    if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') return new TransportError('too_slow', 'no answer');
  }
  return new TransportError('dropped', 'the connection broke');
}
