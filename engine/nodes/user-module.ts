import { pathToFileURL } from 'node:url';

/**
 * The exports of a module of the user's own: JavaScript by Node itself, TypeScript by jiti, which takes all of the language on
 * every Node. Each is loaded once per process. Rejects with what the module throws.
 */
export async function loadModule(file: string): Promise<Readonly<Record<string, unknown>>> {
  if (!/\.[cm]?ts$/.test(file)) return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  loader ??= import('jiti').then(({ createJiti }) => createJiti(import.meta.url, { fsCache: false, interopDefault: false }));
  return (await loader).import<Record<string, unknown>>(file);
}

let loader: Promise<import('jiti').Jiti> | undefined;

/** Where in the user's files an error arose: `12:5` of one of them; undefined when its stack does not say. */
export function originOf(error: unknown, isTheirs: (file: string) => boolean): { readonly file: string; readonly at: string } | undefined {
  const stack = error instanceof Error || (typeof error === 'object' && error !== null && 'stack' in error) ? String(error.stack) : '';
  for (const [, file = '', line = '', column] of stack.matchAll(/(?:file:\/\/)?((?:\/|[A-Za-z]:[\\/])[^\n():]*?):(\d+)(?::(\d+))?/g)) {
    const path = decodeURI(file);
    if (!path.includes('/node_modules/') && isTheirs(path)) return { file: path, at: column === undefined ? line : `${line}:${column}` };
  }
  return undefined;
}
