import type { Report } from '../contracts/diagnostic.ts';
import type { Workflow } from '../contracts/workflow.ts';
import { whyNotAssignable } from '../lang/assignable.ts';
import { conditionProblem } from '../lang/infer-operator.ts';
import type { ReadText } from '../lang/infer-source.ts';
import { inferTemplate } from '../lang/infer-template.ts';
import type { FieldReading } from '../lang/readings.ts';
import { shapeOf } from '../lang/schema-shape.ts';
import { typesOf, type WorkflowTypes } from '../lang/scope-shape.ts';
import { isAny, mayBeNull, membersOf, type Shape } from '../lang/shape.ts';
import { printShape, printSort } from '../lang/shape-text.ts';
import type { TypeProblem } from '../lang/type-problem.ts';
import type { CheckInput } from './rule.ts';
import { syntaxDiagnostic, typeDiagnostic } from './type-diagnostic.ts';

/** Every template and expression can be read, and follows the types of what it reads. */
export function checkShapes({ workflow, kinds, references }: CheckInput, report: Report): void {
  const types = typesOf(workflow, kinds);
  const partials = Object.fromEntries(workflow.partials);
  for (const reading of references) {
    if (reading.holds === 'template') checkTemplate(workflow, types, reading, partials, report);
    else checkExpression(workflow, types, reading, report);
  }
}

function checkTemplate(
  workflow: Workflow,
  types: WorkflowTypes,
  reading: FieldReading,
  partials: Readonly<Record<string, string>>,
  report: Report,
): void {
  const { template: parsed, path } = reading;
  if (parsed === undefined) return;
  if (!parsed.ok) {
    report(syntaxDiagnostic(workflow.document, path, 'template', parsed.problem));
    return;
  }
  for (const problem of inferTemplate(parsed.tree, types.scopeOf(reading), partials)) {
    report(typeDiagnostic(workflow.document, path, problem));
  }
}

function checkExpression(workflow: Workflow, types: WorkflowTypes, reading: FieldReading, report: Report): void {
  const { shape, texts, problems } = types.inferred(reading);
  for (const text of texts) {
    if (text.syntax !== undefined) report(syntaxDiagnostic(workflow.document, text.path, 'expression', text.syntax));
  }
  for (const problem of problems) report(typeDiagnostic(workflow.document, problem.path, problem));
  // What is wrong inside is the cause of what comes out.
  if (texts.some((text) => text.syntax !== undefined) || problems.some((problem) => problem.severity === 'error')) return;
  const wrong = wrongResult(reading, shape, texts[0]);
  if (wrong !== undefined) report(typeDiagnostic(workflow.document, reading.path, wrong));
}

const CONDITIONS: ReadonlySet<string> = new Set([
  'skip_if',
  'run_if',
  'foreach.where',
  'check',
  'route.when',
  'repeat.until',
  'evaluate.accept_if',
  'escalate.when',
  // Of a list of tiers, the only expressions there are.
  'tier',
]);

/** What a condition is called in messages: the last part of its name, or that of the key it stands under. */
const CALLED: Readonly<Record<string, string>> = { check: 'that', tier: 'when', 'foreach.where': 'foreach.where' };

/** What is wrong with what a field gives, given what it is for. */
function wrongResult(reading: FieldReading, shape: Shape, text: ReadText | undefined): TypeProblem | undefined {
  const { field, node } = reading;
  // An output may have any name, also that of a field.
  if (node === undefined) return undefined;
  const whole = { start: 0, end: text?.text.length ?? 0 };
  const tree = text?.tree ?? { ...whole, op: 'name' as const, name: 'this' };
  if (CONDITIONS.has(field)) {
    let found: TypeProblem | undefined;
    conditionProblem(tree, shape, `in \`${CALLED[field] ?? field.split('.').at(-1)}\``, (code, at, message, more) => {
      found = { code, severity: 'error', message, start: at.start, end: at.end, ...more };
    });
    return found;
  }
  if (isAny(shape)) return undefined;
  if (reading.wanted !== undefined) {
    const misfit = whyNotAssignable(shape, shapeOf(reading.wanted));
    if (misfit === undefined) return undefined;
    const { description: advice } = reading.wanted;
    const asked = text?.text.trim() ?? '…';
    const part = misfit.path.join('.').replaceAll('.[]', '[]');
    return {
      code: 'DAG409',
      severity: 'error',
      message: `\`${field}\` takes ${String(reading.wanted.title ?? 'another value')}, and ${part === '' ? `this is ${printSort(shape)}` : `\`${part}\` does not fit`}`,
      ...whole,
      label: part === '' ? printShape(shape) : misfit.message,
      help:
        typeof advice === 'string'
          ? advice
          : mayBeNull(shape)
            ? `say what to do when it is missing: \`{{default ${asked} "…"}}\``
            : `put it into a text of its own: \`{{json ${asked}}}\``,
    };
  }
  const members = membersOf(shape).filter((one) => one.type !== 'never');
  const complaint = (code: TypeProblem['code'], message: string, help: string): TypeProblem => ({
    code,
    severity: 'error',
    message,
    ...whole,
    label: printShape(shape),
    help,
  });
  if (field === 'foreach' && members.some((one) => one.type !== 'list')) {
    const nullable = members.some((one) => one.type === 'null') && members.every((one) => one.type === 'list' || one.type === 'null');
    return nullable
      ? complaint(
          'DAG411',
          'a `foreach` goes through a list, and this may be null',
          `an empty list instead: \`coalesce(${text?.text ?? '…'}, [])\``,
        )
      : complaint('DAG411', `a \`foreach\` goes through a list, and this is ${printSort(shape)}`, listHelp(members, text?.text));
  }
  if (field === 'foreach.key' && members.some((one) => one.type !== 'string' && one.type !== 'number')) {
    return complaint(
      'DAG417',
      `a key is text or a number, and this is ${printSort(shape)}`,
      'take something short that tells the items apart, such as an id',
    );
  }
  if (field === 'evaluate.score' && members.some((one) => one.type !== 'number')) {
    return complaint(
      'DAG409',
      `a score is a number, and this is ${printSort(shape)}`,
      'candidates are compared by it: the higher the better',
    );
  }
  if (reading.place === 'bound' && members.some((one) => one.type !== 'number')) {
    return complaint(
      'DAG409',
      `\`${field}\` is a whole number, and this is ${printSort(shape)}`,
      'write a number, or read an input of `type: integer`',
    );
  }
  // Other bounds are rounded down.
  if (field === 'max_turns' && members.some((one) => one.type === 'number' && !one.integer)) {
    return complaint(
      'DAG409',
      '`max_turns` is a whole number, and this may have a fraction',
      'round it: `int(…)`, or read an input of `type: integer`',
    );
  }
  return undefined;
}

function listHelp(members: readonly Shape[], text: string | undefined): string {
  const [one] = members;
  if (one?.type === 'object') {
    const lists = [...one.fields].filter(([, field]) => membersOf(field.shape).some((part) => part.type === 'list')).map(([name]) => name);
    if (lists[0] !== undefined) return `one of its fields is a list: \`${text}.${lists[0]}\``;
    return `its fields as a list: \`values(${text})\``;
  }
  return one?.type === 'string' ? `split it: \`split(${text}, "\\n")\`, or let the node give a list` : 'give it a list';
}
