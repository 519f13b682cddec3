import type { Json, JsonObject } from '../base/json.ts';
import { isObject } from '../base/json.ts';
import type { Plan } from '../contracts/plan.ts';
import type { Document, Path } from '../contracts/source.ts';
import { readStaged, type Staged } from '../providers/replies.ts';
import { answerablePlaces } from '../run/tool-places.ts';
import { type Fault, faultsIn } from './faults.ts';

/** A test file whose shape was checked, and what was wrong left out, with the files it names. */
export interface TestFile {
  /** Absolute. */
  readonly file: string;
  readonly document: Document;
  readonly value: JsonObject;
  /** Texts of the files in `input_files`, by their paths as written. */
  readonly texts: ReadonlyMap<string, string>;
  /** Replies files, by their paths as written. */
  readonly replies: ReadonlyMap<string, Document>;
}

/** One scenario of a test file. */
export interface Scenario {
  readonly name: string;
  readonly path: Path;
  readonly seed: string;
  readonly inputs: JsonObject;
  /** Its own entries first, then those of the file, then those of replies files. */
  readonly staged: readonly StagedIn[];
  readonly faults: readonly Fault[];
  readonly expect: JsonObject;
}

/** Entries, and where they are written. */
export interface StagedIn {
  readonly staged: Staged;
  readonly document: Document;
  /** Only this scenario has them. */
  readonly own: boolean;
}

/** A scenario, ready to be run once: its entries are used up by that. The file was checked. */
export function scenarioOf(test: TestFile, name: string, plan: Plan): Scenario {
  const path: Path = ['scenarios', name];
  const own = ownOf(test, name);
  const nodes = answerablePlaces(plan);
  const entriesIn = (document: Document, at: Path, value: Json, own: boolean): StagedIn[] => {
    return [{ staged: readStaged({ document, path: at, value }, nodes, () => {}), document, own }];
  };
  const filesOf = (value: JsonObject): StagedIn[] => {
    const document = typeof value.replies_file === 'string' ? test.replies.get(value.replies_file) : undefined;
    return document ? entriesIn(document, [], document.value, false) : [];
  };
  return {
    name,
    path,
    seed: typeof own.seed === 'string' ? own.seed : name,
    inputs: { ...inputsOf(test, test.value), ...inputsOf(test, own) },
    staged: [
      ...entriesIn(test.document, path, own, true),
      ...entriesIn(test.document, [], test.value, false),
      ...filesOf(own),
      ...filesOf(test.value),
    ],
    faults: [...faultsIn(own.faults, [...path, 'faults']), ...faultsIn(test.value.faults, ['faults'])],
    expect: isObject(own.expect) ? own.expect : {},
  };
}

/** What is written under a scenario's name; an empty scenario is one too. */
export function ownOf(test: Pick<TestFile, 'value'>, name: string): JsonObject {
  const scenarios = test.value.scenarios;
  const own: Json | undefined = isObject(scenarios) ? scenarios[name] : undefined;
  return isObject(own) ? own : {};
}

export function scenarioNames({ value }: Pick<TestFile, 'value'>): readonly string[] {
  return isObject(value.scenarios) ? Object.keys(value.scenarios) : [];
}

function inputsOf(test: TestFile, value: JsonObject): JsonObject {
  const inputs: Record<string, Json> = {};
  if (isObject(value.input_files))
    for (const [name, path] of Object.entries(value.input_files)) inputs[name] = test.texts.get(String(path)) ?? '';
  return { ...inputs, ...(isObject(value.inputs) ? value.inputs : {}) };
}
