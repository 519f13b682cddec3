import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Every note of the folder: its name, its first line as title, its text. */
export function open() {
  const folder = join(import.meta.dirname, 'notes');
  return readdirSync(folder)
    .filter((file) => file.endsWith('.md'))
    .sort()
    .map((file) => {
      const text = readFileSync(join(folder, file), 'utf8');
      return { id: file.replace('.md', ''), title: text.split('\n')[0].replace(/^#\s*/, ''), text };
    });
}
