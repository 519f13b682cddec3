import type { Report } from '../contracts/diagnostic.ts';
import type { Reference } from '../contracts/reference.ts';
import type { FieldReading } from '../lang/readings.ts';
import { secretIn } from '../lang/sealed-text.ts';
import { didYouMean, spanOfStep } from './known-names.ts';
import { type Misread, misread } from './misread.ts';
import type { CheckInput } from './rule.ts';

/** A secret stands where its value stays out of everything that is kept, and is configured. */
export function checkSecrets({ workflow, references, secrets }: CheckInput, report: Report): void {
  for (const reading of references) {
    for (const reference of reading.references) {
      if (reference.path[0] !== 'secrets') continue;
      const mistake = secretMistake(reading, reference, secrets);
      if (!mistake) continue;
      const { step, replacement, ...said } = mistake;
      const at = spanOfStep(workflow.document, reference, step);
      report({ severity: 'error', at, ...said, ...(replacement !== undefined && { fix: { at, replacement } }) });
    }
  }
}

/** What is wrong with a secret that is read; undefined when it may stand there. */
export function secretMistake(
  reading: Pick<FieldReading, 'sealed' | 'field' | 'template'>,
  reference: Reference,
  secrets: readonly string[] | undefined,
): Misread | undefined {
  const name = reference.path[1];
  if (!reading.sealed) {
    return misread('DAG601', 0, `a secret cannot stand in \`${reading.field}\``, {
      label: 'its value would be kept, or sent on',
      help: 'secrets stand in `headers` and `env` of `http`, `command` and `tools` only',
    });
  }
  const { template } = reading;
  const alone = template?.ok && template.tree.some((part) => secretIn(part) !== undefined && within(reference, part));
  if (name === undefined || !alone) {
    return misread('DAG601', 0, 'a secret is printed as it is, and alone in its braces', {
      label: 'nothing can be done with it on the way',
      help: `write \`{{secrets.${name ?? '<name>'}}}\`; text may stand around it`,
    });
  }
  if (secrets === undefined || secrets.includes(name)) return undefined;
  const near = didYouMean(name, secrets);
  return misread('DAG602', 1, `no secret is called "${name}"`, {
    label: 'not in the configuration',
    help: near.help ?? `add it to dagrun.config.yml: \`secrets: { ${name}: "\${${name.toUpperCase()}}" }\``,
  });
}

function within(reference: Reference, part: { readonly start: number; readonly end: number }): boolean {
  return part.start <= reference.start && reference.end <= part.end;
}
