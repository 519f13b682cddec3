import type { CodeEntries } from '../code-entry.ts';

/** DAG4xx: templates, expressions, shapes of values. */
export const LANGUAGE_CODES: CodeEntries = {
  DAG401: {
    title: 'an expression that cannot be read',
    explanation:
      'Logic fields (`skip_if`, `foreach`, `result`, `outputs`, …) hold CEL expressions, written bare: `nodes.scan.output.risk > 0.5 && size(inputs.files) < 10`. The caret stands where reading stopped.',
    wrong: `dagrun: 1
name: triage
nodes:
  classify:
    prompt: How bad is an outage of the login page?
    output: { fields: { risk: number 0..1 } }
outputs:
  urgent: nodes.classify.output.risk > 0.5 and true
`,
    right: `dagrun: 1
name: triage
nodes:
  classify:
    prompt: How bad is an outage of the login page?
    output: { fields: { risk: number 0..1 } }
outputs:
  urgent: nodes.classify.output.risk > 0.5
`,
  },
  DAG402: {
    title: 'a template that cannot be read',
    explanation:
      'Text fields (`prompt`, `system`, `attach`, …) hold Handlebars templates: `{{inputs.topic}}`, `{{#if x}} … {{/if}}`, `{{#each list}} … {{/each}}`, and the helpers of the language. Every block that is opened is closed.',
    wrong: `dagrun: 1
name: greeting
inputs:
  topic: { type: string }
nodes:
  greet:
    prompt: "{{#if inputs.topic}}Write about {{inputs.topic}}."
outputs:
  text: nodes.greet.output
`,
    right: `dagrun: 1
name: greeting
inputs:
  topic: { type: string }
nodes:
  greet:
    prompt: "{{#if inputs.topic}}Write about {{inputs.topic}}.{{/if}}"
outputs:
  text: nodes.greet.output
`,
  },
  DAG403: {
    title: 'a field that is not there',
    explanation:
      'What a node gives is described by its `output` schema, and a path is followed through it before the run. A field that the schema does not list would be missing every time. Where a schema says `additionalProperties`, other fields may be read too.',
    wrong: `dagrun: 1
name: review
nodes:
  scan:
    prompt: Find a bug.
    output: { fields: { findings: [ { file: string, line: integer } ] } }
  report:
    prompt: "{{#each nodes.scan.output.findings}}{{fil}}:{{line}} {{/each}}"
outputs:
  report: nodes.report.output
`,
    right: `dagrun: 1
name: review
nodes:
  scan:
    prompt: Find a bug.
    output: { fields: { findings: [ { file: string, line: integer } ] } }
  report:
    prompt: "{{#each nodes.scan.output.findings}}{{file}}:{{line}} {{/each}}"
outputs:
  report: nodes.report.output
`,
  },
  DAG404: {
    title: 'a field that may be missing is read as if it were there',
    explanation:
      'A field that its schema does not require (`name?` in the shorthand) is missing from some values, and reading it then would fail the run. A test dominates the read: `has(x.y) && …`, `x.y != null ? … : …`, `coalesce(x.y, …)`, and in templates `{{#if x.y}}` or `default`.',
    wrong: `dagrun: 1
name: review
nodes:
  scan:
    prompt: Find a bug.
    output: { fields: { issue: string, fix?: string } }
outputs:
  fix: nodes.scan.output.fix
`,
    right: `dagrun: 1
name: review
nodes:
  scan:
    prompt: Find a bug.
    output: { fields: { issue: string, fix?: string } }
outputs:
  fix: coalesce(nodes.scan.output.fix, "none")
`,
  },
  DAG405: {
    title: 'a value that may be null is used as if it were there',
    explanation:
      'Null has no fields, cannot be computed with and is neither true nor false. Where a schema allows null, or a fan-out leaves null for an item that failed, a test comes first: `x != null && …`, `x == null ? a : b`, `coalesce(x, …)`, `{{#if x}}`.',
    wrong: `dagrun: 1
name: notes
inputs:
  note: { type: [string, "null"], default: null }
nodes:
  write:
    kind: set
    value: upper(inputs.note)
outputs:
  note: nodes.write.output
`,
    right: `dagrun: 1
name: notes
inputs:
  note: { type: [string, "null"], default: null }
nodes:
  write:
    kind: set
    value: upper(coalesce(inputs.note, "none"))
outputs:
  note: nodes.write.output
`,
  },
  DAG406: {
    title: 'a result that may go missing',
    explanation:
      'A node that uses what was skipped is skipped too. An output of the workflow and a `result` have nobody to skip in their stead, so they say what they are when a node was skipped: `coalesce(nodes.x.output, …)`, `optional(nodes.x.output)` for null on purpose, or `if_skipped` on the node.',
    wrong: `dagrun: 1
name: review
inputs:
  diff: { type: string }
nodes:
  deep:
    skip_if: size(inputs.diff) < 1000
    prompt: Review this. {{inputs.diff}}
outputs:
  review: nodes.deep.output
`,
    right: `dagrun: 1
name: review
inputs:
  diff: { type: string }
nodes:
  deep:
    skip_if: size(inputs.diff) < 1000
    prompt: Review this. {{inputs.diff}}
outputs:
  review: coalesce(nodes.deep.output, "too small to review")
`,
  },
  DAG407: {
    title: 'values that cannot be joined',
    explanation: '`+` adds two numbers, joins two texts, or puts one list after another; it never turns one into the other by itself.',
    wrong: `dagrun: 1
name: counting
inputs:
  files: { type: array, items: { type: string } }
nodes:
  count:
    kind: set
    value: '"files: " + size(inputs.files)'
outputs:
  text: nodes.count.output
`,
    right: `dagrun: 1
name: counting
inputs:
  files: { type: array, items: { type: string } }
nodes:
  count:
    kind: set
    value: '"files: " + string(size(inputs.files))'
outputs:
  text: nodes.count.output
`,
  },
  DAG408: {
    title: 'a comparison that is never true',
    explanation:
      'The two sides can never be equal: they are of different types, or one is not among the values that the schema of the other allows. Such a condition would be decided before the run, and hardly ever as meant.',
    wrong: `dagrun: 1
name: triage
nodes:
  classify:
    prompt: Classify the ticket.
    output: { fields: { kind: bug | feature } }
  fix:
    run_if: nodes.classify.output.kind == "bugs"
    prompt: Fix it.
outputs:
  fix: optional(nodes.fix.output)
`,
    right: `dagrun: 1
name: triage
nodes:
  classify:
    prompt: Classify the ticket.
    output: { fields: { kind: bug | feature } }
  fix:
    run_if: nodes.classify.output.kind == "bug"
    prompt: Fix it.
outputs:
  fix: optional(nodes.fix.output)
`,
  },
  DAG409: {
    title: 'a value of the wrong type',
    explanation:
      'A function, a helper or an operator is given something it cannot work with: `size` of a number, `upper` of a list, a text times two. Types are known from the schemas; `string(x)` and `double(x)` turn one into another.',
    wrong: `dagrun: 1
name: files
inputs:
  files: { type: array, items: { type: string } }
nodes:
  list:
    prompt: Sort these. {{upper inputs.files}}
outputs:
  text: nodes.list.output
`,
    right: `dagrun: 1
name: files
inputs:
  files: { type: array, items: { type: string } }
nodes:
  list:
    prompt: Sort these. {{upper (join inputs.files ", ")}}
outputs:
  text: nodes.list.output
`,
  },
  DAG410: {
    title: 'a condition that is not true or false',
    explanation:
      'A condition is a comparison or a value of `type: boolean`. Texts, numbers and lists are not taken for true or false, because each language does that differently.',
    wrong: `dagrun: 1
name: files
inputs:
  files: { type: array, items: { type: string } }
nodes:
  review:
    run_if: size(inputs.files)
    prompt: Review {{join inputs.files ", "}}
outputs:
  review: optional(nodes.review.output)
`,
    right: `dagrun: 1
name: files
inputs:
  files: { type: array, items: { type: string } }
nodes:
  review:
    run_if: size(inputs.files) > 0
    prompt: Review {{join inputs.files ", "}}
outputs:
  review: optional(nodes.review.output)
`,
  },
  DAG411: {
    title: 'a list is wanted, and this is none',
    explanation: '`foreach`, `{{#each}}`, `in`, `map`, `filter` and their like go through a list.',
    wrong: `dagrun: 1
name: files
nodes:
  plan:
    prompt: Which files should be reviewed?
    output: { fields: { files: [string] } }
  review:
    foreach: nodes.plan.output
    prompt: Review {{json item}}
outputs:
  reviews: nodes.review.output
`,
    right: `dagrun: 1
name: files
nodes:
  plan:
    prompt: Which files should be reviewed?
    output: { fields: { files: [string] } }
  review:
    foreach: nodes.plan.output.files
    prompt: Review {{json item}}
outputs:
  reviews: nodes.review.output
`,
  },
  DAG412: {
    title: 'a value that cannot be printed',
    explanation:
      'Text, numbers, true and false print as they are. An object or a list has no one way to print, so a helper says how: `json`, `yaml`, `bullets`, `join`. Null prints as nothing at all, which hides that something is missing: `default` or `{{#if}}` says what stands there then.',
    wrong: `dagrun: 1
name: report
nodes:
  scan:
    prompt: Find bugs.
    output: { fields: { findings: [string] } }
  report:
    prompt: Write a report. {{nodes.scan.output.findings}}
outputs:
  report: nodes.report.output
`,
    right: `dagrun: 1
name: report
nodes:
  scan:
    prompt: Find bugs.
    output: { fields: { findings: [string] } }
  report:
    prompt: Write a report. {{bullets nodes.scan.output.findings}}
outputs:
  report: nodes.report.output
`,
  },
  DAG414: {
    title: 'what is computed does not fit what is declared',
    explanation:
      'An output with a `schema`, and a node that computes its output and declares one, promise a type to whoever reads them. What they compute has another.',
    wrong: `dagrun: 1
name: counting
inputs:
  files: { type: array, items: { type: string } }
nodes:
  report:
    prompt: Say something about {{join inputs.files ", "}}.
outputs:
  report: nodes.report.output
  count: { value: size(inputs.files), schema: { type: string } }
`,
    right: `dagrun: 1
name: counting
inputs:
  files: { type: array, items: { type: string } }
nodes:
  report:
    prompt: Say something about {{join inputs.files ", "}}.
outputs:
  report: nodes.report.output
  count: { value: size(inputs.files), schema: { type: integer } }
`,
  },
  DAG415: {
    title: 'a guard that has no effect',
    explanation:
      'A node that uses the output of a skipped node is skipped with it, unless every use of it is guarded. This node guards one use and not another, so it will be skipped all the same.',
    wrong: `dagrun: 1
name: review
inputs:
  diff: { type: string }
nodes:
  deep:
    skip_if: size(inputs.diff) < 1000
    prompt: Review this. {{inputs.diff}}
  report:
    system: "{{#if nodes.deep.output}}Mind this review: {{nodes.deep.output}}{{/if}}"
    prompt: Write a report. {{nodes.deep.output}}
outputs:
  report: optional(nodes.report.output)
`,
    right: `dagrun: 1
name: review
inputs:
  diff: { type: string }
nodes:
  deep:
    skip_if: size(inputs.diff) < 1000
    prompt: Review this. {{inputs.diff}}
  report:
    system: "{{#if nodes.deep.output}}Mind this review: {{nodes.deep.output}}{{/if}}"
    prompt: Write a report. {{default nodes.deep.output "There was no review."}}
outputs:
  report: nodes.report.output
`,
  },
  DAG416: {
    title: 'a comparison that is always decided the same way',
    explanation:
      'The schema gives a number a range, and the number it is compared with lies outside of it: often a percentage against a fraction.',
    wrong: `dagrun: 1
name: triage
nodes:
  classify:
    prompt: How bad is it?
    output: { fields: { risk: number 0..1 } }
outputs:
  urgent: nodes.classify.output.risk > 70
`,
    right: `dagrun: 1
name: triage
nodes:
  classify:
    prompt: How bad is it?
    output: { fields: { risk: number 0..1 } }
outputs:
  urgent: nodes.classify.output.risk > 0.7
`,
  },
  DAG417: {
    title: 'a key that is neither text nor a number',
    explanation: 'The `key` of a fan-out names each item in the journal and in results. It is text or a number, and tells the items apart.',
    wrong: `dagrun: 1
name: files
inputs:
  files: { type: array, items: { type: string } }
nodes:
  review:
    foreach: { items: inputs.files, key: "[item]" }
    prompt: Review {{item}}
outputs:
  reviews: nodes.review.output
`,
    right: `dagrun: 1
name: files
inputs:
  files: { type: array, items: { type: string } }
nodes:
  review:
    foreach: { items: inputs.files, key: item }
    prompt: Review {{item}}
outputs:
  reviews: nodes.review.output
`,
  },
  DAG418: {
    title: 'a default that does not fit',
    explanation: 'The default of an input stands in when nothing is given, so it has to be a value that could have been given.',
    wrong: `dagrun: 1
name: greeting
inputs:
  times: { type: integer, default: twice }
nodes:
  greet:
    prompt: Say hello {{inputs.times}} times.
outputs:
  text: nodes.greet.output
`,
    right: `dagrun: 1
name: greeting
inputs:
  times: { type: integer, default: 2 }
nodes:
  greet:
    prompt: Say hello {{inputs.times}} times.
outputs:
  text: nodes.greet.output
`,
  },
  DAG419: {
    title: 'a stand-in that is not like what it stands for',
    explanation:
      'What `if_skipped` and the value of `on_error` give is read as the output of the node. Where it has other fields or another type, every reader has to find out which of the two it has got. Null is the one other value that is expected: it is asked for with `x == null`.',
    wrong: `dagrun: 1
name: facts
nodes:
  fetch:
    prompt: Give me three facts about DNS.
    output: { fields: { facts: [string] } }
    on_error: { value: '"no facts"' }
outputs: { facts: nodes.fetch.output }
`,
    right: `dagrun: 1
name: facts
nodes:
  fetch:
    prompt: Give me three facts about DNS.
    output: { fields: { facts: [string] } }
    on_error: { value: { facts: [] } }
outputs: { facts: nodes.fetch.output }
`,
  },
  DAG420: {
    title: 'a value that is not filled in',
    explanation: `Other tools write \`\${inputs.topic}\`, \`{inputs.topic}\` or \`{% if inputs.topic %}\`. Here values are filled in by Handlebars, \`{{inputs.topic}}\`, and everything else is text: the model would be sent the braces and the name.`,
    wrong: `dagrun: 1
name: article
inputs:
  topic: { type: string }
nodes:
  write:
    prompt: Write about \${inputs.topic}, in the manner of {{inputs.topic}}.
outputs: { text: nodes.write.output }
`,
    right: `dagrun: 1
name: article
inputs:
  topic: { type: string }
nodes:
  write:
    prompt: Write about {{inputs.topic}}, in the manner of {{inputs.topic}}.
outputs: { text: nodes.write.output }
`,
  },
  DAG421: {
    title: 'a message of a check with a value in it',
    explanation:
      'The `message` of a check is a text and no template: it is told as it stands, to people and, when a model is asked to mend its answer, to the model.',
    wrong: `dagrun: 1
name: names
nodes:
  choose:
    prompt: Choose a name for a cat.
    check:
      - { that: size(output) < 20, message: "{{output}} is too long" }
outputs: { name: nodes.choose.output }
`,
    right: `dagrun: 1
name: names
nodes:
  choose:
    prompt: Choose a name for a cat.
    check:
      - { that: size(output) < 20, message: a name has less than 20 letters }
outputs: { name: nodes.choose.output }
`,
  },
  DAG422: {
    title: 'what a loop carries changes its type',
    explanation:
      'A value under `carry` begins as `first` and becomes `next` after each round. Whoever reads it does not know which round it is, so both have one type; null is what may come before anything else.',
    wrong: `dagrun: 1
name: ideas
nodes:
  think:
    repeat: { times: 3, carry: { said: { first: '""', next: size(output) } } }
    prompt: Have an idea. Not this one. {{carry.said}}
outputs: { idea: nodes.think.output }
`,
    right: `dagrun: 1
name: ideas
nodes:
  think:
    repeat: { times: 3, carry: { said: { first: '""', next: 'carry.said + " " + output' } } }
    prompt: Have an idea. Not this one. {{carry.said}}
outputs: { idea: nodes.think.output }
`,
  },
};
