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
  DAG520: {
    title: 'what changes stands before what does not',
    explanation:
      'The items of a fan-out ask with nearly the same words. Providers keep the beginning that such requests share, from some 1024 tokens on, and take a tenth of the price for it; they compare up to the first difference. A value that is another for each item is best put at the end of the prompt, behind the text that stays the same.',
  },
};
