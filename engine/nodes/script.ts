import { stat } from 'node:fs/promises';
import { dirname, join, posix, relative, sep } from 'node:path';
import { inspect } from 'node:util';
import type { Json } from '../base/json.ts';
import { Failed } from '../contracts/failure.ts';
import type { NodeKind, TaskContext } from '../contracts/node-kind.ts';
import { plainJson } from './plain-json.ts';
import { loadModule, originOf } from './user-module.ts';

interface ScriptSpec {
  readonly script: string;
  readonly with?: Json;
}

export const script: NodeKind<ScriptSpec> = {
  kind: 'script',
  summary: 'Call a function of your own module, JavaScript or TypeScript.',
  schema: {
    type: 'object',
    properties: {
      script: {
        type: 'string',
        pattern: '^[^#]+\\.[cm]?[jt]s#[A-Za-z_$][A-Za-z0-9_$]*$',
        'x-holds': 'literal',
        'x-words': 'a module and the name of a function it exports, ./lib/graph.ts#build',
        description:
          'A module inside the workspace and the name of an exported function, `./lib/graph.ts#build`. It is called with `with` and `{ abort, log }`: an AbortSignal, and a function that takes a line for people. What it returns, or its promise, is the output.',
      },
      with: {
        'x-holds': 'template',
        'x-typed': true,
        description:
          'Its first argument. A text that is exactly one `{{path}}` keeps the type of the value; `{ cel: … }` is the value of an expression.',
      },
    },
    required: ['script'],
    additionalProperties: false,
  },
  example:
    'kind: script\nscript: ./lib/words.ts#count\nwith: { text: "{{inputs.text}}", least: 3 }\noutput: { fields: { words: integer } }\n',
  callsModel: false,
  output: () => ({}),
  reuse: { version: 1, reads: async (spec, ctx) => codeOf(spec.script.split('#')[0] ?? '', ctx) },

  async execute(spec, ctx) {
    const [path = '', name = ''] = spec.script.split('#');
    const { name: shown, file } = await ctx.outside.place(path);
    if (!(await stat(file).catch(() => undefined))?.isFile())
      throw new Failed({ type: 'file_unreadable', message: `there is no file "${path}"`, file: path });
    const lines = journalLines(ctx);
    const given = await attempt(shown, file, async () => {
      const module = await loadModule(file);
      const called = exportOf(module, name);
      if (typeof called === 'function') return (await called(spec.with ?? null, { abort: ctx.abort, log: lines.log })) as unknown;
      const others = functionsOf(module);
      const known = others.length === 0 ? 'it exports no function' : `it exports ${others.join(', ')}`;
      const what = called === undefined ? `exports nothing called "${name}"` : `exports "${name}", which is no function`;
      throw new Failed({ type: 'task_failed', message: `${shown} ${what}; ${known}` });
    }).finally(lines.kept);
    const read = plainJson(given);
    if ('json' in read) return read.json;
    throw new Failed({
      type: 'output_invalid',
      message: `what ${spec.script} returned is not JSON: ${read.problem}`,
      problems: [read.problem],
    });
  },
};

/** Lines of one try that are kept, and characters of a line: a loop that talks must not fill the journal. */
const MOST_LINES = 200;
const LONGEST_LINE = 2000;

function journalLines(ctx: TaskContext): { log(...said: readonly unknown[]): void; kept(): Promise<void> } {
  let lines = 0;
  let writing: Promise<void> = Promise.resolve();
  return {
    log(...said) {
      lines += 1;
      if (lines > MOST_LINES) return;
      const line = said.map((one) => (typeof one === 'string' ? one : inspect(one, { breakLength: Number.POSITIVE_INFINITY }))).join(' ');
      const text = lines === MOST_LINES ? `only ${MOST_LINES} lines of a try are kept; this was the last` : line.slice(0, LONGEST_LINE);
      writing = writing.then(() => ctx.log(text));
      // Told by `kept`, and until then by nobody.
      writing.catch(() => undefined);
    },
    kept: () => writing,
  };
}

function exportOf(module: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(module, name)) return module[name];
  // A CommonJS module has its exports below `default`.
  const { default: all } = module;
  return typeof all === 'object' && all !== null && Object.hasOwn(all, name) ? (all as Record<string, unknown>)[name] : undefined;
}

function functionsOf(module: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.keys(module)
    .filter((name) => typeof module[name] === 'function')
    .sort();
}

/** What the user's code comes to, or Failed with its own words and its own place in the file: none of our stack. */
async function attempt<T>(shown: string, file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Failed) throw error;
    // The nearest module of the user's own: it may have come from one that theirs imports.
    const origin = originOf(error, (path) => path === file || path.startsWith(rootOf(shown, file)));
    const where = origin === undefined ? shown : `${shownAs(origin.file, shown, file)}:${origin.at}`;
    const message = error instanceof Error ? error.message : String(error);
    const name = error instanceof Error && error.name !== 'Error' ? `${error.name}: ` : '';
    throw new Failed({ type: 'task_failed', message: `${where}: ${name}${cut(message)}` }, { cause: error });
  }
}

/** The workflow's folder, from how a file is shown from there. */
function rootOf(shown: string, file: string): string {
  const inner = join(sep, shown);
  return shown.startsWith('..') || !file.endsWith(inner) ? dirname(file) + sep : file.slice(0, -inner.length) + sep;
}

function shownAs(path: string, shown: string, file: string): string {
  return posix.join(posix.dirname(shown), relative(dirname(file), path).split(sep).join('/'));
}

const cut = (text: string): string => (text.length > 1000 ? `${text.slice(0, 1000)}…` : text);

/** Files a module may be made of, beyond which it is not followed: what is imported then counts by name. */
const MOST_FILES = 500;

/** The texts of a module and of all it imports by relative paths: what its outputs follow from. Packages count by name. */
async function codeOf(path: string, { readFiles }: Pick<TaskContext, 'readFiles'>): Promise<Json> {
  const texts = new Map<string, string>();
  const waiting: (readonly string[])[] = [[path]];
  for (let candidates = waiting.pop(); candidates !== undefined && texts.size < MOST_FILES; candidates = waiting.pop()) {
    const found = await firstOf(candidates, texts, readFiles);
    if (found === undefined) continue;
    texts.set(found.path, found.text);
    for (const match of found.text.matchAll(/(?:from|import|require)\s*\(?\s*(['"])(\.{1,2}\/[^'"\n]+)\1/g))
      waiting.push(filesFor(posix.join(posix.dirname(found.path), match[2] ?? '')));
  }
  return Object.fromEntries([...texts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function firstOf(
  candidates: readonly string[],
  known: ReadonlyMap<string, string>,
  readFiles: TaskContext['readFiles'],
): Promise<{ readonly path: string; readonly text: string } | undefined> {
  for (const path of candidates) {
    if (known.has(path)) return undefined;
    try {
      const [file] = await readFiles(path);
      if (file !== undefined && 'text' in file) return { path, text: file.text };
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
    }
  }
  return undefined;
}

/** What an import may mean: TypeScript is imported by the name of what it becomes, or by none. */
function filesFor(path: string): readonly string[] {
  const stem = path.replace(/\.([cm]?)js$/, '.$1ts');
  return [path, ...(stem === path ? [] : [stem]), ...['.ts', '.js', '.mjs', '.json', '/index.ts', '/index.js'].map((end) => path + end)];
}
