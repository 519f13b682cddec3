import type { ChildProcess } from 'node:child_process';
import type { CallToolResult, Client } from '@modelcontextprotocol/client';
import { isObject, type Json, type JsonObject, type JsonSchema } from '../base/json.ts';
import { Failed } from '../contracts/failure.ts';
import type { Attachment } from '../contracts/provider.ts';
import type { ServerTool, ToolOutcome } from '../contracts/tool.ts';
import { childEnd } from './child-end.ts';
import { AddressRefused, guardedFetch } from './guarded-fetch.ts';

/** How a server is reached; nothing in it is a template any more. */
export type Launch =
  | {
      readonly command: string;
      readonly args: readonly string[];
      /** All of its environment. */
      readonly env: Readonly<Record<string, string>>;
      readonly cwd: string;
    }
  | { readonly url: string; readonly headers: Readonly<Record<string, string>>; readonly allowed: readonly string[] };

/** A server that runs, and was spoken to. */
export interface McpServer {
  /** False once it has ended, or the connection to it. */
  readonly alive: () => boolean;
  /** Throws Failed (tool_failed). */
  list(): Promise<readonly ServerTool[]>;
  /** What a tool said; what it fails of is an outcome. */
  call(tool: string, args: JsonObject, abort: AbortSignal): Promise<ToolOutcome>;
  close(): Promise<void>;
}

/** How long a server may take to start and to say who it is, in milliseconds: the first `npx` of a package has to fetch it. */
const PATIENCE = 60_000;
/** Longer than any tool call may take: its own time-out ends it before. Source: the longest delay of a timer of Node. */
const FOR_EVER = 2 ** 31 - 1;
/** Base64 letters and pixels of an image that Anthropic takes. Source: engine/providers/anthropic.ts. */
const LARGEST_IMAGE = 5_000_000;
const LONGEST_EDGE = 8_000;

/** What an image is, by its bytes; undefined for what no model takes. */
export type ImageOf = (bytes: Buffer) => Pick<Attachment, 'mediaType' | 'pixels'> | undefined;

/** Starts a server, or connects to one. Throws Failed (tool_failed). `name` is what the workflow calls it. */
export async function openMcp(name: string, launch: Launch, imageOf: ImageOf, abort?: AbortSignal): Promise<McpServer> {
  const { Client: McpClient, ProtocolError, StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client');
  // In place of probing for the newest protocol first, which starts a second process: servers of today speak both.
  const client = new McpClient({ name: 'dagrun', version: '1' }, { versionNegotiation: { mode: 'url' in launch ? 'auto' : 'legacy' } });
  const end = childEnd();
  let alive = true;
  let transport: Parameters<Client['connect']>[0];
  if ('url' in launch) {
    const { headers, allowed } = launch;
    transport = new StreamableHTTPClientTransport(new URL(launch.url), { requestInit: { headers }, fetch: guardedFetch(allowed) });
  } else {
    const { StdioClientTransport } = await import('@modelcontextprotocol/client/stdio');
    const { command, args, env, cwd } = launch;
    const child = new StdioClientTransport({ command, args: [...args], env: { ...env }, cwd, stderr: 'pipe' });
    child.stderr?.on('data', end.wrote);
    const start = child.start.bind(child);
    child.start = async () => {
      await start();
      // The package tells that it has ended, and not how.
      end.watch((child as unknown as { readonly _process?: ChildProcess })._process);
    };
    transport = child;
  }
  const failed = async (what: string, error: unknown, line = false): Promise<Failed> => {
    // What a process wrote at its end is read after that.
    await new Promise(setImmediate);
    return new Failed({ type: 'tool_failed', tool: name, message: `${what}${reasonOf(error, end.words(line))}` }, { cause: error });
  };
  client.onclose = () => {
    alive = false;
  };
  client.onerror = () => undefined;
  try {
    await client.connect(transport, { timeout: PATIENCE, ...(abort && { signal: abort }) });
  } catch (error) {
    await client.close().catch(() => undefined);
    throw await failed('url' in launch ? `the server of "${name}" cannot be reached` : `the server of "${name}" cannot be started`, error);
  }
  return {
    alive: () => alive,
    async list() {
      try {
        const { tools } = await client.listTools(undefined, { timeout: PATIENCE });
        return tools.map(serverTool).sort((a, b) => (a.name < b.name ? -1 : 1));
      } catch (error) {
        throw await failed(`the server of "${name}" does not say what tools it has`, error);
      }
    },
    async call(tool, args, signal) {
      try {
        const result = await client.callTool({ name: tool, arguments: { ...args } }, { signal, timeout: FOR_EVER });
        return outcomeOf(result as CallToolResult, `${name}/${tool}`, imageOf);
      } catch (error) {
        if (signal.aborted) throw error;
        // What the server answered, in its own words; everything else is of the way to it.
        if (ProtocolError.isInstance(error)) return { status: 'failed', message: error.message };
        const { message } = await failed('the call failed', error, true);
        return { status: 'failed', message: end.ended() === undefined ? message : `${message}${AGAIN}` };
      }
    },
    close: () => client.close(),
  };
}

function serverTool(tool: Awaited<ReturnType<Client['listTools']>>['tools'][number]): ServerTool {
  const { name, description, inputSchema, outputSchema, annotations } = tool;
  return {
    name,
    description: description ?? tool.title ?? '',
    input: plain(inputSchema),
    ...(outputSchema && { output: plain(outputSchema) }),
    ...(annotations?.readOnlyHint === true && { readOnly: true as const }),
  };
}

const plain = (schema: unknown): JsonSchema => JSON.parse(JSON.stringify(schema)) as JsonSchema;

/** Data where the tool gives data, else its texts; what is neither is named, and images are given besides. */
function outcomeOf({ content = [], structuredContent, isError }: CallToolResult, tool: string, imageOf: ImageOf): ToolOutcome {
  const text = content.map(textOf).join('\n');
  if (isError === true) return { status: 'failed', message: text === '' ? 'it failed, and did not say why' : text };
  const images = content.flatMap((block) => (block.type === 'image' ? imageIn(block.data, tool, imageOf) : []));
  const shown = images.length === 0 ? {} : { images };
  if (structuredContent !== undefined)
    return { status: 'succeeded', output: JSON.parse(JSON.stringify(structuredContent)) as Json, ...shown };
  return { status: 'succeeded', output: text, ...shown };
}

/** An image that models take: what is larger, or of another format, is only named. */
function imageIn(data: string, name: string, imageOf: ImageOf): readonly Attachment[] {
  if (data.length > LARGEST_IMAGE) return [];
  const image = imageOf(Buffer.from(data, 'base64'));
  if (!image?.pixels || Math.max(image.pixels.width, image.pixels.height) > LONGEST_EDGE) return [];
  return [{ type: 'image', mediaType: image.mediaType, name, data, pixels: image.pixels }];
}

function textOf(block: CallToolResult['content'][number]): string {
  switch (block.type) {
    case 'text':
      return block.text;
    case 'resource':
      return 'text' in block.resource ? String(block.resource.text) : `[${block.resource.uri}]`;
    case 'resource_link':
      return `[${block.name}](${block.uri})`;
    case 'image':
    case 'audio':
      return `[${block.type}, ${block.mimeType}, ${Math.ceil((block.data.length * 3) / 4)} bytes]`;
    default:
      return '[something that is no text]';
  }
}

/** Words of the system for what went wrong. */
const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such program on the PATH',
  EACCES: 'it may not be executed',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection broke',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name cannot be looked up',
};

/** Where it ends in a run, that is not its end for the run. */
const AGAIN = '; it is started again for the next call';

/** Why, in our words where the cause is known, and in the server's own where it said something: `said`. */
function reasonOf(error: unknown, said: string): string {
  let status: number | undefined;
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof AddressRefused) return `: ${cause.message}`;
    const { code, data } = cause as { readonly code?: unknown; readonly data?: unknown };
    const word = typeof code === 'string' ? WORDS[code] : undefined;
    if (word !== undefined) return `: ${word}`;
    if (isObject(data) && typeof data.status === 'number') status ??= data.status;
  }
  if (said !== '') return `: ${said}`;
  return status === undefined ? ': it gave no answer' : `: it answered ${status}`;
}
