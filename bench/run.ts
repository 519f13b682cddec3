import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Figure } from './measure.ts';

/**
 * `npm run bench [section …]`: prints the tables of bench/README.md. Each section runs in a process of its own,
 * so that none pays for another's heap; what is compared is measured in the same process.
 */
const SECTIONS: Readonly<Record<string, { readonly title: string; readonly run: () => Promise<readonly Figure[]> }>> = {
  engine: { title: 'The engine', run: async () => (await import('./engine.ts')).benchEngine() },
  text: { title: 'A large file', run: async () => (await import('./text.ts')).benchText() },
  startup: { title: 'Start-up', run: async () => (await import('./startup.ts')).benchStartup() },
  providers: { title: 'Calls to a provider', run: async () => (await import('./providers.ts')).benchProviders() },
};

const [first, ...others] = process.argv.slice(2);
const section = first?.startsWith('section=') ? SECTIONS[first.slice('section='.length)] : undefined;
if (section) {
  console.log(tableOf(section.title, await section.run()));
} else {
  console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GB\n`);
  const wanted = first === undefined ? Object.keys(SECTIONS) : [first, ...others];
  for (const name of wanted) {
    const args = ['--expose-gc', '--import', 'tsx', join(import.meta.dirname, 'run.ts'), `section=${name}`];
    console.log(execFileSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }));
  }
}

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
