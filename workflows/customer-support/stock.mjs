import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const parts = () => JSON.parse(readFileSync(join(import.meta.dirname, 'stock.json'), 'utf8'));

/** The parts whose number or name holds every word of the text. */
export function find({ words }) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return parts().filter(({ part, name }) => wanted.every((word) => `${part} ${name}`.toLowerCase().includes(word)));
}

/** How many there are of one part; a number that nobody knows is a mistake. */
export function count({ part }) {
  const found = parts().find((one) => one.part === part);
  if (!found) throw new Error(`there is no part ${part}`);
  return { part, in_stock: found.in_stock };
}
