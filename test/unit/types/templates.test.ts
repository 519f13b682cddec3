import { describe, expect, it } from 'vitest';
import { inferTemplate } from '../../../engine/lang/infer-template.ts';
import { parseTemplate } from '../../../engine/lang/template.ts';
import { names } from './world.ts';

const partials = {
  finding: '- {{file}}:{{line}} {{this.severity}}',
  wrong: '{{fil}}',
  titled: '# {{title}}\n{{t}}',
  loop: '{{> loop}}',
};

function problemsOf(text: string): readonly string[] {
  const parsed = parseTemplate(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.problem.message}`);
  const problems = inferTemplate(parsed.tree, { names, skips: 'follow' }, partials);
  return problems.map((one) => `${one.code} ${text.slice(one.start, one.end)}`);
}

describe('right templates are silent', () => {
  it.each([
    'no names at all',
    '{{t}} {{n}} {{i}} {{b}} {{kind}} {{risk}} {{mix}} {{any}} {{any.x.y}} {{unknown.name}}',
    '{{o.name}} {{o.deep.x}} {{files.[0]}}',
    '{{json o}} {{yaml findings}} {{join files ", "}} {{bullets files}} {{json mo}} {{json mt}}',
    '{{#each files}}{{this}} {{@index}} {{@first}}{{/each}}',
    '{{#each files as |f i|}}{{f}} {{i}} {{@last}}{{/each}}',
    '{{#each findings}}{{file}}:{{line}} {{severity}} {{../t}} {{t}}{{/each}}',
    '{{#each findings as |f|}}{{f.file}} {{#if f.note}}{{f.note}}{{/if}}{{/each}}',
    '{{#each findings}}{{#if note}}{{note}}{{else}}-{{/if}}{{/each}}',
    '{{#each findings}}{{default note "none"}}{{/each}}',
    '{{#each nested}}{{#each this}}{{this}}{{/each}}{{/each}}',
    '{{#each findings as |f|}}{{#each ../files as |x|}}{{f.file}}{{x}}{{/each}}{{/each}}',
    '{{#each findings as |f|}}{{#each files as |x|}}{{f.file}}{{x}}{{../file}}{{/each}}{{/each}}',
    '{{#each map}}{{@key}}: {{this}}{{/each}}',
    '{{#each any}}{{name}} {{this.x}}{{/each}}',
    '{{#each holes}}{{#if this}}{{file}}{{/if}}{{/each}}',
    '{{#each holes as |h|}}{{#if h}}{{h.file}}{{else}}missing{{/if}}{{/each}}',
    '{{#if mt}}{{mt}}{{/if}}',
    '{{#unless mt}}none{{else}}{{mt}}{{/unless}}',
    '{{#if (exists mt)}}{{mt}}{{/if}}',
    '{{#if (and b mt)}}{{mt}}{{/if}}',
    '{{#if (not mt)}}none{{else}}{{mt}}{{/if}}',
    '{{#if (ne mt null)}}{{mt}}{{/if}}',
    '{{#if mo}}{{mo.x}}{{/if}}',
    '{{#if mo.x}}{{mo.x}}{{/if}}',
    '{{default mo.x 0}} {{default mt "none"}} {{upper (default mt "none")}}',
    '{{#with o}}{{name}} {{deep.x}} {{t}}{{/with}}',
    '{{#with o as |p|}}{{p.name}}{{/with}}',
    '{{#if o.extra}}{{o.extra}}{{/if}}',
    '{{#if (eq kind "docs")}}x{{else if (eq kind "feature")}}y{{/if}}',
    '{{#if (eq event.kind "click")}}{{event.x}}{{else}}{{event.code}}{{/if}}',
    '{{#if (gt risk 0.5)}}high{{/if}} {{#if (lt i n)}}x{{/if}}',
    '{{#if files}}{{length files}} files{{/if}}',
    '{{truncate t 20}} {{indent t 2}} {{fence t "js"}} {{upper kind}} {{trim t}}',
    '{{#each (lines t)}}{{this}}{{/each}}',
    '{{lookup files i}} {{lookup map t}}',
    '{{s.x}} {{#if s}}{{s.level}}{{/if}} {{default s.x 0}}',
    '{{#each findings}}{{> finding}}{{/each}}',
    '{{> titled title="A"}} {{> titled title=t}}',
    '{{#each findings as |f|}}{{> finding f}}{{/each}}',
    '{{> titled title=t other=mt}}',
    '{{#if (upper mt)}}x{{/if}} {{default (upper mt) "none"}}',
    '{{> loop}}',
    '{{> unknown_partial}}',
    '{{#each tree.children}}{{name}}{{#each children}}{{name}} {{../name}}{{/each}}{{/each}}',
    '{{date any}} {{date t "YYYY"}}',
  ])('%s', (text) => expect(problemsOf(text)).toEqual([]));
});

describe('wrong templates', () => {
  it.each([
    ['{{o.nmae}}', 'DAG403 nmae'],
    ['{{o.deep.y}} x', 'DAG403 y'],
    ['{{o}}', 'DAG412 o'],
    ['{{files}}', 'DAG412 files'],
    ['{{findings}}', 'DAG412 findings'],
    ['{{mt}}', 'DAG412 mt'],
    ['{{mo.x}}', 'DAG405 mo'],
    ['{{o.extra}}', 'DAG404 extra'],
    ['{{#each findings}}{{fil}}{{/each}}', 'DAG403 fil'],
    ['{{#each findings as |f|}}{{f.fil}}{{/each}}', 'DAG403 fil'],
    ['{{#each findings}}{{note}}{{/each}}', 'DAG404 note'],
    ['{{#each findings}}{{this}}{{/each}}', 'DAG412 this'],
    ['{{#each files}}{{this.name}}{{/each}}', 'DAG403 name'],
    ['{{#each holes}}{{file}}{{/each}}', 'DAG405 file'],
    ['{{#each t}}{{this}}{{/each}}', 'DAG411 t'],
    ['{{#each mo}}x{{/each}}', 'DAG405 mo'],
    ['{{#if o.nmae}}x{{/if}}', 'DAG403 nmae'],
    ['{{#if mt}}x{{else}}{{mt}}{{/if}}', 'DAG412 mt'],
    ['{{#if (or b mt)}}{{mt}}{{/if}}', 'DAG412 mt'],
    ['{{default o.nmae "x"}}', 'DAG403 nmae'],
    ['{{upper files}}', 'DAG409 files'],
    ['{{join t}}', 'DAG409 t'],
    ['{{bullets o}}', 'DAG409 o'],
    ['{{truncate t "a"}}', 'DAG409 "a"'],
    ['{{upper mt}}', 'DAG405 mt'],
    ['{{#if (eq kind "dosc")}}x{{/if}}', 'DAG408 "dosc"'],
    ['{{#if (eq i "3")}}x{{/if}}', 'DAG408 "3"'],
    ['{{#if (gt t 3)}}x{{/if}}', 'DAG408 (gt t 3)'],
    ['{{findings.length}}', 'DAG403 length'],
    ['{{#with mo}}{{x}}{{/with}}', 'DAG405 mo'],
    ['{{#each findings}}{{> wrong}}{{/each}}', 'DAG403 {{> wrong}}'],
    ['{{> titled title=mt}}', 'DAG412 {{> titled title=mt}}'],
    ['{{lookup t 0}}', 'DAG409 t'],
  ])('%s', (text, problem) => expect(problemsOf(text)).toEqual([problem]));
});
