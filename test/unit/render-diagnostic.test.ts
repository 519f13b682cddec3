import { describe, expect, test } from 'vitest';
import type { Diagnostic } from '../../engine/contracts/diagnostic.ts';
import type { SourceFile } from '../../engine/contracts/source.ts';
import { renderDiagnostics } from '../../engine/diagnostics/render.ts';
import { adviceOn, suggest } from '../../engine/diagnostics/suggest.ts';

const pretty = (...diagnostics: Diagnostic[]): string => renderDiagnostics(diagnostics, { format: 'pretty', colour: false });

function at(file: SourceFile, part: string, more: Partial<Diagnostic> = {}): Diagnostic {
  const start = file.text.indexOf(part);
  return { code: 'DAG202', severity: 'error', message: 'wrong', at: { file, start, end: start + part.length }, ...more };
}

const file: SourceFile = {
  name: 'review.workflow.yml',
  text: 'nodes:\n  scan: 1\n  architect:\n    prompt: |\n      Review the design. Known problems:\n      {{nodes.scann.output}}\n\n  last: 2\n',
};

describe('for people', () => {
  test('a frame, the cause, the help', () => {
    const diagnostic = at(file, 'scann', {
      message: '"architect" reads the output of "scann", which is not a node',
      label: 'no node has this id',
      because: 'reading is waiting',
      help: 'did you mean "scan"?',
    });
    expect(pretty(diagnostic)).toBe(`review.workflow.yml:6:15 error DAG202: "architect" reads the output of "scann", which is not a node

    5 |       Review the design. Known problems:
  > 6 |       {{nodes.scann.output}}
      |               ^^^^^ no node has this id
    7 |

  because: reading is waiting
  help: did you mean "scan"?
  more: dagrun explain DAG202
`);
  });

  test('several places of one file stand in one frame', () => {
    const related = [{ at: at(file, 'scan').at, label: 'this one' }];
    expect(pretty(at(file, 'last', { related, label: 'here' }))).toBe(`review.workflow.yml:8:3 error DAG202: wrong

  > 2 |   scan: 1
      |   ^^^^ this one
  > 8 |   last: 2
      |   ^^^^ here

  more: dagrun explain DAG202
`);
  });

  test('a place in another file is named', () => {
    const other = { name: 'b.yml', text: 'x: 1\ny: 2\n' };
    expect(pretty(at(file, 'last', { related: [{ at: at(other, 'y').at, label: 'defined here' }] }))).toContain(
      '  see: b.yml:2:1 defined here\n',
    );
  });

  test('tabs stay tabs, wide characters count twice, control characters are shown', () => {
    const odd = { name: 'x.yml', text: 'k:\t"日本🙂" bad\u001b[31m\n' };
    expect(pretty(at(odd, 'bad'))).toContain('  > 1 | k:\t"日本🙂" bad�[31m\n      |   \t         ^^^\n');
  });

  test('of a long line the part around the mark is shown', () => {
    const long = { name: 'x.yml', text: `a: ${'x '.repeat(200)}HERE ${'y '.repeat(200)}` };
    const [, , line = '', marks = ''] = pretty(at(long, 'HERE')).split('\n');
    expect(line.length).toBeLessThan(160);
    expect(line.slice(marks.indexOf('^'), marks.lastIndexOf('^') + 1)).toBe('HERE');
  });

  test('a place of several lines is marked on its first', () => {
    expect(pretty(at(file, 'architect:\n    prompt: |\n'))).toContain('  > 3 |   architect:\n      |   ^^^^^^^^^^\n    4 |');
  });

  test('twenty are shown, the others counted; none is empty', () => {
    const many = Array.from({ length: 33 }, () => at(file, 'last'));
    expect(pretty(...many).match(/error DAG202/g)).toHaveLength(20);
    expect(pretty(...many)).toMatch(/… and 13 more\n$/);
    expect(pretty()).toBe('');
  });

  test('colour carries no meaning of its own', () => {
    const diagnostic = at(file, 'last', { help: 'h', label: 'l' });
    const coloured = renderDiagnostics([diagnostic], { format: 'pretty', colour: true });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what colour is made of.
    expect(coloured.replaceAll(/\u001b\[\d+m/g, '')).toBe(pretty(diagnostic));
    expect(coloured).not.toBe(pretty(diagnostic));
  });
});

test('for editors: one line each, in the order of the file', () => {
  const text = renderDiagnostics([at(file, 'last', { severity: 'warning' }), at(file, 'scan')], { format: 'line', colour: false });
  expect(text).toBe('review.workflow.yml:2:3 error DAG202: wrong\nreview.workflow.yml:8:3 warning DAG202: wrong\n');
});

test('for programs: every field, positions as lines and columns', () => {
  const here = at(file, 'last').at;
  const diagnostic = at(file, 'scann', { help: 'h', related: [{ at: here, label: 'x' }], fix: { at: here, replacement: 'y' } });
  const place = { file: 'review.workflow.yml', line: 8, column: 3, endLine: 8, endColumn: 7 };
  expect(JSON.parse(renderDiagnostics([diagnostic], { format: 'json', colour: true }))).toEqual([
    {
      code: 'DAG202',
      severity: 'error',
      message: 'wrong',
      file: 'review.workflow.yml',
      line: 6,
      column: 15,
      endLine: 6,
      endColumn: 20,
      help: 'h',
      related: [{ ...place, label: 'x' }],
      fix: { ...place, replacement: 'y' },
    },
  ]);
  expect(renderDiagnostics([], { format: 'json', colour: false })).toBe('[]\n');
});

test('for GitHub: nothing in a message or a file name can end the command', () => {
  const odd = { name: 'a,b:c.yml', text: 'x\n' };
  expect(renderDiagnostics([at(odd, 'x', { message: '100%\n::error::', help: 'do' })], { format: 'github', colour: false })).toBe(
    '::error file=a%2Cb%3Ac.yml,line=1,endLine=1,col=1,endColumn=2,title=DAG202::100%25%0A::error::%0Ado\n',
  );
});

describe('did you mean', () => {
  test.each([
    ['scann', ['scan', 'report'], 'scan'],
    ['naem', ['name', 'same'], 'name'],
    ['maxTokens', ['max_tokens'], 'max_tokens'],
    ['Scan', ['scan'], 'scan'],
    ['first-node', ['first_node'], 'first_node'],
    ['abc', ['abd', 'abe'], 'abd'],
    ['completely', ['different'], undefined],
    ['ab', ['ac'], undefined],
    ['id', ['if'], undefined],
  ] as const)('%s of %j: %s', (name, candidates, expected) => {
    expect(suggest(name, candidates)).toBe(expected);
  });

  test('the list, when it is short and nothing is near', () => {
    expect(adviceOn('zzz', ['a', 'b', 'c'])).toBe('there are "a", "b" and "c"');
    expect(adviceOn('zzz', ['a'])).toBe('there is only "a"');
    expect(adviceOn('zzz', 'abcdefghi')).toBeUndefined();
    expect(adviceOn('zzz', [])).toBeUndefined();
    expect(adviceOn('scann', ['scan'])).toBe('did you mean "scan"?');
  });
});
