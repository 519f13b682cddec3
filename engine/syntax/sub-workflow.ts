import type { Json } from '../base/json.ts';
import type { Path } from '../contracts/source.ts';
import type { SubWorkflowDecl } from '../contracts/workflow.ts';
import { mistake, type NodeContext, type Verdict } from './node-context.ts';

/** The workflow that a field names by its file. What is wrong with the file is reported here in one line, and with the file itself. */
export function subWorkflowOf(
  file: Json | undefined,
  path: Path,
  context: Pick<NodeContext, 'document' | 'open' | 'report'>,
  verdict: Pick<Verdict, 'wrong'>,
): SubWorkflowDecl | undefined {
  // What is no path of a file at all was told as such.
  if (typeof file !== 'string' || !/\.ya?ml$/.test(file)) return undefined;
  const body: SubWorkflowDecl = { type: 'workflow', path, file };
  const opened = context.open?.(file);
  // A node that names a file with mistakes is right in itself: what else reads it can be looked at.
  const { report } = context;
  const at = context.document.spanOf(path);
  switch (opened?.state) {
    case undefined:
      return body;
    case 'sound':
      return { ...body, workflow: opened.workflow };
    case 'mistaken': {
      const count = opened.mistakes === 1 ? 'a mistake' : `${opened.mistakes} mistakes`;
      report(
        mistake('DAG136', at, `"${file}" has ${count}`, { label: 'told with that file', help: `\`dagrun validate ${file}\` shows them` }),
      );
      return body;
    }
    case 'circle': {
      const [first = file] = opened.files;
      const whole = [...opened.files, first];
      verdict.wrong(
        mistake('DAG137', at, whole.length === 2 ? `"${file}" is the file itself` : `"${file}" leads back to this file`, {
          label: whole.join(' → '),
          because: 'what a file names is part of it, so this would never end',
          help: 'for rounds, write `repeat`; put what both need into a file of its own',
        }),
      );
      return body;
    }
    case 'missing':
    case 'outside':
      report(
        mistake('DAG135', at, opened.state === 'missing' ? `there is no file "${file}"` : `"${file}" lies outside the workspace`, {
          ...(opened.state === 'missing' && {
            help: opened.near === undefined ? 'paths start at the folder of the file that names them' : `did you mean "${opened.near}"?`,
          }),
        }),
      );
      return body;
  }
}
