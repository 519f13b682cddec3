import { displayWidth, type EdgeExplained, type EdgesExplained, type ReadExplained } from '../engine/index.ts';
import { oneLine, padEnd, padStart } from './layout.ts';
import type { Paint } from './paint.ts';

/**
 * Edges for people: each node with what it waits for, and below that the fields that make it so.
 *
 * ```
 * synthesize
 * ├─ needs analyze: skipped when it was
 * │    114  skip_if   reads complexity
 * └─ waits for evidence, and runs even if it was skipped
 *      131  prompt    reads evidence.output, guarded by default
 * ```
 */
export function edgesText({ workflow, file, nodes, outputs }: EdgesExplained, width: number, paint: Paint): string {
  const digits = Math.max(...[...nodes, ...outputs].flatMap(({ line }) => String(line).length), 1);
  const lines = [`${paint.bold(workflow)}  ${paint.dim(file)}`];
  for (const { node, waits_for: edges } of nodes) {
    lines.push('', edges.length > 0 ? paint.bold(node) : `${paint.bold(node)}  ${paint.dim('waits for nothing')}`);
    for (const [index, edge] of edges.entries()) {
      const last = index === edges.length - 1;
      lines.push(`${paint.dim(last ? '└─' : '├─')} ${waitText(edge)}`);
      for (const read of readLines(edge.because, width - 7 - digits, edge.node))
        lines.push(paint.dim(`${last ? '  ' : '│ '}   ${padStart(read.line, digits)}  ${read.text}`));
    }
  }
  if (outputs.length > 0) lines.push('', paint.bold('outputs'));
  for (const [index, output] of outputs.entries()) {
    const last = index === outputs.length - 1;
    lines.push(`${paint.dim(last ? '└─' : '├─')} ${output.output}${output.because.length === 0 ? paint.dim('  reads no node') : ''}`);
    for (const read of readLines(output.because, width - 7 - digits))
      lines.push(paint.dim(`${last ? '  ' : '│ '}   ${padStart(read.line, digits)}  ${read.text}`));
  }
  return `${lines.join('\n')}\n`;
}

function waitText({ node, optional, outer, because }: EdgeExplained): string {
  const where = outer ? `${node}, outside of it` : node;
  // What is read inside decides there: this node itself begins, and what needs the value is skipped.
  if (optional && because.some(({ field, how }) => how === 'uses' && /(^|\.)nodes\./.test(field)))
    return `waits for ${where}, which is needed inside`;
  if (optional) return `waits for ${where}, and runs even if it was skipped`;
  return because.every(({ how }) => how === 'needs')
    ? `comes after ${where}, and is skipped with it`
    : `needs ${where}, and is skipped with it`;
}

type Read = ReadExplained & { readonly node?: string };

/** Reads of which another one is a part are left out: who reads `output.risk` reads `output`. */
function readLines(reads: readonly Read[], width: number, from?: string): readonly { readonly line: string; readonly text: string }[] {
  const told = reads.filter(
    (read) => !reads.some((other) => other.field === read.field && other.how === read.how && isPart(read.reads, other.reads)),
  );
  const column = Math.max(0, ...told.map(({ field }) => displayWidth(field)));
  return told.map((read) => {
    const text = `${padEnd(read.field, column)}  ${readText(read, from)}`;
    return { line: String(read.line), text: displayWidth(text) <= width ? text : oneLine(text, width) };
  });
}

function isPart(whole: string | undefined, part: string | undefined): boolean {
  return whole !== undefined && part !== undefined && (part.startsWith(`${whole}.`) || part.startsWith(`${whole}[`));
}

function readText({ reads = '', how, guarded_by: guard = '' }: Read, from: string | undefined): string {
  const what = from === undefined ? reads : reads.replace(`nodes.${from}.`, '');
  switch (how) {
    case 'needs':
      return 'written by hand';
    case 'uses':
      return `reads ${what}`;
    case 'asks':
      return /^nodes\.\w+\.output\b/.test(reads) ? `asks whether there is ${what}` : `asks for ${what}`;
    case 'guarded':
      return `reads ${what}, ${guardText(guard)}`;
  }
}

function guardText(guard: string): string {
  if (guard.startsWith('condition: ')) return `guarded by its condition on ${guard.slice('condition: '.length)}`;
  if (guard.includes('.')) return `guarded by a test of ${guard}`;
  return guard.includes(' ') ? guard : `guarded by ${guard}`;
}
