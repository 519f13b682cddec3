import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { blocksOf } from './support/doc-blocks.ts';

const root = join(import.meta.dirname, '..');

describe('the examples of docs/extending.md are files that compile', () => {
  const blocks = blocksOf(readFileSync(join(root, 'docs/extending.md'), 'utf8')).flatMap((part) =>
    typeof part !== 'string' && part.type === 'fence' && part.language === 'ts' ? [part] : [],
  );

  test.each(blocks.map((block) => [block.file ?? '', block.body]))('%s', (file, body) => {
    const fixture = readFileSync(join(root, 'test/fixtures/extending', posix.basename(file)), 'utf8');
    const moved = fixture.replace(/'\.\.\/\.\.\/\.\.\/([^']+)'/g, (_, target: string) => {
      const path = posix.relative(posix.dirname(file), target);
      return `'${path.startsWith('.') ? path : `./${path}`}'`;
    });
    expect(body).toBe(moved);
  });
});
