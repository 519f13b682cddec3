import { dirname, resolve } from 'node:path';
import type { FilesAround, SourceTree } from './contracts/source.ts';
import { refusalToRead } from './read-files.ts';
import { outsideOf, placeIn, realPath } from './workspace.ts';

/** The files around a workflow in `folder`, of which nodes may reach those in `roots`; undefined of a tree that is not on the disk. */
export function filesAround(folder: string, tree: SourceTree, roots: readonly string[]): FilesAround | undefined {
  const { whatIs } = tree;
  if (whatIs === undefined) return undefined;
  const allowed = roots.map(realPath);
  const around = (from: string): FilesAround => ({
    whatIs: (path) => whatIs(resolve(from, path)),
    list: (path) => tree.list(resolve(from, path)),
    refusal(path) {
      const found = placeIn(from, allowed, path);
      // Where a link leads that leads nowhere may be there in time.
      return found.why === 'outside' ? outsideOf(path) : undefined;
    },
    refusalToRead: (path) => refusalToRead(path, from, allowed),
    around: (file) => around(dirname(resolve(from, file))),
  });
  return around(folder);
}
