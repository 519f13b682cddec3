import { digestOf, isList, isObject, type Json, type JsonObject } from '../base/json.ts';
import { Failed } from '../contracts/failure.ts';
import type { Outside } from '../contracts/node-kind.ts';
import type { PlanServer, ServerTool, ToolOutcome, ToolsOf } from '../contracts/tool.ts';
import { compileSpec } from '../lang/notation.ts';
import { type SealedText, unseal, withoutSecrets } from '../lang/sealed-text.ts';
import { serverFields } from '../lang/server-fields.ts';
import { type ImageOf, type Launch, type McpServer, openMcp } from './mcp.ts';

/** A server of a workflow: what it is called there, and what its templates read. */
export interface ServerOf extends Omit<ToolsOf, 'plan'> {
  readonly name: string;
  readonly server: Pick<PlanServer, 'spec'>;
}

/** The MCP servers of a run: each is started once, when it is first needed, and again when it has ended. */
export interface Servers {
  /** What a server offers now. Throws Failed (tool_failed, unauthorized). */
  list(of: ServerOf): Promise<readonly ServerTool[]>;
  /** Throws Failed (tool_failed) when the server cannot be reached. What it says is kept free of its secrets. */
  call(of: ServerOf, tool: string, args: JsonObject, abort: AbortSignal): Promise<ToolOutcome>;
  close(): Promise<void>;
}

/** `imageOf` tells which of the images that tools give models take; without it, none. */
export function createServers(outside: Outside, imageOf: ImageOf = () => undefined): Servers {
  const open = new Map<string, Promise<Opened>>();

  const opened = async (of: ServerOf): Promise<Opened> => {
    const spec = compileSpec(serverFields, of.server.spec, of.partials)(of.scope);
    // Two files may start the same one; what differs in a template makes another.
    const key = digestOf([of.name, of.folder, spec]);
    for (let before = open.get(key); before !== undefined; before = open.get(key)) {
      const known = await before;
      if (known.server.alive()) return known;
      // Of several who find that it has ended, one starts it again, and the others wait for that.
      if (open.get(key) === before) break;
    }
    const making = start(of, spec);
    open.set(key, making);
    // One that cannot be started now may be started later.
    making.catch(() => open.delete(key));
    return making;
  };

  /** What a server of its own accord says of its secrets is no more told than what it is asked for. */
  const cleanly = async <T>(secrets: ReadonlyMap<string, string>, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw error instanceof Failed ? new Failed(withoutSecrets(error.failure, secrets)) : error;
    }
  };

  const start = async ({ name, folder }: ServerOf, spec: JsonObject): Promise<Opened> => {
    const secrets = new Map<string, string>();
    const reveal = (secret: string): string => {
      const value = outside.secret(secret);
      secrets.set(secret, value);
      return value;
    };
    const launch = await launchOf(name, folder, spec, outside, reveal);
    return { server: await cleanly(secrets, () => openMcp(name, launch, imageOf)), secrets };
  };

  return {
    async list(of) {
      const { server, secrets } = await opened(of);
      return cleanly(secrets, () => server.list());
    },
    async call(of, tool, args, abort) {
      const { server, secrets } = await opened(of);
      return withoutSecrets(await server.call(tool, args, abort), secrets);
    },
    async close() {
      const all = await Promise.allSettled(open.values());
      open.clear();
      await Promise.allSettled(all.map((one) => (one.status === 'fulfilled' ? one.value.server.close() : undefined)));
    },
  };
}

interface Opened {
  readonly server: McpServer;
  readonly secrets: ReadonlyMap<string, string>;
}

/** Throws Failed. */
async function launchOf(
  name: string,
  folder: string,
  spec: JsonObject,
  outside: Outside,
  reveal: (secret: string) => string,
): Promise<Launch> {
  const texts = (value: Json | undefined): Readonly<Record<string, string>> =>
    Object.fromEntries(Object.entries(isObject(value) ? value : {}).map(([key, text]) => [key, unseal(text as SealedText, reveal)]));
  const { url, headers, command, args, env, cwd } = spec;
  if (typeof url === 'string') {
    if (!/^https?:\/\//.test(url) || !URL.canParse(url))
      throw new Failed({
        type: 'tool_failed',
        tool: name,
        message: `the \`url\` of "${name}" gives ${JSON.stringify(url)}, not an address`,
      });
    return { url, headers: texts(headers), allowed: outside.allowedHosts };
  }
  const place = await outside.place([folder, typeof cwd === 'string' ? cwd : ''].filter((part) => part !== '').join('/') || '.');
  return {
    command: String(command),
    args: (isList(args) ? args : []).map(String),
    env: { ...outside.environment, ...texts(env) },
    cwd: place.file,
  };
}

/** How what a server offers differs from what is known of it. */
export interface OfferChange {
  readonly tool: string;
  readonly what: 'added' | 'removed' | 'changed';
}

/** What has changed between two lists of a server's tools, by name. */
export function changesOf(before: readonly ServerTool[], now: readonly ServerTool[]): readonly OfferChange[] {
  const old = new Map(before.map((tool) => [tool.name, tool]));
  const next = new Map(now.map((tool) => [tool.name, tool]));
  const names = [...new Set([...old.keys(), ...next.keys()])].sort();
  return names.flatMap((tool): readonly OfferChange[] => {
    const [was, is] = [old.get(tool), next.get(tool)];
    if (was === undefined) return [{ tool, what: 'added' }];
    if (is === undefined) return [{ tool, what: 'removed' }];
    return digestOf(was as unknown as JsonObject) === digestOf(is as unknown as JsonObject) ? [] : [{ tool, what: 'changed' }];
  });
}
