import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { RunResult, SourceFile, Surroundings } from '../../engine/index.ts';
import { type Command, listOption, textArgument, textOption, UsageError } from '../command.ts';
import type { Context } from '../context.ts';
import { driveOf, driveOptions, driveRun } from '../drive-run.ts';
import { userName } from '../user.ts';

export const run: Command = {
  name: 'run',
  group: 'Workflows',
  summary: 'run a workflow',
  description: 'Runs a workflow: its outputs go to stdout, its progress and its bill to stderr.',
  arguments: [{ name: 'workflow', description: 'a file, or the name of a workflow (see: dagrun list)' }],
  options: [
    { flags: '-i <key=value>', description: 'one input; @file reads its value from a file; repeat it for more', repeatable: true },
    { flags: '--input <json>', description: 'all inputs as a JSON object; @file, or - for stdin' },
    { flags: '--offline', description: 'make the answers up: no key, no network, nothing spent' },
    { flags: '--replies <file>', description: 'take the answers from a replies file; implies --offline' },
    { flags: '--from <run>', description: 'go on from an earlier run, or the `last`: ask only what has changed' },
    {
      flags: '--refresh <node>',
      description: 'with --from: do this node again, and all that follows; repeat it for more',
      repeatable: true,
    },
    { flags: '--only <node>', description: 'with --from: do this node alone, on what it read in the earlier run' },
    { flags: '--update-lock', description: 'let the MCP servers of the workflow have changed, and write down how (dagrun.lock)' },
    { flags: '--no-cache', description: 'take nothing from the cache, and keep nothing in it' },
    ...driveOptions,
  ],
  examples: [
    ['run research-synthesis --offline', 'try a workflow of the gallery, without a key'],
    ['run review.workflow.yml -i diff=@change.diff', 'pass the text of a file'],
    ['run review -i files=a.ts -i files=b.ts', 'pass a list'],
    ['run review --json | jq .cost.total', 'go on with the result'],
    ['run review.workflow.yml --from last', 'after a change: pay for what has changed'],
  ],

  async action(ctx, args, options) {
    const drive = driveOf(options);
    const engine = await import('../../engine/index.ts');
    const surroundings = { cwd: ctx.cwd, env: ctx.io.env };
    const file = await engine.findWorkflow(textArgument(args[0]), surroundings);
    const loaded = await engine.loadWorkflow(file, surroundings);
    const document = await inputDocument(ctx, textOption(options, 'input'));
    const inputs = engine.parseInputs(loaded, { pairs: listOption(options, 'i'), ...(document && { document }) }, surroundings);

    const replies = textOption(options, 'replies');
    const offline = options.offline === true || replies !== undefined;
    const { workflow, updates } = offline
      ? { workflow: loaded, updates: [] }
      : await engine.withServerTools(loaded, { ...surroundings, inputs, update: options.updateLock === true });
    if (!drive.quiet && updates.length > 0) {
      const { renderUpdates } = await import('./tools.ts');
      ctx.tell(renderUpdates(updates, engine.lockOf(file, ctx.cwd), ctx.err).join('\n'));
    }
    if (!drive.quiet && workflow.warnings.length > 0) {
      ctx.tell(`${engine.renderDiagnostics(workflow.warnings, { format: 'pretty', colour: ctx.err.on })}\n`);
    }

    const earlier = textOption(options, 'from');
    const from = earlier === undefined ? undefined : await earlierRun(earlier, workflow.name, surroundings);
    const only = textOption(options, 'only');
    const compared = async ({ run }: RunResult): Promise<readonly string[]> => {
      const report = await engine.explainReuse(run, surroundings);
      const { renderReuse } = await import('../reuse-report.ts');
      return report ? renderReuse(report, ctx.errWidth, ctx.err) : [];
    };
    return driveRun(
      ctx,
      drive,
      {
        // What is not done is not shown.
        plan: only === undefined ? workflow.plan : { ...workflow.plan, nodes: workflow.plan.nodes.filter((node) => node.id === only) },
        document: workflow.document,
        around: surroundings,
        ...(from !== undefined && only === undefined && { compared }),
      },
      ({ wait, drain, abort, onEvent, onWarning }) =>
        engine.run(workflow, {
          ...surroundings,
          inputs,
          offline,
          ...(replies !== undefined && { replies }),
          ...(from !== undefined && { from }),
          ...(only !== undefined && { only }),
          refresh: listOption(options, 'refresh'),
          cache: options.cache !== false,
          by: userName(ctx.io.env),
          wait,
          drain,
          abort,
          onEvent,
          onWarning,
        }),
    );
  },
};

/** The id of the run that `--from` means: `last` is the newest of this workflow. */
async function earlierRun(text: string, workflow: string, around: Surroundings): Promise<string> {
  const { findRun, listRuns } = await import('../../engine/index.ts');
  if (text !== 'last') return findRun(text, around);
  const [newest] = await listRuns({ workflow, limit: 1 }, around);
  if (newest) return newest.run;
  throw new UsageError(`there is no run of ${workflow} to go on from`, 'leave out --from: the first run pays for everything');
}

/** What was given with `--input`, and what messages call it: the JSON itself, `@file`, or `-` for stdin. */
async function inputDocument(ctx: Context, given: string | undefined): Promise<SourceFile | undefined> {
  if (given === undefined) return undefined;
  if (given === '-') return { name: 'stdin', text: await ctx.io.readStdin() };
  if (!given.startsWith('@')) return { name: '--input', text: given };
  const path = given.slice(1);
  try {
    return { name: path, text: await readFile(resolve(ctx.cwd, path), 'utf8') };
  } catch {
    throw new UsageError(`the file "${path}" cannot be read`, 'paths start at the folder you are in');
  }
}
