import type { CodeEntries } from '../code-entry.ts';

/** DAG6xx: secrets, and what reaches the world outside. */
export const SAFETY_CODES: CodeEntries = {
  DAG601: {
    title: 'a secret cannot stand here',
    explanation:
      'Secrets may stand in `headers` and `env` of `http`, `command` and `tools` only, as `{{secrets.<name>}}`, alone or inside text. There the journal, the cache and every message hold the name and not the value. Anywhere else the value would be kept, printed or sent to a model.',
    wrong: `dagrun: 1
name: weather
nodes:
  weather:
    kind: http
    url: https://api.example.com/weather?key={{secrets.weather}}
outputs: { weather: nodes.weather.output }
`,
    right: `dagrun: 1
name: weather
nodes:
  weather:
    kind: http
    url: https://api.example.com/weather
    headers: { authorization: "Bearer {{secrets.weather}}" }
outputs: { weather: nodes.weather.output }
`,
  },
  DAG602: {
    title: 'a secret that is not configured',
    explanation: `Secrets are named in dagrun.config.yml: \`secrets: { github: "\${GH_TOKEN}" }\`. The workflow reads them by that name.`,
  },
  DAG603: {
    title: 'model output reaches a command, an address or a path',
    explanation:
      'Text that a model is free to choose decides what is called, opened or written; and a model can be talked into an answer by what it reads. The message shows the nodes the text comes through. It is no free text when the schema of what is read says what it may be: an enum, a const, a `pattern`, a number, true or false. An approval that stands between the model and the reader lets a person decide. A model that may call a tool fills in its arguments: there the `input` of the tool is that schema, and `approve` asks a person. What goes into another workflow, or comes out of one, is followed there. Text on `stdin`, in `json`, and the `content` of a file are data, and no risk of this sort.',
    wrong: `dagrun: 1
name: checkout
nodes:
  choose:
    prompt: Which branch should be tested?
  test:
    kind: command
    argv: [git, checkout, "{{nodes.choose.output}}"]
outputs: { log: nodes.test.output }
`,
    right: `dagrun: 1
name: checkout
nodes:
  choose:
    prompt: Which branch should be tested?
    output: { type: string, pattern: "^[a-z][a-z0-9-]*$" }
  test:
    kind: command
    argv: [git, checkout, "{{nodes.choose.output}}"]
outputs: { log: nodes.test.output }
`,
  },
  DAG604: {
    title: 'a model decides what is run',
    explanation:
      'The first element of `argv` is the program, and the text after the `-c` of a shell (or the `-e` of an interpreter) is code: what a model writes there is run as it is. Name the program in the file, and let the model choose among values of an enum.',
    wrong: `dagrun: 1
name: helper
inputs:
  task: { type: string }
nodes:
  write:
    prompt: Write one line of shell for this. {{inputs.task}}
  execute:
    kind: command
    argv: [sh, -c, "{{nodes.write.output}}"]
outputs: { log: nodes.execute.output }
`,
    right: `dagrun: 1
name: helper
inputs:
  task: { type: string }
nodes:
  choose:
    prompt: Which script fits this? {{inputs.task}}
    output: { fields: { script: test | lint | build } }
  execute:
    kind: command
    argv: [npm, run, "{{nodes.choose.output.script}}"]
outputs: { log: nodes.execute.output }
`,
  },
};
