import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { isObject } from '../../engine/base/json.ts';
import { checkWorkflow, renderDiagnostics } from '../../engine/index.ts';
import { fieldsOf } from '../../engine/lang/notation.ts';
import { schemaProblems } from '../../engine/lang/schema-problems.ts';
import { kinds } from '../../engine/nodes/registry.ts';
import { ownFields } from '../../engine/syntax/schema.ts';
import { workflowOf } from '../support/workflow-of.ts';

const sandbox = mkdtempSync(join(tmpdir(), 'dagrun-kinds-'));
afterAll(() => rmSync(sandbox, { recursive: true }));
// The file that the example of kind `workflow` names.
writeFileSync(
  join(sandbox, 'review.workflow.yml'),
  'dagrun: 1\nname: review\ninputs:\n  diff: { type: string }\n  strict: { type: boolean, default: false }\nnodes:\n  review: { prompt: "Review this. {{#if inputs.strict}}Be strict.{{/if}} {{inputs.diff}}" }\noutputs: { review: nodes.review.output }\n',
);

// The modules that examples name.
mkdirSync(join(sandbox, 'lib'));
for (const file of ['lib/words.ts', 'it.mjs']) writeFileSync(join(sandbox, file), '');

/** A file with the example of a kind as its only node; inputs that it reads are texts. */
function fileOf(example: string): string {
  const inputs = [...new Set([...example.matchAll(/inputs\.([a-z_]+)/g)].map((match) => match[1]!))];
  const list = /size\(|\.exists\(|foreach:/.test(example);
  const declared = inputs.map((name) => `  ${name}: ${list ? '{ type: array, items: { type: string } }' : '{ type: string }'}\n`).join('');
  const node = example.trimEnd().replaceAll('\n', '\n    ');
  const tool = /^tool: (\w+)$/m.exec(example)?.[1];
  const tools = tool === undefined ? '' : `tools:\n  ${tool}: { script: ./it.mjs#it, input: { fields: { text: string } } }\n`;
  return `dagrun: 1\nname: example\n${inputs.length > 0 ? `inputs:\n${declared}` : ''}${tools}nodes:\n  it:\n    ${node}\noutputs: { it: nodes.it.status }\n`;
}

describe.each(kinds.map((kind) => [kind.kind, kind] as const))('%s', (name, kind) => {
  test('every field says what it holds and what it is for', () => {
    for (const [field, schema] of Object.entries(ownFields(kind))) {
      expect(schema, field).toMatchObject({
        description: expect.stringMatching(/\.$/),
        'x-holds': expect.stringMatching(/^(template|expression|literal)$/),
      });
    }
    expect(kind.schema).toMatchObject({ type: 'object', additionalProperties: false });
    expect(kind.summary).toMatch(/^[A-Z].*\.$/);
  });

  test('its example has no mistake', async () => {
    writeFileSync(join(sandbox, `${name}.workflow.yml`), fileOf(kind.example));
    const told = await checkWorkflow(`${name}.workflow.yml`, { cwd: sandbox, env: {} });
    // Nobody uses what an example makes.
    const mistakes = told.filter(({ severity }) => severity === 'error');
    expect(renderDiagnostics(mistakes, { format: 'pretty', colour: false })).toBe('');
  });

  test('what it gives without `output` has a schema that is one', () => {
    const node = [...workflowOf(fileOf(kind.example)).nodes.values()][0]!;
    for (const spec of [node.spec, { ...node.spec, full: true }]) {
      const schema = kind.output(spec);
      expect(isObject(schema)).toBe(true);
      expect(schemaProblems(schema)).toEqual([]);
    }
    // What a group does is written in its nodes.
    if (node.body?.type !== 'group') expect(fieldsOf(kind.schema, node.spec, []).length).toBeGreaterThan(0);
  });
});
