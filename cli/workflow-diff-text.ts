import {
  diffCounts,
  diffWords,
  displayWidth,
  type EdgeChange,
  type FieldChange,
  likenessInWords,
  modelsInWords,
  type NodeChange,
  type NodeReuse,
  type Piece,
  PRICED_CALL,
  priceInWords,
  type SignatureChange,
  VERDICTS,
  valueInWords,
  type WorkflowDiff,
} from '../engine/index.ts';
import type { Context } from './context.ts';
import { oneLine, padEnd, wrap } from './layout.ts';
import type { Paint } from './paint.ts';

const WIDEST = 120;

interface Page {
  readonly out: Paint;
  readonly width: number;
  /** Texts whole, and what stays as it was. */
  readonly verbose: boolean;
}

/** A difference for people: what breaks callers first, then the graph, the nodes, what follows, and last the texts. */
export function renderWorkflowDiff(diff: WorkflowDiff, ctx: Context, verbose: boolean): readonly string[] {
  const page: Page = { out: ctx.out, width: Math.min(WIDEST, ctx.outWidth), verbose };
  const { out } = page;
  const { before, after } = diff;
  const name = before.workflow === after.workflow ? out.bold(after.workflow) : `${out.bold(before.workflow)} → ${out.bold(after.workflow)}`;
  const counts = diffCounts(diff);
  const head = [`${name}  ${out.dim(`${before.file} → ${after.file}`)}`];
  if (counts.length === 0)
    return [
      ...head,
      diff.same ? 'nothing is different' : 'nothing is different but what no node uses, or the order of what may run at once',
    ];
  const [first = '', ...rest] = counts;
  return [
    ...head,
    [diff.breaking ? out.red(first) : first, ...rest].join(' · '),
    ...section(
      'Breaking for callers',
      signature(
        diff.signature.filter((one) => one.breaking),
        page,
      ),
      page,
    ),
    ...section(
      'Not breaking',
      signature(
        diff.signature.filter((one) => !one.breaking),
        page,
      ),
      page,
    ),
    ...section('Graph', graph(diff, page), page),
    ...section(
      'Nodes',
      diff.nodes.flatMap((node) => nodeLines(node, page)),
      page,
    ),
    ...section(
      'Workflow',
      diff.settings.flatMap((change) => fieldLines(change, widthOf(diff.settings.map(({ field }) => field)), '  ', page)),
      page,
    ),
    ...section('Earlier outputs', reuse(diff.reuse, page), page),
    ...section('A call costs', prices(diff, page), page, PRICED_CALL),
    ...section('Texts', texts(diff, page), page),
  ];
}

function section(title: string, lines: readonly string[], { out }: Page, remark?: string): readonly string[] {
  if (lines.length === 0) return [];
  return ['', remark === undefined ? out.bold(title) : `${out.bold(title)}  ${out.dim(remark)}`, ...lines];
}

const widthOf = (texts: readonly string[]): number => Math.min(32, Math.max(0, ...texts.map(displayWidth)));

/** What comes after a start, wrapped, its further lines below its first. */
function hanging(start: string, text: string, width: number): readonly string[] {
  const blank = ' '.repeat(displayWidth(start));
  return wrap(text, Math.max(20, width - blank.length)).map((line, at) => `${at === 0 ? start : blank}${line}`.trimEnd());
}

function signature(changes: readonly SignatureChange[], { out, width }: Page): readonly string[] {
  const named = ({ name, before, at }: SignatureChange): string =>
    before !== undefined ? `${before} → ${name}` : at === undefined ? name : `${name}${at.startsWith('[') ? '' : '.'}${at}`;
  const names = widthOf(changes.map(named));
  const paint = (one: SignatureChange): ((text: string) => string) =>
    one.change === 'added' && !one.breaking ? out.green : one.breaking ? out.red : out.yellow;
  return changes.flatMap((one) => {
    const sign = one.change === 'added' ? '+' : one.change === 'removed' ? '−' : '~';
    const [first = '', ...rest] = hanging(`  ${sign} ${padEnd(one.of, 8)}  ${padEnd(named(one), names)}  `, one.message, width);
    return [`  ${paint(one)(sign)}${first.slice(3)}`, ...rest];
  });
}

function graph({ nodes, edges }: WorkflowDiff, { out, width }: Page): readonly string[] {
  const lines = nodes.filter(({ change }) => change !== 'changed');
  const called = ({ node, before }: NodeChange): string => (before === undefined ? node : `${before} → ${node}`);
  const joined = ({ from, to }: EdgeChange): string => `${from} ─▶ ${to}`;
  const names = Math.min(40, Math.max(widthOf(lines.map(called)), ...edges.map((edge) => displayWidth(joined(edge)))));
  const line = (sign: string, name: string, words: string, paint: (text: string) => string): string =>
    `  ${paint(`${sign} ${padEnd(name, names)}`)}  ${oneLine(words, width - names - 6)}`;
  return [
    ...lines.map((node) => {
      if (node.change === 'added') return line('+', called(node), node.is, out.green);
      if (node.change === 'removed') return line('−', called(node), node.is, out.red);
      return line('~', called(node), likenessInWords(node), out.yellow);
    }),
    ...edges.map((edge) => {
      if (edge.change === 'added') return line('+', joined(edge), edge.why, out.green);
      if (edge.change === 'removed') return line('−', joined(edge), edge.why, out.red);
      const words = edge.change === 'optional' ? 'its source may be skipped now' : 'its source may not be skipped any more';
      return line('~', joined(edge), `${words}: ${edge.why}`, out.yellow);
    }),
  ];
}

function nodeLines(node: NodeChange, page: Page): readonly string[] {
  const { out } = page;
  if (node.fields.length + node.output.length === 0) return [];
  const output = node.output.map(({ at, message }) => ({
    name: at === '' ? 'output' : at.startsWith('[') ? `output${at}` : `output.${at}`,
    message,
  }));
  const names = widthOf([...node.fields.map(({ field }) => field), ...output.map(({ name }) => name)]);
  return [
    `  ${out.yellow('~')} ${out.bold(node.node)}  ${out.dim(node.is)}`,
    ...node.fields.flatMap((change) => fieldLines(change, names, '      ', page)),
    ...output.flatMap(({ name, message }) => hanging(`      ${padEnd(name, names)}  `, message, page.width)),
  ];
}

/** A field on a line, or, where both values are too long for that, on two. */
function fieldLines(change: FieldChange, names: number, indent: string, { out, width }: Page): readonly string[] {
  const start = `${indent}${padEnd(change.field, names)}  `;
  const words = valueInWords(change);
  if (change.holds === 'text' || displayWidth(start) + displayWidth(words) <= width) return [`${start}${words}`];
  const blank = ' '.repeat(displayWidth(start));
  const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value)).replace(/\s+/g, ' ').trim();
  const side = (sign: string, value: unknown, paint: (text: string) => string): readonly string[] =>
    value === null ? [] : wrap(text(value), width - blank.length - 2).map((line, at) => paint(`${at === 0 ? sign : ' '} ${line}`));
  const both = [...side('−', change.before, out.red), ...side('+', change.after, out.green)];
  return both.map((line, at) => `${at === 0 ? start : blank}${line}`);
}

function reuse(all: readonly NodeReuse[], { out, width, verbose }: Page): readonly string[] {
  const shown = verbose ? all : all.filter(({ verdict }) => verdict !== 'kept' && verdict !== 'never' && verdict !== 'new');
  const kept = all.filter(({ verdict }) => verdict === 'kept');
  const names = widthOf(shown.map(({ node }) => node));
  const verdicts = widthOf(shown.map(({ verdict }) => VERDICTS[verdict]));
  const paint = (verdict: NodeReuse['verdict']): ((text: string) => string) =>
    verdict === 'again' || verdict === 'may_change' ? out.yellow : verdict === 'kept' || verdict === 'cache' ? out.green : out.dim;
  const lines = shown.map(({ node, verdict, because }) =>
    `  ${padEnd(node, names)}  ${paint(verdict)(padEnd(VERDICTS[verdict], verdicts))}  ${oneLine(because, width - names - verdicts - 6)}`.trimEnd(),
  );
  if (verbose || kept.length === 0) return lines;
  return [...lines, ...hanging('  ', `still stand: ${kept.map(({ node }) => node).join(', ')}`, width).map(out.dim)];
}

function prices({ prices: all }: WorkflowDiff, { out, width }: Page): readonly string[] {
  const names = widthOf(all.map(({ node }) => node));
  const costs = Math.max(0, ...all.map((price) => displayWidth(priceInWords(price))));
  return all.map((price) => {
    const models = oneLine(modelsInWords(price), width - names - costs - 6);
    return `  ${padEnd(price.node, names)}  ${padEnd(priceInWords(price), costs)}  ${out.dim(models)}`;
  });
}

function texts({ nodes, settings }: WorkflowDiff, page: Page): readonly string[] {
  const all = [
    ...settings.map((change) => ({ title: change.field, change })),
    ...nodes.flatMap(({ node, fields }) => fields.map((change) => ({ title: `${node}.${change.field}`, change }))),
  ];
  return all
    .filter(({ change }) => change.holds === 'text')
    .flatMap(({ title, change: { before, after } }, at) => [
      ...(at > 0 ? [''] : []),
      `  ${page.out.cyan(title)}`,
      ...wordDiff(typeof before === 'string' ? before : '', typeof after === 'string' ? after : '', page),
    ]);
}

/** Unchanged lines around a changed one. */
const AROUND = 1;

/** A text with what came and went marked in it: by colour, and by brackets where there is none. Far from any change, lines are left out. */
function wordDiff(before: string, after: string, { out, width, verbose }: Page): readonly string[] {
  const lines = linesOf(diffWords(before, after));
  const isChanged = (at: number): boolean => lines[at]?.some((piece) => piece.in !== 'both') ?? false;
  const shown: string[] = [];
  let skipped = 0;
  lines.forEach((line, at) => {
    const near = verbose || [...Array(2 * AROUND + 1).keys()].some((step) => isChanged(at + step - AROUND));
    if (!near) skipped += 1;
    else {
      if (skipped > 0) shown.push(out.dim('⋯'));
      skipped = 0;
      shown.push(...wrap(line.map((piece) => mark(piece, out)).join(''), width - 4));
    }
  });
  if (skipped > 0) shown.push(out.dim('⋯'));
  return shown.map((line) => `    ${line}`.trimEnd());
}

/** Pieces cut at line breaks; blanks at the end of a piece stay outside its marks. */
function linesOf(pieces: readonly Piece[]): readonly (readonly Piece[])[] {
  const lines: Piece[][] = [[]];
  for (const piece of pieces) {
    piece.text.split('\n').forEach((text, at) => {
      // A line break that came or went is seen by the words around it.
      if (at > 0) lines.push([]);
      if (text !== '') lines.at(-1)?.push({ in: piece.in, text });
    });
  }
  return lines.at(-1)?.length === 0 ? lines.slice(0, -1) : lines;
}

function mark({ in: where, text }: Piece, out: Paint): string {
  if (where === 'both') return text;
  const words = text.trimEnd();
  const blanks = text.slice(words.length);
  if (words === '') return text;
  if (where === 'before') return (out.on ? out.red(`[−${words}−]`) : `[−${words}−]`) + blanks;
  return (out.on ? out.green(`{+${words}+}`) : `{+${words}+}`) + blanks;
}
