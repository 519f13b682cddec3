import type { NodeId } from '../base/ids.ts';
import type { Report } from '../contracts/diagnostic.ts';
import type { NodeDecl } from '../contracts/workflow.ts';
import { edgesIn } from '../lang/edges.ts';
import { allNodes, isNamed, nodeNamed, standingOf } from '../lang/frames.ts';
import { type FieldReading, readingsOfNode } from '../lang/readings.ts';
import { typesOf, type WorkflowTypes } from '../lang/scope-shape.ts';
import { listed, readerOf } from './known-names.ts';
import type { CheckInput } from './rule.ts';

/** What is decided before the run: conditions that always turn out the same way, and nodes that never run. */
export function checkDecided({ workflow, kinds, references }: CheckInput, report: Report): void {
  const types = typesOf(workflow, kinds);
  for (const reading of references) {
    const outcome = reading.node !== undefined && COUNTED.has(reading.field) ? types.outcomeOf(reading) : undefined;
    // A check that always holds may be there for the day the schema changes.
    if (outcome === undefined || (reading.field === 'check' && outcome)) continue;
    if (reading.node !== undefined && skips(reading.field, outcome)) continue;
    report({
      code: 'DAG321',
      severity: 'warning',
      message: `${inWords(reading)} is always ${outcome}`,
      at: workflow.document.spanOf(reading.path, 'value'),
      label: `always ${outcome}`,
      because: typeof reading.source === 'boolean' ? 'so it decides nothing' : 'what it reads leaves it no other way to turn out',
      help: reading.field === 'check' ? 'mend the condition: as it is, the node always fails' : 'mend the condition, or take it out',
    });
  }
  checkDeadNodes({ workflow, kinds }, types, report);
}

/** Fields with a condition that should be able to turn out either way. */
const COUNTED: ReadonlySet<string> = new Set([
  'skip_if',
  'run_if',
  'foreach.where',
  'check',
  'route.when',
  'evaluate.accept_if',
  'escalate.when',
  'repeat.until',
]);

/** True where the outcome always skips the node: that is told as a node that never runs. */
const skips = (field: string, outcome: boolean): boolean => (field === 'skip_if' && outcome) || (field === 'run_if' && !outcome);

function inWords(reading: FieldReading): string {
  const { field } = reading;
  return field === 'check' ? `what is checked of ${readerOf(reading)}` : `\`${field.replace('foreach.', '')}\` of ${readerOf(reading)}`;
}

function checkDeadNodes({ workflow, kinds }: Pick<CheckInput, 'workflow' | 'kinds'>, types: WorkflowTypes, report: Report): void {
  const dead = allNodes(workflow).flatMap((one) => (isNamed(one) && types.neverRuns(one.node) ? [one.node] : []));
  if (dead.length === 0) return;
  const neededBy = (node: NodeDecl): readonly NodeDecl[] => {
    const { frame } = standingOf(workflow, node);
    const { edges, outer } = edgesIn(workflow, kinds, frame);
    const siblings = (edges.get(node) ?? []).flatMap((edge) => ({ ...edge, node: nodeNamed(frame, edge.from)?.node }));
    return [...siblings, ...(outer.get(node) ?? [])].flatMap((edge) =>
      !edge.optional && edge.node !== undefined && types.mayGoMissing(edge.node) ? [edge.node] : [],
    );
  };
  for (const node of dead) {
    const needed = neededBy(node);
    const condition = readingsOfNode(workflow, kinds, node).find(({ field }) => field === 'skip_if' || field === 'run_if');
    const outcome = condition && types.outcomeOf(condition);
    const skipsItself = condition !== undefined && outcome !== undefined && skips(condition.field, outcome);
    // One that only follows a node that never runs is told with that one.
    if (!skipsItself && needed.some((from) => dead.includes(from))) continue;
    const followers = dead.filter((other) => other !== node && neededBy(other).includes(node)).map(({ id }) => id);
    report({
      code: 'DAG320',
      severity: 'warning',
      message: `"${node.id}" never runs`,
      at: workflow.document.spanOf(node.path, 'key'),
      label: 'skipped in every run',
      ...(skipsItself && {
        related: [{ at: workflow.document.spanOf(condition.path, 'value'), label: `\`${condition.field}\` is always ${outcome}` }],
      }),
      because: skipsItself
        ? 'its own condition skips it, whatever the run reads'
        : exclusion(
            needed.map(({ id }) => id),
            condition !== undefined,
          ),
      help: `${skipsItself ? 'mend the condition' : 'guard one of the reads'}, or take the node out${followers.length === 0 ? '' : `; ${listed(followers)} ${followers.length === 1 ? 'goes' : 'go'} with it`}`,
    });
  }
}

/** Why a node never runs that needs these. */
function exclusion(needed: readonly NodeId[], hasCondition: boolean): string {
  if (needed.length < 2) return `${listed(needed)} is skipped whenever its own condition would let it run`;
  return `it needs ${listed(needed)}, which never run together${hasCondition ? ' when its own condition lets it run' : ''}`;
}
