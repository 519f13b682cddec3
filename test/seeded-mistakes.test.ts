import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { positionAt } from '../engine/base/position.ts';
import { checkWorkflow, type Diagnostic, loadWorkflow, renderDiagnostics } from '../engine/index.ts';

/**
 * Workflows of the gallery, and of other systems, with one mistake in each, of the kind that people make: it is told of with the right code,
 * on the line it was made in, and nothing else is. Of the places of one file that could have a mistake, the first and the last get it.
 */
const root = join(import.meta.dirname, '..');
const sandbox = mkdtempSync(join(tmpdir(), 'dagrun-seeded-'));
afterAll(() => rmSync(sandbox, { recursive: true }));

const names: string[] = [];
for (const [folder, name, wanted] of [
  ['workflows', 'workflows', /\.workflow\.yml$/],
  ['test/fixtures/expressive', 'expressive', /\.workflow\.yml$/],
  ['test/fixtures/ok', 'ok', /^tools\.workflow\.yml$/],
] as const) {
  cpSync(join(root, folder), join(sandbox, name), { recursive: true });
  const files = readdirSync(join(sandbox, name)).filter((file) => wanted.test(file));
  names.push(...files.map((file) => `${name}/${file}`).sort());
}
// That each of them is right is said by other tests.
const right = (await Promise.all(names.map(check))).map((found) => found.length === 0);
const originals = new Map(names.filter((_, index) => right[index]).map((name) => [name, readFileSync(join(sandbox, name), 'utf8')]));

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

/** A test whose path is misspelt guards nothing any more. */
const UNGUARDED = ['DAG404', 'DAG405', 'DAG406'];

const mistakes: Readonly<Record<string, Mistake>> = {
  'an unknown node': { codes: ['DAG202'], besides: UNGUARDED, seed: atEach(/(?<=nodes\.)[a-z_]+(?=\.(?:output|status))/g, 'no_such_node') },
  'an unknown input': { codes: ['DAG203'], besides: ['DAG310'], seed: atEach(/(?<=\binputs\.)[a-z_]+/g, 'no_such_input') },
  'an unknown constant': { codes: ['DAG204'], seed: atEach(/(?<=\bconstants\.)[a-z_]+/g, 'no_such_constant') },
  'a wrong path': {
    codes: ['DAG403'],
    besides: UNGUARDED,
    seed: atEach(/(?<=nodes\.[a-z_]+\.output\.)[a-z_]+\b(?!\()/g, (match) => `${match[0]}_no`),
  },
  'a misspelt property of a node': { codes: ['DAG206'], besides: UNGUARDED, seed: atEach(/(?<=nodes\.[a-z_]+\.)output\b/g, 'ouput') },
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
    seed: atEach(/coalesce\((nodes\.[\w.]+), ("[^"]*"|\w+)\)/g, (match) => match[1] ?? '', OUTPUTS),
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
  'an unknown tool': { codes: ['DAG530'], seed: atEach(/(?<=\btools: \[)[a-z_]+/g, 'no_such_tool') },
  'a name that is not carried': { codes: ['DAG403'], seed: atEach(/(?<=\bcarry\.)[a-z_]+/g, 'nothing_such') },
  'a case taken away': { codes: ['DAG330'], besides: ['DAG134'], seed: caseAway },
  'a case that never is': {
    codes: ['DAG331'],
    besides: ['DAG330', 'DAG134'],
    seed: atEach(/(?<=^ +by: \S+\n +cases:\n +"?)\w+(?="?:)/gm, 'never'),
  },
  'a file that is not there': { codes: ['DAG135'], seed: atEach(/(?<=\bworkflow: )\S+\.workflow\.yml/g, './nowhere.workflow.yml') },
  'a tier that is not there to go up to': { codes: ['DAG123'], seed: atEach(/(?<=\bescalate: \{ to: )\w+/g, 'best') },
  'a loop without a bound': { codes: ['DAG121'], seed: without(/^( +)repeat:\n/gm, /^ +max: .*\n/m) },
  'nothing to accept by': { codes: ['DAG121'], seed: without(/^( +)evaluate:\n/gm, /^ +accept_if: .*\n/m) },
};

describe.each(Object.keys(mistakes))('%s', (name) => {
  const mistake = mistakes[name]!;
  test.each([...originals])('%s', async (file, original) => {
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
  const counts = await Promise.all(
    Object.entries(mistakes).map(async ([name, { seed }]) => {
      const made = await Promise.all([...originals].map(([file, text]) => seed(text, file)));
      return [name, made.flat().length] as const;
    }),
  );
  expect(originals.size).toBeGreaterThan(12);
  expect(counts.filter(([, count]) => count === 0)).toEqual([]);
});

/** The first case of a route that says by what; told where its cases stand. */
function caseAway(text: string): readonly Seeded[] {
  return [...text.matchAll(/^ +by: .*\n( +)cases:\n(\1 {2}\S.*\n(?:\1 {3,}.*\n|\n)*)(?=\1 {2}\S)/gm)].map((match) => {
    const at = match.index + match[0].length - (match[2] ?? '').length;
    return { text: text.slice(0, at) + text.slice(match.index + match[0].length), line: lineAt(text, at) - 1 };
  });
}

/** A field taken away from below each header; told where the header stands. */
function without(header: RegExp, field: RegExp): Mistake['seed'] {
  return (text) =>
    [...text.matchAll(header)].flatMap((match): Seeded[] => {
      const start = match.index + match[0].length;
      const indent = (match[1] ?? '').length;
      const body = text.slice(start).split(new RegExp(`^ {0,${indent}}\\S`, 'm'))[0] ?? '';
      const found = field.exec(body);
      if (found === null) return [];
      const at = start + found.index;
      return [{ text: text.slice(0, at) + text.slice(at + found[0].length), line: lineAt(text, match.index) }];
    });
}

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
  const { plan } = await loadWorkflow(file, { cwd: sandbox, env: {} });
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
