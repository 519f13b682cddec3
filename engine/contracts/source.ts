import type { Json } from '../base/json.ts';

/** Where a value stands inside a document: `['nodes', 'scan', 'prompt']`. */
export type Path = readonly (string | number)[];

export interface SourceFile {
  /** As the user would type it; shown in messages. */
  readonly name: string;
  readonly text: string;
}

/** A stretch of a file, in UTF-16 offsets; `end` is exclusive. */
export interface Span {
  readonly file: SourceFile;
  readonly start: number;
  readonly end: number;
}

/** A file's value, and where each part of it stands. */
export interface Document {
  readonly file: SourceFile;
  readonly value: Json;
  /** The span of the part at `path`, or of its nearest ancestor that exists. `key` is the name left of the colon. */
  spanOf(path: Path, part?: 'key' | 'value'): Span;
  /** The span of characters `start` to `end` of the text at `path`; the whole scalar when it was folded or escaped. */
  spanWithin(path: Path, start: number, end: number): Span;
}

/** The files a workflow may be made of (partials, schemas), read by whoever has a file system. Paths are relative to the workflow's folder. */
export interface SourceHost {
  /** The text of a file, or undefined when there is none. Throws nothing for a missing file. */
  read(path: string): string | undefined;
  /** Names of the files directly inside a folder; empty when there is none. */
  list(folder: string): readonly string[];
  /** True for a path that leaves the workspace. */
  outside?(path: string): boolean;
}

/** Where workflows and the files they are made of stand: on the disk, or in a revision, as if it were checked out. Paths are absolute. */
export interface SourceTree {
  /** The text of a file, or undefined when there is none. */
  read(path: string): string | undefined;
  /** Names of what is directly inside a folder, sorted; empty when there is none. */
  list(folder: string): readonly string[];
  /** A file as the user would type it. */
  nameOf(path: string): string;
  /** What stands at a path now, symbolic links followed; undefined when there is nothing. Absent of a tree that is not on the disk. */
  whatIs?(path: string): Standing;
}

/** What stands at a path: `program` is a file that may be executed. */
export type Standing = 'file' | 'program' | 'folder' | 'other' | undefined;

/** The files around a workflow, as its run would find them now. Paths start at the workflow's folder. */
export interface FilesAround {
  whatIs(path: string): Standing;
  /** Names of what is directly inside a folder, sorted; empty when there is none. */
  list(folder: string): readonly string[];
  /** Why nodes may not reach a path, in the words of a run that tries; undefined when they may. */
  refusal(path: string): string | undefined;
  /** The same of a path or a pattern whose files are read. */
  refusalToRead(path: string): string | undefined;
  /** The same around another workflow file, which is named as from this one. */
  around(file: string): FilesAround;
}
