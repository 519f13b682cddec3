import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/*
 * An MCP server of two tools: `look`, which only reads, and `note`, which writes down each call in acts.txt. It ends with whoever
 * started it, and finishes first what it was told.
 */

const input = { type: 'object', properties: { of: { type: 'string' }, word: { type: 'string' } }, required: ['of', 'word'] };
const tools = [
  { name: 'look', description: 'Looks a word up.', inputSchema: input, annotations: { readOnlyHint: true } },
  { name: 'note', description: 'Notes a word down.', inputSchema: input },
];

async function call({ name, arguments: { of, word } }) {
  if (name === 'look') return { content: [{ type: 'text', text: `${word} has ${word.length} letters` }] };
  await new Promise((go) => setTimeout(go, 2));
  appendFileSync('acts.txt', `once ${of} ${word}\n`);
  await new Promise((go) => setTimeout(go, 2));
  if (word === 'none') return { content: [{ type: 'text', text: 'there is no such word' }], isError: true };
  return { content: [{ type: 'text', text: `${word} is noted` }] };
}

async function answer(method, params) {
  switch (method) {
    case 'initialize':
      return { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'desk', version: '1' } };
    case 'tools/list':
      return { tools };
    case 'tools/call':
      return call(params);
    default:
      return {};
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) continue;
  void answer(method, params).then((result) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`));
}
