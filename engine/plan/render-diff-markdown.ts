import { unifiedDiff } from '../base/text-diff.ts';
import type { EdgeChange, FieldChange, NodeChange, SignatureChange, WorkflowDiff } from '../contracts/diff.ts';
import { inLine } from './describe.ts';
import { diffCounts, likenessInWords, modelsInWords, PRICED_CALL, priceInWords, reuseInWords, valueInWords } from './diff-in-words.ts';
import { renderDiffMermaid } from './render-diff-mermaid.ts';

/** The difference as Markdown for a pull request: a line that sums it up, tables, both graphs in one, and the texts to unfold. */
export function renderDiffMarkdown(diff: WorkflowDiff): string {
  const { before, after } = diff;
  const name = before.workflow === after.workflow ? code(after.workflow) : `${code(before.workflow)} → ${code(after.workflow)}`;
  const counts = diffCounts(diff);
  const head = [`### ${name}: ${counts.length > 0 ? counts.join(', ') : 'nothing is different'}`];
  if (counts.length === 0) return `${head.join('\n')}\n`;
  return `${[
    ...head,
    `${code(before.file)} → ${code(after.file)}`,
    ...signature(
      'Breaking for callers',
      diff.signature.filter((change) => change.breaking),
    ),
    ...signature(
      'Not breaking',
      diff.signature.filter((change) => !change.breaking),
    ),
    ...nodeTable(diff),
    ...edgeList(diff.edges),
    ...settingList(diff.settings),
    `\`\`\`mermaid\n${renderDiffMermaid(diff.graph)}\`\`\``,
    ...textsOf(diff).map(unfolded),
  ].join('\n\n')}\n`;
}

function signature(title: string, changes: readonly SignatureChange[]): readonly string[] {
  if (changes.length === 0) return [];
  const rows = changes.map(({ of, name, before, at, change, message }) => {
    const what =
      before === undefined
        ? code(at === undefined ? name : `${name}${at.startsWith('[') ? '' : '.'}${at}`)
        : `${code(before)} → ${code(name)}`;
    return [of, what, change === 'type' || change === 'value' ? prose(message) : `${change}: ${prose(message)}`];
  });
  return [`**${title}**`, table(['', 'name', 'change'], rows)];
}

function nodeTable({ nodes, reuse, prices }: WorkflowDiff): readonly string[] {
  const changed = new Map(nodes.map((node) => [node.node, node]));
  // Nodes that only read what is different stand here as well.
  const others = reuse.filter(({ node, verdict }) => !changed.has(node) && verdict !== 'kept' && verdict !== 'never');
  const names = [...nodes.map(({ node }) => node), ...others.map(({ node }) => node)];
  if (names.length === 0) return [];
  const rows = names.map((name) => {
    const change = changed.get(name);
    const kept = reuse.find(({ node }) => node === name);
    const price = prices.find(({ node }) => node === name);
    return [
      change?.before === undefined ? code(name) : `${code(change.before)} → ${code(name)}`,
      change ? stateOf(change) : '',
      change ? partsOf(change).join('<br>') : '',
      kept === undefined || kept.verdict === 'new' ? '' : prose(reuseInWords(kept)),
      price ? `${prose(priceInWords(price))}<br>${code(modelsInWords(price))}` : '',
    ];
  });
  const kept = reuse.filter(({ verdict }) => verdict === 'kept').map(({ node }) => code(node));
  return [
    '**Nodes**',
    table(['node', '', 'changed', 'earlier outputs', 'a call costs'], rows),
    ...(prices.length > 0 ? [`A call of ${PRICED_CALL}, at the catalog's price of each tier's first model.`] : []),
    ...(kept.length > 0 ? [`Earlier outputs still stand for ${kept.join(', ')}.`] : []),
  ];
}

function stateOf(node: NodeChange): string {
  const { change, is } = node;
  if (change === 'renamed') return likenessInWords(node);
  return change === 'changed' ? 'changed' : `${change}, ${is}`;
}

function partsOf({ fields, output }: NodeChange): readonly string[] {
  return [
    ...fields.map((field) => `${code(field.field)} ${values(field)}`),
    ...output.map(
      ({ at, message }) => `${code(at === '' ? 'output' : at.startsWith('[') ? `output${at}` : `output.${at}`)} ${prose(message)}`,
    ),
  ];
}

function edgeList(edges: readonly EdgeChange[]): readonly string[] {
  if (edges.length === 0) return [];
  const rows = edges.map(({ from, to, change, why }) => [`${code(from)} → ${code(to)}`, EDGES[change], prose(why)]);
  return ['**Edges**', table(['edge', '', 'because'], rows)];
}

const EDGES: Readonly<Record<EdgeChange['change'], string>> = {
  added: 'added',
  removed: 'removed',
  optional: 'may be skipped now',
  required: 'may not be skipped any more',
};

function settingList(settings: readonly FieldChange[]): readonly string[] {
  if (settings.length === 0) return [];
  return [
    '**Workflow**',
    table(
      ['', 'change'],
      settings.map((one) => [code(one.field), values(one)]),
    ),
  ];
}

/** Both values, where they fit a cell. */
function values(change: FieldChange): string {
  const { before, after, holds } = change;
  if (isLong(change)) return 'changed';
  if (holds === 'text') return prose(valueInWords(change));
  if (before === null) return `${code(inLine(after))}, new`;
  return after === null ? `was ${code(inLine(before))}` : `${code(inLine(before))} → ${code(inLine(after))}`;
}

/** What does not fit a cell: it can be unfolded below. */
function isLong({ before, after, holds }: FieldChange): boolean {
  return holds !== 'text' && [before, after].some((value) => JSON.stringify(value).length > 60);
}

interface Text {
  /** HTML. */
  readonly title: string;
  readonly change: FieldChange;
}

function textsOf({ nodes, settings }: WorkflowDiff): readonly Text[] {
  const all = [
    ...settings.map((change): Text => ({ title: htmlCode(change.field), change })),
    ...nodes.flatMap(({ node, fields }) =>
      fields.map((change): Text => ({ title: `${htmlCode(change.field)} of ${htmlCode(node)}`, change })),
    ),
  ];
  return all.filter(({ change }) => change.holds === 'text' || isLong(change));
}

function unfolded({ title, change: { before, after } }: Text): string {
  const text = (value: unknown): string => (value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value, null, 2));
  const lines = unifiedDiff(text(before), text(after)).join('\n');
  const longest = Math.max(2, ...[...lines.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `<details><summary>${title}</summary>\n\n${fence}diff\n${lines}\n${fence}\n\n</details>`;
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(titles), line(titles.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Text on one line that Markdown, HTML and mentions of people leave alone. */
function prose(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_[\]~|]/g, '\\$&')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/[@#]/g, '$&&#8203;');
}

const htmlCode = (text: string): string => `<code>${text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</code>`;

/** Text as code on one line, also inside a table. */
function code(text: string): string {
  const flat = text.replace(/\s+/g, ' ').replaceAll('|', '\\|');
  const longest = Math.max(0, ...[...flat.matchAll(/`+/g)].map(([run]) => run.length));
  if (longest === 0) return `\`${flat}\``;
  const fence = '`'.repeat(longest + 1);
  return `${fence} ${flat} ${fence}`;
}
