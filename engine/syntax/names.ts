import { blockNames, helperNames } from '../lang/helpers.ts';

/** What ids, names of inputs and `as` names look like. */
const PATTERN = /^[a-z][a-z0-9_]*$/;

/** Names that fields can read, now or in a later version of the language; a name of one's own would hide them. */
const SCOPE = [
  'inputs',
  'constants',
  'run',
  'nodes',
  'item',
  'index',
  'iteration',
  'previous',
  'carry',
  'candidate',
  'candidates',
  'evaluation',
  'output',
  'args',
  'secrets',
  'any_of',
];

/** Keywords of CEL, and the words it keeps for itself. */
const CEL = (
  'true false null in as break const continue else for function if import let loop package namespace return var void while ' +
  'has all exists exists_one map filter'
).split(' ');

/** What is wrong with a name. */
export interface NameProblem {
  readonly code: 'DAG129' | 'DAG130';
  readonly message: string;
  readonly because?: string;
  readonly help: string;
}

/** What is wrong with an id, the name of an input or an `as` name; undefined when it is right. */
export function nameProblem(name: string, what: string): NameProblem | undefined {
  const owner = reservedBy(name);
  if (owner === undefined) return spellingProblem(name, what);
  return {
    code: 'DAG130',
    message: `"${name}" cannot be ${what}: it is ${owner}`,
    help: `choose another name, such as "${name}_value" or "the_${name}"`,
  };
}

/** What is wrong with the spelling of a name which nothing can hide: that of an output. */
export function spellingProblem(name: string, what: string): NameProblem | undefined {
  if (PATTERN.test(name)) return undefined;
  const instead = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replaceAll(/[^a-z0-9_]+/g, '_')
    .replaceAll(/_+$/g, '');
  // A name that loses letters on the way would not be recognised.
  const usable = /^[A-Za-z][\w -]*$/.test(name) && reservedBy(instead) === undefined;
  return {
    code: 'DAG129',
    message: `"${name}" cannot be ${what}`,
    because: 'names are made of small letters, digits and _, and begin with a letter, so that expressions can read them',
    help: usable ? `call it "${instead}"` : 'choose another name',
  };
}

function reservedBy(name: string): string | undefined {
  if (SCOPE.includes(name)) return 'a word of the language';
  if (CEL.includes(name)) return 'a word of expressions';
  return helperNames.includes(name) || blockNames.includes(name) ? 'a helper of templates' : undefined;
}
