import { lookup } from 'node:dns/promises';
import { type IncomingMessage, request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { isIP } from 'node:net';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import { isAllowed, isPrivate } from '../base/address-rules.ts';
import { millis } from '../base/ids.ts';
import { Failed, failedByAbort } from '../contracts/failure.ts';

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case; several of one name are joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Hosts in private networks that may be called, and the node's wish to stop. */
export interface HttpRules {
  readonly allowed: readonly string[];
  readonly abort: AbortSignal;
}

/** Bytes of an answer, unpacked: outputs are kept in the journal. */
const MAX_BODY = 10 * 1024 * 1024;
/** A server that says nothing for so long, in milliseconds, is given up; a node's own `timeout` is mostly shorter. */
const PATIENCE = 300_000;

/**
 * One request, one answer; redirects are the caller's. The name of the host is looked up here, every address it stands for is
 * checked, and the connection is made to one that was: asked a second time, a name could stand for another.
 *
 * Node's own client and not `fetch`: it alone can be told the address.
 *
 * Throws Failed: bad_request for an address that may not be called, unavailable for a connection that cannot be made or breaks.
 */
export async function exchange(request: HttpRequest, rules: HttpRules): Promise<HttpAnswer> {
  if (rules.abort.aborted) throw failedByAbort(rules.abort);
  const addresses = await addressesOf(request.url, rules);
  // Only what does no harm when it is sent again goes over a kept connection, which the server may be about to close.
  const mayReuse = REPEATABLE.has(request.method);
  try {
    return await send(request, addresses, rules, mayReuse);
  } catch (error) {
    if (error instanceof ClosedBefore) return send(request, addresses, rules, false);
    throw error;
  }
}

const REPEATABLE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'DELETE']);

/** A kept connection was closed by the server just before it was used again. */
class ClosedBefore extends Error {}

function send(
  { method, url, headers, body }: HttpRequest,
  addresses: readonly Address[],
  { abort }: HttpRules,
  mayReuse: boolean,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => reject(abort.aborted ? failedByAbort(abort) : failureOf(error, url));
    try {
      const sent = (url.protocol === 'https:' ? secureRequest : plainRequest)(
        url,
        {
          method,
          headers: { ...headers, ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }) },
          lookup: (_host, { all }, found) => {
            const [first] = addresses;
            if (all) found(null, [...addresses]);
            else found(null, first?.address ?? '', first?.family);
          },
          ...(!mayReuse && { agent: false }),
          signal: abort,
          timeout: PATIENCE,
        },
        (answer) => {
          read(answer).then(
            (bytes) => resolve({ status: answer.statusCode ?? 0, headers: headersOf(answer), body: bytes }),
            (error: unknown) => {
              answer.destroy();
              fail(error);
            },
          );
        },
      );
      sent.once('timeout', () =>
        sent.destroy(new Failed({ type: 'timed_out', message: `${url.host} did not answer in time`, after: millis(PATIENCE) })),
      );
      sent.once('error', (error: NodeJS.ErrnoException) => {
        if (mayReuse && sent.reusedSocket && error.code === 'ECONNRESET') reject(new ClosedBefore());
        else fail(error);
      });
      sent.end(body);
    } catch (error) {
      fail(error);
    }
  });
}

interface Address {
  readonly address: string;
  readonly family: number;
}

/** The addresses of the URL's host, all of which may be called. Throws Failed. */
async function addressesOf(url: URL, { allowed }: HttpRules): Promise<readonly Address[]> {
  const host = bareHost(url);
  const literal = isIP(host);
  const addresses = literal === 0 ? await resolve(host, url) : [{ address: host, family: literal }];
  const forbidden = addresses.find(({ address }) => isPrivate(address) && !isAllowed(host, address, portOf(url), allowed));
  if (forbidden === undefined) return addresses;
  const what = forbidden.address === host ? host : `${host} (${forbidden.address})`;
  throw new Failed({
    type: 'bad_request',
    message: `${what} is on this machine or in a private network, which nodes may call only when dagrun.config.yml says so: \`http: { allow: ["${url.host}"] }\``,
  });
}

async function resolve(host: string, url: URL): Promise<readonly Address[]> {
  try {
    return await lookup(host, { all: true });
  } catch (error) {
    throw failureOf(error, url);
  }
}

async function read(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY) throw tooLong();
    chunks.push(chunk);
  }
  return unpacked(Buffer.concat(chunks), answer.headers['content-encoding']);
}

/** We ask for no compression; some servers compress all the same. */
function unpacked(body: Buffer, encoding: string | undefined): Buffer {
  const limit = { maxOutputLength: MAX_BODY };
  try {
    if (encoding === 'gzip') return gunzipSync(body, limit);
    if (encoding === 'br') return brotliDecompressSync(body, limit);
    if (encoding === 'deflate') return inflateSync(body, limit);
  } catch (error) {
    if (error instanceof RangeError) throw tooLong();
    throw new Failed({ type: 'unavailable', message: 'the body of the answer cannot be unpacked' });
  }
  return body;
}

function tooLong(): Failed {
  return new Failed({ type: 'bad_request', message: `the answer is longer than ${MAX_BODY / 1024 / 1024} MiB` });
}

function headersOf(answer: IncomingMessage): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(answer.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection broke',
  EPIPE: 'the connection broke',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name cannot be looked up',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ETIMEDOUT: 'the host does not answer',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate chain is self-signed',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate cannot be verified',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
  EPROTO: 'it does not speak TLS',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS',
};

function failureOf(error: unknown, url: URL): Failed {
  if (error instanceof Failed) return error;
  const code = String((error as { code?: unknown }).code ?? '');
  if (code === 'ERR_INVALID_CHAR' || code === 'ERR_HTTP_INVALID_HEADER_VALUE' || code === 'ERR_INVALID_HTTP_TOKEN')
    return new Failed({ type: 'bad_request', message: 'a header holds a character that headers cannot hold, such as a line break' });
  return new Failed({ type: 'unavailable', message: `${url.host} gave no answer: ${WORDS[code] ?? 'the connection broke'}` });
}

function bareHost({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

function portOf({ port, protocol }: URL): number {
  return port !== '' ? Number(port) : protocol === 'https:' ? 443 : 80;
}
