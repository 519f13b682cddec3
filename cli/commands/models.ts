import { type Command, EXIT, textOption } from '../command.ts';

export const models: Command = {
  name: 'models',
  group: 'Project',
  summary: 'list the models, their prices and tiers',
  options: [
    {
      flags: '--tier <tier>',
      description: 'only the models of one tier, in the order they are tried',
      choices: ['cheap', 'capable', 'premium'],
    },
    { flags: '--json', description: 'print the list as JSON' },
  ],
  examples: [
    ['models', 'everything in the catalog'],
    ['models --tier cheap', 'what the cheap tier uses here'],
  ],

  async action(ctx, _args, options) {
    const [{ listModels }, { renderTable }] = await Promise.all([import('../../engine/index.ts'), import('../layout.ts')]);
    const tier = textOption(options, 'tier');
    const all = await listModels({ cwd: ctx.cwd, env: ctx.io.env });
    const chosen = tier === undefined ? all : all.filter((model) => model.tiers.some((name) => name === tier));
    if (options.json === true) {
      ctx.print(`${JSON.stringify(chosen, null, 2)}\n`);
      return EXIT.done;
    }
    const { dim } = ctx.out;
    const price = (dollars: number | null): string => (dollars === null ? '?' : `$${dollars.toFixed(2)}`);
    const size = (tokens: number | null): string =>
      tokens === null ? '?' : tokens < 1_000_000 ? `${Math.round(tokens / 1000)}k` : `${(tokens / 1e6).toFixed(1).replace('.0', '')}M`;
    const rows = chosen.map((model) => [
      model.id,
      model.tiers.join(', '),
      price(model.inputPrice),
      price(model.outputPrice),
      size(model.contextWindow),
      size(model.maxOutput),
      model.deprecated ? 'deprecated' : model.usable ? 'ready' : 'no key',
    ]);
    const columns = [
      { title: 'model', shrinks: true },
      { title: 'tier' },
      { title: 'in', align: 'right' as const },
      { title: 'out', align: 'right' as const },
      { title: 'window', align: 'right' as const },
      { title: 'answer', align: 'right' as const },
      { title: 'here', paint: dim },
    ];
    if (rows.length > 0) ctx.print(`${renderTable(columns, rows, { width: ctx.outWidth, title: dim }).join('\n')}\n`);
    ctx.tell(ctx.err.dim('Prices in dollars per million tokens.'));
    return EXIT.done;
  },
};
