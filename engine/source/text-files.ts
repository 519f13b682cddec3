import type { Document, Path, SourceFile } from '../contracts/source.ts';

/** A document of which some texts stand in files of their own. */
export interface Texts {
  readonly document: Document;
  /** From now on, the text at `path` is the one in `file`: places within it are places of that file. */
  put(path: Path, file: SourceFile): void;
}

/** The document as it is, until a text of it is put into a file. */
export function withTextFiles(document: Document): Texts {
  const files = new Map<string, SourceFile>();
  return {
    document: {
      file: document.file,
      value: document.value,
      spanOf: (path, part) => document.spanOf(path, part),
      spanWithin(path, start, end) {
        const file = files.get(JSON.stringify(path));
        return file === undefined ? document.spanWithin(path, start, end) : { file, start, end };
      },
    },
    put: (path, file) => void files.set(JSON.stringify(path), file),
  };
}
