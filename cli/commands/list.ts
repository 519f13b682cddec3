import { dirname, relative, sep } from 'node:path';
import type { WorkflowSummary } from '../../engine/index.ts';
import { type Command, EXIT } from '../command.ts';

const WIDTH_FOR_FILES = 120;

export const list: Command = {
  name: 'list',
  group: 'Workflows',
  summary: 'list the workflows of the project and of the gallery',
  options: [{ flags: '--json', description: 'print the list as JSON' }],
  examples: [['list', 'what there is to run']],

  async action(ctx, _args, options) {
    const [{ listWorkflows }, { renderTable }] = await Promise.all([import('../../engine/index.ts'), import('../layout.ts')]);
    const workflows = await listWorkflows({ cwd: ctx.cwd, env: ctx.io.env });
    if (options.json === true) {
      ctx.print(`${JSON.stringify(workflows, null, 2)}\n`);
      return EXIT.done;
    }
    const { bold, dim } = ctx.out;
    const section = (title: string, builtin: boolean): readonly string[] => {
      const chosen = partsBelow(workflows.filter((workflow) => workflow.builtin === builtin));
      if (chosen.length === 0) return [];
      // A workflow is run by its name: where there is little room, the words matter more than the file.
      const withFiles = !builtin && ctx.outWidth >= WIDTH_FOR_FILES;
      const rows = chosen.map(({ workflow, isPart }) => [
        isPart ? `└ ${workflow.name}` : workflow.name,
        String(workflow.nodes),
        workflow.mistakes > 0 ? `${workflow.mistakes} ${workflow.mistakes === 1 ? 'mistake' : 'mistakes'}` : (workflow.description ?? ''),
        ...(withFiles ? [relative(ctx.cwd, workflow.file)] : []),
      ]);
      const columns = [
        { title: 'name' },
        { title: 'nodes', align: 'right' as const },
        { title: 'what it does', shrinks: true },
        ...(withFiles ? [{ title: 'file', paint: dim }] : []),
      ];
      return [bold(title), ...renderTable(columns, rows, { width: ctx.outWidth - 2, title: dim }).map((line) => `  ${line}`), ''];
    };
    const lines = [...section('This project', false), ...section('Gallery', true)];
    if (lines.length > 0) ctx.print(`${lines.slice(0, -1).join('\n')}\n`);
    if (!workflows.some((workflow) => !workflow.builtin)) ctx.tell('No workflows in this folder yet: dagrun init makes one.');
    return EXIT.done;
  },
};

/** Each workflow, and behind it those that are only parts of it: they lie in a folder of their own below it. */
function partsBelow(workflows: readonly WorkflowSummary[]): readonly { readonly workflow: WorkflowSummary; readonly isPart: boolean }[] {
  const isPartOf = ({ file, runBy }: WorkflowSummary, parent: string): boolean =>
    runBy.length === 1 && runBy[0] === parent && dirname(file).startsWith(`${dirname(parent)}${sep}`);
  const isPart = (workflow: WorkflowSummary): boolean => workflows.some(({ file }) => isPartOf(workflow, file));
  const withParts = (workflow: WorkflowSummary): readonly WorkflowSummary[] => [
    workflow,
    ...workflows.filter((one) => isPartOf(one, workflow.file)).flatMap(withParts),
  ];
  return workflows
    .filter((workflow) => !isPart(workflow))
    .flatMap((workflow) => withParts(workflow).map((one) => ({ workflow: one, isPart: one !== workflow })));
}
