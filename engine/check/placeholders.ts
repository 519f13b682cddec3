import type { Report } from '../contracts/diagnostic.ts';
import type { Path } from '../contracts/source.ts';
import type { Workflow } from '../contracts/workflow.ts';
import { allNodes, nodeNamed } from '../lang/frames.ts';
import type { FieldReading } from '../lang/readings.ts';
import type { CheckInput } from './rule.ts';

/** Values that were meant to be filled in, and are written the way other tools do it: they would be sent as they stand. */
export function checkPlaceholders({ workflow, references }: CheckInput, report: Report): void {
  for (const reading of references) {
    if (reading.holds !== 'template' || typeof reading.source !== 'string' || IS_DATA.has(reading.field)) continue;
    for (const { start, text, path } of placeholdersIn(reading.source)) {
      if (!isKnown(workflow, reading, path)) continue;
      const at = workflow.document.spanWithin(reading.path, start, start + text.length);
      const mended = text.startsWith('{%') ? undefined : `{{${path.join('.')}}}`;
      report({
        code: 'DAG420',
        severity: 'warning',
        message: `\`${text}\` is not filled in`,
        at,
        label: 'sent as it stands',
        because: 'values are filled in by Handlebars: two braces, and no sign before them',
        help: mended === undefined ? blockHelp(path) : `did you mean \`${mended}\`?`,
        ...(mended !== undefined && { fix: { at, replacement: mended } }),
      });
    }
  }
  for (const { node, perRound } of allNodes(workflow)) {
    for (const { message, path } of node.check) {
      for (const found of (message ?? '').matchAll(/\{\{\s*([a-z_]\w*(?:\.\w+)*)\s*\}\}/g)) {
        const [root = ''] = (found[1] ?? '').split('.');
        if (!['output', 'inputs', 'nodes', 'constants', 'run'].includes(root) && !perRound.has(root)) continue;
        report({
          code: 'DAG421',
          severity: 'warning',
          message: `\`${found[0]}\` is not filled in: the message of a check is told as it stands`,
          at: workflow.document.spanWithin([...path, 'message'], found.index, found.index + found[0].length),
          label: 'told as it stands',
          help: 'say what is wrong without the value: whoever is told has it before them',
        });
      }
    }
  }
}

/** Files and streams that may hold code of other languages. */
const IS_DATA: ReadonlySet<string> = new Set(['content', 'stdin']);

interface Placeholder {
  readonly start: number;
  readonly text: string;
  readonly path: readonly string[];
}

/** `${path}`, `{path}`, and `{% if path %}`. */
function placeholdersIn(text: string): readonly Placeholder[] {
  const single = [...text.matchAll(/(?<![{$\\])\$?\{\s*([a-z_]\w*(?:\.\w+)*)\s*\}(?!\})/g)];
  const blocks = [...text.matchAll(/\{%-?\s*(?:if|elif|for|set|unless)\b[^%{}]*?\b((?:inputs|nodes|constants)(?:\.\w+)+)[^%{}]*%\}/g)];
  const code = [...text.matchAll(/(```|~~~)[\s\S]*?(?:\1|$)|`[^`\n]*`/g)];
  // What stands in a block of code is code of some language, which may write its own values so.
  const isCode = (at: number): boolean => code.some((block) => block.index <= at && at < block.index + block[0].length);
  return [...single, ...blocks].flatMap((found) =>
    isCode(found.index) ? [] : [{ start: found.index, text: found[0], path: (found[1] ?? '').split('.') }],
  );
}

/** True for a path of this file that the field could read, so that what looks like one is not taken for it. */
function isKnown(workflow: Workflow, { frame, names, references }: FieldReading, [root = '', name]: readonly string[]): boolean {
  switch (root) {
    case 'inputs':
      return name !== undefined && workflow.inputs.has(name);
    case 'constants':
      return name !== undefined && Object.hasOwn(workflow.constants, name);
    case 'nodes':
      return name !== undefined && nodeNamed(frame, name) !== undefined;
    default:
      // One that reads the item elsewhere knows how that is written.
      return names.get(root)?.type === 'item' && !references.some(({ path }) => path[0] === root);
  }
}

const blockHelp = (path: Path): string => `write \`{{#if ${path.join('.')}}} … {{/if}}\`, or \`{{#each ${path.join('.')}}} … {{/each}}\``;
