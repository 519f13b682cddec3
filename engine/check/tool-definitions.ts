import type { Report } from '../contracts/diagnostic.ts';
import type { NodeDecl, Workflow } from '../contracts/workflow.ts';
import { inferSource } from '../lang/infer-source.ts';
import { inferTemplate } from '../lang/infer-template.ts';
import { shapeOf } from '../lang/schema-shape.ts';
import { ANY, type Field, objectOf, type Shape, STRING } from '../lang/shape.ts';
import { type ToolReading, toolNames, toolReadingsOf } from '../lang/tool-readings.ts';
import type { TypeScope } from '../lang/type-scope.ts';
import { shapeOfValue, widened } from '../lang/value-shape.ts';
import { didYouMean, nearestOf, spanOfStep } from './known-names.ts';
import type { CheckInput } from './rule.ts';
import { secretMistake } from './secrets.ts';
import { syntaxDiagnostic, typeDiagnostic } from './type-diagnostic.ts';

/** What a tool is made of is right: what its templates read is there, and of the type it has to be. */
export function checkToolDefinitions({ workflow, kinds, secrets }: CheckInput, report: Report): void {
  const partials = Object.fromEntries(workflow.partials);
  for (const reading of toolReadingsOf(workflow, kinds)) {
    if (!checkNames(workflow, reading, secrets, report)) continue;
    const scope = scopeOf(workflow, reading);
    const { template, path } = reading;
    if (reading.holds === 'template') {
      if (template === undefined) continue;
      if (!template.ok) report(syntaxDiagnostic(workflow.document, path, 'template', template.problem));
      else for (const problem of inferTemplate(template.tree, scope, partials)) report(typeDiagnostic(workflow.document, path, problem));
      continue;
    }
    const { texts, problems } = inferSource(reading.source, path, scope);
    for (const text of texts) if (text.syntax) report(syntaxDiagnostic(workflow.document, text.path, 'expression', text.syntax));
    for (const problem of problems) report(typeDiagnostic(workflow.document, problem.path, problem));
  }
  checkKinds({ workflow, kinds }, report);
}

/** False when something that is read does not exist (reported). */
function checkNames(workflow: Workflow, reading: ToolReading, secrets: readonly string[] | undefined, report: Report): boolean {
  const { tool, references } = reading;
  let sound = true;
  for (const reference of references) {
    const [root = '', name] = reference.path;
    const say = (code: 'DAG201' | 'DAG203' | 'DAG204', step: number, message: string, label: string, help: string | undefined): void => {
      sound = false;
      const at = spanOfStep(workflow.document, reference, step);
      report({ code, severity: 'error', message, at, label, ...(help !== undefined && { help }) });
    };
    if (root === 'secrets') {
      const mistake = secretMistake(reading, reference, secrets);
      if (!mistake) continue;
      sound = false;
      const { step, replacement: _, ...said } = mistake;
      report({ severity: 'error', at: spanOfStep(workflow.document, reference, step), ...said });
    } else if (!toolNames(tool).includes(root)) {
      const names = toolNames(tool);
      const because =
        root === 'nodes' && tool.type !== 'mcp'
          ? 'a tool belongs to the file, whatever node it is called from: let it be told by `args.<name>`'
          : root === 'args'
            ? 'a server is started before anything is called: read `inputs` or `constants`'
            : `a tool reads ${names.map((one) => `\`${one}\``).join(', ')}`;
      say(
        'DAG201',
        0,
        `tool "${tool.name}" reads "${root}", which is not there`,
        'nothing here is called this',
        nearestOf(root, names)?.help ?? because,
      );
    } else if (root === 'inputs' && name !== undefined && !workflow.inputs.has(name) && !workflow.broken.inputs.has(name))
      say(
        'DAG203',
        1,
        `tool "${tool.name}" reads the input "${name}", which is not declared`,
        'no input has this name',
        didYouMean(name, [...workflow.inputs.keys()]).help,
      );
    else if (root === 'constants' && name !== undefined && !Object.hasOwn(workflow.constants, name))
      say(
        'DAG204',
        1,
        `tool "${tool.name}" reads the constant "${name}", which is not declared`,
        'no constant has this name',
        didYouMean(name, Object.keys(workflow.constants)).help,
      );
  }
  return sound;
}

function scopeOf(workflow: Workflow, { tool }: ToolReading): TypeScope {
  const open = (fields: ReadonlyMap<string, Field>): Shape => ({ type: 'object', fields, rest: ANY, exact: false });
  const inputs = [...workflow.inputs.values()].map(({ name, schema }): [string, Field] => [
    name,
    { shape: shapeOf(schema), required: true },
  ]);
  const constants = Object.entries(workflow.constants).map(([name, value]): [string, Field] => [
    name,
    { shape: widened(shapeOfValue(value)), required: true },
  ]);
  const names = new Map<string, Shape>([
    ['inputs', open(new Map(inputs))],
    ['constants', open(new Map(constants))],
    ['run', objectOf({ id: STRING, started_at: STRING, workflow: STRING }, ANY)],
    ['secrets', open(new Map())],
  ]);
  if (tool.type !== 'mcp') names.set('args', shapeOf(tool.input));
  return { names, skips: 'refuse' };
}

/** What only the kind whose work a tool does can say of its fields. */
function checkKinds({ workflow, kinds }: Pick<CheckInput, 'workflow' | 'kinds'>, report: Report): void {
  for (const tool of workflow.tools.values()) {
    if (tool.type === 'mcp' || tool.type === 'workflow') continue;
    const kind = kinds.find((one) => one.kind === tool.type);
    kind?.check?.(
      tool.spec,
      (code, path, message, more = {}) =>
        report({ code, severity: 'error', message, at: workflow.document.spanOf([...tool.at, ...path]), ...more }),
      { path: tool.at, kind: tool.type, spec: tool.spec } as unknown as NodeDecl,
    );
  }
}
