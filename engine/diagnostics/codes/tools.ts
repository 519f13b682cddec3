import type { CodeEntries } from '../code-entry.ts';

const tools = (rest: string): string => `dagrun: 1
name: orders
tools:
  search: { http: { url: https://shop.example.com/orders, query: { about: "{{args.query}}" } }, description: Finds orders., input: { fields: { query: string } } }
${rest}`;

/** DAG53x: tools. */
export const TOOL_CODES: CodeEntries = {
  DAG530: {
    title: 'a tool that is not there',
    explanation:
      'Tools are declared under `tools:`, and called by their names there. Those of an MCP server are called `<server>/<tool>`; `<server>/*` means all of them.',
    wrong: tools('nodes:\n  answer: { prompt: Where is my order?, tools: [serch] }\n'),
    right: tools('nodes:\n  answer: { prompt: Where is my order?, tools: [search] }\n'),
  },
  DAG531: {
    title: 'leave for a tool that the node does not have',
    explanation:
      '`approve` names those of the tools of a node for each call of which a person is asked. A tool that is not in `tools` is never called.',
    wrong: tools(
      '  refund: { http: { method: POST, url: https://shop.example.com/refunds, json: { order: "{{args.order}}" } }, input: { fields: { order: string } } }\nnodes:\n  answer: { prompt: Where is my order?, tools: [search], approve: [refund] }\n',
    ),
    right: tools(
      '  refund: { http: { method: POST, url: https://shop.example.com/refunds, json: { order: "{{args.order}}" } }, input: { fields: { order: string } } }\nnodes:\n  answer: { prompt: Where is my order?, tools: [search, refund], approve: [refund] }\n',
    ),
  },
  DAG532: {
    title: 'arguments that do not fit a tool',
    explanation:
      'What a `tool` node gives in `with` has to fit the `input` of the tool, or the schema its server has given. Arguments that a model makes up are looked at when it calls; it is told what is wrong.',
    wrong: tools('nodes:\n  find: { kind: tool, tool: search, with: { query: 7 } }\n'),
    right: tools('nodes:\n  find: { kind: tool, tool: search, with: { query: "7" } }\n'),
  },
  DAG533: {
    title: 'a field about tools without tools',
    explanation: '`max_turns`, `tool_choice` and `approve` say how a model calls tools. Without `tools` it is asked once, and calls none.',
    wrong: tools(
      'nodes:\n  find: { kind: tool, tool: search, with: { query: "7" } }\n  answer: { prompt: Where is my order?, max_turns: 3 }\n',
    ),
    right: tools('nodes:\n  answer: { prompt: Where is my order?, tools: [search], max_turns: 3 }\n'),
  },
  DAG534: {
    title: 'a server whose tools are not known yet',
    explanation:
      'What an MCP server offers is written into dagrun.lock, so that names, arguments and types can be checked without starting it, and so that it cannot change unnoticed. There is no entry for this server: the first run, or `dagrun tools update`, asks it.',
    wrong: `dagrun: 1
name: files
tools:
  fs: { mcp: { command: npx, args: [-y, "@modelcontextprotocol/server-filesystem", "."] } }
nodes:
  answer: { prompt: What is in the folder?, tools: ["fs/*"] }
`,
    right: tools('nodes:\n  answer: { prompt: Where is my order?, tools: [search] }\n'),
  },
  DAG535: {
    title: 'a workflow that waits, called as a tool',
    explanation:
      'A workflow that is a tool runs within the call of the model that wants it, and comes to its end by itself. One of its nodes waits for a person, a signal or a time, or may call a tool only when somebody says yes.',
  },
};
