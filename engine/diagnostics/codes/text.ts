import type { CodeEntries } from '../code-entry.ts';

/** DAG1xx: text and shape. */
export const TEXT_CODES: CodeEntries = {
  DAG101: {
    title: 'text that is not YAML',
    explanation:
      'From this place on the file cannot be read: a bracket or a quote is left open, a line is indented unlike its neighbours, or a line is neither a field nor part of a text. Only the first such place is shown, since what follows it is a guess.',
    wrong: `dagrun: 1
name: greeting
nodes:
  greet:
    prompt:Write a greeting.
    tier: cheap
`,
    right: `dagrun: 1
name: greeting
nodes:
  greet:
    prompt: Write a greeting.
    tier: cheap
outputs: { text: nodes.greet.output }
`,
  },
  DAG102: {
    title: 'a name that is there twice',
    explanation: 'A map has each of its names once. YAML alone would keep one of the two values and drop the other without a word.',
    wrong: `dagrun: 1
name: greeting
nodes:
  greet:
    prompt: Write a greeting.
    prompt: Write a long greeting.
outputs: { text: nodes.greet.output }
`,
    right: `dagrun: 1
name: greeting
nodes:
  greet:
    prompt: Write a long greeting.
outputs: { text: nodes.greet.output }
`,
  },
  DAG103: {
    title: 'a value that YAML takes for a tag',
    explanation:
      'A value that begins with ! is a tag in YAML, and tags mean nothing here. An expression that begins with a negation has to be quoted.',
    wrong: `dagrun: 1
name: greeting
inputs:
  silent: { type: boolean }
nodes:
  greet:
    run_if: !inputs.silent
    prompt: Write a greeting.
outputs:
  text: coalesce(nodes.greet.output, "")
`,
    right: `dagrun: 1
name: greeting
inputs:
  silent: { type: boolean }
nodes:
  greet:
    run_if: "!inputs.silent"
    prompt: Write a greeting.
outputs:
  text: coalesce(nodes.greet.output, "")
`,
  },
  DAG104: {
    title: 'several documents in one file',
    explanation: 'A line of three hyphens begins another YAML document. A file holds one workflow.',
    wrong: `dagrun: 1
name: greeting
nodes:
  greet: { prompt: Write a greeting. }
outputs: { text: nodes.greet.output }
---
name: another
`,
    right: `dagrun: 1
name: greeting
nodes:
  greet: { prompt: Write a greeting. }
outputs: { text: nodes.greet.output }
`,
  },
  DAG105: {
    title: 'an alias that leads nowhere, or to too much',
    explanation:
      'In YAML, *name repeats the value that was marked with &name above it. The mark has to exist, a value cannot repeat itself, and a file cannot be blown up by repeats of repeats. A text that begins with * has to be quoted.',
    wrong: `dagrun: 1
name: greeting
nodes:
  greet:
    prompt: *Always* greet politely.
outputs: { text: nodes.greet.output }
`,
    right: `dagrun: 1
name: greeting
nodes:
  greet:
    prompt: "*Always* greet politely."
outputs: { text: nodes.greet.output }
`,
  },
  DAG106: {
    title: 'a YAML directive',
    explanation: 'Lines that start with % change how YAML is read. A workflow is always read as YAML 1.2.',
    wrong: `%YAML 1.1
---
dagrun: 1
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
  DAG107: {
    title: 'a key that is no plain name',
    explanation:
      'What stands left of a colon is a name. YAML also has keys that are lists or maps, or none at all; these mean nothing here.',
    wrong: `dagrun: 1
name: greeting
constants:
  ? [a, b]
  : 1
nodes:
  greet: { prompt: Write a greeting. }
outputs: { text: nodes.greet.output }
`,
    right: `dagrun: 1
name: greeting
constants:
  limit: 1
nodes:
  greet: { prompt: "Write a greeting of {{constants.limit}} line." }
outputs: { text: nodes.greet.output }
`,
  },
  DAG108: {
    title: 'a name that cannot be used',
    explanation: 'The name "__proto__" has a meaning of its own in JavaScript, and could be misread on the way.',
  },
  DAG109: {
    title: 'a merge key',
    explanation:
      'In YAML 1.1, << copies the fields of another map. YAML 1.2 no longer has it. What model calls share belongs into `defaults`; a whole value can be repeated by an alias.',
    wrong: `dagrun: 1
name: greeting
nodes:
  short: &shared
    prompt: Write a greeting.
  long:
    <<: *shared
    prompt: Write a long greeting.
outputs: { short: nodes.short.output, long: nodes.long.output }
`,
    right: `dagrun: 1
name: greeting
defaults: { tier: cheap }
nodes:
  short:
    prompt: Write a greeting.
  long:
    prompt: Write a long greeting.
outputs: { short: nodes.short.output, long: nodes.long.output }
`,
  },
  DAG110: {
    title: 'values nested too deep',
    explanation: 'Maps and lists may stand inside each other a hundred levels deep. Deeper files are not written by people.',
  },
  DAG111: {
    title: 'a file that is too large',
    explanation:
      'A workflow file may have two megabytes. Data belongs into files of its own, which `attach` names or a run is given as inputs.',
  },
  DAG112: {
    title: 'a text that begins with {{',
    explanation:
      'For YAML, { begins a map. A template that begins with {{, or stands inside { } or [ ], has to be quoted, or written below a `|`.',
    wrong: `dagrun: 1
name: greeting
inputs:
  topic: { type: string }
nodes:
  greet:
    prompt: {{inputs.topic}} is the topic of a greeting. Write it.
outputs: { text: nodes.greet.output }
`,
    right: `dagrun: 1
name: greeting
inputs:
  topic: { type: string }
nodes:
  greet:
    prompt: "{{inputs.topic}} is the topic of a greeting. Write it."
outputs: { text: nodes.greet.output }
`,
  },
  DAG113: {
    title: 'a comment that cuts a text',
    explanation:
      'For YAML, a blank and # begin a comment, also in the middle of a text without quotes: the rest of the line is lost. It is taken for a mistake when the text holds a template, leaves a quote or bracket open, or when a word follows the # at once.',
    wrong: `dagrun: 1
name: triage
inputs:
  issue: { type: string }
nodes:
  answer:
    prompt: Answer issue #12. {{inputs.issue}}
outputs: { text: nodes.answer.output }
`,
    right: `dagrun: 1
name: triage
inputs:
  issue: { type: string }
nodes:
  answer:
    prompt: "Answer issue #12. {{inputs.issue}}"
outputs: { text: nodes.answer.output }
`,
  },
  DAG114: {
    title: 'a text cut by a comma or a bracket',
    explanation:
      'Inside { } and [ ], YAML ends a text at the next comma or bracket. An expression with arguments or an index has to be quoted there, or the fields are written below each other.',
    wrong: `dagrun: 1
name: triage
inputs:
  labels: { type: array, items: { type: string } }
nodes:
  answer:
    skip_if: { when: size(slice(inputs.labels, 0, 2)) == 2, reason: labelled already }
    prompt: Choose a label.
outputs:
  text: coalesce(nodes.answer.output, "")
`,
    right: `dagrun: 1
name: triage
inputs:
  labels: { type: array, items: { type: string } }
nodes:
  answer:
    skip_if:
      when: size(slice(inputs.labels, 0, 2)) == 2
      reason: labelled already
    prompt: Choose a label.
outputs:
  text: coalesce(nodes.answer.output, "")
`,
  },
  DAG115: {
    title: 'text after a closing quote',
    explanation:
      'A value that begins with a quote ends with the matching one. An expression that begins with a quoted text has to be quoted as a whole, in the other sort of quotes.',
    wrong: `dagrun: 1
name: triage
inputs:
  labels: { type: array, items: { type: string } }
nodes:
  answer:
    run_if: "bug" in inputs.labels
    prompt: Answer politely.
outputs:
  text: coalesce(nodes.answer.output, "")
`,
    right: `dagrun: 1
name: triage
inputs:
  labels: { type: array, items: { type: string } }
nodes:
  answer:
    run_if: '"bug" in inputs.labels'
    prompt: Answer politely.
outputs:
  text: coalesce(nodes.answer.output, "")
`,
  },
  DAG116: {
    title: 'a colon inside a text',
    explanation: 'For YAML, a colon and a blank end the name of a field. A text or an expression that holds them has to be quoted.',
    wrong: `dagrun: 1
name: greeting
inputs:
  formal: { type: boolean }
nodes:
  style:
    kind: set
    value: inputs.formal ? "formal" : "casual"
outputs: { style: nodes.style.output }
`,
    right: `dagrun: 1
name: greeting
inputs:
  formal: { type: boolean }
nodes:
  style:
    kind: set
    value: 'inputs.formal ? "formal" : "casual"'
outputs: { style: nodes.style.output }
`,
  },
  DAG117: {
    title: 'a number that would lose digits',
    explanation:
      'A number in JSON holds about sixteen digits, no zeros at its start, and is finite. What has more digits than that is usually an identifier, and belongs between quotes.',
    wrong: `dagrun: 1
name: lookup
constants: { account: 12345678901234567890 }
nodes:
  greet: { prompt: "Greet account {{constants.account}}." }
outputs: { text: nodes.greet.output }
`,
    right: `dagrun: 1
name: lookup
constants: { account: "12345678901234567890" }
nodes:
  greet: { prompt: "Greet account {{constants.account}}." }
outputs: { text: nodes.greet.output }
`,
  },
  DAG118: {
    title: 'a tab that indents',
    explanation: 'YAML is indented with spaces only.',
    wrong: `dagrun: 1
name: greeting
nodes:
\tgreet:
\t\tprompt: Write a greeting.
`,
    right: `dagrun: 1
name: greeting
nodes:
  greet:
    prompt: Write a greeting.
outputs: { text: nodes.greet.output }
`,
  },
  DAG119: {
    title: 'a file that is no workflow',
    explanation: 'A workflow is a map that begins with `dagrun: 1`, has a `name` and at least one of `nodes`.',
    wrong: `- dagrun
- greeting
`,
    right: `dagrun: 1
name: greeting
nodes:
  greet: { prompt: Write a greeting. }
outputs: { text: nodes.greet.output }
`,
  },
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
};
