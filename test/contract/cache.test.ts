import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { instant, nanoUsd, runId, taskKey } from '../../engine/base/ids.ts';
import type { Cache, CacheEntry } from '../../engine/contracts/cache.ts';
import { createMemoryCache } from '../../engine/store/memory-cache.ts';
import { createSqlCache } from '../../engine/store/sql/cache.ts';
import { openSqlStore } from '../../engine/store/sql/sql-store.ts';
import { openSqlite } from '../../engine/store/sql/sqlite.ts';

const folder = mkdtempSync(join(tmpdir(), 'dagrun-cache-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;

const entry = (key: string, more: Partial<CacheEntry> = {}): CacheEntry => ({
  key,
  output: `the answer to ${key}`,
  run: runId('run_one'),
  task: taskKey(key),
  workflow: 'w',
  by: { provider: 'anthropic', model: 'm', tier: 'cheap' },
  cost: nanoUsd(100),
  at: instant(10),
  expiresAt: null,
  ...more,
});

/** What every cache must do; `open` gives an empty one that holds so many bytes. */
function describeCache(name: string, open: (maxBytes: number) => Promise<Cache>): void {
  describe(`cache: ${name}`, () => {
    test('gives what was put in, as it was', async () => {
      const cache = await open(1e6);
      const kept = entry('a', { output: { text: 'é "x"', n: [1, null] }, by: null, cost: null });
      await cache.put(kept);
      expect(await cache.get('a', instant(20))).toEqual(kept);
      expect(await cache.get('b', instant(20))).toBeUndefined();
      await cache.put(entry('a', { output: 'newer', at: instant(30) }));
      expect((await cache.get('a', instant(40)))?.output).toBe('newer');
      // Also once it is written.
      expect(await cache.stats()).toMatchObject({ entries: 1, hits: 2, misses: 1, bytes: 7 });
      expect((await cache.get('a', instant(50)))?.output).toBe('newer');
    });

    test('an entry is there until its time is over, and for who takes one of its age', async () => {
      const cache = await open(1e6);
      await cache.put(entry('a', { at: instant(10), expiresAt: instant(100) }));
      await cache.put(entry('b', { at: instant(10) }));
      expect(await cache.get('a', instant(99))).toBeDefined();
      expect(await cache.get('a', instant(100))).toBeUndefined();
      expect(await cache.get('b', instant(100), instant(10))).toBeDefined();
      expect(await cache.get('b', instant(100), instant(11))).toBeUndefined();
      expect(await cache.prune(instant(100))).toEqual({ expired: 1, evicted: 0 });
      expect((await cache.stats()).entries).toBe(1);
    });

    test('the longest unused goes first when there is no more room', async () => {
      const cache = await open(100);
      const output = 'x'.repeat(18);
      for (const [at, key] of ['a', 'b', 'c', 'd'].entries()) await cache.put(entry(key, { output, at: instant(at + 10) }));
      await cache.stats();
      await cache.get('a', instant(50));
      await cache.stats();
      for (const key of ['e', 'f']) await cache.put(entry(key, { output, at: instant(60) }));
      const { entries, bytes } = await cache.stats();
      expect([entries, bytes]).toEqual([4, 80]);
      expect(await cache.get('b', instant(70))).toBeUndefined();
      expect(await cache.get('c', instant(70))).toBeUndefined();
      for (const key of ['a', 'd', 'e', 'f']) expect(await cache.get(key, instant(70)), key).toBeDefined();
      expect(await cache.prune(instant(80), 20)).toEqual({ expired: 0, evicted: 3 });
    });

    test('counts what it was good for, by workflow', async () => {
      const cache = await open(1e6);
      await cache.put(entry('a', { workflow: 'two', cost: nanoUsd(5) }));
      await cache.put(entry('b', { workflow: 'one', cost: null }));
      for (const key of ['a', 'a', 'b', 'none']) await cache.get(key, instant(20));
      const size = JSON.stringify(entry('a').output).length;
      expect(await cache.stats()).toEqual({
        entries: 2,
        bytes: 2 * size,
        maxBytes: 1e6,
        hits: 3,
        misses: 1,
        saved: 10,
        workflows: [
          { workflow: 'one', entries: 1, bytes: size, hits: 1, saved: 0 },
          { workflow: 'two', entries: 1, bytes: size, hits: 2, saved: 10 },
        ],
      });
      expect(await cache.clear('two')).toBe(1);
      expect(await cache.stats()).toMatchObject({ entries: 1, hits: 3 });
      expect(await cache.clear()).toBe(1);
      expect(await cache.stats()).toMatchObject({ entries: 0, hits: 0, misses: 0, saved: 0, workflows: [] });
    });

    test('takes many at once', async () => {
      const cache = await open(1e7);
      for (let at = 0; at < 1000; at += 1) await cache.put(entry(`k${at}`));
      expect((await cache.get('k999', instant(20)))?.task).toBe('k999');
      expect((await cache.stats()).entries).toBe(1000);
      expect((await cache.get('k0', instant(20)))?.task).toBe('k0');
    });
  });
}

describeCache('memory', async (maxBytes) => createMemoryCache(maxBytes));
describeCache('sqlite', async (maxBytes) => {
  count += 1;
  const driver = openSqlite(join(folder, `${count}.db`));
  await openSqlStore(driver, () => () => []);
  return createSqlCache(driver, (work) => work(), maxBytes);
});
