import type { CodeEntries } from '../code-entry.ts';

/** DAG7xx: configuration, command line, replies files. */
export const CONFIGURATION_CODES: CodeEntries = {
  DAG701: {
    title: 'a value of the configuration does not fit',
    explanation:
      'Every key of dagrun.config.yml has a type. Models are named with their provider, as `provider/model`; addresses start with `http://` or `https://`.',
  },
  DAG702: {
    title: 'a key of the configuration does not exist',
    explanation: 'A key that does nothing is a mistake, mostly of spelling, so that no setting is thought to hold that does not.',
  },
  DAG703: {
    title: 'a provider does not say which protocol it speaks',
    explanation:
      '`anthropic` and `openai` are known by their names. Every other provider has a `type`: `openai` for Ollama, llama.cpp, vLLM and most gateways.',
  },
  DAG704: {
    title: 'not the name of an environment variable',
    explanation: `\`\${NAME}\` is replaced by the environment variable of that name. There are no defaults, conditions or nesting.`,
  },
  DAG705: {
    title: 'an environment variable is not set',
    explanation:
      'A provider whose key or address is in an environment variable cannot be used while that is not set. This is a mistake only when a workflow needs the provider, and no other candidate of the tier can be used.',
  },
  DAG706: {
    title: 'a key stands in the file',
    explanation: `Configuration files are shared and committed. Put the key into an environment variable and write \`\${NAME}\`.`,
  },
  DAG707: {
    title: 'a tier names a provider that is not set up',
    explanation: 'The part of a model before the slash is the name of a provider: `anthropic`, `openai`, or one under `providers`.',
  },
  DAG721: {
    title: 'the replies file has the wrong shape',
    explanation:
      'A replies file is a list `replies` of entries; each names its `node` and gives one of `json`, `text` and `fail`. `item` counts from 0, `attempt` from 1.',
  },
  DAG722: {
    title: 'a reply is for a node that does not exist',
    explanation: 'An entry whose node is not in the workflow would never be used: the run would quietly get another answer.',
  },
  DAG723: {
    title: 'a reply gives no answer, or more than one',
    explanation: 'An entry stands for one answer: data (`json`), text (`text`) or a failure (`fail`).',
  },
};
