import type { Report } from '../contracts/diagnostic.ts';
import type { NodeDecl } from '../contracts/workflow.ts';
import { allNodes, authorsNode } from '../lang/frames.ts';
import { type FieldReading, readingsOfNode } from '../lang/readings.ts';
import { typesOf, type WorkflowTypes } from '../lang/scope-shape.ts';
import { fieldOf, isAny, membersOf, type Shape } from '../lang/shape.ts';
import { printShape, printSort } from '../lang/shape-text.ts';
import type { CheckInput } from './rule.ts';

/** What goes round in a loop stays what it is, and what candidates are judged by can be compared. */
export function checkLoops({ workflow, kinds }: CheckInput, report: Report): void {
  const types = typesOf(workflow, kinds);
  for (const { node } of allNodes(workflow)) {
    const own = node.repeat === undefined ? [] : readingsOfNode(workflow, kinds, node);
    for (const [name, fold] of node.repeat?.carry ?? []) checkFold(name, fold.path, own);
    if (node.body?.type === 'evaluate') checkScore(node, node.body);
    if (node.body?.type === 'best_of' && node.body.judge !== undefined) checkChoice(node.body.judge);
  }

  function checkFold(name: string, path: FieldReading['path'], own: readonly FieldReading[]): void {
    const at = (part: string): FieldReading | undefined =>
      own.find(
        (one) => one.path.length === path.length + 1 && one.path.at(-1) === part && path.every((step, index) => one.path[index] === step),
      );
    const [first, next] = [sound(types, at('first')), sound(types, at('next'))];
    const reading = at('next');
    if (first === undefined || next === undefined || reading === undefined || isAny(first) || isAny(next)) return;
    const before = sortsOf(first);
    // Nothing yet, and then something: null is what a fold begins with when there is nothing else.
    if (before.size === 0 || [...sortsOf(next)].every((sort) => before.has(sort))) return;
    report({
      code: 'DAG422',
      severity: 'error',
      message: `\`carry.${name}\` begins as ${printSort(first)}, and goes on as ${printSort(next)}`,
      at: workflow.document.spanOf(reading.path, 'value'),
      label: printShape(next),
      related: [{ at: workflow.document.spanOf([...path, 'first'], 'value'), label: printShape(first) }],
      because: 'whoever reads it does not know which round it is',
      help: 'let both give the same type, or begin with null',
    });
  }

  function checkScore(node: NodeDecl, body: NodeDecl['body'] & { type: 'evaluate' }): void {
    if (body.score !== undefined || (body.keep === 'last' && body.stopWhenStuck === undefined)) return;
    const given = types.madeBy(body.judge);
    const score = fieldOf(given, 'score');
    const wrong = score.found === 'never' || score.found === 'no_object' || ('shape' in score && !isNumber(score.shape));
    if (!wrong) return;
    report({
      code: 'DAG409',
      severity: 'error',
      message: `candidates of "${authorsNode(workflow, node).id}" are compared by a score, and the judge gives none`,
      at: workflow.document.spanOf(body.path, 'key'),
      label: `it gives ${printShape(given)}`,
      help: 'let its `output` have `score: number`, say what it is by `score: <expression>`, or write `keep: last`',
    });
  }

  function checkChoice(judge: NodeDecl): void {
    const given = types.madeBy(judge);
    const best = fieldOf(given, 'best');
    const wrong = best.found === 'never' || best.found === 'no_object' || ('shape' in best && !isNumber(best.shape));
    if (!wrong || (membersOf(given).every((one) => one.type === 'number') && !isAny(given))) return;
    report({
      code: 'DAG409',
      severity: 'error',
      message: 'a judge gives the number of the best candidate, and this one does not',
      at: workflow.document.spanOf(judge.path, 'key'),
      label: `it gives ${printShape(given)}`,
      help: 'leave its `output` out, or let it have `best: integer 1..`',
    });
  }
}

/** What a field gives, when nothing is wrong in it. */
function sound(types: WorkflowTypes, reading: FieldReading | undefined): Shape | undefined {
  if (reading === undefined) return undefined;
  const { shape, problems, texts } = types.inferred(reading);
  return problems.some(({ severity }) => severity === 'error') || texts.some(({ syntax }) => syntax !== undefined) ? undefined : shape;
}

/** The sorts of values there can be, null aside. */
function sortsOf(shape: Shape): ReadonlySet<string> {
  return new Set(membersOf(shape).flatMap(({ type }) => (type === 'null' || type === 'never' ? [] : [type])));
}

const isNumber = (shape: Shape): boolean => isAny(shape) || membersOf(shape).some((one) => one.type === 'number');
