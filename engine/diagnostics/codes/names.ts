import type { CodeEntries } from '../code-entry.ts';

/** DAG2xx: names. */
export const NAME_CODES: CodeEntries = {
  DAG201: {
    title: 'a name that is not there',
    explanation:
      'Templates and expressions read `inputs.…`, `constants.…`, `run.…` and `nodes.<id>.…`; inside a fan-out also the item and `index`, in `result` and `check` also `output`. Nothing has a shorter name, so that every read says where its value comes from.',
    wrong: `dagrun: 1
name: greeting
inputs:
  topic: { type: string }
nodes:
  greet:
    prompt: Write a greeting about {{topic}}.
outputs:
  text: coalesce(nodes.greet.output, inputs.topic)
`,
    right: `dagrun: 1
name: greeting
inputs:
  topic: { type: string }
nodes:
  greet:
    prompt: Write a greeting about {{inputs.topic}}.
outputs:
  text: nodes.greet.output
`,
  },
  DAG202: {
    title: 'a node that is not there',
    explanation:
      'A template, an expression or `needs` names a node, and no node of the file has this id. Reading a node is waiting for it, so which nodes are read has to be known before the run.',
    wrong: `dagrun: 1
name: review
nodes:
  scan:
    prompt: List the risks of storing passwords in plain text.
  report:
    prompt: Write a report about {{nodes.scann.output}}
outputs:
  report: nodes.report.output
  risks: nodes.scan.output
`,
    right: `dagrun: 1
name: review
nodes:
  scan:
    prompt: List the risks of storing passwords in plain text.
  report:
    prompt: Write a report about {{nodes.scan.output}}
outputs:
  report: nodes.report.output
  risks: nodes.scan.output
`,
  },
  DAG203: {
    title: 'an input that is not declared',
    explanation:
      'Everything a run is given is declared under `inputs`, with its type: that is what `dagrun describe` shows and what the command line checks. An input that no one declared has no value.',
    wrong: `dagrun: 1
name: summary
inputs:
  text: { type: string }
nodes:
  summarize:
    prompt: Summarize {{inputs.txt}}
outputs:
  summary: nodes.summarize.output
  original: inputs.text
`,
    right: `dagrun: 1
name: summary
inputs:
  text: { type: string }
nodes:
  summarize:
    prompt: Summarize {{inputs.text}}
outputs:
  summary: nodes.summarize.output
  original: inputs.text
`,
  },
  DAG204: {
    title: 'a constant that is not declared',
    explanation: 'A constant is written once under `constants` and read as `constants.<name>`.',
    wrong: `dagrun: 1
name: tone
constants:
  audience: engineers
nodes:
  write:
    prompt: Explain DNS to {{constants.audiance}}.
outputs:
  text: nodes.write.output
  audience: constants.audience
`,
    right: `dagrun: 1
name: tone
constants:
  audience: engineers
nodes:
  write:
    prompt: Explain DNS to {{constants.audience}}.
outputs:
  text: nodes.write.output
  audience: constants.audience
`,
  },
  DAG205: {
    title: 'a name where it means nothing',
    explanation:
      'The item of a fan-out and its `index` exist in the fields that concern one item: not in `skip_if`, `if_skipped` and the list itself, and not in nodes without `foreach`. `output` is what a node has just made: it exists in its `result` and `check`. In templates, `this`, `@index` and `../` mean something inside the blocks that they belong to.',
    wrong: `dagrun: 1
name: per-file
inputs:
  files: { type: array, items: { type: string } }
nodes:
  review:
    foreach: inputs.files
    skip_if: item == "README.md"
    prompt: Review the file {{item}}.
outputs:
  reviews: coalesce(nodes.review.output, [])
`,
    right: `dagrun: 1
name: per-file
inputs:
  files: { type: array, items: { type: string } }
nodes:
  review:
    foreach: { items: inputs.files, where: item != "README.md" }
    prompt: Review the file {{item}}.
outputs:
  reviews: nodes.review.output
`,
  },
  DAG206: {
    title: 'a property that a node or run does not have',
    explanation:
      'Of a node one reads `output`, `status`, `error`, `skip_reason`, `cost`, `tier` and `model`; of a fan-out also `items`. What the node made is under `output`. Of the run one reads `id`, `started_at` and `workflow`.',
    wrong: `dagrun: 1
name: classify
nodes:
  classify:
    prompt: Classify the sentence "It is broken again".
    output: { fields: { label: praise | complaint } }
outputs:
  label: nodes.classify.label
`,
    right: `dagrun: 1
name: classify
nodes:
  classify:
    prompt: Classify the sentence "It is broken again".
    output: { fields: { label: praise | complaint } }
outputs:
  label: nodes.classify.output.label
`,
  },
  DAG207: {
    title: 'a node that reads or needs itself',
    explanation:
      'A node starts only when everything it reads has finished, so one that reads itself would never start. In its `result` and `check` what it has just made is called `output`.',
    wrong: `dagrun: 1
name: short
nodes:
  title:
    prompt: Give this essay a title.
    result: trim(nodes.title.output)
outputs:
  title: nodes.title.output
`,
    right: `dagrun: 1
name: short
nodes:
  title:
    prompt: Give this essay a title.
    result: trim(output)
outputs:
  title: nodes.title.output
`,
  },
  DAG208: {
    title: 'a read that does not say of which node',
    explanation:
      'Reading a node is waiting for it, so which node is read has to be written down: `nodes.<id>`, not `nodes[…]` with a value that is known only in the run, and not `nodes` as a whole.',
    wrong: `dagrun: 1
name: choose
inputs:
  which: { enum: [short, long] }
nodes:
  short:
    prompt: Explain DNS in a sentence.
  long:
    prompt: Explain DNS in a page.
outputs:
  text: nodes[inputs.which].output
  both: [nodes.short.output, nodes.long.output]
`,
    right: `dagrun: 1
name: choose
inputs:
  which: { enum: [short, long] }
nodes:
  short:
    prompt: Explain DNS in a sentence.
  long:
    prompt: Explain DNS in a page.
outputs:
  text: 'inputs.which == "short" ? nodes.short.output : nodes.long.output'
  both: [nodes.short.output, nodes.long.output]
`,
  },
  DAG209: {
    title: 'a variable that hides a name',
    explanation:
      'The variable of a macro (`list.map(x, …)`) or of a block (`{{#each list as |x|}}`) may have any name. When it has the name of something else that can be read in the same field, whoever reads the field takes the one for the other. The same is true of a field of what a block goes through: in `{{#each rows}}{{item}}{{/each}}` the item of the node comes before a field `item` of the rows, which is `this.item`.',
    wrong: `dagrun: 1
name: per-file
inputs:
  files: { type: array, items: { type: string } }
nodes:
  review:
    foreach: inputs.files
    prompt: |
      Review {{item}}. The others are:
      {{#each inputs.files as |item|}}
      - {{item}}
      {{/each}}
outputs:
  reviews: nodes.review.output
`,
    right: `dagrun: 1
name: per-file
inputs:
  files: { type: array, items: { type: string } }
nodes:
  review:
    foreach: inputs.files
    prompt: |
      Review {{item}}. The others are:
      {{#each inputs.files as |other|}}
      - {{other}}
      {{/each}}
outputs:
  reviews: nodes.review.output
`,
  },
  DAG210: {
    title: 'a partial that is not there',
    explanation:
      'A template includes a text with `{{> name}}`; the text is the file `partials/name.hbs` (or `.md`, `.txt`) beside the workflow. Partials are read when the workflow is loaded, so a missing one is known before the run.',
    wrong: `dagrun: 1
name: polite
nodes:
  answer:
    prompt: |
      {{> tone}}
      Answer the customer.
outputs:
  text: nodes.answer.output
`,
    right: `dagrun: 1
name: polite
nodes:
  answer:
    prompt: |
      Be brief and friendly.
      Answer the customer.
outputs:
  text: nodes.answer.output
`,
  },
  DAG211: {
    title: 'partials that include each other',
    explanation: 'A partial that includes itself, directly or through others, would be a text without an end.',
  },
  DAG212: {
    title: 'a node inside another with the id of one around it',
    explanation:
      'Nodes inside a group read the nodes around the group as well as each other, all of them as `nodes.<id>`. Two nodes of one id, one inside and one around it, could not be told apart there. Nodes of different groups may have the same id.',
    wrong: `dagrun: 1
name: report
inputs:
  topics: { type: array, items: { type: string } }
nodes:
  summary:
    prompt: What do these have in common? {{json inputs.topics}}
  parts:
    kind: group
    foreach: inputs.topics
    nodes:
      summary: { prompt: "Write about {{item}}." }
outputs:
  parts: nodes.parts.output
  summary: nodes.summary.output
`,
    right: `dagrun: 1
name: report
inputs:
  topics: { type: array, items: { type: string } }
nodes:
  summary:
    prompt: What do these have in common? {{json inputs.topics}}
  parts:
    kind: group
    foreach: inputs.topics
    nodes:
      text: { prompt: "Write about {{item}}." }
outputs:
  parts: nodes.parts.output
  summary: nodes.summary.output
`,
  },
  DAG213: {
    title: 'a name of an item or a loop that is given twice',
    explanation:
      'Inside a fan-out or a loop, the items and rounds of all those around it can be read as well. So each of them needs a name of its own: `as` gives one, and without it the items of every `foreach` are called `item`.',
    wrong: `dagrun: 1
name: shelves
inputs:
  shelves: { type: array, items: { type: array, items: { type: string } } }
nodes:
  shelf:
    kind: group
    foreach: inputs.shelves
    nodes:
      book:
        foreach: item
        prompt: Describe {{item}}.
outputs:
  shelves: nodes.shelf.output
`,
    right: `dagrun: 1
name: shelves
inputs:
  shelves: { type: array, items: { type: array, items: { type: string } } }
nodes:
  shelf:
    kind: group
    foreach: { items: inputs.shelves, as: books }
    nodes:
      book:
        foreach: books
        prompt: Describe {{item}}.
outputs:
  shelves: nodes.shelf.output
`,
  },
  DAG214: {
    title: 'a node inside a group, read from outside',
    explanation:
      'Outside of a group only the group exists: its nodes may be done several times, for each item or in each round. What they make is read through the group: `nodes.<group>.output` is its `result`, or, without one, an object of the outputs of its nodes by id.',
    wrong: `dagrun: 1
name: article
inputs:
  topic: { type: string }
nodes:
  writing:
    kind: group
    nodes:
      outline: { prompt: "Outline an article about {{inputs.topic}}." }
      text: { prompt: "Write it. {{nodes.outline.output}}" }
outputs:
  text: nodes.text.output
`,
    right: `dagrun: 1
name: article
inputs:
  topic: { type: string }
nodes:
  writing:
    kind: group
    nodes:
      outline: { prompt: "Outline an article about {{inputs.topic}}." }
      text: { prompt: "Write it. {{nodes.outline.output}}" }
outputs:
  text: nodes.writing.output.text
`,
  },
  DAG215: {
    title: 'an input that a sub-workflow does not have',
    explanation:
      'Below `with` stand the inputs of the file that `workflow` names, by the names they have there. What that file does not declare it could not read.',
  },
  DAG216: {
    title: 'an input that a sub-workflow is not given',
    explanation: 'Every input of the file that `workflow` names has to stand below `with`, unless it has a `default` there.',
  },
  DAG220: {
    title: 'an input that nothing reads',
    explanation:
      'An input is a question to whoever runs the workflow. One that nothing reads is a question whose answer is thrown away, and often a sign that a prompt lost a line.',
    wrong: `dagrun: 1
name: summary
inputs:
  text: { type: string }
  language: { type: string, default: English }
nodes:
  summarize:
    prompt: Summarize {{inputs.text}}
outputs:
  summary: nodes.summarize.output
`,
    right: `dagrun: 1
name: summary
inputs:
  text: { type: string }
  language: { type: string, default: English }
nodes:
  summarize:
    prompt: Summarize in {{inputs.language}}. {{inputs.text}}
outputs:
  summary: nodes.summarize.output
`,
  },
  DAG221: {
    title: 'a constant that nothing reads',
    explanation: 'A constant that nothing reads changes nothing, which whoever edits it will not expect.',
    wrong: `dagrun: 1
name: tone
constants:
  audience: engineers
nodes:
  write:
    prompt: Explain DNS.
outputs:
  text: nodes.write.output
`,
    right: `dagrun: 1
name: tone
constants:
  audience: engineers
nodes:
  write:
    prompt: Explain DNS to {{constants.audience}}.
outputs:
  text: nodes.write.output
`,
  },
  DAG222: {
    title: 'a schema that nothing refers to',
    explanation:
      'A schema under `schemas` does something only where a `$ref` refers to it: an answer that should have been checked against it is not.',
    wrong: `dagrun: 1
name: findings
schemas:
  finding: { fields: { file: string, line: integer } }
nodes:
  scan:
    prompt: Find a bug.
    output: { fields: { text: string } }
outputs:
  finding: nodes.scan.output
`,
    right: `dagrun: 1
name: findings
schemas:
  finding: { fields: { file: string, line: integer } }
nodes:
  scan:
    prompt: Find a bug.
    output: { $ref: "#/schemas/finding" }
outputs:
  finding: nodes.scan.output
`,
  },
};
