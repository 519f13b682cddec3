import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

/** What a server was asked. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into wire formats.
  readonly body: any;
}

/** What a server does with the next request. */
export type Turn =
  | {
      readonly text: string;
      readonly stop?: string;
      readonly usage?: object;
      readonly model?: string;
      readonly headers?: Record<string, string>;
    }
  /** Any answer of the protocol, or of none. */
  | { readonly status?: number; readonly headers?: Record<string, string>; readonly body: unknown }
  /** An error as the protocol writes it. */
  | { readonly error: number; readonly type?: string; readonly message?: string; readonly headers?: Record<string, string> }
  /** Closes the connection before its answer, or in the middle of the body. */
  | { readonly drop: 'before' | 'within' }
  /** Never answers. */
  | { readonly hang: true };

/** How a protocol writes an answer and an error. */
export interface Wire {
  answer(turn: Extract<Turn, { text: string }>, received: Received): object;
  error(turn: Extract<Turn, { error: number }>): object;
}

export interface WireServer {
  readonly url: string;
  readonly port: number;
  readonly received: Received[];
  /** What comes next, in order; the last turn is repeated. */
  script(...turns: (Turn | ((received: Received) => Turn))[]): void;
  /** Resolves when a request has arrived that is not answered. */
  readonly hanging: Promise<void>;
  close(): Promise<void>;
}

/** A server on loopback that speaks one wire format, by script. */
export async function startWireServer(wire: Wire): Promise<WireServer> {
  const received: Received[] = [];
  let turns: (Turn | ((received: Received) => Turn))[] = [];
  let hung: () => void = () => {};
  const hanging = new Promise<void>((resolve) => {
    hung = resolve;
  });
  const server: Server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      text += chunk;
    });
    request.on('end', () => {
      const one: Received = { method: request.method!, path: request.url!, headers: request.headers, body: JSON.parse(text || 'null') };
      received.push(one);
      const next = turns.length > 1 ? turns.shift()! : turns[0];
      if (next === undefined) return void send(response, 500, {}, { error: { message: 'the test has no turn for this request' } });
      const turn = typeof next === 'function' ? next(one) : next;
      if ('hang' in turn) return hung();
      if ('drop' in turn) {
        if (turn.drop === 'before') return void response.socket?.destroy();
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
        response.write('{"id": "cut', () => response.socket?.destroy());
        return;
      }
      if ('text' in turn)
        return send(response, 200, { 'request-id': 'req_1', 'x-request-id': 'req_1', ...turn.headers }, wire.answer(turn, one));
      if ('error' in turn) return send(response, turn.error, turn.headers ?? {}, wire.error(turn));
      send(response, turn.status ?? 200, turn.headers ?? {}, turn.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    received,
    hanging,
    script(...next) {
      turns = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function send(response: ServerResponse, status: number, headers: Record<string, string>, body: unknown): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const bytes = headers['content-encoding'] === 'gzip' ? gzipSync(text) : Buffer.from(text);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': String(bytes.length), ...headers });
  response.end(bytes);
}
