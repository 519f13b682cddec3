import type { CodeEntries } from '../code-entry.ts';

/** DAG74x: test files, and what they find. */
export const TESTING_CODES: CodeEntries = {
  DAG741: {
    title: 'the test file has the wrong shape',
    explanation:
      'A test file names its `workflow` and has `scenarios` by name; each says what is given (`inputs`, `replies`, `stubs`, `answers`, `faults`) and what is expected (`expect`). A key that does nothing would be an expectation that never fails, so every unknown key is a mistake.',
  },
  DAG742: {
    title: 'a test names something the workflow does not have',
    explanation:
      'Nodes, outputs and inputs in a test are those of its workflow. An expectation about a node that does not exist could never be seen to fail.',
  },
  DAG743: {
    title: 'a file of a test cannot be used',
    explanation:
      'The workflow must be there and have no mistakes; files of inputs and replies must be readable. Their paths start at the folder of the test file.',
  },
  DAG744: {
    title: 'an assertion cannot be evaluated',
    explanation:
      'Each entry of `that` is a CEL expression over `run`, `outputs`, `nodes` and `inputs`. It must be readable, name only what there is, and give true or false.',
  },
  DAG745: {
    title: 'something is staged for a node that cannot have it',
    explanation:
      'Model calls are answered by `replies`; nodes that call no model have their output from `stubs`. Answers that are malformed or refused come from models only, a `tool_error` only from nodes that call none.',
  },
  DAG746: {
    title: 'an expectation does not hold',
    explanation:
      'The run came to something else than the test says. Where the workflow is right, correct the test; where the test is right, `dagrun run --replies` shows the run that it saw.',
  },
  DAG747: {
    title: 'the outputs are not those of the snapshot',
    explanation:
      'A scenario with `snapshot: true` compares all its outputs with those kept beside the test file. `dagrun test --update` writes them anew; the change is then seen in review.',
  },
  DAG748: {
    title: 'something was staged that never happened',
    explanation:
      'A reply, a stub, an answer or a fault that was never used: the run did not come there, or another entry came first. `dagrun test` says so of scenarios, `dagrun run --replies` of entries for nodes that ran. A fault that does not happen fails its scenario, for it was to show what happens then.',
  },
  DAG749: {
    title: 'a reply does not pass',
    explanation:
      'A reply that does not fit the `output` of its node, or fails its `check`, is sent back to be mended, as that of a model would be. Where no other reply answers that, an answer is made up, and the run goes on with it: mostly the reply has a typo. A reply that is to show how a mistake is mended is followed by the mended one.',
  },
};
