import type { CodeEntries } from '../code-entry.ts';

/** DAG3xx: cycles, branches, what is never reached, bounds. */
export const GRAPH_CODES: CodeEntries = {
  DAG301: {
    title: 'nodes that wait for each other',
    explanation:
      'A node starts only when everything it reads has finished. When two nodes read each other, or several in a circle, none of them can ever start. The message shows each read of the shortest such circle.',
    wrong: `dagrun: 1
name: essay
nodes:
  draft:
    prompt: Improve the essay using {{nodes.critique.output}}
  critique:
    prompt: Criticise {{nodes.draft.output}}
outputs:
  essay: nodes.draft.output
`,
    right: `dagrun: 1
name: essay
nodes:
  draft:
    prompt: Write an essay about DNS.
  critique:
    prompt: Criticise {{nodes.draft.output}}
  revision:
    prompt: Improve {{nodes.draft.output}} using {{nodes.critique.output}}
outputs:
  essay: nodes.revision.output
`,
  },
  DAG302: {
    title: 'an answer that nothing reads',
    explanation:
      'A model is called and paid for, and no other node and no output of the workflow reads what it answers. A node that is there for its `check` is a gate, and one with tools may act: these are not meant. The same is said of a judge that is not shown what it judges.',
    wrong: `dagrun: 1
name: summary
nodes:
  facts:
    prompt: List facts about DNS.
  summarize:
    prompt: Explain DNS.
outputs:
  summary: nodes.summarize.output
`,
    right: `dagrun: 1
name: summary
nodes:
  facts:
    prompt: List facts about DNS.
  summarize:
    prompt: Explain DNS with these facts. {{nodes.facts.output}}
outputs:
  summary: nodes.summarize.output
`,
  },
  DAG303: {
    title: 'needs that say something twice',
    explanation:
      'A node named twice under `needs` is waited for once, and only one of the two ways (plain, `optional`, `any_of`) can be meant. `any_of` with a single node says what plain `needs` says.',
    wrong: `dagrun: 1
name: order
nodes:
  first:
    prompt: Say one.
  second:
    needs: [first, first]
    prompt: Say two.
outputs:
  text: nodes.second.output
`,
    right: `dagrun: 1
name: order
nodes:
  first:
    prompt: Say one.
  second:
    needs: [first]
    prompt: Say two.
outputs:
  text: nodes.second.output
`,
  },
  DAG310: {
    title: 'a bound that is not known before the run',
    explanation:
      'How many items run at once and how many may fail is known before the run, so that what a run can cost is known too: it is a number, or an expression over `inputs`.',
    wrong: `dagrun: 1
name: per-file
inputs:
  files: { type: array, items: { type: string } }
nodes:
  count:
    kind: set
    value: size(inputs.files)
  review:
    foreach: { items: inputs.files, concurrency: nodes.count.output }
    prompt: Review {{item}}.
outputs:
  reviews: nodes.review.output
`,
    right: `dagrun: 1
name: per-file
inputs:
  files: { type: array, items: { type: string } }
nodes:
  review:
    foreach: { items: inputs.files, concurrency: 4 }
    prompt: Review {{item}}.
outputs:
  reviews: nodes.review.output
`,
  },
  DAG311: {
    title: 'a bound that follows an input without a maximum',
    explanation: 'A bound may be read from an input, if the schema of that input says how large it can be: otherwise it bounds nothing.',
    wrong: `dagrun: 1
name: per-file
inputs:
  files: { type: array, items: { type: string } }
  at_once: { type: integer, default: 4 }
nodes:
  review:
    foreach: { items: inputs.files, concurrency: inputs.at_once }
    prompt: Review {{item}}.
outputs:
  reviews: nodes.review.output
`,
    right: `dagrun: 1
name: per-file
inputs:
  files: { type: array, items: { type: string } }
  at_once: { type: integer, default: 4, minimum: 1, maximum: 16 }
nodes:
  review:
    foreach: { items: inputs.files, concurrency: inputs.at_once }
    prompt: Review {{item}}.
outputs:
  reviews: nodes.review.output
`,
  },
  DAG312: {
    title: 'a bound that may be less than one',
    explanation:
      'What is done in rounds or turns is done at least once: a bound of 0 fails the run. A bound that follows an input is right when the schema of that input has a `minimum`, or when a condition of the node rules the rest out. A schema that says nothing of the lower end gets a warning.',
    wrong: `dagrun: 1
name: again
inputs:
  rounds: { type: integer, default: 2, maximum: 5 }
nodes:
  draft:
    repeat: { times: inputs.rounds }
    prompt: Write a draft.
outputs:
  draft: nodes.draft.output
`,
    right: `dagrun: 1
name: again
inputs:
  rounds: { type: integer, default: 2, minimum: 1, maximum: 5 }
nodes:
  draft:
    repeat: { times: inputs.rounds }
    prompt: Write a draft.
outputs:
  draft: nodes.draft.output
`,
  },
  DAG313: {
    title: 'a bound above that of the whole run',
    explanation: 'A node cannot have more calls in flight, or try for longer, than the whole run may: the larger bound does nothing.',
    wrong: `dagrun: 1
name: per-file
inputs:
  files: { type: array, items: { type: string } }
limits: { concurrency: 4 }
nodes:
  review:
    foreach: { items: inputs.files, concurrency: 8 }
    prompt: Review {{item}}.
outputs:
  reviews: nodes.review.output
`,
    right: `dagrun: 1
name: per-file
inputs:
  files: { type: array, items: { type: string } }
limits: { concurrency: 8 }
nodes:
  review:
    foreach: { items: inputs.files, concurrency: 8 }
    prompt: Review {{item}}.
outputs:
  reviews: nodes.review.output
`,
  },
  DAG320: {
    title: 'a node that never runs',
    explanation:
      'Its condition skips it whatever the run reads, or it needs what never comes together: nodes of which one is always skipped. Such a node is skipped in every run, and all that need it are skipped with it.',
    wrong: `dagrun: 1
name: triage
nodes:
  classify:
    prompt: Classify the ticket.
    output: { fields: { kind: bug | feature } }
  fix:
    run_if: nodes.classify.output.kind == "bug"
    prompt: Fix it.
  build:
    run_if: nodes.classify.output.kind == "feature"
    prompt: Build it.
  announce:
    prompt: Announce {{nodes.fix.output}} and {{nodes.build.output}}.
outputs:
  text: coalesce(nodes.announce.output, "nothing to announce")
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
  build:
    run_if: nodes.classify.output.kind == "feature"
    prompt: Build it.
  announce:
    prompt: Announce {{default nodes.fix.output "no fix"}} and {{default nodes.build.output "no feature"}}.
outputs:
  text: nodes.announce.output
`,
  },
  DAG321: {
    title: 'a condition that is always decided the same way',
    explanation:
      'What the condition reads leaves it no other way to turn out: it asks for every value of an enum, for two at once, for a number outside its range, or it is `true` or `false` itself. It decides nothing, and was most likely meant to.',
    wrong: `dagrun: 1
name: triage
nodes:
  classify:
    prompt: Classify the ticket.
    output: { fields: { kind: bug | feature } }
  plan:
    run_if: nodes.classify.output.kind == "bug" || nodes.classify.output.kind == "feature"
    prompt: Plan it.
outputs:
  plan: nodes.plan.output
`,
    right: `dagrun: 1
name: triage
nodes:
  classify:
    prompt: Classify the ticket.
    output: { fields: { kind: bug | feature } }
  plan:
    run_if: nodes.classify.output.kind == "feature"
    prompt: Plan it.
outputs:
  plan: optional(nodes.plan.output)
`,
  },
  DAG330: {
    title: 'a value without a case',
    explanation:
      'Every value that can decide a route has a case, or there is a `default`: otherwise a run would end for want of a way to go on. `skip` is a case that does nothing.',
    wrong: `dagrun: 1
name: answer
nodes:
  sort:
    tier: cheap
    prompt: Sort the mail.
    output: { fields: { kind: order | complaint | praise } }
  answer:
    prompt: Answer the mail.
    route:
      by: nodes.sort.output.kind
      cases:
        order: { system: You take orders. }
        complaint: { system: You apologize. }
outputs: { text: nodes.answer.output }
`,
    right: `dagrun: 1
name: answer
nodes:
  sort:
    tier: cheap
    prompt: Sort the mail.
    output: { fields: { kind: order | complaint | praise } }
  answer:
    prompt: Answer the mail.
    route:
      by: nodes.sort.output.kind
      cases:
        order: { system: You take orders. }
        complaint: { system: You apologize. }
      default: { system: You thank. }
outputs: { text: nodes.answer.output }
`,
  },
  DAG331: {
    title: 'a case that is never taken',
    explanation: 'What decides the route is never this value: its schema, or the type of what is read, does not have it.',
    wrong: `dagrun: 1
name: answer
nodes:
  sort:
    tier: cheap
    prompt: Sort the mail.
    output: { fields: { kind: order | complaint | praise } }
  answer:
    prompt: Answer the mail.
    route:
      by: nodes.sort.output.kind
      cases:
        orders: { system: You take orders. }
        complaint: { system: You apologize. }
      default: { system: You thank. }
outputs: { text: nodes.answer.output }
`,
    right: `dagrun: 1
name: answer
nodes:
  sort:
    tier: cheap
    prompt: Sort the mail.
    output: { fields: { kind: order | complaint | praise } }
  answer:
    prompt: Answer the mail.
    route:
      by: nodes.sort.output.kind
      cases:
        order: { system: You take orders. }
        complaint: { system: You apologize. }
      default: { system: You thank. }
outputs: { text: nodes.answer.output }
`,
  },
  DAG332: {
    title: 'a route by a value that may be anything',
    explanation:
      'Cases cover what decides when that is an enum, a boolean, or an integer with an enum. Where it may be any text or number, or null besides, a `default` says what is done with all others.',
    wrong: `dagrun: 1
name: answer
inputs:
  language: { type: string }
nodes:
  answer:
    prompt: Answer the mail.
    route:
      by: inputs.language
      cases:
        de: { system: Answer in German. }
        fr: { system: Answer in French. }
outputs: { text: nodes.answer.output }
`,
    right: `dagrun: 1
name: answer
inputs:
  language: { type: string }
nodes:
  answer:
    prompt: Answer the mail.
    route:
      by: inputs.language
      cases:
        de: { system: Answer in German. }
        fr: { system: Answer in French. }
      default: { system: Answer in English. }
outputs: { text: nodes.answer.output }
`,
  },
  DAG333: {
    title: 'a sub-workflow is given what its input does not take',
    explanation:
      'What stands under `with` is checked against the inputs of the other file. A text that is exactly one `{{path}}` keeps the type of what it reads, `{ cel: … }` has the type of its expression, and any other text is a text.',
  },
};
