import type { Report } from '../contracts/diagnostic.ts';
import { compileValidator } from '../lang/validate.ts';
import type { CheckInput } from './rule.ts';

/** The default of an input is a value the input may have. */
export function checkSchemas({ workflow }: CheckInput, report: Report): void {
  const { document } = workflow;
  for (const input of workflow.inputs.values()) {
    if (input.default === undefined) continue;
    const [problem] = compileValidator(input.schema)(input.default);
    if (problem === undefined) continue;
    report({
      code: 'DAG418',
      severity: 'error',
      message: `the default of the input "${input.name}" does not fit its schema`,
      at: document.spanOf([...input.path, 'default', ...problem.path]),
      label: problem.message,
      help:
        input.default === null
          ? 'leave `default` out to make the input required, or allow null in its type'
          : 'change the default, or the schema',
    });
  }
}
