import type { CodeEntries } from '../code-entry.ts';

const workflowWith = (fields: string): string => `dagrun: 1
name: summary
nodes:
  summary:
${fields}    prompt: Summarize the history of DNS in one paragraph.
outputs:
  summary: nodes.summary.output
`;

/** DAG5xx: models and money. */
export const MODEL_CODES: CodeEntries = {
  DAG501: {
    title: 'a provider that is not set up',
    explanation:
      'The part of a model before the slash is the name of a provider. `anthropic` and `openai` are always there; others are set up in dagrun.config.yml, under `providers`.',
    wrong: workflowWith('    model: antropic/claude-haiku-5-5\n'),
    right: workflowWith('    model: anthropic/claude-haiku-5-5\n'),
  },
  DAG502: {
    title: 'a model that the catalog does not know',
    explanation:
      'The call may well work, as makers bring out models faster than catalogs are written. Its price and limits are not known, however: its calls are counted as unpriced, and `max_cost` does not hold for them.',
    wrong: workflowWith('    model: anthropic/claude-haiku-5.5\n'),
    right: workflowWith('    model: anthropic/claude-haiku-5-5\n'),
  },
  DAG503: {
    title: 'a model that has been shut down',
    explanation: 'The provider does not serve it any more: every call would fail.',
    wrong: workflowWith('    model: openai/gpt-4-turbo\n'),
    right: workflowWith('    model: openai/gpt-6-luna\n'),
  },
  DAG504: {
    title: 'a model that will be shut down',
    explanation: 'The provider has named the day from which it does not serve the model any more. Until then everything works.',
    wrong: workflowWith('    model: openai/gpt-4.1\n'),
    right: workflowWith('    model: openai/gpt-6.1-terra\n'),
  },
  DAG505: {
    title: 'a temperature for a model that takes none',
    explanation:
      'Many newer models refuse requests that carry a temperature. It is an error when no candidate takes one, and a warning when some do: it is then left out for the others.',
    wrong: workflowWith('    model: anthropic/claude-haiku-5-5\n    temperature: 0.2\n'),
    right: workflowWith('    model: anthropic/claude-haiku-4-5\n    temperature: 0.2\n'),
  },
  DAG506: {
    title: 'an answer longer than the model can give',
    explanation:
      'Every model has a longest answer, and providers refuse requests that ask for more. It is a warning when other candidates of the tier can give it.',
    wrong: workflowWith('    model: anthropic/claude-haiku-5-5\n    max_tokens: 500000\n'),
    right: workflowWith('    model: anthropic/claude-haiku-5-5\n    max_tokens: 50000\n'),
  },
  DAG507: {
    title: 'a prompt longer than the model can read',
    explanation:
      'The text in the file alone, before anything is filled in, has more tokens than the model takes. Counted at six letters a token, which no text exceeds on average.',
  },
  DAG508: {
    title: 'a cost limit for models without a price',
    explanation:
      'Before each call its worst case is set aside, reckoned from the price of the model. Where there is no price there is nothing to set aside, and the call is made whatever it costs.',
  },
  DAG509: {
    title: 'a cache for what is never cached',
    explanation:
      "An earlier answer stands for a new one when both would be asked in the same words. What a person, a signal or a clock says does not follow from a node's fields, and is never taken from the cache.",
    wrong: `dagrun: 1
name: example
nodes:
  ask: { kind: approval, message: May I?, cache: true }
`,
    right: `dagrun: 1
name: example
nodes:
  ask: { kind: approval, message: May I? }
`,
  },
  DAG510: {
    title: 'thinking that a model cannot do as asked',
    explanation:
      'Some models do not think, some always do, and some need room for it within `max_tokens`. The call is made all the same: what such a model cannot do is left out, or done as nearly as it can.',
    wrong: workflowWith('    model: anthropic/claude-opus-5-5\n    reasoning: none\n'),
    right: workflowWith('    model: anthropic/claude-opus-5-5\n    reasoning: low\n'),
  },
  DAG511: {
    title: 'a file that a model cannot be shown',
    explanation:
      'Not every model takes images or PDFs. Those of a tier that do not are passed over for the call; it is an error when none is left. What a file is, is told here by its name, and by its bytes when it is read.',
  },
  DAG512: {
    title: 'tools for a model that does not take them',
    explanation:
      'Some models take no tools, and some take them only while they do not think: the newer ones of OpenAI, where it is asked over Chat Completions (`api: chat_completions`, or a `base_url`). The former are passed over for the call, which is an error when none is left; the latter are told not to think.',
  },
  DAG513: {
    title: 'a model that is not held to a schema',
    explanation:
      'Most providers hold a model to the schema of its answer. For a model of which that is not so, the schema becomes part of the prompt; its answers are checked, and asked for again when they do not fit, which costs another call.',
  },
  DAG514: {
    title: 'a value to be shortened that the prompt does not print',
    explanation:
      '`context.shrink` names the values that are made shorter when a prompt is too long. A value that is not in the prompt is no help, however short it gets.',
    wrong: `dagrun: 1
name: summary
inputs:
  text: { type: string }
  title: { type: string, default: Untitled }
nodes:
  summary:
    prompt: Summarize this text. {{inputs.text}}
    context: { on_overflow: truncate, shrink: [inputs.title] }
outputs:
  summary: nodes.summary.output
  title: inputs.title
`,
    right: `dagrun: 1
name: summary
inputs:
  text: { type: string }
  title: { type: string, default: Untitled }
nodes:
  summary:
    prompt: Summarize this text. {{inputs.text}}
    context: { on_overflow: truncate, shrink: [inputs.text] }
outputs:
  summary: nodes.summary.output
  title: inputs.title
`,
  },
  DAG515: {
    title: 'texts to stop at that a model is not told',
    explanation:
      "OpenAI's Responses API has no texts at which a model stops. The answer is the same as elsewhere, as it is cut at the first of them; what the model wrote beyond is paid all the same.",
    wrong: workflowWith('    model: openai/gpt-6-luna\n    stop: [END]\n'),
    right: workflowWith('    model: anthropic/claude-haiku-5-5\n    stop: [END]\n'),
  },
  DAG520: {
    title: 'what changes stands before what does not',
    explanation:
      'The items of a fan-out ask with nearly the same words. Providers keep the beginning that such requests share, from some 1024 tokens on, and take a tenth of the price for it; they compare up to the first difference. A value that is another for each item is best put at the end of the prompt, behind the text that stays the same.',
  },
};
