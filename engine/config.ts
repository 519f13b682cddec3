import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Millis } from './base/ids.ts';
import { isList, isObject, type Json, type JsonObject } from './base/json.ts';
import { parseDuration, parseSize } from './base/units.ts';
import { checkShape, mistake, quoteVariable, withoutKeys } from './config-mistakes.ts';
import type { Diagnostic } from './contracts/diagnostic.ts';
import type { ProviderSettings, Tier } from './contracts/provider.ts';
import type { Document, Path } from './contracts/source.ts';
import { suggest } from './diagnostics/suggest.ts';
import { DagrunError } from './errors.ts';
import { splitModel, suggestedTiers } from './models/catalog.ts';
import { providerTypes } from './providers/registry.ts';
import { parseDocument } from './source/document.ts';

/** The file, looked for upward. */
export const CONFIG_FILE = 'dagrun.config.yml';

/** What is configured: by dagrun.config.yml, by the environment, and by what is built in, the environment first. */
export interface Config {
  /** The file, absolute; absent when there is none. */
  readonly file?: string;
  /** Candidates per tier, preferred first. */
  readonly tiers: Readonly<Record<Tier, readonly string[]>>;
  readonly providers: ReadonlyMap<string, ProviderConfig>;
  /** By name: the value, or why there is none. */
  readonly secrets: ReadonlyMap<string, Secret>;
  /** Hosts in private networks that `http` nodes may call. */
  readonly allowedHosts: readonly string[];
  /** What child processes find in their environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** How long runs that have ended are kept; undefined: until somebody prunes them. */
  readonly keepRuns?: Millis;
  /** What the cache may hold. */
  readonly cacheBytes?: number;
  /** Where runs are kept; `from` is the folder a relative path starts at. */
  readonly store: { readonly url?: string; readonly from?: string };
  readonly warnings: readonly Diagnostic[];
}

export interface ProviderConfig extends ProviderSettings {
  /** True when it has a key, or an address of its own that was given without one. */
  readonly usable: boolean;
  /** Calls in flight, at most. */
  readonly concurrency: number;
  readonly requestsPerMinute?: number;
  /** Why it cannot be used although the file sets it up. */
  readonly problem?: Diagnostic;
}

export type Secret = { readonly value: string } | { readonly problem: Diagnostic };

export interface ConfigOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Absolute; its folder is where the search starts. */
  readonly workflowFile?: string;
}

/** Providers that need no entry in the file, and the variables they are told by. */
const BUILT_IN: readonly { readonly id: string; readonly key: string; readonly baseUrl: string }[] = [
  { id: 'anthropic', key: 'ANTHROPIC_API_KEY', baseUrl: 'ANTHROPIC_BASE_URL' },
  { id: 'openai', key: 'OPENAI_API_KEY', baseUrl: 'OPENAI_BASE_URL' },
];

/** What programs need to be found and to find their way; everything else of the environment stays here. */
const INHERITED = ['PATH', 'HOME', 'LANG', 'TMPDIR'];

/** Both makers allow more on their lowest paid levels; a 429 lowers it by itself. */
const DEFAULT_CONCURRENCY = 16;

/** The configuration in force for a workflow. Throws DagrunError (exit code 3) with every mistake of the file. */
export function loadConfig(options: ConfigOptions = {}): Config {
  const { cwd = process.cwd(), env = process.env, workflowFile } = options;
  const file = (workflowFile && findUpward(dirname(workflowFile))) ?? findUpward(cwd);
  const found: Diagnostic[] = [];
  const source = file && { name: shownAs(file, cwd), text: readFileSync(file, 'utf8') };
  const document = source ? parseDocument(source, (one) => found.push(quoteVariable(one))) : undefined;
  if (document) checkShape(document, found);
  const value = document && isObject(document.value) ? document.value : {};
  const valid = (): boolean => !found.some(({ severity }) => severity === 'error');
  const providers = valid() ? readProviders(value, document, env, found) : new Map<string, ProviderConfig>();
  const store = readStore(value, document, file, env, found);
  const secrets = valid() ? readSecrets(value, document, env, found) : new Map<string, Secret>();
  const tiers = valid() ? readTiers(value, document, providers, found) : suggestedTiers;
  const told = source ? found.map((one) => withoutKeys(one, source)) : found;
  if (source && !valid())
    throw new DagrunError(`${source.name} has ${found.length === 1 ? 'a mistake' : 'mistakes'}`, { exitCode: 3, diagnostics: told });
  const { allow } = isObject(value.http) ? value.http : {};
  return {
    ...(file && { file }),
    tiers,
    providers,
    secrets,
    allowedHosts: isList(allow) ? allow.filter((host) => typeof host === 'string') : [],
    environment: Object.fromEntries(INHERITED.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]))),
    store,
    ...keepOf(value),
    ...cacheOf(value),
    warnings: told,
  };
}

function findUpward(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const file = join(at, CONFIG_FILE);
    if (existsSync(file)) return file;
    if (dirname(at) === at) return undefined;
  }
}

/** As the user would type it. */
function shownAs(file: string, cwd: string): string {
  const path = relative(cwd, file);
  return path.startsWith('..') ? file : path;
}

function readProviders(
  value: JsonObject,
  document: Document | undefined,
  env: NonNullable<ConfigOptions['env']>,
  found: Diagnostic[],
): ReadonlyMap<string, ProviderConfig> {
  const written = isObject(value.providers) ? value.providers : {};
  const providers = new Map<string, ProviderConfig>();
  for (const { id } of BUILT_IN) if (!(id in written)) providers.set(id, providerOf(id, {}, undefined, env, found));
  for (const [id, raw] of Object.entries(written)) if (isObject(raw)) providers.set(id, providerOf(id, raw, document, env, found));
  return providers;
}

function providerOf(
  id: string,
  raw: JsonObject,
  document: Document | undefined,
  env: NonNullable<ConfigOptions['env']>,
  found: Diagnostic[],
): ProviderConfig {
  const path: Path = ['providers', id];
  const builtIn = BUILT_IN.find((one) => one.id === id);
  const type = typeof raw.type === 'string' ? raw.type : providerTypes.find((one) => one.type === id)?.type;
  if (type === undefined && document)
    found.push(
      mistake('DAG703', document, path, `"${id}" does not say which protocol it speaks`, {
        part: 'key',
        help: 'add `type: openai` for Ollama, llama.cpp, vLLM and most gateways',
      }),
    );
  const { apis = [] } = providerTypes.find((one) => one.type === (type ?? 'openai')) ?? {};
  const api = apis.find((one) => one === raw.api);
  if (raw.api !== undefined && api === undefined && document)
    found.push(
      mistake('DAG702', document, [...path, 'api'], `"api" is not a key of "${path.join('.')}", whose protocol has one API only`, {
        part: 'key',
        help: 'take it out; it is for `type: openai`',
      }),
    );
  let problem: Diagnostic | undefined;
  const read = (key: 'api_key' | 'base_url', variable: string | undefined): { readonly text?: string; readonly variable?: string } => {
    const fromEnv = variable && env[variable];
    if (variable && fromEnv) return { text: fromEnv, variable };
    const text = raw[key];
    if (typeof text !== 'string' || !document) return variable ? { variable } : {};
    const filled = fillVariables(text, [...path, key], document, env, found);
    problem ??= filled.problem;
    const named = filled.variable ?? variable;
    return { ...(filled.text !== undefined && { text: filled.text }), ...(named !== undefined && { variable: named }) };
  };
  const key = read('api_key', builtIn?.key);
  const baseUrl = read('base_url', builtIn?.baseUrl);
  if (document && typeof raw.api_key === 'string' && looksLikeKey(raw.api_key))
    found.push(
      mistake('DAG706', document, [...path, 'api_key'], `the key of "${id}" stands in the file`, {
        severity: 'warning',
        because: 'files are shared and committed; whoever reads this one can spend your money',
        help: `put it into the environment, and write \`api_key: "\${${builtIn?.key ?? `${id.toUpperCase().replace(/\W/g, '_')}_API_KEY`}}"\``,
      }),
    );
  const withoutKey = baseUrl.text !== undefined && raw.api_key === undefined;
  return {
    id,
    type: type ?? 'openai',
    ...(key.text !== undefined && { apiKey: key.text }),
    ...(key.variable !== undefined && { variable: key.variable }),
    ...(baseUrl.text !== undefined && { baseUrl: baseUrl.text }),
    ...(api !== undefined && { api }),
    usable: problem === undefined && (key.text !== undefined || withoutKey),
    concurrency: typeof raw.concurrency === 'number' ? raw.concurrency : DEFAULT_CONCURRENCY,
    ...(typeof raw.requests_per_minute === 'number' && { requestsPerMinute: raw.requests_per_minute }),
    ...(problem && { problem }),
  };
}

/**
 * A text with its `${NAME}`s filled in. A variable that is not set makes the text undefined and gives the problem, which
 * counts only when the provider is needed; what is no name of a variable is a mistake at once.
 */
function fillVariables(
  text: string,
  path: Path,
  document: Document,
  env: NonNullable<ConfigOptions['env']>,
  found: Diagnostic[],
): { readonly text?: string; readonly variable?: string; readonly problem?: Diagnostic } {
  let variable: string | undefined;
  let problem: Diagnostic | undefined;
  const filled = text.replace(/\$\{([^}]*)\}?/g, (whole, name: string) => {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || !whole.endsWith('}')) {
      found.push(
        mistake('DAG704', document, path, `"${whole}" does not name an environment variable`, {
          help: `write \`\${NAME}\`, with letters, digits and underscores; there are no defaults and no conditions`,
        }),
      );
      return '';
    }
    variable ??= name;
    const value = env[name];
    if (value === undefined || value === '')
      problem ??= mistake('DAG705', document, path, `the environment variable ${name} is not set`, {
        because: `"${String(path[1])}" cannot be used without it`,
        help: `set it: \`export ${name}=…\``,
      });
    return value ?? '';
  });
  return { ...(problem ? { problem } : { text: filled }), ...(variable !== undefined && { variable }) };
}

/** Dummies such as `ollama` or `none` are nobody's secret. */
function looksLikeKey(text: string): boolean {
  return !text.includes('${') && (/^sk-/.test(text) || text.length >= 24);
}

/** Shorter ones could not be told from ordinary text where they must not show. */
const SHORTEST_SECRET = 4;

function readSecrets(
  value: JsonObject,
  document: Document | undefined,
  env: NonNullable<ConfigOptions['env']>,
  found: Diagnostic[],
): ReadonlyMap<string, Secret> {
  const secrets = new Map<string, Secret>();
  for (const [name, text] of Object.entries(isObject(value.secrets) ? value.secrets : {})) {
    if (typeof text !== 'string' || !document) continue;
    const path: Path = ['secrets', name];
    if (!text.includes('${'))
      found.push(
        mistake('DAG706', document, path, `the secret "${name}" stands in the file`, {
          severity: 'warning',
          because: 'files are shared and committed; whoever reads this one knows it',
          help: `put it into the environment, and write \`${name}: "\${${name.toUpperCase()}}"\``,
        }),
      );
    const filled = fillVariables(text, path, document, env, found);
    const short = (filled.text?.length ?? SHORTEST_SECRET) < SHORTEST_SECRET;
    const problem = short
      ? mistake('DAG701', document, path, `the secret "${name}" has fewer than ${SHORTEST_SECRET} characters`, {
          because: 'it could not be kept out of what runs keep and print',
        })
      : filled.problem;
    if (problem) secrets.set(name, { problem });
    else if (filled.text !== undefined) secrets.set(name, { value: filled.text });
  }
  return secrets;
}

/** The environment first, then the file. */
function readStore(
  value: JsonObject,
  document: Document | undefined,
  file: string | undefined,
  env: NonNullable<ConfigOptions['env']>,
  found: Diagnostic[],
): Config['store'] {
  if (env.DAGRUN_STORE) return { url: env.DAGRUN_STORE };
  const url = isObject(value.store) ? value.store.url : undefined;
  if (typeof url !== 'string' || !document || file === undefined) return {};
  const filled = fillVariables(url, ['store', 'url'], document, env, found);
  if (filled.problem) found.push(filled.problem);
  return { ...(filled.text !== undefined && { url: filled.text }), from: dirname(file) };
}

function cacheOf(value: JsonObject): Pick<Config, 'cacheBytes'> {
  const { max_size } = isObject(value.cache) ? value.cache : {};
  const cacheBytes = typeof max_size === 'string' ? parseSize(max_size) : undefined;
  return cacheBytes === undefined ? {} : { cacheBytes };
}

function keepOf(value: JsonObject): Pick<Config, 'keepRuns'> {
  const { keep } = isObject(value.runs) ? value.runs : {};
  const keepRuns = typeof keep === 'string' ? parseDuration(keep) : undefined;
  return keepRuns === undefined ? {} : { keepRuns };
}

function readTiers(
  value: JsonObject,
  document: Document | undefined,
  providers: ReadonlyMap<string, ProviderConfig>,
  found: Diagnostic[],
): Config['tiers'] {
  const written = isObject(value.tiers) ? value.tiers : {};
  const of = (tier: Tier): readonly string[] => {
    const names = written[tier];
    if (!isList(names) || !document) return suggestedTiers[tier];
    for (const [index, name] of names.entries()) checkCandidate(name, ['tiers', tier, index], document, providers, found);
    return names.filter((name) => typeof name === 'string');
  };
  return { cheap: of('cheap'), capable: of('capable'), premium: of('premium') };
}

function checkCandidate(
  name: Json,
  path: Path,
  document: Document,
  providers: ReadonlyMap<string, ProviderConfig>,
  found: Diagnostic[],
): void {
  const provider = typeof name === 'string' ? splitModel(name).provider : '';
  if (providers.has(provider)) return;
  const near = suggest(provider, providers.keys());
  found.push({
    code: 'DAG707',
    severity: 'error',
    message: `"${provider}" is not a provider of this configuration`,
    at: document.spanWithin(path, 0, provider.length),
    label: 'no provider has this name',
    help: near === undefined ? `add it under \`providers\`: \`${provider}: { type: openai, base_url: … }\`` : `did you mean "${near}"?`,
  });
}
