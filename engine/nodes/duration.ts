import type { Millis } from '../base/ids.ts';
import type { JsonObject } from '../base/json.ts';
import { parseDuration } from '../base/units.ts';
import { Failed } from '../contracts/failure.ts';
import type { ReportField } from '../contracts/node-kind.ts';

/** The duration a rendered field holds. Throws Failed (expression_failed). */
export function durationIn(text: string, field: string): Millis {
  const duration = parseDuration(text);
  if (duration !== undefined) return duration;
  throw new Failed({
    type: 'expression_failed',
    field,
    message: `\`${field}\` gives ${JSON.stringify(text)}, not a duration such as 90s, 4h or 2d`,
  });
}

/** Reports a field that holds no duration; one with a template in it is known when it runs. */
export function checkDuration(spec: JsonObject, field: string, report: ReportField): void {
  const text = spec[field];
  if (typeof text !== 'string' || text.includes('{{') || parseDuration(text) !== undefined) return;
  report('DAG127', [field], `"${field}" must be a duration; this is "${text}"`, { help: 'a number and its unit: 90s, 4h, 2d' });
}
