import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAllowed, isPrivate } from '../../engine/base/address-rules.ts';
import { workspace } from '../support/workspace-run.ts';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A server on this machine that answers as the test says, and keeps what it was asked. */
async function listen(
  answer: (seen: Seen, response: ServerResponse, count: number) => void,
): Promise<{ server: Server; base: string; port: number; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    seen.push({ method: request.method!, url: request.url!, headers: request.headers, body });
    answer(seen.at(-1)!, response, seen.length);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { server, port, base: `http://127.0.0.1:${port}`, seen };
}

const json = (response: ServerResponse, value: unknown, status = 200, headers = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(value));
};

// biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the configuration.
const place = workspace('http: { allow: [127.0.0.1] }\nsecrets: { token: "${TOKEN}" }\n');
const strict = workspace();
let answer: (seen: Seen, response: ServerResponse, count: number) => void = (_, response) => json(response, {});
let here: Awaited<ReturnType<typeof listen>>;
let other: Awaited<ReturnType<typeof listen>>;
beforeAll(async () => {
  here = await listen((seen, response, count) => answer(seen, response, count));
  other = await listen((seen, response) =>
    json(response, { other: seen.headers.authorization ?? null, kept: seen.headers['x-plain'] ?? null, method: seen.method }),
  );
});
afterAll(() => {
  for (const { server } of [here, other]) {
    server.closeAllConnections();
    server.close();
  }
  place.remove();
  strict.remove();
});

const run = (fields: string, sections = '', options = {}, at = place): ReturnType<typeof place.run> =>
  at.run(`${sections}nodes:\n  it: { kind: http, ${fields} }\noutputs: { it: nodes.it.output }\n`, options);
const asked = (): Seen => here.seen.at(-1)!;

describe('what is sent', () => {
  test('a value in the URL stays within its segment', async () => {
    answer = (_, response) => json(response, {});
    const inputs = 'inputs: { name: { type: string } }\n';
    await run(`url: "${here.base}/repos/{{inputs.name}}/x?q={{inputs.name}}"`, inputs, { inputs: { name: '../a b/c?d#e&f' } });
    expect(asked().url).toBe('/repos/..%2Fa%20b%2Fc%3Fd%23e%26f/x?q=..%2Fa%20b%2Fc%3Fd%23e%26f');
    const wrong = async (url: string, name: string): Promise<string> =>
      (await run(`url: "${here.base}/${url}"`, inputs, { inputs: { name } })).error();
    expect(await wrong('items/{{inputs.name}}', '')).toBe('expression_failed: `inputs.name` is empty, and the URL would be another one');
    expect(await wrong('items/{{inputs.name}}', '..')).toContain('with a segment `.` or `..` in its path');
    expect(await wrong('items/.{{inputs.name}}', '%2e')).toBe('no error');
    expect(asked().url).toBe('/items/.%252e');
  });

  test('what stands first in the URL is its beginning', async () => {
    const inputs = 'inputs: { base: { type: string } }\n';
    await run('url: "{{inputs.base}}/a/{{inputs.base}}"', inputs, { inputs: { base: here.base } });
    expect(asked().url).toBe(`/a/${encodeURIComponent(here.base)}`);
    expect((await run('url: "{{inputs.base}}/x"', inputs, { inputs: { base: 'file:///etc' } })).error()).toBe(
      'expression_failed: `url` gives "file:///etc/x", not an address that starts with http:// or https://',
    );
    expect((await run('url: "{{inputs.base}}/x"', inputs, { inputs: { base: 'http://me:pw@127.0.0.1' } })).error()).toContain(
      'which holds a user or a password',
    );
  });

  test('parameters, headers and a body, with the types they have', async () => {
    const inputs = 'inputs: { tags: { type: array, items: { type: string }, default: [a, "b&c"] }, n: { type: integer, default: 2 } }\n';
    await run(
      `url: "${here.base}/x", query: { tag: "{{inputs.tags}}", n: "{{inputs.n}}", none: { cel: "null" }, text: "no. {{inputs.n}}" }, headers: { X-One: "n{{inputs.n}}" }, json: { tags: "{{inputs.tags}}", n: "{{inputs.n}}", twice: { cel: inputs.n * 2 } }`,
      inputs,
    );
    expect(asked()).toMatchObject({
      method: 'POST',
      url: '/x?tag=a&tag=b%26c&n=2&text=no.+2',
      body: '{"tags":["a","b&c"],"n":2,"twice":4}',
    });
    expect(asked().headers).toMatchObject({ 'x-one': 'n2', 'content-type': 'application/json', 'user-agent': 'dagrun' });
  });

  test('a secret reaches the server, and nothing that is kept', async () => {
    answer = ({ headers }, response, count) =>
      json(response, { said: headers.authorization, url: `x?key=${encodeURIComponent('s3cret&more')}` }, count % 2 === 0 ? 200 : 404);
    const told = [];
    for (let i = 0; i < 2; i += 1) {
      told.push(
        await run(`url: "${here.base}/x", headers: { authorization: "Bearer {{secrets.token}}" }`, '', { env: { TOKEN: 's3cret&more' } }),
      );
      expect(asked().headers.authorization).toBe('Bearer s3cret&more');
    }
    expect(JSON.stringify(told)).not.toContain('s3cret');
    expect(JSON.stringify(told)).toContain('Bearer [secrets.token]');
  });
});

describe('what comes back', () => {
  const reply =
    (body: string | Buffer, headers = {}, status = 200) =>
    (_: Seen, response: ServerResponse) =>
      void response.writeHead(status, headers).end(body);

  test('the body, by the schema of the output', async () => {
    answer = reply('{"a": 1}');
    expect((await run(`url: "${here.base}"`)).output()).toEqual({ a: 1 });
    expect((await run(`url: "${here.base}", output: { type: string }`)).output()).toBe('{"a": 1}');
    answer = reply('12');
    expect((await run(`url: "${here.base}"`)).output()).toBe('12');
    expect((await run(`url: "${here.base}", output: { type: integer }`)).output()).toBe(12);
    answer = reply('<p>');
    expect((await run(`url: "${here.base}", output: { type: object }`)).error()).toBe(
      `output_invalid: what 127.0.0.1:${here.port} sent is not JSON, which its \`output\` wants: it begins with "<p>"`,
    );
    answer = reply('', {}, 204);
    expect((await run(`url: "${here.base}", output: { type: "null" }, method: DELETE`)).output()).toBe(null);
    answer = reply(gzipSync('{"z": 1}'), { 'content-encoding': 'gzip' });
    expect((await run(`url: "${here.base}"`)).output()).toEqual({ z: 1 });
    answer = reply(Buffer.from('h\u00e9', 'latin1'), { 'content-type': 'text/plain; charset=iso-8859-1' });
    expect((await run(`url: "${here.base}"`)).output()).toBe('hé');
  });

  test('all of it with `full`, also of a status that is expected', async () => {
    answer = (_, response) => json(response, { no: true }, 404, { 'x-left': '3' });
    const told = await run(`url: "${here.base}/gone", full: true, ok_statuses: [200, 404]`);
    expect(told.output()).toMatchObject({ status: 404, headers: { 'x-left': '3' }, body: { no: true } });
  });

  test('other statuses are failures; some of them are worth another try', async () => {
    const once = async (status: number, headers = {}): Promise<string> => {
      answer = reply('why not', headers, status);
      return (await run(`url: "${here.base}/x?k=v"`)).error();
    };
    expect(await once(404)).toBe(`bad_request: GET ${here.base}/x gave 404: why not`);
    expect(await once(403)).toMatch(/^bad_request: /);
    expect(await once(503)).toMatch(/^unavailable: /);
    expect(await once(408)).toMatch(/^unavailable: /);
    expect(await once(429)).toMatch(/^rate_limited: /);
    answer = (_, response, count) => json(response, { count }, count % 3 === 0 ? 200 : 500);
    here.seen.length = 0;
    expect((await run(`url: "${here.base}", retry: { max_attempts: 3, initial_delay: 0ms, max_delay: 0ms }`)).output()).toEqual({
      count: 3,
    });
    answer = (_, response, count) => json(response, {}, count > 1 ? 200 : 429, { 'retry-after': '0' });
    here.seen.length = 0;
    expect((await run(`url: "${here.base}", retry: { max_attempts: 2, initial_delay: 0ms, max_delay: 0ms }`)).output()).toEqual({});
  });

  test('no answer, or half of one, is a failure', async () => {
    answer = (_, response) => void response.socket?.destroy();
    expect((await run(`url: "${here.base}", json: {}`)).error()).toBe(
      `unavailable: 127.0.0.1:${here.port} gave no answer: the connection broke`,
    );
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.socket?.destroy());
    };
    expect((await run(`url: "${here.base}"`)).error()).toMatch(/^unavailable: .* the connection broke$/);
    const { server, base } = await listen(() => undefined);
    await new Promise((resolve) => server.close(resolve));
    expect((await run(`url: "${base}"`)).error()).toMatch(/^unavailable: .* connection refused$/);
  });

  test('one that takes too long, or is too long', async () => {
    answer = () => undefined;
    expect((await run(`url: "${here.base}", timeout: 100ms`)).error()).toBe('timed_out: no answer within 0.1 s');
    answer = reply(Buffer.alloc(11 * 1024 * 1024, 'x'));
    expect((await run(`url: "${here.base}"`)).error()).toBe('bad_request: the answer is longer than 10 MiB');
    answer = reply(gzipSync(Buffer.alloc(11 * 1024 * 1024, 'x')), { 'content-encoding': 'gzip' });
    expect((await run(`url: "${here.base}"`)).error()).toBe('bad_request: the answer is longer than 10 MiB');
  });
});

describe('redirects', () => {
  const to =
    (location: string, status = 302) =>
    (seen: Seen, response: ServerResponse) =>
      seen.url === '/end' ? json(response, { method: seen.method, body: seen.body }) : void response.writeHead(status, { location }).end();

  test('are followed, as the method allows', async () => {
    answer = to('/end');
    expect((await run(`url: "${here.base}/a"`)).output()).toEqual({ method: 'GET', body: '' });
    expect((await run(`url: "${here.base}/a", json: { a: 1 }`)).output()).toEqual({ method: 'GET', body: '' });
    answer = to('/end', 307);
    expect((await run(`url: "${here.base}/a", json: { a: 1 }`)).output()).toEqual({ method: 'POST', body: '{"a":1}' });
    answer = to('/again');
    expect((await run(`url: "${here.base}/a"`)).error()).toBe(`bad_request: 127.0.0.1:${here.port} redirects more than 5 times`);
    answer = to('file:///etc/passwd');
    expect((await run(`url: "${here.base}/a"`)).error()).toBe(
      `bad_request: 127.0.0.1:${here.port} redirects to no address that can be called`,
    );
    answer = to('/end');
    expect((await run(`url: "${here.base}/a", ok_statuses: [302], full: true`)).output()).toMatchObject({
      status: 302,
      headers: { location: '/end' },
    });
  });

  test('take no secret to another origin', async () => {
    answer = to(other.base);
    const told = await run(`url: "${here.base}/a", headers: { authorization: "Bearer {{secrets.token}}", x-plain: kept }`, '', {
      env: { TOKEN: 's3cret' },
    });
    expect(told.output()).toEqual({ other: null, kept: 'kept', method: 'GET' });
  });

  test('lead to no private address that is not allowed', async () => {
    answer = to('http://10.0.0.1:1/x');
    expect((await run(`url: "${here.base}/a"`)).error()).toMatch(/^bad_request: 10\.0\.0\.1 is on this machine or in a private network/);
  });
});

describe('addresses', () => {
  test('this machine and private networks are called only when the configuration says so', async () => {
    for (const host of [
      '127.0.0.1',
      'localhost',
      '2130706433',
      '0x7f.1',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '10.1.2.3',
      '169.254.169.254',
      '0.0.0.0',
    ]) {
      const told = await run(`url: "http://${host}:${here.port}/"`, '', {}, strict);
      expect(told.error(), host).toMatch(
        /^bad_request: .* is on this machine or in a private network, which nodes may call only when dagrun.config.yml says so/,
      );
    }
  });

  test.each([
    ['127.0.0.1', true],
    ['192.168.1.1', true],
    ['172.31.0.1', true],
    ['172.32.0.1', false],
    ['100.64.0.1', true],
    ['8.8.8.8', false],
    ['224.0.0.1', true],
    ['255.255.255.255', true],
    ['::', true],
    ['::1', true],
    ['::ffff:8.8.8.8', false],
    ['fd00::1', true],
    ['fe80::1', true],
    ['64:ff9b::7f00:1', true],
    ['2606:4700::1', false],
  ])('%s is private: %s', (address, expected) => {
    expect(isPrivate(address)).toBe(expected);
  });

  test.each([
    ['localhost', 'localhost', '127.0.0.1', 80, true],
    ['localhost:8080', 'localhost', '127.0.0.1', 80, false],
    ['localhost:8080', 'LOCALHOST', '::1', 8080, true],
    ['127.0.0.1', 'localhost', '127.0.0.1', 80, true],
    ['*.corp.example', 'api.corp.example', '10.0.0.1', 443, true],
    ['*.corp.example', 'corp.example', '10.0.0.1', 443, false],
    ['*.corp.example', 'evilcorp.example', '10.0.0.1', 443, false],
    ['10.0.0.0/8', 'x.example', '10.9.9.9', 443, true],
    ['10.0.0.0/8', 'x.example', '11.9.9.9', 443, false],
    ['[::1]:9000', '::1', '::1', 9000, true],
    ['::1', '::1', '::1', 9000, true],
    ['fd00::/8', 'x.example', 'fd12::1', 443, true],
  ])('%s allows %s at %s, port %i: %s', (entry, host, address, port, expected) => {
    expect(isAllowed(host, address, port, [entry])).toBe(expected);
  });
});
