import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Words of four letters and more, singular and plural as one. */
const words = (text) => (text.toLowerCase().match(/\p{L}{4,}/gu) ?? []).map((word) => word.replace(/s$/, ''));

/** The pages of the handbook that share words with the query, best first; none that shares less than a third as many as the best. */
export function search({ query, most }) {
  const folder = join(import.meta.dirname, 'handbook');
  const wanted = new Set(words(query));
  const pages = readdirSync(folder)
    .filter((file) => file.endsWith('.md'))
    .sort()
    .map((file) => {
      const text = readFileSync(join(folder, file), 'utf8');
      const hits = new Set(words(text).filter((word) => wanted.has(word))).size;
      return { id: file.replace('.md', ''), text, hits };
    })
    .sort((a, b) => b.hits - a.hits);
  return pages.filter((page) => page.hits > 0 && page.hits >= pages[0].hits / 3).slice(0, most);
}
