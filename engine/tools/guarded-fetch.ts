import { lookup } from 'node:dns/promises';
import { request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { isIP } from 'node:net';
import { Readable } from 'node:stream';
import { isAllowed, isPrivate } from '../base/address-rules.ts';

/** An address that the configuration does not let be called. */
export class AddressRefused extends Error {
  constructor(host: string) {
    super(
      `${host} is on this machine or in a private network, which may be called only when dagrun.config.yml says so: \`http: { allow: ["${host}"] }\``,
    );
    this.name = 'AddressRefused';
  }
}

/**
 * A `fetch` that calls public addresses, and of private ones those that are allowed. The name is looked up here and the connection
 * made to what was found: asked a second time, it could stand for another. Redirects are given back as they are.
 */
export function guardedFetch(allowed: readonly string[]): typeof globalThis.fetch {
  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : String(input));
    const address = await addressOf(url, allowed);
    return new Promise<Response>((resolve, reject) => {
      const sent = (url.protocol === 'https:' ? secureRequest : plainRequest)(
        url,
        {
          method: init.method ?? 'GET',
          headers: Object.fromEntries(new Headers(init.headers as Headers)),
          lookup: (_host, { all }, found) => {
            if (all) found(null, [address]);
            else found(null, address.address, address.family);
          },
          agent: false,
          ...(init.signal && { signal: init.signal }),
        },
        (answer) => {
          const headers = new Headers();
          for (const [name, value] of Object.entries(answer.headers))
            for (const one of Array.isArray(value) ? value : [value ?? '']) headers.append(name, one);
          const status = answer.statusCode ?? 500;
          const empty = status === 204 || status === 205 || status === 304;
          if (empty) answer.resume();
          resolve(new Response(empty ? null : (Readable.toWeb(answer) as ReadableStream), { status, headers }));
        },
      );
      sent.once('error', reject);
      sent.end(typeof init.body === 'string' ? init.body : undefined);
    });
  };
}

interface Address {
  readonly address: string;
  readonly family: number;
}

async function addressOf(url: URL, allowed: readonly string[]): Promise<Address> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const literal = isIP(host);
  const addresses = literal === 0 ? await lookup(host, { all: true }) : [{ address: host, family: literal }];
  const port = url.port !== '' ? Number(url.port) : url.protocol === 'https:' ? 443 : 80;
  if (addresses.some(({ address }) => isPrivate(address) && !isAllowed(host, address, port, allowed))) throw new AddressRefused(url.host);
  const [first] = addresses;
  if (first === undefined) throw new Error(`${host} has no address`);
  return first;
}
