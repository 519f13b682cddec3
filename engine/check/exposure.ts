import { isList, isObject, type Json } from '../base/json.ts';
import type { Diagnostic, Report } from '../contracts/diagnostic.ts';
import type { NodeKind } from '../contracts/node-kind.ts';
import type { Span } from '../contracts/source.ts';
import type { OwnToolDecl } from '../contracts/tool.ts';
import type { NodeDecl, Workflow } from '../contracts/workflow.ts';
import { type Carried, carriedBy } from '../lang/carried.ts';
import { edgesIn } from '../lang/edges.ts';
import { allNodes, authorsNode, nodeNamed, standingOf } from '../lang/frames.ts';
import { type FieldReading, readingsOf } from '../lang/readings.ts';
import { toolReadingsOf } from '../lang/tool-readings.ts';
import { type ModelText, modelText, type Way } from './model-text.ts';
import type { CheckInput } from './rule.ts';

/**
 * Text that a model is free to choose does not decide what is run, called or opened: whoever can write into its prompt could.
 * Fields say what they reach by `x-reaches`. A schema that says what the text may be is a guard, and so is a person in between.
 */
export function checkExposure(input: CheckInput, report: Report): void {
  const own = modelText(input);
  for (const exposure of exposuresIn(own, input.kinds)) {
    if (!isApproved(input.kinds, exposure)) report(told(exposure, exposure.at, []));
  }
  // What a file that is called does with its own models is told when that file is checked.
  for (const called of callsBelow(own)) {
    for (const exposure of exposuresIn(called, input.kinds)) {
      const into = exposure.way.findLast(({ within, at }) => within === own && at !== undefined)?.at;
      if (into === undefined || isApproved(input.kinds, exposure)) continue;
      report(told(exposure, into, [{ at: exposure.at, label: `here it reaches ${exposure.reached}` }]));
    }
  }
}

function callsBelow(text: ModelText): readonly ModelText[] {
  return text.calls().flatMap((one) => [one, ...callsBelow(one)]);
}

/** Free text of a model that reaches something. */
interface Exposure {
  readonly way: Way;
  readonly within: ModelText;
  /** Absent in the definition of a tool. */
  readonly node?: NodeDecl;
  readonly tool?: OwnToolDecl;
  /** `run.argv[2]` */
  readonly place: string;
  readonly reached: string;
  /** What is wrong when it is the program, or what that runs. */
  readonly program?: string;
  readonly at: Span;
}

function exposuresIn(text: ModelText, kinds: readonly NodeKind[]): readonly Exposure[] {
  const { workflow, prefix } = text;
  const kindOf = new Map(kinds.map((kind) => [kind.kind, kind]));
  const found: Exposure[] = [];
  for (const reading of readingsOf(workflow, kinds)) {
    const { node, field } = reading;
    if (node === undefined) continue;
    const instead = node.onError.action === 'fallback' && reading.path.includes('on_error') ? node.onError : undefined;
    const reached = reachedBy(kindOf.get(instead?.kind ?? node.kind), field);
    if (reached === undefined) continue;
    const program = field === 'argv' ? programIn((instead ?? node).spec.argv, reading) : undefined;
    const place = prefix + fieldText(authorsNode(workflow, node).id, reading);
    const more = { within: text, node, place, reached, ...(program !== undefined && { program }) };
    add(reading, (read) => text.wayOf(read, reading), more);
  }
  for (const reading of toolReadingsOf(workflow, kinds)) {
    const { tool, field } = reading;
    const reached = reachedBy(kindOf.get(tool.type), field);
    if (tool.type === 'mcp' || reached === undefined) continue;
    const program = field === 'argv' ? programIn(tool.spec.argv, reading) : undefined;
    const place = prefix + fieldText(tool.name, reading);
    add(reading, (read) => text.wayIntoTool(read, tool), { within: text, tool, place, reached, ...(program !== undefined && { program }) });
  }
  return found;

  function add(
    reading: Parameters<typeof carriedBy>[0],
    wayOf: (read: Carried) => Way | undefined,
    more: Omit<Exposure, 'way' | 'at'>,
  ): void {
    for (const read of carriedBy(reading)) {
      const way = wayOf(read);
      if (way !== undefined) found.push({ ...more, way, at: workflow.document.spanWithin(read.at, read.start, read.end) });
    }
  }
}

function told({ way, tool, place, reached, program }: Exposure, at: Span, related: Related): Diagnostic {
  const [source] = way;
  const writer = source === undefined ? '' : authorsNode(source.within.workflow, source.node).id;
  const writtenIn = source?.within.workflow.document;
  const elsewhere = writtenIn !== undefined && writtenIn.file !== at.file;
  const names = way.map(({ node, within: { prefix, workflow } }) => prefix + authorsNode(workflow, node).id);
  // Only into a tool does text go from the model itself.
  const filled = source?.at;
  const taken = filled?.file.text.slice(filled.start, filled.end);
  return {
    code: program === undefined ? 'DAG603' : 'DAG604',
    severity: 'warning',
    message: headline(program ?? `model output reaches ${reached}`, [...names.filter((name, index) => name !== names[index - 1]), place]),
    at,
    label: filled !== undefined ? `"${writer}" fills it in` : 'text a model is free to choose',
    ...((elsewhere || related.length > 0) && {
      related: [
        ...(elsewhere ? [{ at: writtenIn.spanOf(source?.node.path ?? [], 'key'), label: 'a model writes it here' }] : []),
        ...related,
      ],
    }),
    because:
      program === undefined
        ? 'a model can be talked into an answer by what it reads, and here the answer acts outside'
        : 'a model can be talked into an answer by what it reads, and here the answer is what is run',
    help:
      program !== undefined
        ? 'name the program here, and let the model choose among values of an enum'
        : filled !== undefined
          ? `say what it may be in the ${tool === undefined ? 'inputs' : '`input`'} of "${taken}": an enum, a \`pattern\`, a number; or let a person see each call: \`approve: true\``
          : `say what it may be in the \`output\` of "${writer}"${elsewhere ? ` in ${writtenIn.file.name}` : ''}: an enum, a \`pattern\`, a number; or put an approval in between`,
  };
}

type Related = NonNullable<Diagnostic['related']>;

/** What a field reaches, in words, when its kind says that it does. */
function reachedBy(kind: NodeKind | undefined, field: string): string | undefined {
  const fields = kind?.schema.properties;
  const schema = isObject(fields) ? fields[field] : undefined;
  const reached = isObject(schema) ? schema['x-reaches'] : undefined;
  return typeof reached === 'string' ? reached : undefined;
}

/** `run.argv[2]` */
function fieldText(name: string, { field, path }: Place): string {
  const steps = path.slice(path.lastIndexOf(field) + 1);
  return `${name}.${field}${steps.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('')}`;
}

type Place = Pick<FieldReading, 'field' | 'path'>;

/** Programs that run the text after one of their first arguments. */
const RUNS_TEXT = /^(?:.*\/)?(?:(?:ba|z|da|k|fi)?sh|cmd(?:\.exe)?|pwsh|powershell(?:\.exe)?|node|deno|bun|python[\d.]*|perl|ruby|php)$/i;
const TEXT_FOLLOWS = /^(?:-[a-z]*[ce]|\/c|-command|--eval|eval|-r)$/i;

/** What is wrong when the argument is the program itself, or one that a program runs as code. */
function programIn(argv: Json | undefined, { path }: Place): string | undefined {
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
function isApproved(kinds: readonly NodeKind[], { way, within, node }: Exposure): boolean {
  // The way goes through one file, or from one into another: each part of it may have somebody in it.
  const parts: { readonly within: ModelText; readonly nodes: NodeDecl[] }[] = [];
  for (const step of [...way, ...(node === undefined ? [] : [{ node, within }])]) {
    const last = parts.at(-1);
    if (last?.within === step.within) last.nodes.push(step.node);
    else parts.push({ within: step.within, nodes: [step.node] });
  }
  return parts.some(({ within: { workflow, caller }, nodes }, index) => {
    const before = parts[index - 1];
    const after = parts[index + 1];
    // A file that is called begins after what calls it, and is over before that goes on.
    const from = before !== undefined && before.within === caller ? undefined : nodes[0];
    const to = after !== undefined && after.within === caller ? undefined : nodes.at(-1);
    return isApprovedBetween(kinds, workflow, from, to);
  });
}

/** True when somebody is asked after the one node has ended, and before the other begins; or anywhere before or after where there is only one. */
function isApprovedBetween(kinds: readonly NodeKind[], workflow: Workflow, from: NodeDecl | undefined, to: NodeDecl | undefined): boolean {
  const above = (start: NodeDecl): ReadonlySet<NodeDecl> => {
    const seen = new Set<NodeDecl>();
    const open = [start];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { frame } = standingOf(workflow, next);
      const { edges, outer } = edgesIn(workflow, kinds, frame);
      const siblings = (edges.get(next) ?? []).flatMap(({ from: id }) => nodeNamed(frame, id)?.node ?? []);
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
  const asked = to === undefined ? allNodes(workflow).map(({ node }) => node) : [...above(to)];
  return asked.some((one) => one.kind === 'approval' && (from === undefined || above(one).has(from)));
}
