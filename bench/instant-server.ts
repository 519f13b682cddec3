import { createServer } from 'node:http';

// A server in a process of its own, so that its CPU time is not counted: answers every request at once, as the provider named by the path would.
const usage = { input_tokens: 20, output_tokens: 5, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 };
const anthropic = JSON.stringify({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'bench',
  content: [{ type: 'text', text: 'An answer of some words.' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage,
});
const openai = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 0,
  model: 'bench',
  choices: [{ index: 0, message: { role: 'assistant', content: 'An answer of some words.', refusal: null }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 20, completion_tokens: 5, total_tokens: 25 },
});

const server = createServer((request, response) => {
  request.on('data', () => undefined);
  request.on('end', () => {
    const body = request.url?.endsWith('/messages') ? anthropic : openai;
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
    response.end(body);
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address) process.send?.(address.port);
});
process.once('disconnect', () => process.exit(0));
