import { benchDurable } from './durable.ts';
import { benchEngine } from './engine.ts';
import type { Figure } from './measure.ts';
import { benchProviders } from './providers.ts';
import { benchStartup } from './startup.ts';
import { benchText } from './text.ts';
import { benchValidate } from './validate.ts';

/** Runs the section named on the command line and prints its table. */
const SECTIONS: Readonly<Record<string, { readonly title: string; readonly run: () => Promise<readonly Figure[]> }>> = {
  engine: { title: 'The engine', run: benchEngine },
  durable: { title: 'A run that is kept', run: benchDurable },
  text: { title: 'A large file', run: benchText },
  validate: { title: 'Checking 1,000 nodes', run: async () => benchValidate() },
  startup: { title: 'Start-up', run: benchStartup },
  providers: { title: 'Calls to a provider', run: benchProviders },
};

const section = SECTIONS[process.argv[2] ?? ''];
if (!section) throw new Error(`the sections are ${Object.keys(SECTIONS).join(', ')}`);
console.log(tableOf(section.title, await section.run()));

interface Column {
  readonly head: string;
  readonly of: (figure: Figure) => string | undefined;
}

function tableOf(title: string, figures: readonly Figure[]): string {
  const all: readonly Column[] = [
    { head: title, of: (figure) => figure.what },
    { head: 'dagrun', of: (figure) => figure.value },
    { head: 'by hand', of: (figure) => figure.byHand },
    { head: 'ratio', of: (figure) => figure.ratio },
    { head: 'aim', of: (figure) => figure.aim },
    { head: 'heap', of: (figure) => figure.memory },
  ];
  const columns = all.filter((column) => figures.some((figure) => column.of(figure) !== undefined));
  const rows = [columns.map(({ head }) => head), ...figures.map((figure) => columns.map(({ of }) => of(figure) ?? ''))];
  const widths = columns.map((_, at) => Math.max(...rows.map((row) => (row[at] ?? '').length)));
  const line = (cells: readonly string[]): string => `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  return [line(rows[0] ?? []), line(widths.map((width) => '-'.repeat(width))), ...rows.slice(1).map(line)].join('\n');
}
