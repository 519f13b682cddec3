import { isItemOf, type ReuseReport } from '../engine/index.ts';
import { countOf } from './amounts.ts';
import { oneLine, padEnd } from './layout.ts';
import type { Paint } from './paint.ts';

type Node = ReuseReport['nodes'][number];

/** What a run took over from the one before, what it did again, and why: a line per node that was not just taken over. */
export function renderReuse(report: ReuseReport, width: number, paint: Paint): readonly string[] {
  const nodes = report.nodes.flatMap(innermost);
  const untouched = nodes.filter((node) => node.verdict === 'reused');
  const rows = nodes.flatMap((node): readonly Row[] => {
    const words = wordsOf(node);
    return words === undefined ? [] : [[words[0], node.node, words[1]]];
  });
  const names = untouched.map(({ node }) => node).join(', ');
  const label = Math.max('reused'.length, ...rows.map(([verdict]) => verdict.length));
  const name = Math.max(0, ...rows.map(([, node]) => node.length));
  return [
    `${paint.bold('compared with')} ${report.before}`,
    ...(untouched.length > 0 ? [`  ${paint.dim(padEnd('reused', label))}  ${oneLine(names, width - label - 4)}`] : []),
    ...rows.map(([verdict, node, why]) => {
      const colour = verdict === 'again' || verdict === 'new' ? paint.yellow : paint.dim;
      return `  ${colour(padEnd(verdict, label))}  ${padEnd(node, name)}  ${oneLine(why, width - label - name - 6)}`.trimEnd();
    }),
  ];
}

/** What is told of a node that holds others: where they are not all alike, of each of them. */
function innermost(node: Node): readonly Node[] {
  const inside = node.verdict === 'again' ? (node.inside ?? []).filter(({ verdict }) => verdict !== 'not_run') : [];
  return inside.some(({ verdict }) => verdict === 'again' || verdict === 'new') ? inside.flatMap(innermost) : [node];
}

type Row = readonly [verdict: string, node: string, why: string];

function wordsOf({ verdict, tasks, task, node, why }: Node): readonly [string, string] | undefined {
  switch (verdict) {
    case 'reused':
      return undefined;
    case 'again': {
      const all = tasks.again + tasks.fromRun + tasks.fromCache;
      const some = task !== undefined && String(task) !== node;
      const what = isItemOf(task, node) ? 'item' : 'task';
      const share = some && tasks.again < all ? `${tasks.again} of ${countOf(all, what)}; ` : '';
      return ['again', `${share}${some ? `${task}: ` : ''}${why ?? ''}`];
    }
    case 'new':
      return ['new', ''];
    case 'gone':
      return ['gone', ''];
    case 'not_run':
      return ['not run', ''];
  }
}
