import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { positionAt } from '../engine/base/position.ts';
import { checkWorkflow, type Diagnostic, loadWorkflow, renderDiagnostics } from '../engine/index.ts';

/**
 * The gallery with one mistake in it, the kind that people make: it is told of with the right code, on the line it was made in, and nothing
 * else is. Of the places of one file that could have a mistake, the first and the last get it.
 */

const gallery = join(import.meta.dirname, '../workflows');
const names = readdirSync(gallery)
  .filter((file) => file.endsWith('.workflow.yml'))
  .sort();
const sandbox = mkdtempSync(join(tmpdir(), 'dagrun-seeded-'));
cpSync(gallery, sandbox, { recursive: true });
afterAll(() => rmSync(sandbox, { recursive: true }));

/** A file with one mistake, and the line on which it is to be told; or the last of several lines, any of which is right. */
interface Seeded {
  readonly text: string;
  readonly line: number;
  readonly last?: number;
}

interface Mistake {
  readonly codes: readonly string[];
  /** One mistake may make others true: these may be told besides. */
  readonly besides?: readonly string[];
  seed(text: string, file: string): readonly Seeded[] | Promise<readonly Seeded[]>;
}

/** Each match of the pattern replaced in turn; the mistake stands on the line where the match begins. */
function atEach(
  pattern: RegExp,
  replacement: string | ((match: RegExpMatchArray) => string),
  within: RegExp = /^[\s\S]*$/,
): Mistake['seed'] {
  return (text) => {
    const part = within.exec(text);
    if (part === null) return [];
    return [...part[0].matchAll(pattern)].map((match) => {
      const at = part.index + match.index;
      const by = typeof replacement === 'string' ? replacement : replacement(match);
      return { text: text.slice(0, at) + by + text.slice(at + match[0].length), line: lineAt(text, at) };
    });
  };
}

const NODES = /^nodes:\n[\s\S]*?(?=^outputs:)/m;
const OUTPUTS = /^outputs:[\s\S]*/m;
const INPUTS = /^inputs:\n(?:[ #\n].*\n?)*/m;

const mistakes: Readonly<Record<string, Mistake>> = {
  'an unknown node': { codes: ['DAG202'], seed: atEach(/(?<=nodes\.)[a-z_]+(?=\.(?:output|status))/g, 'no_such_node') },
  'an unknown input': { codes: ['DAG203'], besides: ['DAG310'], seed: atEach(/(?<=\binputs\.)[a-z_]+/g, 'no_such_input') },
  'an unknown constant': { codes: ['DAG204'], seed: atEach(/(?<=\bconstants\.)[a-z_]+/g, 'no_such_constant') },
  'a wrong path': { codes: ['DAG403'], seed: atEach(/(?<=nodes\.[a-z_]+\.output\.)[a-z_]+\b(?!\()/g, (match) => `${match[0]}_no`) },
  'a misspelt property of a node': { codes: ['DAG206'], seed: atEach(/(?<=nodes\.[a-z_]+\.)output\b/g, 'ouput') },
  'an unknown field': {
    codes: ['DAG120'],
    besides: ['DAG121'],
    seed: atEach(/(?<=^ {4})(?:prompt|output|foreach|description)(?=:)/gm, 'promtp', NODES),
  },
  'a wrong tier': { codes: ['DAG123'], seed: atEach(/(?<=\btier: )(?:cheap|capable|premium)\b/g, 'best') },
  'an unknown kind': { codes: ['DAG125'], seed: atEach(/(?<=\bkind: )(?:set|script|command|write|http|approval)\b/g, 'shell', NODES) },
  'a duration without a unit': {
    codes: ['DAG127'],
    seed: atEach(/(?<=\b(?:timeout|expires|for|initial_delay): \d+)(?:ms|s|m|h|d)\b/g, ''),
  },
  'a field that is there twice': {
    codes: ['DAG102'],
    seed: (text) =>
      [...text.matchAll(/^ {4}(?:tier|kind): .*\n/gm)].map((match) => ({
        text: text.slice(0, match.index) + match[0] + text.slice(match.index),
        line: lineAt(text, match.index) + 1,
      })),
  },
  'a guard taken away': {
    codes: ['DAG404', 'DAG405', 'DAG406'],
    seed: atEach(/coalesce\((nodes\.[\w.]+), ("[^"]*"|\w+|\[\])\)/g, (match) => match[1] ?? '', OUTPUTS),
  },
  'a value that an enum lacks': { codes: ['DAG408'], seed: atEach(/(?<=nodes\.\S+ [!=]= "\w+)(?=")/g, 'x') },
  'a number compared with a text': {
    codes: ['DAG408', 'DAG409'],
    seed: atEach(/(?<=\bsize\([\w.]+\) [<>]=? )\d+/g, (match) => `"${match[0]}"`),
  },
  'an unknown function': { codes: ['DAG401'], seed: atEach(/\bsize(?=\()/g, 'count') },
  'an unknown helper': { codes: ['DAG402'], seed: atEach(/(?<=\{\{)(?:json|bullets|join|fence|length)(?= )/g, 'show') },
  'an unknown partial': { codes: ['DAG210'], seed: atEach(/(?<=\{\{> )\w+/g, 'no_such_partial') },
  'a tag that is not closed': { codes: ['DAG402'], seed: unclosed },
  'an unknown type': { codes: ['DAG131'], seed: atEach(/(?<=^ {6,}\w+\??: )(?:string|number|integer|boolean)(?=$| )/gm, 'strng') },
  'a default that does not fit': {
    codes: ['DAG418'],
    seed: atEach(/(?<=\btype: (?:number|integer)\b(?:(?!type:)[\s\S]){0,200}\bdefault: )\d[\d.]*/g, 'a lot', INPUTS),
  },
  'a reference that leads nowhere': { codes: ['DAG133'], seed: atEach(/(?<=#\/schemas\/)\w+/g, 'no_such_schema') },
  'a circle': { codes: ['DAG301'], seed: circles },
};

test.each(names)('%s has no mistake to begin with', async (file) => {
  expect(renderDiagnostics(await check(file), { format: 'pretty', colour: false })).toBe('');
});

describe.each(Object.keys(mistakes))('%s', (name) => {
  const mistake = mistakes[name]!;
  test.each(names)('%s', async (file) => {
    const original = readFileSync(join(gallery, file), 'utf8');
    const all = await mistake.seed(original, file);
    const chosen = all.filter((_, index) => index === 0 || index === all.length - 1);
    for (const { text, line, last = line } of chosen) {
      writeFileSync(join(sandbox, file), text);
      const diagnostics = await check(file);
      const told = `${name}, in line ${line}\n${renderDiagnostics(diagnostics, { format: 'pretty', colour: false })}`;
      const { codes, besides = [] } = mistake;
      expect(
        diagnostics.some((one) => codes.includes(one.code) && lineOf(one) >= line && lineOf(one) <= last),
        told,
      ).toBe(true);
      const others = diagnostics.filter((one) => one.severity === 'error' && ![...codes, ...besides].includes(one.code));
      expect(
        others.map(({ code }) => code),
        told,
      ).toEqual([]);
    }
    writeFileSync(join(sandbox, file), original);
  });
});

function check(file: string): Promise<readonly Diagnostic[]> {
  return checkWorkflow(file, { cwd: sandbox, env: {} });
}

test('every mistake is made somewhere', async () => {
  const texts = names.map((file) => ({ file, text: readFileSync(join(gallery, file), 'utf8') }));
  const counts = await Promise.all(
    Object.entries(mistakes).map(async ([name, { seed }]) => {
      const made = await Promise.all(texts.map(({ text, file }) => seed(text, file)));
      return [name, made.flat().length] as const;
    }),
  );
  expect(counts.filter(([, count]) => count === 0)).toEqual([]);
});

/** The end of an `each`, `if` or `unless` taken away: told where it was opened, or at the end of what is around it. */
function unclosed(text: string): readonly Seeded[] {
  return [...text.matchAll(/\{\{#(each|if|unless)\b(?:(?!\{\{[#/](?:each|if|unless)|\n\n)[\s\S])*?(\{\{\/\1\}\})/g)].map((match) => {
    const at = match.index + match[0].length - (match[2] ?? '').length;
    const end = text.indexOf('{{/', at + 1);
    return {
      text: text.slice(0, at) + text.slice(at + (match[2] ?? '').length),
      line: lineAt(text, match.index),
      last: lineAt(text, end < 0 ? at : end),
    };
  });
}

/** A node is made to wait for a later one that waits for it. */
async function circles(text: string, file: string): Promise<readonly Seeded[]> {
  const { plan } = await loadWorkflow(join(gallery, file), { env: {} });
  const start = text.search(/^nodes:/m);
  const headerOf = (id: string): RegExpExecArray | null => new RegExp(`^  ${id}:(?: #.*)?\\n`, 'm').exec(text.slice(start));
  return plan.nodes.flatMap(({ id, after }) =>
    after.flatMap(({ from }): Seeded[] => {
      const [first, second] = [headerOf(from), headerOf(id)];
      if (first === null || second === null || first.index > second.index) return [];
      const at = start + first.index + first[0].length;
      if (/^ {4}needs:/m.test(text.slice(at).split(/^ {2}\w/m)[0] ?? '')) return [];
      return [{ text: `${text.slice(0, at)}    needs: ${id}\n${text.slice(at)}`, line: lineAt(text, at) }];
    }),
  );
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

function lineOf({ at }: Diagnostic): number {
  return positionAt(at.file, at.start).line;
}
