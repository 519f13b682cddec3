import { existsSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { workspace } from '../support/workspace-run.ts';

const place = workspace();
afterAll(() => place.remove());

const FILE = `
nodes:
  fetch: { kind: http, url: "http://127.0.0.1:1/x", headers: { authorization: "{{secrets.nobody}}" }, output: { fields: { id: integer 1..5 } } }
  deploy: { kind: command, argv: [touch, deployed], output: { type: string } }
  look: { kind: command, argv: [echo, here], idempotent: true, output: { type: string } }
  keep: { kind: write, path: out.txt, content: "{{nodes.fetch.output.id}}" }
outputs: { id: nodes.fetch.output.id, deploy: nodes.deploy.output, look: nodes.look.output, keep: nodes.keep.output.bytes }
`;

test('a run that asks nobody makes up what would reach a network or may do harm', async () => {
  place.write('dagrun.config.yml', 'secrets: { nobody: "$'.concat('{NOT_SET}" }\n'));
  const { result } = await place.run(FILE, { offline: true });
  expect(result.error).toBeUndefined();
  expect(result.outputs).toMatchObject({ id: expect.any(Number), deploy: expect.any(String), look: 'here', keep: 1 });
  expect(existsSync(place.path('deployed'))).toBe(false);
  expect(existsSync(place.path('out.txt'))).toBe(true);
});

test('a stub stands for it', async () => {
  place.write('it.replies.yml', 'stubs:\n  - { node: fetch, json: { id: 3 } }\n  - { node: deploy, text: done }\n');
  const { result } = await place.run(FILE, { replies: 'it.replies.yml' });
  expect(result.outputs).toEqual({ id: 3, deploy: 'done', look: 'here', keep: 1 });
});
