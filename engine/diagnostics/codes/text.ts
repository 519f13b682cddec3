import type { CodeEntries } from '../code-entry.ts';

/** DAG101 to DAG119: text. */
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
};
