import type { Clock } from './base/clock.ts';
import { digestOf } from './base/json.ts';
import type { Config } from './config.ts';
import type { ModelSummary } from './contracts/engine.ts';
import type { Api, Attachment, ModelFacts, ModelWant, Provider, ProviderSettings, Tier } from './contracts/provider.ts';
import { DagrunError } from './errors.ts';
import { attachmentTokens } from './models/attachment-tokens.ts';
import { askedOver, findModel, knownModels, splitModel, suggestedTiers } from './models/catalog.ts';
import { createModels, type Models, type ProviderAccess } from './models/client.ts';
import { createGate, type Gate } from './models/gate.ts';
import { loadTokenCounter } from './models/tokens.ts';
import { createOfflineProvider } from './providers/offline.ts';
import { providerTypes } from './providers/registry.ts';
import type { Replies } from './providers/reply-search.ts';
import type { CountTokens } from './providers/token-count.ts';

/** The tiers of a run: a workflow's own, else the configuration's. */
export function tiersOf(config: Config, own: Readonly<Partial<Record<Tier, readonly string[]>>>): Config['tiers'] {
  return { ...config.tiers, ...own };
}

/** Everything that answers, as configured: shared by all runs of a process. Nothing is loaded or opened before the first call. */
export function assembleModels(config: Config, clock: Clock): Models {
  return createModels({ providers: accessOf(config), clock, gates: gatesOf(config, clock) });
}

/** The doors of this process, by account and limits; each clock has its own. */
const doors = new WeakMap<Clock, Map<string, Gate>>();

/** Whoever uses the same account in this process, by the same limits, waits at the same door. */
function gatesOf(config: Config, clock: Clock): ReadonlyMap<string, Gate> {
  const known = doors.get(clock) ?? new Map<string, Gate>();
  doors.set(clock, known);
  const gates = new Map<string, Gate>();
  for (const [id, provider] of config.providers) {
    const { type, baseUrl, apiKey, concurrency, requestsPerMinute } = provider;
    const door = digestOf([type, baseUrl ?? null, apiKey ?? null, concurrency, requestsPerMinute ?? null]);
    const gate = known.get(door) ?? createGate({ ...provider, provider: id, clock });
    known.set(door, gate);
    gates.set(id, gate);
  }
  return gates;
}

function accessOf(config: Config): ReadonlyMap<string, ProviderAccess> {
  const access = new Map<string, ProviderAccess>();
  for (const [id, provider] of config.providers) {
    const type = providerTypes.find((one) => one.type === provider.type);
    const keepsMarked = type?.keepsMarked ?? false;
    if (type) access.set(id, { ...provider, ...apiOf(provider), keepsMarked, open: () => type.open(provider, plainCounter) });
  }
  return access;
}

/** Which API a provider is asked over; nothing where its protocol has only one. */
function apiOf(settings: Pick<ProviderSettings, 'type' | 'api' | 'baseUrl'>): { readonly api?: Api } {
  const api = providerTypes.find(({ type }) => type === settings.type)?.apiOf?.(settings);
  return api === undefined ? {} : { api };
}

/** What answers in a run that asks nobody; `replies` are used up by one run. Another `seed` makes other answers up. */
export function assembleOffline(replies: Replies | undefined, seed?: string): Provider {
  return createOfflineProvider({ ...(replies && { replies }), ...(seed !== undefined && { seed }), tokenCounter: plainCounter });
}

async function plainCounter(): Promise<CountTokens> {
  const count = await loadTokenCounter();
  return Object.assign((text: string) => count(text), { attachment: (one: Attachment) => attachmentTokens(one, undefined) });
}

/**
 * Makes sure that something can answer each want before anything runs. Throws DagrunError (exit code 3) that says what to set
 * and offers the run offline.
 */
export function requireProviders(config: Config, tiers: Config['tiers'], wants: Iterable<ModelWant>): void {
  const missing = new Map<string, readonly string[]>();
  for (const want of wants) {
    const names = 'model' in want ? [want.model] : tiers[want.tier];
    if (names.some((name) => config.providers.get(splitModel(name).provider)?.usable)) continue;
    missing.set('model' in want ? `"${want.model}"` : `tier ${want.tier}`, names);
  }
  if (missing.size === 0) return;
  const providers = new Set([...missing.values()].flat().map((name) => splitModel(name).provider));
  const known = [...providers].flatMap((id) => config.providers.get(id) ?? []);
  const variables = new Set(known.flatMap(({ variable }) => variable ?? []));
  const unknown = [...providers].filter((id) => !config.providers.has(id));
  const toDo =
    variables.size > 0
      ? `set ${[...variables].join(' or ')}`
      : `set up ${unknown.length > 0 ? unknown.join(', ') : [...providers].join(', ')} in dagrun.config.yml`;
  throw new DagrunError(`no provider can be used for ${[...missing.keys()].join(', ')}`, {
    exitCode: 3,
    diagnostics: known.flatMap(({ problem }) => problem ?? []),
    help: `${toDo}, or run with --offline: answers are then made up, and nothing is spent`,
  });
}

/** All models known or configured, with what they cost and whether they can be used. */
export function summarizeModels(config: Config): readonly ModelSummary[] {
  const tierNames = Object.keys(config.tiers) as Tier[];
  const configured = tierNames.flatMap((tier) => config.tiers[tier]);
  const names = new Set([...configured, ...knownModels.filter((model) => !model.retired).map(({ provider, id }) => `${provider}/${id}`)]);
  return [...names].map((name) => {
    const info = findModel(name);
    return {
      id: name,
      name: info?.name ?? splitModel(name).model,
      tiers: tierNames.filter((tier) => config.tiers[tier].includes(name)),
      inputPrice: info?.price?.input ?? null,
      outputPrice: info?.price?.output ?? null,
      contextWindow: info?.window ?? null,
      maxOutput: info?.maxOutput ?? null,
      deprecated: info?.status === 'deprecated' || info?.shutdown !== undefined,
      usable: config.providers.get(splitModel(name).provider)?.usable ?? false,
    };
  });
}

/**
 * The name by which workflows ask for a model on one's own machine. A file may put it first in a tier wherever it is run: where it is
 * not set up, the next model of the tier answers.
 */
const OWN_MACHINE = 'local';

/** What checks may know: the catalog and, when it is given, the configuration. */
export function modelFacts(config: Pick<Config, 'tiers' | 'providers'> | undefined): ModelFacts {
  return {
    tiers: config?.tiers ?? suggestedTiers,
    providers: [...new Set([...(config ? config.providers.keys() : ['anthropic', 'openai']), OWN_MACHINE])],
    find: (name) => {
      const { provider } = splitModel(name);
      return askedOver(findModel(name), apiOf(config?.providers.get(provider) ?? { type: provider }).api);
    },
    modelsOf: (provider) => knownModels.filter((model) => model.provider === provider).map(({ id }) => id),
  };
}
