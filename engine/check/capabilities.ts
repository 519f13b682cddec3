import { isList, isObject, type JsonObject } from '../base/json.ts';
import type { Report } from '../contracts/diagnostic.ts';
import type { ModelFact } from '../contracts/provider.ts';
import type { Path } from '../contracts/source.ts';
import type { Workflow } from '../contracts/workflow.ts';
import { type Ask, asksOf, type Candidate, candidatesOf, collect, listOf, placeOf, type Refused } from './model-asks.ts';
import type { CheckInput } from './rule.ts';

/** The models that a call may be made to can think, see, and use tools as it wants them to; what is left out otherwise is told. */
export function checkCapabilities({ workflow, kinds, models }: CheckInput, report: Report): void {
  if (models === undefined) return;
  const found = WANTS.map((want) => ({ want, refused: new Map<string, Refused>() }));
  for (const ask of asksOf(workflow, kinds)) {
    const candidates = candidatesOf(ask, workflow, models);
    for (const { want, refused } of found) {
      if (!want.applies(ask)) continue;
      const unable = candidates.filter(({ fact }) => fact !== undefined && want.lacks(fact, ask.spec));
      if (want.chosen && !isChosen(ask, workflow) && unable.length < candidates.length) continue;
      const { output } = ask.node;
      collect(refused, { ...ask, spec: { ...ask.spec, ...(output && { output }) } }, want.field, candidates, unable, workflow);
    }
    checkAttached(ask, candidates, workflow, report);
  }
  for (const { want, refused } of found) {
    for (const { path, models: unable, none } of refused.values())
      report({
        code: want.code,
        severity: none && want.fatal ? 'error' : 'warning',
        message: want.message([...unable.values()], none),
        at: workflow.document.spanOf(path, 'key'),
        help: typeof want.help === 'string' ? want.help : want.help([...unable.values()]),
      });
  }
}

/** Something a call wants of its models. */
interface Want {
  readonly code: 'DAG505' | 'DAG510' | 'DAG512' | 'DAG513' | 'DAG515';
  readonly field: string;
  /** True when the call cannot be made where no model can do it. */
  readonly fatal?: true;
  /** True when only models that somebody has chosen are told of: of those that are suggested, others can. */
  readonly chosen?: true;
  applies(ask: Ask): boolean;
  lacks(fact: ModelFact, spec: JsonObject): boolean;
  message(unable: readonly Candidate[], none: boolean): string;
  readonly help: string | ((unable: readonly Candidate[]) => string);
}

const takes = (unable: readonly Candidate[]): string => (unable.length === 1 ? 'takes' : 'take');
/** True for models that would do better over another API of their provider. */
const overChat = (unable: readonly Candidate[]): boolean =>
  unable.every(({ fact }) => fact?.api === 'chat_completions' && fact.chatTools !== undefined);
const where = (unable: readonly Candidate[]): string => (overChat(unable) ? ' over Chat Completions' : '');
const thinks = (spec: JsonObject): boolean => typeof spec.reasoning === 'string' && spec.reasoning !== 'none';
const hasTools = ({ tools }: JsonObject): boolean => isList(tools) && tools.length > 0;

/** The least that a model which takes a number of tokens to think with takes. */
const LEAST_BUDGET = 1_024;

const WANTS: readonly Want[] = [
  {
    code: 'DAG510',
    field: 'reasoning',
    applies: ({ spec }) => thinks(spec),
    lacks: ({ reasoning }) => reasoning === false,
    message: (unable) => `${listOf(unable)} ${unable.length === 1 ? 'does' : 'do'} not think: \`reasoning\` is left out there`,
    help: 'take `reasoning` out, or name models that think',
  },
  {
    code: 'DAG510',
    field: 'reasoning',
    applies: ({ spec }) => spec.reasoning === 'none',
    lacks: ({ reasoning }) => reasoning === 'always',
    message: (unable) => `${listOf(unable)} always ${unable.length === 1 ? 'thinks' : 'think'}: \`none\` means as little as possible there`,
    help: 'write `reasoning: low`, or name models that can do without',
  },
  {
    code: 'DAG510',
    field: 'reasoning',
    applies: ({ spec }) => thinks(spec) && typeof spec.max_tokens === 'number' && spec.max_tokens <= LEAST_BUDGET,
    lacks: ({ reasoning }) => reasoning === 'budget',
    message: (unable) =>
      `${listOf(unable)} cannot think within \`max_tokens\`: thinking takes ${LEAST_BUDGET} tokens at least, so there is none`,
    help: 'raise `max_tokens`, of which thinking is a part, or take `reasoning` out',
  },
  {
    code: 'DAG505',
    field: 'temperature',
    applies: ({ spec }) => thinks(spec),
    lacks: ({ reasoning, temperature }) => typeof reasoning === 'string' && temperature !== false,
    message: (unable) => `${listOf(unable)} ${takes(unable)} no temperature beside \`reasoning\`: it is left out there`,
    help: 'take one of the two out',
  },
  {
    code: 'DAG512',
    field: 'tools',
    fatal: true,
    chosen: true,
    applies: ({ spec }) => hasTools(spec),
    lacks: ({ tools }) => tools === false,
    message: (unable, none) => `${listOf(unable)} ${takes(unable)} no tools${where(unable)}${none ? '' : ': passed over for this call'}`,
    help: (unable) =>
      overChat(unable)
        ? 'write `api: responses` at the provider, if its server speaks it, or name a model that takes tools'
        : 'name a model that takes tools; `dagrun models` lists those that are known',
  },
  {
    code: 'DAG512',
    field: 'reasoning',
    applies: ({ spec }) => hasTools(spec) && thinks(spec),
    lacks: ({ tools }) => tools === 'without_reasoning',
    message: (unable) =>
      `${listOf(unable)} ${takes(unable)} tools${where(unable)} only while ${unable.length === 1 ? 'it does' : 'they do'} not think: \`reasoning\` is \`none\` there`,
    help: (unable) =>
      overChat(unable)
        ? 'write `api: responses` at the provider, if its server speaks it, or take `reasoning` out'
        : 'take `reasoning` out, or name models that think while they use tools',
  },
  {
    code: 'DAG513',
    field: 'output',
    applies: ({ node }) => node.output !== undefined && node.output.type !== 'string',
    lacks: ({ structured }) => structured === false,
    message: (unable) => `${listOf(unable)} ${unable.length === 1 ? 'is' : 'are'} not held to a schema: it is part of the prompt there`,
    help: 'nothing has to be done: the answer is checked, and asked for again when it does not fit',
  },
  {
    code: 'DAG515',
    field: 'stop',
    chosen: true,
    applies: ({ spec }) => isList(spec.stop) && spec.stop.length > 0,
    lacks: ({ stop }) => stop === false,
    message: (unable) =>
      `${listOf(unable)} ${unable.length === 1 ? 'goes' : 'go'} on writing: the answer is cut at \`stop\`, and paid as a whole`,
    help: 'ask in the prompt for no more than is wanted, or name models that stop by themselves',
  },
];

/** Whether somebody has chosen the models of a call: the file names them. */
function isChosen({ spec }: Ask, { tiers }: Workflow): boolean {
  return spec.model !== undefined || (typeof spec.tier === 'string' && Object.hasOwn(tiers, spec.tier));
}

/** What a name says of what is in a file; what is really in it is seen when it is read. */
const SHOWN: readonly { readonly what: 'images' | 'PDFs'; readonly name: RegExp; lacks(fact: ModelFact): boolean }[] = [
  { what: 'images', name: /\.(png|jpe?g|gif|webp)$/i, lacks: ({ vision }) => vision === false },
  { what: 'PDFs', name: /\.pdf$/i, lacks: ({ pdf }) => pdf === false },
];

function checkAttached(ask: Ask, candidates: readonly Candidate[], workflow: Workflow, report: Report): void {
  const attached = isList(ask.spec.attach) ? ask.spec.attach : [];
  for (const { what, name, lacks } of SHOWN) {
    const index = attached.findIndex((path) => typeof path === 'string' && name.test(path));
    const unable = candidates.filter(({ fact }) => fact !== undefined && lacks(fact));
    if (index < 0 || unable.length === 0) continue;
    const none = unable.length === candidates.length;
    const path: Path = [...placeOf('attach', ask, workflow), index];
    report({
      code: 'DAG511',
      severity: none ? 'error' : 'warning',
      message: `${listOf(unable)} ${takes(unable)} no ${what}${none ? '' : ': passed over for this call'}`,
      at: workflow.document.spanOf(path),
      help: `name a model that takes ${what}; \`dagrun models\` lists those that are known`,
    });
  }
}

/** What `context` makes shorter is what the prompt prints: nothing else would make it shorter. */
export function checkShrinking({ workflow, kinds, references }: CheckInput, report: Report): void {
  for (const ask of asksOf(workflow, kinds)) {
    const context = isObject(ask.spec.context) ? ask.spec.context : {};
    const shrink = isList(context.shrink) ? context.shrink : [];
    if (shrink.length === 0) continue;
    const read = references
      .filter(({ node, field }) => node === ask.node && PRINTED.includes(field))
      .flatMap((reading) => reading.references.map((reference) => reference.path.join('.')));
    for (const [index, path] of shrink.entries()) {
      if (path === 'attach' || typeof path !== 'string') continue;
      if (read.some((one) => one === path || one.startsWith(`${path}.`) || path.startsWith(`${one}.`))) continue;
      const known = [...new Set(read)].filter((one) => !one.includes('[]'));
      report({
        code: 'DAG514',
        severity: 'error',
        message: `the prompt does not print \`${path}\`: making it shorter changes nothing`,
        at: workflow.document.spanOf([...placeOf('context', ask, workflow), 'shrink', index]),
        help: known.length === 0 ? 'remove it: the prompt prints no values' : `it prints ${known.map((one) => `\`${one}\``).join(', ')}`,
      });
    }
  }
}

/** Fields whose values stand in the prompt. */
const PRINTED: readonly string[] = ['prompt', 'messages', 'system'];
