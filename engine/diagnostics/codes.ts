import type { Code } from '../contracts/diagnostic.ts';
import type { CodeEntries, CodeEntry } from './code-entry.ts';
import { BUG_CODES } from './codes/bugs.ts';
import { CONFIGURATION_CODES } from './codes/configuration.ts';
import { GRAPH_CODES } from './codes/graph.ts';
import { INPUT_CODES } from './codes/inputs.ts';
import { LANGUAGE_CODES } from './codes/language.ts';
import { MODEL_CODES } from './codes/models.ts';
import { NAME_CODES } from './codes/names.ts';
import { RUN_CODES } from './codes/runs.ts';
import { SAFETY_CODES } from './codes/safety.ts';
import { SHAPE_CODES } from './codes/shape.ts';
import { TESTING_CODES } from './codes/testing.ts';
import { TEXT_CODES } from './codes/text.ts';
import { TOOL_CODES } from './codes/tools.ts';

/** Every code, in order. A code is for ever: never renumbered, never reused. */
export const codes: CodeEntries = {
  ...TEXT_CODES,
  ...SHAPE_CODES,
  ...NAME_CODES,
  ...GRAPH_CODES,
  ...LANGUAGE_CODES,
  ...MODEL_CODES,
  ...TOOL_CODES,
  ...SAFETY_CODES,
  ...CONFIGURATION_CODES,
  ...INPUT_CODES,
  ...TESTING_CODES,
  ...RUN_CODES,
  ...BUG_CODES,
};

/** What is known about a code, however its letters are written, or undefined when there is none of that name. */
export function explainCode(code: string): CodeEntry | undefined {
  return codes[code.toUpperCase() as Code];
}

/** Every code with its title, in order. */
export function allCodes(): readonly { readonly code: Code; readonly title: string }[] {
  return Object.entries(codes).map(([code, { title }]) => ({ code: code as Code, title }));
}
