import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const words = (text) => new Set(text.toLowerCase().match(/\p{L}{4,}/gu));

/** The sources that share words with the query, best first. */
export function search({ query, most }) {
  const folder = join(import.meta.dirname, 'sources');
  const wanted = words(query);
  return readdirSync(folder)
    .filter((file) => file.endsWith('.md'))
    .sort()
    .map((file) => {
      const text = readFileSync(join(folder, file), 'utf8');
      const hits = [...words(text)].filter((word) => wanted.has(word)).length;
      return { id: file.replace('.md', ''), text, hits };
    })
    .filter((source) => source.hits > 0)
    .sort((a, b) => b.hits - a.hits)
    .slice(0, most);
}
