import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { canonicalText, isObject, type Json, type JsonObject } from '../base/json.ts';
import type { Diagnostic } from '../contracts/diagnostic.ts';
import type { Document } from '../contracts/source.ts';
import { yamlText } from '../lang/yaml-text.ts';
import { parseDocument } from '../source/document.ts';
import { brief, differences } from './match.ts';
import type { Scenario } from './scenario.ts';

/** The outputs of a test file's scenarios as they were when somebody looked at them. */
export interface Snapshots {
  /** Absolute. */
  readonly file: string;
  /** What is different now, or nothing when it is to be written anew. */
  compare(scenario: Scenario, outputs: JsonObject, document: Document): readonly Diagnostic[];
  /** Writes what was given to `compare`, if that changes the file; true when it did. `all`: scenarios that were not compared are gone. */
  write(all: boolean): boolean;
}

const HEAD = '# Written by `dagrun test --update`: the outputs of scenarios with `snapshot: true`.\n';

/** The snapshots beside a test file: `review.test.yml` has `review.snapshots.yml`. */
export function openSnapshots(testFile: string, update: boolean): Snapshots {
  const file = testFile.replace(/(\.test)?\.ya?ml$/, '.snapshots.yml');
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const value = parseDocument({ name: file, text }, () => {})?.value;
  const kept: JsonObject = isObject(value) ? value : {};
  const now: Record<string, Json> = {};
  return {
    file,
    compare(scenario, outputs, document) {
      now[scenario.name] = outputs;
      const before = kept[scenario.name];
      if (update || (before !== undefined && canonicalText(before) === canonicalText(outputs))) return [];
      const at = document.spanOf([...scenario.path, 'expect', 'snapshot'], 'key');
      const help = '`dagrun test --update` writes it';
      if (before === undefined) {
        return [{ code: 'DAG747', severity: 'error', message: 'there is no snapshot of this scenario yet', at, help }];
      }
      const details = changes(before, outputs);
      return [{ code: 'DAG747', severity: 'error', message: 'the outputs are not those of the snapshot', at, details, help }];
    },
    write(all) {
      const names = Object.keys(now);
      if (!update || (names.length === 0 && Object.keys(kept).length === 0)) return false;
      const wanted = all ? now : { ...kept, ...now };
      const written = `${HEAD}${yamlText(wanted)}\n`;
      if (written === text) return false;
      writeFileSync(file, written);
      return true;
    },
  };
}

/** What changed, one line for each place: also what is new. */
function changes(before: Json, after: Json): readonly string[] {
  const gone = differences(before, after).map(({ path, label }) => `${path.join('.')}: was ${brief(at(before, path), 50)}, ${label}`);
  const added = differences(after, before)
    .filter(({ label }) => label === 'no such field')
    .map(({ path }) => `${path.join('.')}: is new, ${brief(at(after, path), 50)}`);
  return [...gone, ...added].slice(0, 12);
}

function at(value: Json, path: readonly (string | number)[]): Json {
  let found: Json | undefined = value;
  for (const step of path) found = Array.isArray(found) ? found[Number(step)] : isObject(found) ? found[step] : undefined;
  return found ?? null;
}
