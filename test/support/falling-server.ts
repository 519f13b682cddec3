/**
 * The text of a module that is an MCP server with two tools: `stand` answers `fine`, and `fall` does what `falls` says, which ends the
 * process. `first`: what it does when it starts.
 */
export function fallingServer(falls: string, first = ''): string {
  return `${first}
import { createInterface } from 'node:readline';
const say = (id, result) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result }) + '\\n');
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (method === 'initialize') say(id, { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 's', version: '1' } });
  if (method === 'tools/list') say(id, { tools: ['fall', 'stand'].map((name) => ({ name, inputSchema: { type: 'object' } })) });
  if (method === 'tools/call' && params.name === 'stand') say(id, { content: [{ type: 'text', text: 'fine' }] });
  if (method === 'tools/call' && params.name === 'fall') { ${falls} }
});
`;
}
