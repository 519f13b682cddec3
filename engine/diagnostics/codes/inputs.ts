import type { CodeEntries } from '../code-entry.ts';

/** DAG73x: what a run is given. */
export const INPUT_CODES: CodeEntries = {
  DAG731: {
    title: 'no input has this name',
    explanation:
      'A value was given for an input the workflow does not declare. Nothing is ignored: a misspelt name would otherwise run with a default.',
  },
  DAG732: {
    title: 'an input is missing',
    explanation:
      'The workflow declares an input without a `default`, so every run has to give it a value: `-i name=value`, `-i name=@file`, or a JSON document with `--input`.',
  },
  DAG733: {
    title: 'the value of an input does not fit',
    explanation:
      "The value is checked against the input's schema before anything runs. On the command line a text stays a text where the schema says string; everything else is read as JSON, and a list takes the option several times.",
  },
  DAG734: {
    title: 'the file of an input cannot be read',
    explanation:
      '`-i name=@file` gives an input the text of a file. The path starts at the current directory. To pass the path itself, leave the @ out.',
  },
  DAG735: {
    title: 'this is not name=value',
    explanation:
      'The option -i takes the name of an input, an equals sign and its value: `-i topic="rate limits"`, `-i diff=@change.diff`, `-i sources=a.md -i sources=b.md`.',
  },
};
