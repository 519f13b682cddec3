import { type JsonObject, yamlText } from '../engine/index.ts';

/**
 * A run's outputs as a person reads them, ending in a line break unless empty: a single text as it is, so that it can
 * be piped on; everything else as YAML, in which texts of several lines keep their lines.
 */
export function renderOutputs(outputs: JsonObject): string {
  const values = Object.values(outputs);
  const [only] = values;
  if (values.length === 0) return '';
  if (values.length === 1 && typeof only === 'string') return only.endsWith('\n') || only === '' ? only : `${only}\n`;
  return `${yamlText(outputs)}\n`;
}
