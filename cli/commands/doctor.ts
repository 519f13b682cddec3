import type { Finding } from '../../engine/index.ts';
import { type Command, EXIT } from '../command.ts';

export const doctor: Command = {
  name: 'doctor',
  group: 'Project',
  summary: 'check that everything is set up',
  options: [{ flags: '--json', description: 'print the findings as JSON' }],
  examples: [['doctor', 'versions, configuration, providers, terminal']],

  async action(ctx, _args, options) {
    const { examine } = await import('../../engine/index.ts');
    const findings: readonly Finding[] = [...(await examine({ cwd: ctx.cwd, env: ctx.io.env })), terminal()];
    const problems = findings.filter((finding) => finding.status === 'problem').length;
    if (options.json === true) {
      ctx.print(`${JSON.stringify(findings, null, 2)}\n`);
    } else {
      const { dim, green, red, yellow } = ctx.out;
      const glyph = { ok: green('✓'), warning: yellow('!'), problem: red('✗') };
      const width = Math.max(...findings.map((finding) => finding.area.length));
      const lines = findings.flatMap((finding) => [
        `${glyph[finding.status]} ${finding.area.padEnd(width)}  ${finding.message}`,
        ...(finding.help === undefined ? [] : [`  ${' '.repeat(width)}  ${dim(finding.help)}`]),
      ]);
      ctx.print(`${lines.join('\n')}\n`);
    }
    return problems > 0 ? EXIT.configuration : EXIT.done;

    function terminal(): Finding {
      const { stdout, stderr } = ctx.io;
      const stream = (name: string, tty: boolean, colour: boolean): string =>
        `${name} ${tty ? 'is a terminal' : 'is no terminal'}, colour ${colour ? 'on' : 'off'}`;
      return {
        area: 'terminal',
        status: 'ok',
        message: `${stream('stdout', stdout.isTTY, ctx.out.on)}; ${stream('stderr', stderr.isTTY, ctx.err.on)}`,
      };
    }
  },
};
