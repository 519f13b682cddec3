import type { Plan, PlanNode } from '../../engine/index.ts';
import { type Command, EXIT, textArgument } from '../command.ts';

export const describe: Command = {
  name: 'describe',
  group: 'Workflows',
  summary: 'show what a workflow takes, does and gives',
  arguments: [{ name: 'workflow', description: 'a file, or the name of a workflow' }],
  options: [{ flags: '--json', description: 'print the description as JSON' }],
  examples: [['describe code-review', 'its inputs, nodes and outputs']],

  async action(ctx, args, options) {
    const [engine, { renderTable, wrap }] = await Promise.all([import('../../engine/index.ts'), import('../layout.ts')]);
    const surroundings = { cwd: ctx.cwd, env: ctx.io.env };
    const name = textArgument(args[0]);
    const { plan } = await engine.loadWorkflow(await engine.findWorkflow(name, surroundings), surroundings);
    const inputs = engine.describeInputs(plan);
    if (options.json === true) {
      const { workflow, description, digest, limits, nodes, outputs } = plan;
      ctx.print(`${JSON.stringify({ workflow, description, digest, inputs, limits, nodes, outputs }, null, 2)}\n`);
      return EXIT.done;
    }

    const { bold, dim } = ctx.out;
    const table = (columns: readonly { title: string; shrinks?: boolean }[], rows: readonly (readonly string[])[]): readonly string[] =>
      rows.length === 0
        ? [`  ${dim('none')}`]
        : renderTable(columns, rows, { width: ctx.outWidth - 2, title: dim }).map((line) => `  ${line}`);

    const lines = [bold(plan.workflow), ...(plan.description === undefined ? [] : wrap(plan.description, Math.min(100, ctx.outWidth)))];
    lines.push('', bold('Inputs'));
    lines.push(
      ...table(
        [{ title: 'name' }, { title: 'type' }, { title: 'default' }, { title: 'description', shrinks: true }],
        inputs.map((input) => [
          input.name,
          input.type,
          input.required ? 'required' : shorten(JSON.stringify(input.default ?? null)),
          input.description ?? '',
        ]),
      ),
    );
    lines.push('', bold('Nodes'));
    lines.push(
      ...table(
        [{ title: 'name' }, { title: 'runs on' }, { title: 'after' }, { title: 'notes', shrinks: true }],
        plan.nodes.map((node) => [
          node.id,
          runsOn(node),
          node.after.map((edge) => edge.from + (edge.optional ? '?' : '')).join(', '),
          notesOf(node),
        ]),
      ),
    );
    lines.push('', bold('Outputs'));
    lines.push(
      ...table(
        [{ title: 'name' }, { title: 'is', shrinks: true }, { title: 'description' }],
        Object.entries(plan.outputs).map(([output, { value, description }]) => [
          output,
          typeof value === 'string' ? value : JSON.stringify(value),
          description ?? '',
        ]),
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

/** The tier or the model it names; for a node that calls none, its kind. */
function runsOn(node: PlanNode): string {
  const { tier, model } = node.stages[0].spec;
  if (typeof model === 'string') return model;
  if (typeof tier === 'string') return tier;
  return node.kind === 'llm' ? 'capable' : node.kind;
}

function notesOf(node: PlanNode): string {
  const notes: string[] = [];
  if (node.foreach) notes.push(`for each of ${textOf(node.foreach.items)}`);
  if (node.skipIf) notes.push(`${node.skipIf.negate ? 'only if' : 'skipped if'} ${textOf(node.skipIf.when)}`);
  if (node.stages.length > 1) notes.push('has a fallback');
  if (node.onError.action !== 'fail') notes.push(`on error: ${node.onError.action}`);
  return [...notes, ...(node.description === undefined ? [] : [node.description])].join('; ');
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

const shorten = (text: string): string => (text.length > 32 ? `${text.slice(0, 31)}…` : text);
