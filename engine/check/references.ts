import { isList, isObject, type Json } from '../base/json.ts';
import type { Report } from '../contracts/diagnostic.ts';
import type { Reference } from '../contracts/reference.ts';
import type { Path } from '../contracts/source.ts';
import type { TemplatePart } from '../contracts/template.ts';
import type { Workflow } from '../contracts/workflow.ts';
import { nodeNamed } from '../lang/frames.ts';
import type { FieldReading } from '../lang/readings.ts';
import { expressionsIn } from '../lang/structure.ts';
import { parseTemplate } from '../lang/template.ts';
import { didYouMean, listed, nearestOf, readerOf, spanOfStep } from './known-names.ts';
import { localMistake } from './local-names.ts';
import { type Misread, misread } from './misread.ts';
import { namesIn } from './names-in.ts';
import { nodeMistake } from './node-references.ts';
import type { CheckInput } from './rule.ts';

const RUN_PROPERTIES: readonly string[] = ['id', 'started_at', 'workflow'];

/** Everything that is read exists, and can be read where it is read. */
export function checkReferences({ workflow, references }: CheckInput, report: Report): void {
  const { document } = workflow;
  const ofAll = new Set<string>();
  for (const reading of references) {
    const told = new Set<string>();
    for (const reference of reading.references) {
      const mistake = mistakeIn(workflow, reading, reference);
      if (!mistake) continue;
      const { step, replacement, ...said } = mistake;
      // What a variable stands for was told where the variable got it.
      if (told.has(said.message) && !reference.text.startsWith(reference.path[0] ?? '')) continue;
      told.add(said.message);
      const at = spanOfStep(document, reference, step);
      // What stands in `defaults` is wrong for every node, and mended once.
      if (reference.at[0] === 'defaults') {
        const place = `${said.code} ${at.start}`;
        if (ofAll.has(place)) continue;
        ofAll.add(place);
      }
      report({ severity: 'error', at, ...said, ...(replacement !== undefined && { fix: { at, replacement } }) });
    }
  }
}

function mistakeIn(workflow: Workflow, reading: FieldReading, reference: Reference): Misread | undefined {
  const [root, name] = reference.path;
  if (root === undefined) return undefined;
  switch (root) {
    case 'nodes':
      return nodeMistake(workflow, reading, reference);
    case 'inputs':
    case 'constants':
      return declaredMistake(workflow, reading, reference, root);
    case 'run':
      if (name === undefined || RUN_PROPERTIES.includes(name)) return undefined;
      return misread('DAG206', 1, `a run has no property "${name}"`, {
        label: 'no such property',
        ...didYouMean(name, RUN_PROPERTIES),
      });
    case 'secrets':
      // Told by the rule about them.
      return undefined;
    default:
      return unknownName(workflow, reading, reference, root);
  }
}

function declaredMistake(
  workflow: Workflow,
  reading: FieldReading,
  reference: Reference,
  root: 'inputs' | 'constants',
): Misread | undefined {
  const name = reference.path[1];
  if (name === undefined || name === '[]') return undefined;
  const isInput = workflow.inputs.has(name);
  const isConstant = Object.hasOwn(workflow.constants, name);
  if (root === 'inputs' ? isInput || workflow.broken.inputs.has(name) : isConstant) return undefined;
  const names = root === 'inputs' ? [...workflow.inputs.keys()] : Object.keys(workflow.constants);
  const thing = root === 'inputs' ? 'input' : 'constant';
  const elsewhere = root === 'inputs' ? 'constants' : 'inputs';
  return misread(root === 'inputs' ? 'DAG203' : 'DAG204', 1, `${readerOf(reading)} reads the ${thing} "${name}", which is not declared`, {
    label: `no ${thing} has this name`,
    ...(isInput || isConstant
      ? { help: `did you mean \`${elsewhere}.${name}\`?` }
      : (nearestOf(name, names) ?? {
          help: `declare it under \`${root}:\`${names.length > 0 && names.length <= 8 ? `, or use ${listed(names, 'or')}` : ''}`,
        })),
  });
}

/** Names other tools have, and what to do here. */
const FOREIGN: Readonly<Record<string, string>> = {
  env: 'the environment cannot be read: declare an input, and pass the value when you run the workflow',
  process: 'the environment cannot be read: declare an input, and pass the value when you run the workflow',
  steps: 'what a node made is `nodes.<id>.output`',
  input: 'inputs are read as `inputs.<name>`',
  node: 'what a node made is `nodes.<id>.output`',
  params: 'inputs are read as `inputs.<name>`',
  vars: 'inputs are read as `inputs.<name>`, constants as `constants.<name>`',
};

function unknownName(workflow: Workflow, reading: FieldReading, reference: Reference, root: string): Misread | undefined {
  const names = namesIn(reading);
  if (names.includes(root)) return undefined;
  const local = localMistake(reading, root);
  if (local !== undefined) return { ...local, ...fieldMeant(reading, reference, root) };
  const rooted = nodeNamed(reading.frame, root)
    ? `nodes.${root}.output`
    : workflow.inputs.has(root)
      ? `inputs.${root}`
      : Object.hasOwn(workflow.constants, root)
        ? `constants.${root}`
        : undefined;
  if (reference.partial !== undefined) return missingArgument(reference.partial, reading, root, rooted);
  const foreign = Object.hasOwn(FOREIGN, root) ? FOREIGN[root] : undefined;
  return misread('DAG201', 0, `${readerOf(reading)} reads "${root}", a name that does not exist`, {
    label: 'nothing is called this',
    ...(rooted !== undefined
      ? { help: `did you mean \`${rooted}\`?`, replacement: rooted }
      : foreign !== undefined
        ? { help: foreign }
        : (nearestOf(root, names) ??
          bareText(workflow, reading, root) ?? { help: `a path begins with ${names.map((name) => `\`${name}\``).join(', ')}` })),
  });
}

/** A partial reads a name that it is not given where it is called. */
function missingArgument(
  { name, given }: NonNullable<Reference['partial']>,
  reading: FieldReading,
  root: string,
  rooted: string | undefined,
): Misread {
  const meant = nearestOf(root, given)?.nearest;
  return misread('DAG201', 0, `${readerOf(reading)} calls the partial "${name}", which reads "${root}", a name that does not exist`, {
    label: `\`${root}\` is not given here`,
    help:
      meant !== undefined
        ? `did you mean \`${root}=\` where \`${meant}=\` is written?`
        : rooted === undefined
          ? `give it here: \`${root}=…\``
          : `give it here: \`${root}=${rooted}\`; or read \`${rooted}\` in the partial`,
  });
}

/** Inside a block, a word of the language was meant as a field of what the block is about. */
function fieldMeant({ holds, source }: FieldReading, { start, text }: Reference, root: string): Partial<Misread> | undefined {
  if (holds !== 'template' || typeof source !== 'string' || !source.startsWith(root, start)) return undefined;
  const parsed = parseTemplate(source);
  const block = parsed.ok ? blockAround(parsed.tree, start) : undefined;
  if (block === undefined) return undefined;
  return {
    label: `\`${root}\` is a word of the language, here as well`,
    help: `the field of what \`{{#${block}}}\` is about is \`this.${text}\``,
  };
}

/** The innermost `each` or `with` in whose body an offset lies. */
function blockAround(parts: readonly TemplatePart[], offset: number): 'each' | 'with' | undefined {
  const part = parts.find(({ start, end }) => start <= offset && offset < end);
  if (part?.type === 'if') return blockAround([...part.then, ...part.otherwise], offset);
  if (part?.type !== 'each' && part?.type !== 'with') return undefined;
  const inside = part.body.some(({ start, end }) => start <= offset && offset < end);
  return blockAround(inside ? part.body : part.otherwise, offset) ?? (inside ? part.type : undefined);
}

/** A word where an expression stands, all by itself, was meant as a text. */
function bareText({ document }: Workflow, { holds, source, path }: FieldReading, word: string): { readonly help: string } | undefined {
  if (holds !== 'expression') return undefined;
  // One `{{path}}` where data stands is an expression as well, and was never meant as a text.
  const bare = expressionsIn(source, path).some(
    ({ text, path: at }) => text.trim() === word && !String(valueAt(document.value, at)).includes('{{'),
  );
  if (!bare) return undefined;
  return { help: `if it is meant as a text, put it in quotes: \`'"${word}"'\`` };
}

function valueAt(whole: Json, path: Path): Json | undefined {
  return path.reduce<Json | undefined>(
    (at, step) => (isList(at) && typeof step === 'number' ? at[step] : isObject(at) ? at[String(step)] : undefined),
    whole,
  );
}
