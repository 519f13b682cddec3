import type { Report } from '../contracts/diagnostic.ts';
import type { TemplatePart } from '../contracts/template.ts';
import type { NodeDecl, Workflow } from '../contracts/workflow.ts';
import { authorsNode, nodeNamed } from '../lang/frames.ts';
import { type FieldReading, nodeRead } from '../lang/readings.ts';
import { firstVarying, type Stretch, type Varies } from '../lang/stable-text.ts';
import { parseTemplate } from '../lang/template.ts';
import type { CheckInput } from './rule.ts';

/**
 * In what is asked again and again, what changes stands last: providers keep the beginning that requests share, up to the first
 * difference, and what follows it is paid in full each time.
 */
export function checkPromptOrder({ workflow, kinds, references }: CheckInput, report: Report): void {
  const calling = new Set(kinds.filter(({ callsModel }) => callsModel).map(({ kind }) => kind));
  const asked = new Map<NodeDecl, FieldReading[]>();
  for (const reading of references) {
    const { node, field, path } = reading;
    if (node === undefined || !calling.has(node.kind) || !ASKED.includes(field) || path.includes('on_error')) continue;
    asked.set(node, [...(asked.get(node) ?? []), reading]);
  }
  for (const [node, readings] of asked) {
    const varying = varyingOf(readings);
    if (varying.names.size === 0) continue;
    const inOrder = readings.toSorted((a, b) => ASKED.indexOf(a.field) - ASKED.indexOf(b.field));
    const firstIn = (one: FieldReading): Stretch | undefined => firstVarying(one.references, differs(one, varying));
    const index = inOrder.findIndex((one) => firstIn(one) !== undefined);
    const reading = inOrder[index];
    const first = reading && firstIn(reading);
    if (reading === undefined || first === undefined) continue;
    const behind = inOrder.slice(index).map((one) => lettersAfter(partsOf(one), one === reading ? first.end : 0, one, varying, workflow));
    const tokens = Math.round(behind.reduce((sum, letters) => sum + letters, 0) / LETTERS_PER_TOKEN);
    if (tokens < LEAST_CACHED) continue;
    report({
      code: 'DAG520',
      severity: 'warning',
      message: `"${authorsNode(workflow, node).id}" asks with a value that changes before ${tokens} tokens or so that do not`,
      at: workflow.document.spanWithin(reading.path, first.start, first.end),
      label: 'differs from call to call',
      because:
        'a provider keeps what requests begin with in common, and takes a tenth of the price for it; what follows a difference is paid in full',
      help: 'put what changes at the end',
    });
  }
}

/** The parts of what a field says; a text without braces is one part. */
function partsOf({ template, source }: FieldReading): readonly TemplatePart[] {
  if (template !== undefined) return template.ok ? template.tree : [];
  return typeof source === 'string' ? [{ type: 'text', text: source, start: 0, end: source.length }] : [];
}

/** Fields a model reads, in the order it does. */
const ASKED: readonly string[] = ['system', 'prompt'];

/**
 * From so many tokens a beginning is kept: OpenAI, and Claude Sonnet 4.5 to 5 (other Claudes from 512 to 4096).
 * Source: the vendors' pages on prompt caching, read 2026-11-20.
 */
const LEAST_CACHED = 1024;
/** English prose has about four letters a token, code and other languages fewer: this counts too few rather than too many. */
const LETTERS_PER_TOKEN = 4;

/** What differs between the calls of one node. */
interface Varying {
  /** Names of items, rounds and candidates, its own and those it stands in. */
  readonly names: ReadonlySet<string>;
  /** The nodes whose items, rounds and candidates these are: what is inside them differs as well. */
  readonly of: ReadonlySet<NodeDecl>;
}

function varyingOf(readings: readonly FieldReading[]): Varying {
  const locals = readings.flatMap(({ names }) => [...names]);
  return { names: new Set(locals.map(([name]) => name)), of: new Set(locals.map(([, { of }]) => of)) };
}

/** Whether what a field reads is another in each call. */
function differs({ frame }: FieldReading, { names, of }: Varying): Varies {
  return (reference) => {
    const [root = ''] = reference.path;
    const id = nodeRead(reference);
    if (id === undefined) return names.has(root);
    let at = nodeNamed(frame, id)?.frame;
    while (at !== undefined && !(at.parent !== undefined && of.has(at.parent))) at = at.outer;
    return at !== undefined;
  };
}

/** Letters of text behind a place that are the same in each call: those written down, in constants and in partials. Others are not known. */
function lettersAfter(parts: readonly TemplatePart[], from: number, reading: FieldReading, varying: Varying, workflow: Workflow): number {
  const others = reading.references.filter(differs(reading, varying));
  const varies = ({ start, end }: Stretch): boolean => others.some((one) => one.start >= start && one.end <= end);
  let letters = 0;
  for (const part of parts) {
    if (part.end <= from) continue;
    if (part.type === 'text') letters += part.text.trim().length;
    else if (part.type === 'partial') letters += varies(part) ? 0 : (partialText(workflow.partials.get(part.name)) ?? 0);
    else if (part.type === 'print') letters += varies(part.value) ? 0 : constantLetters(part, reading, workflow);
    else if (part.type === 'if' && !varies(part.test)) letters += lettersAfter(part.then, from, reading, varying, workflow);
  }
  return letters;
}

function partialText(text: string | undefined): number | undefined {
  const parsed = text === undefined ? undefined : parseTemplate(text);
  return parsed?.ok ? parsed.tree.reduce((sum, part) => sum + (part.type === 'text' ? part.text.length : 0), 0) : undefined;
}

/** `{{constants.guide}}` is as long as it is written. */
function constantLetters({ value }: TemplatePart & { type: 'print' }, { references }: FieldReading, { constants }: Workflow): number {
  const read = references.find(({ start, end }) => start === value.start && end === value.end);
  const [root, name = '', ...steps] = read?.path ?? [];
  const text = root === 'constants' && steps.length === 0 && Object.hasOwn(constants, name) ? constants[name] : undefined;
  return typeof text === 'string' ? text.length : 0;
}
