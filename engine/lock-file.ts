import { isList, isObject, type Json, type JsonObject, type JsonSchema } from './base/json.ts';
import type { ServerTool } from './contracts/tool.ts';
import { DagrunError } from './errors.ts';

/** The file beside the top of a workspace that holds what its MCP servers offer. */
export const LOCK_NAME = 'dagrun.lock';

/** What servers offer, by what they are called there: their command line, or their address. */
export type Lock = ReadonlyMap<string, readonly ServerTool[]>;

/** What a lock file holds; nothing when there is none. Throws DagrunError (exit code 3) for one that cannot be read. */
export function parseLock(text: string | undefined): Lock {
  const lock = new Map<string, readonly ServerTool[]>();
  if (text === undefined) return lock;
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    throw unreadable('it is not JSON');
  }
  if (!isObject(value) || !isObject(value.servers)) throw unreadable('it holds no servers');
  if (value.version !== 1) throw unreadable('it was written by a newer dagrun');
  for (const [server, entry] of Object.entries(value.servers)) {
    const tools = isObject(entry) ? entry.tools : undefined;
    if (!isList(tools)) throw unreadable(`"${server}" has no tools`);
    lock.set(server, tools.map(serverTool));
  }
  return lock;
}

/** A lock file's text: the same content always gives the same text, so that a change of it is a change of a server. */
export function renderLock(lock: Lock): string {
  const servers = [...lock].sort(([a], [b]) => (a < b ? -1 : 1)).map(([server, tools]) => [server, { tools: tools.map(entryOf) }] as const);
  const about = 'Written by dagrun: what the MCP servers of its workflows offer. To be committed; `dagrun tools update` renews it.';
  return `${JSON.stringify({ about, version: 1, servers: Object.fromEntries(servers) }, null, 2)}\n`;
}

function entryOf({ name, description, input, output, readOnly }: ServerTool): JsonObject {
  return {
    name,
    description,
    ...(readOnly && { read_only: true }),
    input: sorted(input),
    ...(output && { output: sorted(output) }),
  };
}

function serverTool(entry: Json): ServerTool {
  if (!isObject(entry) || typeof entry.name !== 'string' || !isObject(entry.input)) throw unreadable('an entry is no tool');
  const { name, description, input, output, read_only } = entry;
  return {
    name,
    description: typeof description === 'string' ? description : '',
    input: input as JsonSchema,
    ...(isObject(output) && { output: output as JsonSchema }),
    ...(read_only === true && { readOnly: true as const }),
  };
}

/** In which order a server gives its fields does not matter. */
function sorted<T extends Json>(value: T): T {
  if (isList(value)) return value.map(sorted) as unknown as T;
  if (!isObject(value)) return value;
  const entries = Object.entries(value as JsonObject).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)])) as T;
}

function unreadable(why: string): DagrunError {
  return new DagrunError(`${LOCK_NAME} cannot be read: ${why}`, {
    exitCode: 3,
    help: 'take the version of the last commit, or remove it and let `dagrun tools update <workflow>` write it anew',
  });
}
