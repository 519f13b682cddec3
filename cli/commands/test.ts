import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { TestReport } from '../../engine/index.ts';
import { type Command, EXIT, listOption, type Options, textOption, UsageError } from '../command.ts';
import type { Context } from '../context.ts';

export const test: Command = {
  name: 'test',
  group: 'Workflows',
  summary: 'run the tests of workflows, offline',
  description:
    'Runs the scenarios of test files (`*.test.yml`) in this process: no network, no waiting, nothing spent. Says which ways through each workflow they have not taken.',
  arguments: [{ name: 'files', description: 'test files or folders; without any, those of the project', optional: true, variadic: true }],
  options: [
    { flags: '-s, --scenario <name>', description: 'only this scenario; repeat it for more', repeatable: true },
    { flags: '-u, --update', description: 'write the snapshots of outputs anew' },
    { flags: '-w, --watch', description: 'run again when a file changes' },
    { flags: '--min-coverage <percent>', description: 'fail when less of the ways through a workflow is taken' },
    { flags: '--junit <file>', description: 'write the results as JUnit XML, too' },
    { flags: '--json', description: 'print the results as one JSON document' },
  ],
  examples: [
    ['test', 'every test of the project'],
    ['test review.test.yml --watch', 'one file, again whenever it changes'],
    ['test --min-coverage 90 --junit results.xml', 'in CI'],
  ],

  async action(ctx, args, options) {
    if (options.watch === true && options.json === true) throw new UsageError('--watch and --json exclude each other');
    const names = Array.isArray(args[0]) ? (args[0] as readonly string[]) : [];
    const least = leastCoverage(options);
    const once = (): Promise<{ readonly report: TestReport; readonly exit: number }> => runOnce(ctx, names, options, least);
    if (options.watch !== true) return (await once()).exit;
    const { watchAndRun } = await import('../watch-files.ts');
    return watchAndRun(ctx, async () => {
      const { report, exit } = await once();
      return { files: report.involved, exit };
    });
  },
};

function leastCoverage(options: Options): number | undefined {
  const text = textOption(options, 'minCoverage');
  if (text === undefined) return undefined;
  const percent = Number(text.replace(/%$/, ''));
  if (text.trim() === '' || !(percent >= 0 && percent <= 100)) throw new UsageError(`"${text}" is no percentage`, 'a number from 0 to 100');
  if (listOption(options, 'scenario').length > 0)
    throw new UsageError('--min-coverage and --scenario exclude each other', 'coverage is that of all scenarios');
  return percent;
}

async function runOnce(
  ctx: Context,
  names: readonly string[],
  options: Options,
  least: number | undefined,
): Promise<{ readonly report: TestReport; readonly exit: number }> {
  const [engine, { renderCoverage, renderFile, renderSummary, reportJson }] = await Promise.all([
    import('../../engine/index.ts'),
    import('../test-report.ts'),
  ]);
  const around = { cwd: ctx.cwd, env: ctx.io.env };
  const startedAt = ctx.io.now();
  const report = await engine.runTests(engine.findTests(names, around), {
    ...around,
    scenarios: listOption(options, 'scenario'),
    update: options.update === true,
  });
  const spent = ctx.io.now() - startedAt;

  if (options.json === true) ctx.printForeign(JSON.stringify(reportJson(report), null, 2), 'json');
  else {
    for (const file of report.files) ctx.printForeign(renderFile(file, ctx.out), 'text');
    ctx.printForeign(renderCoverage(report, ctx.out, least), 'text');
    ctx.tell(renderSummary(report, spent, ctx.err, least));
  }
  const junit = textOption(options, 'junit');
  if (junit !== undefined) {
    const { renderJUnit } = await import('../junit.ts');
    try {
      await writeFile(resolve(ctx.cwd, junit), renderJUnit(report));
    } catch {
      throw new UsageError(`the file "${junit}" cannot be written`, 'its folder must exist');
    }
  }
  return { report, exit: exitCodeOf(report, least) };
}

/** A file that cannot be run is a mistake, like a workflow that cannot; a scenario that does not hold is a failure. */
function exitCodeOf(report: TestReport, least: number | undefined): number {
  if (report.files.some(({ diagnostics }) => diagnostics.some(({ severity }) => severity === 'error'))) return EXIT.usage;
  if (report.failed > 0) return EXIT.failed;
  return (report.coverage ?? []).some(({ percent }) => percent < (least ?? 0)) ? EXIT.failed : EXIT.done;
}
