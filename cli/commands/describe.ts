import type { Plan, PlanNode } from '../../engine/index.ts';
import { type Command, EXIT, textArgument } from '../command.ts';

interface Entry {
  readonly facts: readonly string[];
  readonly words: readonly string[];
}

export const describe: Command = {
  name: 'describe',
  group: 'Workflows',
  summary: 'show what a workflow takes, does and gives',
  arguments: [{ name: 'workflow', description: 'a file, or the name of a workflow' }],
  options: [{ flags: '--json', description: 'print the description as JSON' }],
  examples: [['describe code-review', 'its inputs, nodes and outputs']],

  async action(ctx, args, options) {
    const [engine, { padEnd, wrap }] = await Promise.all([import('../../engine/index.ts'), import('../layout.ts')]);
    const surroundings = { cwd: ctx.cwd, env: ctx.io.env };
    const name = textArgument(args[0]);
    const { displayWidth } = engine;
    const { plan } = await engine.loadWorkflow(await engine.findWorkflow(name, surroundings), surroundings);
    const inputs = engine.describeInputs(plan);
    if (options.json === true) {
      const { workflow, description, digest, limits, nodes, outputs } = plan;
      ctx.print(`${JSON.stringify({ workflow, description, digest, inputs, limits, nodes, outputs }, null, 2)}\n`);
      return EXIT.done;
    }

    const { bold, dim } = ctx.out;
    const width = Math.min(110, ctx.outWidth);
    /** Short facts in columns; what takes more words stands below them, beside the name. */
    const section = (title: string, entries: readonly Entry[]): readonly string[] => {
      const columns = [0, 1, 2].map((at) => Math.max(0, ...entries.map(({ facts }) => displayWidth(facts[at] ?? ''))));
      const hanging = (before: readonly string[], last: string): readonly string[] => {
        const start = `  ${before.map((fact) => `${fact}  `).join('')}`;
        const blank = ' '.repeat(displayWidth(start));
        return wrap(last, width - blank.length).map((line, at) => ((at === 0 ? start : blank) + line).trimEnd());
      };
      const beside = ' '.repeat(4 + (columns[0] ?? 0));
      const lines = entries.flatMap(({ facts, words }) => [
        ...hanging(
          facts.slice(0, -1).map((fact, at) => padEnd(fact, columns[at] ?? 0)),
          facts.at(-1) ?? '',
        ),
        ...words.flatMap((text) => wrap(text, width - beside.length).map((line) => beside + dim(line))),
      ]);
      return ['', bold(title), ...(lines.length > 0 ? lines : [`  ${dim('none')}`])];
    };

    const lines = [bold(plan.workflow), ...(plan.description === undefined ? [] : wrap(plan.description, width))];
    lines.push(
      ...section(
        'Inputs',
        inputs.map((input) => ({
          facts: [input.name, input.type, input.required ? 'required' : `default: ${shorten(JSON.stringify(input.default ?? null))}`],
          words: input.description === undefined ? [] : [input.description],
        })),
      ),
      ...section(
        'Nodes',
        plan.nodes.flatMap((node) => entriesOf(node, engine, engine.promptSplits(plan))),
      ),
      ...section(
        'Outputs',
        Object.entries(plan.outputs).map(([output, { value, description }]) => ({
          facts: [output, description ?? textOf(value)],
          words: [],
        })),
      ),
    );
    const limits = limitsOf(plan, engine.renderUsd, engine.renderDuration);
    if (limits !== '') lines.push('', bold('Limits'), `  ${limits}`);
    const required = inputs.filter((input) => input.required).map((input) => ` -i ${input.name}=…`);
    lines.push('', bold('Run'), `  dagrun run ${name}${required.join('')}`);
    ctx.print(`${lines.join('\n')}\n`);
    return EXIT.done;
  },
};

/** A node, and one step further in the nodes inside of it. */
function entriesOf(
  node: PlanNode,
  engine: Engine,
  splits: ReadonlyMap<PlanNode, string>,
  depth = 0,
  siblings: readonly PlanNode[] = [],
): readonly Entry[] {
  const cases = engine.casesOf(node);
  const inside = engine.innerNodes(node);
  const skips = (cases ?? []).filter(({ name }) => !inside.some(({ id }) => id === name));
  const indent = '  '.repeat(depth);
  return [
    {
      facts: [indent + node.id, runsOn(node, engine), afterOf(node, depth === 0 ? undefined : siblings)],
      words: wordsOf(node, engine, splits.get(node)),
    },
    ...inside.flatMap((inner) => entriesOf(inner, engine, splits, depth + 1, inside)),
    ...skips.map(({ name }) => ({ facts: [`${indent}  ${name}`, 'skip', ''], words: [] })),
  ];
}

type Engine = typeof import('../../engine/index.ts');

/** The tier or the model it names; for a node that calls none, its kind. */
function runsOn(node: PlanNode, engine: Engine): string {
  if (engine.casesOf(node)) return 'route';
  const { model, tool } = node.stages[0].spec;
  if (typeof model === 'string') return model;
  if (node.kind === 'tool' && typeof tool === 'string') return `tool ${tool}`;
  const tier = engine.tierOf(node) ?? engine.tiersByData(node)?.names.join(' or ');
  if (tier !== undefined) return tier;
  return node.kind === 'llm' ? 'capable' : node.kind;
}

/** What it waits for; of a node inside another only what is beside it, for the other waits for the rest. */
function afterOf({ after }: PlanNode, siblings: readonly PlanNode[] | undefined): string {
  const sources = after.map(({ from }) => from).filter((from) => siblings?.some(({ id }) => id === from) ?? true);
  return sources.length === 0 ? '' : `after ${sources.join(', ')}`;
}

function wordsOf(node: PlanNode, engine: Engine, split: string | undefined): readonly string[] {
  const words = node.description === undefined ? [] : [node.description];
  if (node.foreach) words.push(`for each of ${textOf(node.foreach.items)}`);
  if (node.skipIf) words.push(`${node.skipIf.negate ? 'only if' : 'skipped if'} ${textOf(node.skipIf.when)}`);
  const file = engine.childFile(node);
  if (file !== undefined) words.push(`runs ${file}`);
  words.push(...engine.loopEnds(node));
  const tiers = engine.tiersByData(node);
  if (tiers) words.push(tiers.words);
  const tools = engine.toolsOf(node);
  if (tools) words.push(`calls ${tools.names.join(', ')}${tools.turns === undefined ? '' : `, at most ${tools.turns} turns`}`);
  const candidates = engine.candidatesOf(node);
  if (candidates !== undefined) words.push(candidates);
  const judge = engine.judgeOf(node);
  if (judge !== undefined) words.push(`judged by ${judge}`);
  if (split !== undefined) words.push(split);
  const higher = engine.higherTiers(node);
  if (higher.length > 0) words.push(`then ${higher.join(', ')}, where that is not good enough`);
  if (node.stages.some((stage) => stage.name === 'fallback')) words.push('has a fallback');
  if (node.onError.action === 'skip') words.push('skipped when it fails');
  if (node.onError.action === 'value') words.push('when it fails, a value stands in for its output');
  return words;
}

function limitsOf(
  plan: Plan,
  usd: (amount: NonNullable<Plan['limits']['maxCost']>) => string,
  duration: (ms: NonNullable<Plan['limits']['timeout']>) => string,
): string {
  const { maxCost, timeout, concurrency } = plan.limits;
  const parts = [
    maxCost === undefined ? '' : `at most ${usd(maxCost)}`,
    timeout === undefined ? '' : `at most ${duration(timeout)}`,
    `${concurrency} calls at once`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value)).replace(/\s+/g, ' ').trim();

const shorten = (text: string): string => (text.length > 40 ? `${text.slice(0, 39)}…` : text);
