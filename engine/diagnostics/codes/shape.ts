import type { CodeEntries } from '../code-entry.ts';

/** DAG120 to DAG199: shape. */
export const SHAPE_CODES: CodeEntries = {
  DAG120: {
    title: 'a field that does not exist',
    explanation:
      'Every field is known to the language or to the kind of the node; anything else is a spelling mistake or a word of another tool, and would do nothing.',
    wrong: `dagrun: 1
name: greeting
nodes:
  greet:
    promt: Write a greeting.
outputs: { text: nodes.greet.output }
`,
    right: `dagrun: 1
name: greeting
nodes:
  greet:
    prompt: Write a greeting.
outputs: { text: nodes.greet.output }
`,
  },
  DAG121: {
    title: 'a field that is missing',
    explanation: 'Something cannot be done without this field, and nothing can stand in for it.',
    wrong: `dagrun: 1
name: greeting
nodes:
  greet:
    tier: cheap
outputs: { text: nodes.greet.output }
`,
    right: `dagrun: 1
name: greeting
nodes:
  greet:
    tier: cheap
    prompt: Write a greeting.
outputs: { text: nodes.greet.output }
`,
  },
  DAG122: {
    title: 'a value of the wrong type',
    explanation:
      'A field wants a text, a number, a list or a map, and has something else. In YAML 1.2, yes and no are texts, and so is a number between quotes.',
    wrong: `dagrun: 1
name: greeting
nodes:
  greet:
    prompt: Write a greeting.
    max_tokens: "200"
outputs: { text: nodes.greet.output }
`,
    right: `dagrun: 1
name: greeting
nodes:
  greet:
    prompt: Write a greeting.
    max_tokens: 200
outputs: { text: nodes.greet.output }
`,
  },
  DAG123: {
    title: 'a value that is not allowed',
    explanation: 'The value is of the right type, but not one of those the field takes, or out of its bounds.',
    wrong: `dagrun: 1
name: greeting
nodes:
  greet:
    tier: premum
    prompt: Write a greeting.
outputs: { text: nodes.greet.output }
`,
    right: `dagrun: 1
name: greeting
nodes:
  greet:
    tier: premium
    prompt: Write a greeting.
outputs: { text: nodes.greet.output }
`,
  },
  DAG124: {
    title: 'fields that exclude each other',
    explanation: 'Two fields say the same thing in different ways, and only one of them can hold.',
    wrong: `dagrun: 1
name: greeting
inputs:
  silent: { type: boolean }
  short: { type: boolean }
nodes:
  greet:
    skip_if: inputs.silent
    run_if: inputs.short
    prompt: Write a greeting.
outputs:
  text: coalesce(nodes.greet.output, "")
`,
    right: `dagrun: 1
name: greeting
inputs:
  silent: { type: boolean }
  short: { type: boolean }
nodes:
  greet:
    skip_if: inputs.silent || !inputs.short
    prompt: Write a greeting.
outputs:
  text: coalesce(nodes.greet.output, "")
`,
  },
  DAG125: {
    title: 'a kind that does not exist',
    explanation: 'The kind of a node says what it does. A node without `kind` is a model call.',
    wrong: `dagrun: 1
name: greeting
nodes:
  greet:
    kind: lmm
    prompt: Write a greeting.
outputs: { text: nodes.greet.output }
`,
    right: `dagrun: 1
name: greeting
nodes:
  greet:
    kind: llm
    prompt: Write a greeting.
outputs: { text: nodes.greet.output }
`,
  },
  DAG126: {
    title: 'a field of another kind',
    explanation: 'The field exists, but not for nodes of this kind. Either the kind or the field was not meant.',
    wrong: `dagrun: 1
name: greeting
nodes:
  greet:
    kind: set
    prompt: Write a greeting.
outputs: { text: nodes.greet.output }
`,
    right: `dagrun: 1
name: greeting
nodes:
  greet:
    prompt: Write a greeting.
outputs: { text: nodes.greet.output }
`,
  },
  DAG127: {
    title: 'a duration without its unit',
    explanation:
      'A duration is a number and a unit without a blank between them: 250ms, 90s, 1.5h, 2d. A bare number could be seconds as well as milliseconds.',
    wrong: `dagrun: 1
name: greeting
nodes:
  greet:
    prompt: Write a greeting.
    timeout: 60
outputs: { text: nodes.greet.output }
`,
    right: `dagrun: 1
name: greeting
nodes:
  greet:
    prompt: Write a greeting.
    timeout: 60s
outputs: { text: nodes.greet.output }
`,
  },
  DAG128: {
    title: 'another version of the language',
    explanation: 'The field `dagrun` names the version of the language a file is written in. This dagrun reads version 1.',
    wrong: `dagrun: 2
name: greeting
nodes:
  greet: { prompt: Write a greeting. }
outputs: { text: nodes.greet.output }
`,
    right: `dagrun: 1
name: greeting
nodes:
  greet: { prompt: Write a greeting. }
outputs: { text: nodes.greet.output }
`,
  },
  DAG129: {
    title: 'a name that expressions could not read',
    explanation:
      'Ids of nodes, names of inputs and outputs and of items are made of small letters, digits and _, and begin with a letter. A hyphen would be a subtraction: `nodes.my-node` is `nodes.my` minus `node`. The name of a workflow has hyphens in place of _.',
    wrong: `dagrun: 1
name: greeting
nodes:
  first-greeting: { prompt: Write a greeting. }
`,
    right: `dagrun: 1
name: greeting
nodes:
  first_greeting: { prompt: Write a greeting. }
outputs: { text: nodes.first_greeting.output }
`,
  },
  DAG130: {
    title: 'a name that means something else',
    explanation:
      'Words of the language, of expressions, and the helpers of templates cannot be names: whoever reads them could not tell which is meant.',
    wrong: `dagrun: 1
name: greeting
nodes:
  item: { prompt: Write a greeting. }
`,
    right: `dagrun: 1
name: greeting
nodes:
  greet: { prompt: Write a greeting. }
outputs: { text: nodes.greet.output }
`,
  },
  DAG131: {
    title: 'a mistake in `fields`',
    explanation:
      'The shorthand `fields` maps names to types: string, number, integer, boolean, any; a range such as `integer 1..10`; the allowed values, `low | high`; [T] for a list; a map for an object; { schema: … } for any JSON Schema; and after ` -- ` a description. A name with ? at its end may be missing.',
    wrong: `dagrun: 1
name: greeting
nodes:
  greet:
    prompt: Write a greeting.
    output: { fields: { text: strng } }
outputs: { text: nodes.greet.output }
`,
    right: `dagrun: 1
name: greeting
nodes:
  greet:
    prompt: Write a greeting.
    output: { fields: { text: string } }
outputs: { text: nodes.greet.output.text }
`,
  },
  DAG132: {
    title: 'a mistake in a JSON Schema',
    explanation:
      'A schema is JSON Schema, version 2020-12. A keyword it does not know, or a type it does not have, would be passed over in silence and allow everything.',
    wrong: `dagrun: 1
name: greeting
inputs:
  topic: { type: str }
nodes:
  greet: { prompt: "Write a greeting about {{inputs.topic}}." }
outputs: { text: nodes.greet.output }
`,
    right: `dagrun: 1
name: greeting
inputs:
  topic: { type: string }
nodes:
  greet: { prompt: "Write a greeting about {{inputs.topic}}." }
outputs: { text: nodes.greet.output }
`,
  },
  DAG133: {
    title: 'a reference that leads nowhere',
    explanation:
      'In a schema, $ref names an entry of `schemas` ("#/schemas/finding"), a part of the schema it stands in ("#/$defs/part"), or a JSON or YAML file beside the workflow. Nothing is fetched from elsewhere.',
    wrong: `dagrun: 1
name: review
schemas: { finding: { fields: { line: integer, issue: string } } }
nodes:
  scan:
    prompt: Find a bug in this line. x = = 1
    output: { $ref: "#/schemas/findings" }
outputs: { finding: nodes.scan.output }
`,
    right: `dagrun: 1
name: review
schemas: { finding: { fields: { line: integer, issue: string } } }
nodes:
  scan:
    prompt: Find a bug in this line. x = = 1
    output: { $ref: "#/schemas/finding" }
outputs: { finding: nodes.scan.output }
`,
  },
  DAG134: {
    title: 'a field of a node that none of its cases uses',
    explanation:
      'A node with a `route` is done in one of several ways, its cases; the fields of the node are what the cases have in common. A field that every case replaces, or that belongs to a kind which no case has, would never be looked at.',
    wrong: `dagrun: 1
name: respond
inputs:
  urgent: { type: boolean }
  question: { type: string }
nodes:
  respond:
    route:
      by: inputs.urgent
      cases:
        true: { tier: capable }
        false: { tier: cheap }
    tier: premium
    prompt: "{{inputs.question}}"
outputs:
  answer: nodes.respond.output
`,
    right: `dagrun: 1
name: respond
inputs:
  urgent: { type: boolean }
  question: { type: string }
nodes:
  respond:
    route:
      by: inputs.urgent
      cases:
        true: { tier: premium }
        false: {}
    tier: cheap
    prompt: "{{inputs.question}}"
outputs:
  answer: nodes.respond.output
`,
  },
  DAG135: {
    title: 'a workflow file that cannot be read',
    explanation:
      '`kind: workflow` names another workflow file. Its path starts at the folder of the file that names it, and stays inside the workspace: the folder with `dagrun.config.yml`, `.git` or `package.json` above it.',
  },
  DAG136: {
    title: 'a workflow file with mistakes',
    explanation:
      'A workflow is only right when the workflows it is made of are. What is wrong with the other file is told with that file, and shown by `dagrun validate` of it as well.',
  },
  DAG137: {
    title: 'a workflow that is part of itself',
    explanation:
      'A file that `kind: workflow` names is part of the file that names it, so no file may lead back to itself, by whatever way. What looks like recursion is mostly a loop: `repeat` does the nodes of a group again.',
    wrong: `dagrun: 1
name: refine
inputs:
  text: { type: string }
nodes:
  improve:
    prompt: Improve this text. {{inputs.text}}
  again:
    kind: workflow
    workflow: ./example.workflow.yml
    with: { text: "{{nodes.improve.output}}" }
outputs:
  text: nodes.again.status
`,
    right: `dagrun: 1
name: refine
inputs:
  text: { type: string }
nodes:
  improve:
    repeat: { times: 3 }
    prompt: Improve this text. {{default previous inputs.text}}
outputs:
  text: nodes.improve.output
`,
  },
  DAG138: {
    title: 'a prompt file that cannot be read',
    explanation:
      '`prompt_file` names the file a prompt stands in. Its path starts at the folder of the file that names it, stays inside the workspace, and is written out: what a prompt reads has to be known before the run.',
    wrong: `dagrun: 1
name: greeting
nodes:
  greet:
    prompt_file: ./prompts/greting.md
outputs:
  text: nodes.greet.output
`,
    right: `dagrun: 1
name: greeting
nodes:
  greet:
    prompt: Write a greeting.
outputs:
  text: nodes.greet.output
`,
  },
  DAG139: {
    title: 'a module, a program or a folder that is not there',
    explanation:
      'The module of a `script`, a program that is named with its folder, and the `cwd` of a `command` have to be there when the node runs, and a program may be executed. Nothing is said where something that comes before could write it: a `write`, a `command`, a `script`, a tool, or another file with one of these. A program without a folder in its name is looked for on the PATH, and not checked.',
    wrong: `dagrun: 1
name: count
nodes:
  words:
    kind: command
    argv: [./scripts/count-words.sh, README.md]
outputs: { words: nodes.words.output }
`,
    right: `dagrun: 1
name: count
nodes:
  words:
    kind: command
    argv: [wc, -w, README.md]
outputs: { words: nodes.words.output }
`,
  },
  DAG140: {
    title: 'messages in an order that no model answers',
    explanation:
      'A conversation has its system prompt first, if it has one, begins with what the user says, and ends with it: that is what the model answers.',
    wrong: `dagrun: 1
name: translation
nodes:
  translate:
    messages:
      - { role: user, content: "Good morning!" }
      - { role: assistant, content: "Guten Morgen!" }
outputs:
  text: nodes.translate.output
`,
    right: `dagrun: 1
name: translation
inputs:
  text: { type: string }
nodes:
  translate:
    messages:
      - { role: user, content: "Good morning!" }
      - { role: assistant, content: "Guten Morgen!" }
      - { role: user, content: "{{inputs.text}}" }
outputs:
  text: nodes.translate.output
`,
  },
  DAG141: {
    title: 'a path that leaves the workspace',
    explanation:
      'Nodes read and write the files of the workspace, and no others: those below the nearest folder upward that holds dagrun.config.yml, .git or package.json, of the workflow and of whoever runs it. Symbolic links are followed first. Nothing is written into .git and .dagrun.',
    wrong: `dagrun: 1
name: report
nodes:
  keep: { kind: write, path: /nowhere/report.md, content: All is well. }
outputs: { bytes: nodes.keep.output.bytes }
`,
    right: `dagrun: 1
name: report
nodes:
  keep: { kind: write, path: reports/report.md, content: All is well. }
outputs: { bytes: nodes.keep.output.bytes }
`,
  },
};
