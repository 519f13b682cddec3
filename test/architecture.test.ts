import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, posix } from 'node:path';
import { describe, expect, test } from 'vitest';

/** The rules of the rings, as dependency-cruiser reads them too: one truth, checked here without starting it. */
interface RingRule {
  readonly name: string;
  readonly from: { readonly path?: string };
  readonly to: { readonly path?: string; readonly pathNot?: string };
}
const root = join(import.meta.dirname, '..');
const cruiser = createRequire(import.meta.url)('../.dependency-cruiser.cjs') as { readonly forbidden: readonly RingRule[] };
const rings = cruiser.forbidden.filter((rule) => rule.from.path !== undefined && rule.to.pathNot !== undefined);

const sources = ['engine', 'cli'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => {
      const file = posix.join(folder, name.replaceAll('\\', '/'));
      const text = readFileSync(join(root, file), 'utf8');
      return { file, text, imports: importsOf(file, text) };
    }),
);

/** What a file imports: paths from the root for its own files, names for packages. */
function importsOf(file: string, text: string): readonly string[] {
  const specifiers = [...text.matchAll(/(?:^|[\s;])(?:import|export)\s[^'"`;]*?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g)];
  return specifiers.map((match) => {
    const name = match[1] ?? match[2] ?? '';
    return name.startsWith('.') ? posix.join(posix.dirname(file), name) : name;
  });
}

describe('rings', () => {
  test('every folder of the engine has its ring', () => {
    const folders = new Set(
      sources.map(({ file }) => file.split('/').slice(0, -1).join('/')).filter((folder) => folder.startsWith('engine/')),
    );
    const without = [...folders].filter((folder) => !rings.some((rule) => new RegExp(rule.from.path!).test(`${folder}/`)));
    expect(without).toEqual([]);
  });

  test('a folder imports only what stands before it', () => {
    const breaches = sources.flatMap(({ file, imports }) =>
      rings
        .filter((rule) => new RegExp(rule.from.path!).test(file))
        .flatMap((rule) =>
          imports
            .filter((to) => new RegExp(rule.to.path!).test(to) && !new RegExp(rule.to.pathNot!).test(to))
            .map((to) => `${file} imports ${to}: ${rule.name}`),
        ),
    );
    expect(breaches).toEqual([]);
  });

  test('contracts hold types and the errors that carry them, and import types only', () => {
    const values = sources
      .filter(({ file }) => file.startsWith('engine/contracts/'))
      .flatMap(({ file, text }) => [...text.matchAll(/^import (?!type )[^\n]*/gm)].map((match) => `${file}: ${match[0]}`));
    expect(values).toEqual([]);
  });
});

/** Packages that a folder shares: a store is several files around one driver. */
const SHARED_BY_FOLDER: Readonly<Record<string, string>> = {
  'engine: kysely': 'engine/store/sql/',
  'engine: libsql': 'engine/store/sql/',
  'engine: pg': 'engine/store/sql/',
};

test('a third-party package has one importing file in the engine and one in the command', () => {
  const importers = new Map<string, Set<string>>();
  for (const { file, imports } of sources) {
    for (const name of imports.filter((to) => !to.startsWith('node:') && !/^(engine|cli)\//.test(to))) {
      const key = `${file.split('/')[0]}: ${name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/')}`;
      const folder = SHARED_BY_FOLDER[key];
      importers.set(key, (importers.get(key) ?? new Set()).add(folder !== undefined && file.startsWith(folder) ? folder : file));
    }
  }
  expect([...importers].filter(([, files]) => files.size > 1).map(([name, files]) => `${name} in ${[...files].join(', ')}`)).toEqual([]);
});

test('time, randomness and environment enter in three places only', () => {
  const allowed = /^(engine\/base\/clock\.ts|engine\/config\.ts|cli\/)/;
  const breaches = sources
    .filter(({ file }) => !allowed.test(file))
    .flatMap(({ file, text }) =>
      [...withoutComments(text).matchAll(/\b(Date\.now|new Date\(\)|Math\.random|process\.env|performance\.now)\b/g)].map(
        (match) => `${file}: ${match[0]}`,
      ),
    );
  expect(breaches).toEqual([]);
});

test('files are short and named after ideas', () => {
  // The catalogue of codes is prose, however long it gets.
  const long = sources
    .filter(({ file, text }) => text.split('\n').length > 400 && !file.startsWith('engine/diagnostics/codes/'))
    .map(({ file }) => file);
  const vague = sources
    .map(({ file }) => file)
    .filter(
      (file) =>
        /(^|\/)(utils?|helpers?|common|misc|types|index)(\.ts|\/)/.test(file) &&
        file !== 'engine/index.ts' &&
        file !== 'engine/lang/helpers.ts',
    );
  const shouting = sources.map(({ file }) => file).filter((file) => !/^[a-z0-9/.-]+$/.test(file));
  expect({ long, vague, shouting }).toEqual({ long: [], vague: [], shouting: [] });
});

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '');
}
