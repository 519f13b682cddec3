import type { Report } from '../contracts/diagnostic.ts';
import type { ModelFacts } from '../contracts/provider.ts';
import type { Path } from '../contracts/source.ts';
import type { Workflow } from '../contracts/workflow.ts';
import { suggest } from '../diagnostics/suggest.ts';
import { type Ask, asksOf, type Candidate, candidatesOf, collect, listOf, placeOf, type Refused } from './model-asks.ts';
import type { CheckInput } from './rule.ts';

/** The models that a file names exist, and can do what its nodes ask of them. */
export function checkModels({ workflow, kinds, models }: CheckInput, report: Report): void {
  if (models === undefined) return;
  for (const [tier, names] of Object.entries(workflow.tiers))
    for (const [index, name] of (names ?? []).entries()) checkName(name, ['tiers', tier, index], workflow, models, report);
  const used = new Set<string>();
  const refusals = new Map<string, Refused>();
  const tooShort = new Map<string, Refused>();
  for (const ask of asksOf(workflow, kinds)) {
    const { model } = ask.spec;
    if (typeof model === 'string') checkName(model, placeOf('model', ask, workflow), workflow, models, report);
    const candidates = candidatesOf(ask, workflow, models);
    for (const { name } of candidates) used.add(name);
    collect(
      refusals,
      ask,
      'temperature',
      candidates,
      candidates.filter(({ fact }) => fact?.temperature === false),
      workflow,
    );
    const wanted = ask.spec.max_tokens;
    const shorter = candidates.filter(({ fact }) => typeof wanted === 'number' && fact?.maxOutput !== undefined && wanted > fact.maxOutput);
    collect(tooShort, ask, 'max_tokens', candidates, shorter, workflow);
    checkWindow(ask, candidates, workflow, report);
  }
  for (const refused of refusals.values()) reportTemperature(refused, workflow, report);
  for (const refused of tooShort.values()) reportLength(refused, workflow, report);
  checkPrices([...used], workflow, models, report);
}

function checkName(name: string, path: Path, { document }: Workflow, models: ModelFacts, report: Report): void {
  const slash = name.indexOf('/');
  // Anything else than `provider/model` is a mistake of shape, reported as such.
  if (slash < 1) return;
  const provider = name.slice(0, slash);
  const model = name.slice(slash + 1);
  if (!models.providers.includes(provider)) {
    const near = suggest(provider, models.providers);
    report({
      code: 'DAG501',
      severity: 'error',
      message: `"${provider}" is not a provider that is set up`,
      at: document.spanWithin(path, 0, slash),
      label: 'no provider has this name',
      help: near === undefined ? `set it up in dagrun.config.yml, under \`providers\`` : `did you mean "${near}"?`,
    });
    return;
  }
  const fact = models.find(name);
  if (fact?.retired) {
    report({
      code: 'DAG503',
      severity: 'error',
      message: `"${name}" has been shut down${fact.shutdown === undefined ? '' : ` (${fact.shutdown})`}`,
      at: document.spanOf(path),
      help: 'name another model; `dagrun models` lists them',
    });
  } else if (fact?.shutdown !== undefined) {
    report({
      code: 'DAG504',
      severity: 'warning',
      message: `"${name}" is shut down on ${fact.shutdown}`,
      at: document.spanOf(path),
      help: 'name another model in time; `dagrun models` lists them',
    });
  }
  const siblings = models.modelsOf(provider);
  if (fact !== undefined || siblings.length === 0) return;
  const near = suggest(model, siblings);
  report({
    code: 'DAG502',
    severity: 'warning',
    message: `"${model}" is not a model of ${provider} that the catalog knows`,
    at: document.spanWithin(path, slash + 1, name.length),
    because: 'its price and its limits are not known, so its calls are not in the cost of a run',
    help: near === undefined ? '`dagrun models` lists those that are known' : `did you mean "${near}"?`,
  });
}

function reportTemperature({ path, models, none }: Refused, { document }: Workflow, report: Report): void {
  const take = models.size === 1 ? 'takes' : 'take';
  report({
    code: 'DAG505',
    severity: none ? 'error' : 'warning',
    message: `${listOf([...models.values()])} ${take} no temperature${none ? '' : ': it is left out there'}`,
    at: document.spanOf(path, 'key'),
    label: 'the provider refuses it',
    help: none ? 'take `temperature` out, or name a model that takes one' : 'name models that all take one, or take `temperature` out',
  });
}

function reportLength({ path, models, none }: Refused, { document }: Workflow, report: Report): void {
  const shorter = [...models.values()];
  const least = Math.min(...shorter.map(({ fact }) => fact?.maxOutput ?? Infinity));
  report({
    code: 'DAG506',
    severity: none ? 'error' : 'warning',
    message: `${listOf(shorter)} ${shorter.length === 1 ? 'answers' : 'answer'} with at most ${least} tokens`,
    at: document.spanOf(path),
    label: none ? 'more than it can give' : `lowered to ${least} there`,
    help: `write \`max_tokens: ${least}\` or less`,
  });
}

/** No language takes more letters a token than this on average; code and other languages take fewer. */
const MOST_LETTERS_PER_TOKEN = 6;

/** Looks at what stands in the file only; what is filled in comes on top. */
function checkWindow(ask: Ask, candidates: readonly Candidate[], workflow: Workflow, report: Report): void {
  const { prompt, system } = ask.spec;
  const letters = [prompt, system].reduce((sum: number, text) => sum + (typeof text === 'string' ? text.length : 0), 0);
  const tokens = Math.ceil(letters / MOST_LETTERS_PER_TOKEN);
  const narrow = candidates.filter(({ fact }) => fact?.window !== undefined && tokens > fact.window);
  const [first] = narrow;
  if (first === undefined) return;
  report({
    code: 'DAG507',
    severity: narrow.length === candidates.length ? 'error' : 'warning',
    message: `the prompt is too long for ${listOf(narrow)}: more than ${tokens} tokens before anything is filled in`,
    at: workflow.document.spanOf(placeOf('prompt', ask, workflow), 'key'),
    label: `its window is ${first.fact?.window ?? 0} tokens`,
    help: 'shorten the prompt, or name a model with a larger window',
  });
}

function checkPrices(names: readonly string[], workflow: Workflow, models: ModelFacts, report: Report): void {
  const unpriced = names.filter((name) => models.find(name)?.price === undefined);
  if (workflow.limits.maxCost === undefined || unpriced.length === 0) return;
  report({
    code: 'DAG508',
    severity: 'warning',
    message: `\`max_cost\` does not hold for ${listOf(unpriced.map((name) => ({ name })))}, whose price is not known`,
    at: workflow.document.spanOf(['limits', 'max_cost']),
    because: 'what a call costs is reckoned from the price of its model',
    help: 'name models with a known price, or bound the run by `timeout`',
  });
}
