import { millis, type TaskKey, type Usd } from '../base/ids.ts';
import { Failed, type Failure, LONGEST_WAIT } from '../contracts/failure.ts';
import type { Api, ModelAsk, Provider, Tier } from '../contracts/provider.ts';
import { lacking } from './capabilities.ts';
import { askedOver, findModel, type ModelInfo, splitModel } from './catalog.ts';

/** A provider of the configuration, not yet opened. */
export interface ProviderAccess {
  /** The name used in `provider/model`. */
  readonly id: string;
  /** True when it has what it needs: a key, or a base URL that takes requests without one. */
  readonly usable: boolean;
  /** The environment variable that would make it usable. */
  readonly variable?: string;
  /** Calls in flight, at most. */
  readonly concurrency: number;
  readonly requestsPerMinute?: number;
  /** Which API it is asked over, where its protocol has several. */
  readonly api?: Api;
  /** It keeps the beginnings of prompts that it is told to keep, and no others. */
  readonly keepsMarked?: boolean;
  /** Called once, when the first call is made. */
  open(): Promise<Provider>;
}

/** What is one run's own. */
export interface RunModels {
  /** Candidates per tier, preferred first, `provider/model`. */
  readonly tiers: Readonly<Record<Tier, readonly string[]>>;
  readonly maxCost?: Usd;
  /** What it had cost before this process went on with it. */
  readonly spent?: Usd;
  /** Parts of the run around a task that have a limit of their own, the innermost first; `spent` is what each has cost so far. */
  moneyAround?(task: TaskKey): readonly { readonly of: TaskKey; readonly maxCost: Usd; readonly spent: Usd }[];
  /** Aborted when nothing new may start: calls that wait for their turn are given up, those that went out go on. */
  readonly halt?: AbortSignal;
  /** Answers in place of all providers; its calls are priced as those of the models it stands for. */
  readonly offline?: Provider;
}

/** A model that can be asked now. */
export interface Candidate {
  /** `provider/model`. */
  readonly name: string;
  readonly model: string;
  readonly access: ProviderAccess;
  readonly info: ModelInfo | undefined;
}

/**
 * The candidates of an ask that can be called, preferred first; those are passed over that do not take what it cannot go without.
 * Throws Failed when there is none (unauthorized, bad_request).
 */
export function candidatesOf(ask: ModelAsk, run: RunModels, providers: ReadonlyMap<string, ProviderAccess>): readonly Candidate[] {
  const recorded = run.offline?.replays?.(ask.origin) ?? [];
  const names = recorded.length > 0 ? recorded : ask.model !== undefined ? [ask.model] : run.tiers[ask.tier ?? 'capable'];
  const candidates: Candidate[] = [];
  let variable: string | undefined;
  let unable: { readonly name: string; readonly what: string } | undefined;
  for (const name of names) {
    const { provider, model } = splitModel(name);
    const access = providers.get(provider) ?? (run.offline && standIn(provider));
    const info = askedOver(findModel(name), access?.api);
    const what = recorded.length > 0 ? undefined : lacking(ask, info);
    if (!access || !(access.usable || run.offline)) variable ??= access?.variable;
    else if (what !== undefined) unable ??= { name, what };
    else candidates.push({ name, model, access, info });
  }
  if (candidates.length === 0 && unable)
    throw new Failed({ type: 'bad_request', message: `no model that can be asked takes ${unable.what}: ${unable.name} does not` });
  if (candidates.length > 0) return run.offline && recorded.length === 0 ? candidates.slice(0, 1) : candidates;
  throw new Failed({
    type: 'unauthorized',
    message: `no provider is set up for ${names.join(', ')}${variable === undefined ? '' : `: set ${variable}`}`,
    ...(variable !== undefined && { variable }),
  });
}

/** Offline, a provider need not be configured to be stood for. */
function standIn(id: string): ProviderAccess {
  return { id, usable: true, concurrency: Infinity, open: () => Promise.reject(new Error(`${id} is not configured`)) };
}

/** The model a run's baseline is reckoned with: the first premium candidate that can be called and has a price, else the first that has one. */
export function pricedPremium(run: RunModels, providers: ReadonlyMap<string, ProviderAccess>): ModelInfo | undefined {
  const priced = run.tiers.premium.filter((name) => findModel(name)?.price !== undefined);
  const usable = priced.find((name) => run.offline !== undefined || providers.get(splitModel(name).provider)?.usable);
  const name = usable ?? priced[0];
  return name === undefined ? undefined : findModel(name);
}

/** True for a failure that says nothing of the request, so that another provider may well answer it now. */
export function isOutOfReach(failure: Failure): boolean {
  return failure.type === 'unavailable' || (failure.type === 'rate_limited' && (failure.retryAfter ?? 0) > LONGEST_WAIT);
}

/** One failure for all candidates of a tier. */
export function nobodyAnswered(failures: readonly Failure[]): Failed {
  const [first] = failures;
  if (first !== undefined && failures.length === 1) return new Failed(first);
  const message = `no candidate could be reached: ${failures.map((failure) => failure.message).join('; ')}`;
  const waits = failures.map((failure) => (failure.type === 'rate_limited' ? (failure.retryAfter ?? 0) : undefined));
  if (waits.every((wait) => wait !== undefined))
    return new Failed({ type: 'rate_limited', message, retryAfter: millis(Math.min(...waits)) });
  return new Failed({ type: 'unavailable', message });
}
