import { isList, isObject, type Json } from '../base/json.ts';
import type { Report } from '../contracts/diagnostic.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { NodeDecl } from '../contracts/workflow.ts';
import { carriedBy } from '../lang/carried.ts';
import { edgesIn } from '../lang/edges.ts';
import { authorsNode, nodeNamed, standingOf } from '../lang/frames.ts';
import type { FieldReading } from '../lang/readings.ts';
import { modelText } from './model-text.ts';
import type { CheckInput } from './rule.ts';

/**
 * Text that a model is free to choose does not decide what is run, called or opened: whoever can write into its prompt could.
 * Fields say what they reach by `x-reaches`. A schema that says what the text may be is a guard, and so is a person in between.
 */
export function checkExposure(input: CheckInput, report: Report): void {
  const { workflow, kinds, references } = input;
  const kindOf = new Map(kinds.map((kind) => [kind.kind, kind]));
  const text = modelText(input);
  for (const reading of references) {
    const { node, field } = reading;
    const reached = node === undefined ? undefined : reachedBy(node, reading, kindOf);
    if (node === undefined || reached === undefined) continue;
    for (const { path, at, start, end } of carriedBy(reading)) {
      const way = text.wayOf({ path }, reading);
      const [source] = way ?? [];
      if (way === undefined || source === undefined || isApproved(input, source, node)) continue;
      const place = fieldText(authorsNode(workflow, node), reading);
      const program = field === 'argv' ? programIn(node.spec.argv, reading) : undefined;
      report({
        code: program === undefined ? 'DAG603' : 'DAG604',
        severity: 'warning',
        message: headline(program ?? `model output reaches ${reached}`, [...way.map(({ id }) => id), place]),
        at: workflow.document.spanWithin(at, start, end),
        label: 'text a model is free to choose',
        because:
          program === undefined
            ? 'a model can be talked into an answer by what it reads, and here the answer acts outside'
            : 'a model can be talked into an answer by what it reads, and here the answer is what is run',
        help:
          program === undefined
            ? `say what it may be in the \`output\` of "${source.id}": an enum, a \`pattern\`, a number; or put an approval in between`
            : 'name the program here, and let the model choose among values of an enum',
      });
    }
  }
}

/** What a field reaches, in words, when its kind says that it does. */
function reachedBy(node: NodeDecl, { field, path }: FieldReading, kinds: ReadonlyMap<string, NodeKind>): string | undefined {
  const inFallback = node.onError.action === 'fallback' && path.includes('on_error');
  const name = inFallback && node.onError.action === 'fallback' ? node.onError.kind : node.kind;
  const fields = kinds.get(name)?.schema.properties;
  const schema = isObject(fields) ? fields[field] : undefined;
  const reached = isObject(schema) ? schema['x-reaches'] : undefined;
  return typeof reached === 'string' ? reached : undefined;
}

/** `run.argv[2]` */
function fieldText(node: NodeDecl, { field, path }: FieldReading): string {
  const steps = path.slice(path.lastIndexOf(field) + 1);
  return `${node.id}.${field}${steps.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('')}`;
}

/** Programs that run the text after one of their first arguments. */
const RUNS_TEXT = /^(?:.*\/)?(?:(?:ba|z|da|k|fi)?sh|cmd(?:\.exe)?|pwsh|powershell(?:\.exe)?|node|deno|bun|python[\d.]*|perl|ruby|php)$/i;
const TEXT_FOLLOWS = /^(?:-[a-z]*[ce]|\/c|-command|--eval|eval|-r)$/i;

/** What is wrong when the argument is the program itself, or one that a program runs as code. */
function programIn(argv: Json | undefined, { path }: FieldReading): string | undefined {
  const index = Number(path[path.lastIndexOf('argv') + 1]);
  if (index === 0) return 'a model chooses the program that is run';
  if (!isList(argv)) return undefined;
  const [program, ...before] = argv.slice(0, index);
  const runsText = typeof program === 'string' && RUNS_TEXT.test(program) && before.length > 0;
  const option = before.at(-1);
  return runsText && typeof option === 'string' && TEXT_FOLLOWS.test(option) ? 'a model writes the code that is run' : undefined;
}

const LONGEST = 90;

/** The headline with the way after it; with the middle of the way left out when it is long. */
function headline(said: string, way: readonly string[]): string {
  const whole = `${said}: ${way.join(' → ')}`;
  return whole.length <= LONGEST || way.length < 4 ? whole : `${said}: ${way[0]} → … → ${way.slice(-2).join(' → ')}`;
}

/** True when a person sees the run between the model and the reader. */
function isApproved({ workflow, kinds }: CheckInput, source: NodeDecl, reader: NodeDecl): boolean {
  const above = (start: NodeDecl): ReadonlySet<NodeDecl> => {
    const seen = new Set<NodeDecl>();
    const open = [start];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { frame } = standingOf(workflow, next);
      const { edges, outer } = edgesIn(workflow, kinds, frame);
      const siblings = (edges.get(next) ?? []).flatMap(({ from }) => nodeNamed(frame, from)?.node ?? []);
      const sources = [
        ...siblings,
        ...(outer.get(next) ?? []).map(({ node }) => node),
        ...(frame.parent === undefined ? [] : [frame.parent]),
      ];
      for (const one of sources) {
        if (seen.has(one)) continue;
        seen.add(one);
        open.push(one);
      }
    }
    return seen;
  };
  return [...above(reader)].some((one) => one.kind === 'approval' && above(one).has(source));
}
