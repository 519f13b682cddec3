import type { OpenGate } from '../../engine/index.ts';
import { type Command, type CommandGroup, EXIT, listOption, type OptionDecl, type Options, textOption, UsageError } from '../command.ts';
import type { Context } from '../context.ts';
import { parseForm } from '../form.ts';
import { userName } from '../user.ts';

const JSON_OPTION: OptionDecl = { flags: '--json', description: 'print it as JSON' };
const ADDRESS = [
  {
    name: 'gate',
    description: 'a run, or the beginning of its id, and the node that asks; what only one can be may be left out',
    variadic: true,
    optional: true,
  },
] as const;

const list: Command = {
  name: 'list',
  group: 'Runs',
  summary: 'list what waits for an answer',
  options: [JSON_OPTION],
  examples: [['approvals list', 'every open question, in all runs of the project']],

  async action(ctx, _args, options) {
    const [{ listGates }, { renderGates }] = await Promise.all([import('../../engine/index.ts'), import('../gate-text.ts')]);
    const gates = await listGates({ cwd: ctx.cwd, env: ctx.io.env });
    if (options.json === true) {
      ctx.printForeign(JSON.stringify(gates, null, 2), 'json');
      return EXIT.done;
    }
    if (gates.length === 0) {
      ctx.tell('nothing waits for an answer');
      return EXIT.done;
    }
    ctx.printForeign(renderGates(gates, ctx), 'text');
    return EXIT.done;
  },
};

const show: Command = {
  name: 'show',
  group: 'Runs',
  summary: 'show a question, and how to answer it',
  arguments: ADDRESS,
  options: [JSON_OPTION],
  examples: [
    ['approvals show', 'the one that is open'],
    ['approvals show run_01k9zq deploy', 'that of one gate of a run'],
  ],

  async action(ctx, args, options) {
    const [{ explainGate, listGates }, { chooseGates }, { describeGate }] = await Promise.all([
      import('../../engine/index.ts'),
      import('../choose-gates.ts'),
      import('../gate-text.ts'),
    ]);
    const around = { cwd: ctx.cwd, env: ctx.io.env };
    const open = await listGates(around);
    const { run, gates } = chooseGates(wordsOf(args), open);
    const shown = open.filter((gate) => gate.run === run && gates.includes(gate.gate));
    const missing = gates.find((name) => !shown.some(({ gate }) => gate === name));
    if (missing !== undefined) await explainGate(run, missing, around);
    if (options.json === true) ctx.printForeign(JSON.stringify(shown.length === 1 ? shown[0] : shown, null, 2), 'json');
    else ctx.printForeign(`${shown.map((gate) => describeGate(gate, ctx).join('\n')).join('\n\n')}\n`, 'text');
    return EXIT.done;
  },
};

const approve: Command = {
  name: 'approve',
  group: 'Runs',
  summary: 'say yes to a question',
  description:
    'Says yes to a question. The first answer counts. Names are taken as they are given: they tell who answered, and prove nothing.',
  arguments: ADDRESS,
  options: [
    { flags: '--form <value>', description: 'what is filled in: JSON, or key=value; repeat that for more', repeatable: true },
    { flags: '--reason <text>', description: 'why; it is kept with the answer' },
    { flags: '--by <name>', description: 'who answers. Default: the user of this machine' },
    JSON_OPTION,
  ],
  examples: [
    ['approvals approve', 'the one question that is open'],
    ['approvals approve run_01k9zq deploy --reason "checked the dashboard"', 'one gate of a run'],
    ['approvals approve deploy --form window=tonight --form canary=5', 'with its form filled in'],
    ["approvals approve run_01k9zq 'sign_off[0]' 'sign_off[2]'", 'two items of a fan-out'],
  ],
  action: (ctx, args, options) => answer(ctx, wordsOf(args), options, true),
};

const reject: Command = {
  name: 'reject',
  group: 'Runs',
  summary: 'say no to a question',
  description: 'Says no to a question: the run goes on with `approved: false`. The first answer counts.',
  arguments: ADDRESS,
  options: [
    { flags: '--reason <text>', description: 'why; it is kept with the answer' },
    { flags: '--by <name>', description: 'who answers. Default: the user of this machine' },
    JSON_OPTION,
  ],
  examples: [['approvals reject deploy --reason "not on a Friday"', 'one gate']],
  action: (ctx, args, options) => answer(ctx, wordsOf(args), options, false),
};

export const approvals: CommandGroup = {
  name: 'approvals',
  group: 'Runs',
  summary: 'answer what runs ask people',
  commands: [list, show, approve, reject],
};

async function answer(ctx: Context, words: readonly string[], options: Options, approved: boolean): Promise<number> {
  const [{ answerGate, listGates }, { chooseGates }] = await Promise.all([import('../../engine/index.ts'), import('../choose-gates.ts')]);
  const around = { cwd: ctx.cwd, env: ctx.io.env };
  const open = await listGates(around);
  const { run, gates } = chooseGates(words, open);
  const by = whoAnswers(ctx, options);
  const reason = textOption(options, 'reason');
  const answered: OpenGate[] = [];
  for (const gate of gates) {
    const asked = open.find((one) => one.run === run && one.gate === gate);
    const form = parseForm(listOption(options, 'form'), asked?.form);
    answered.push(
      await answerGate(run, gate, { approved, by, ...(reason !== undefined && { reason }), ...(form !== undefined && { form }) }, around),
    );
  }
  if (options.json === true)
    ctx.printForeign(JSON.stringify({ run, gates, approved, by, driven: answered.every(({ driven }) => driven) }, null, 2), 'json');
  else {
    const { green, yellow } = ctx.err;
    const done = approved ? green('approved') : yellow('rejected');
    ctx.tell(`${done} ${gates.join(', ')} of ${run}, as ${by}`);
    if (!answered.every(({ driven }) => driven))
      ctx.tell(`${ctx.err.cyan('help:')} no process drives the run now; it goes on with: dagrun resume ${run}`);
  }
  return EXIT.done;
}

/** `--by`, or the user; an answer without a name would be nobody's. */
function whoAnswers(ctx: Context, options: Options): string {
  const by = textOption(options, 'by') ?? userName(ctx.io.env);
  if (by === 'unknown' || by.trim() === '') throw new UsageError('nobody can tell who answers', 'say it with --by <name>');
  return by;
}

function wordsOf([words]: readonly (string | readonly string[] | undefined)[]): readonly string[] {
  return Array.isArray(words) ? words : typeof words === 'string' ? [words] : [];
}
