import { isObject } from '../base/json.ts';
import { parseDuration, parseTime } from '../base/units.ts';
import type { Code, Report } from '../contracts/diagnostic.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import { printedTexts } from '../lang/printed-texts.ts';
import type { FieldReading } from '../lang/readings.ts';
import { typesOf } from '../lang/scope-shape.ts';
import type { CheckInput } from './rule.ts';

interface Unit {
  readonly code: Code;
  readonly called: string;
  readonly help: string;
  isOne(text: string): boolean;
}

/** What texts are read as, by the `x-unit` of their field. */
const UNITS: Readonly<Record<string, Unit>> = {
  duration: {
    code: 'DAG127',
    called: 'a duration',
    help: 'a number and its unit: 90s, 4h, 2d',
    isOne: (text) => parseDuration(text) !== undefined,
  },
  time: {
    code: 'DAG123',
    called: 'a time with its offset from UTC',
    help: 'a day, a time and its offset from UTC: 2027-03-01T09:00:00Z, 2027-03-01T09:00+01:00',
    isOne: (text) => parseTime(text) !== undefined,
  },
};

/** A template that has to give a duration or a time can give one. Those without a template in them are looked at by their kind. */
export function checkUnits({ workflow, kinds, references }: CheckInput, report: Report): void {
  const types = typesOf(workflow, kinds);
  const byName = new Map(kinds.map((kind) => [kind.kind, kind]));
  for (const reading of references) {
    const { template, field, path } = reading;
    if (template?.ok !== true) continue;
    const unit = UNITS[unitOf(reading, byName) ?? ''];
    if (unit === undefined) continue;
    const printed = printedTexts(template.tree, types.scopeOf(reading), workflow.constants);
    if (printed === undefined || printed.texts.some(unit.isOne)) continue;
    const { texts, exact } = printed;
    const bare = unit === UNITS.duration && texts.some((text) => unit.isOne(`${text}m`));
    const shown = texts
      .slice(0, 3)
      .map((text) => JSON.stringify(text))
      .join(' or ');
    report({
      code: unit.code,
      severity: 'error',
      message: `"${field}" must be ${unit.called}, which this never is`,
      at: workflow.document.spanOf(path),
      label: exact && texts.length <= 3 ? `gives ${shown}` : `gives texts such as ${JSON.stringify(texts[0])}`,
      help: bare ? `add its unit: "${String(reading.source).trim()}m"` : unit.help,
    });
  }
}

function unitOf({ node, field, path }: FieldReading, kinds: ReadonlyMap<string, NodeKind>): string | undefined {
  if (node === undefined) return undefined;
  const instead = node.onError.action === 'fallback' && path.includes('on_error') ? node.onError.kind : node.kind;
  const properties = kinds.get(instead)?.schema.properties;
  const own = isObject(properties) ? properties[field] : undefined;
  return isObject(own) && typeof own['x-unit'] === 'string' ? own['x-unit'] : undefined;
}
