import type { NodeId } from '../base/ids.ts';
import { isList, isObject, type Json } from '../base/json.ts';
import type { Report } from '../contracts/diagnostic.ts';
import { edgesOf } from '../lang/edges.ts';
import { nodeRead } from '../lang/readings.ts';
import type { CheckInput } from './rule.ts';

/**
 * What is declared is used: inputs, constants, schemas, and the answers that are paid for.
 * Advice on a file without mistakes: while a name is misspelt, the right one looks unused.
 */
export function checkUnused({ workflow, kinds, references }: CheckInput, report: Report): void {
  const { document, broken } = workflow;
  if (broken.nodes.size > 0 || broken.inputs.size > 0) return;
  const read = { inputs: new Set<string>(), constants: new Set<string>() };
  for (const { path } of references.flatMap((reading) => reading.references)) {
    const [root, name] = path;
    if (root !== 'inputs' && root !== 'constants') continue;
    if (name === undefined || name === '[]') read[root] = ALL;
    else read[root].add(name);
  }
  for (const { name, path } of workflow.inputs.values()) {
    if (read.inputs === ALL || read.inputs.has(name)) continue;
    report({
      code: 'DAG220',
      severity: 'warning',
      message: `nothing reads the input "${name}"`,
      at: document.spanOf(path, 'key'),
      label: 'declared, never read',
      help: `read it as \`inputs.${name}\`, or take it out`,
    });
  }
  for (const name of Object.keys(workflow.constants)) {
    if (read.constants === ALL || read.constants.has(name)) continue;
    report({
      code: 'DAG221',
      severity: 'warning',
      message: `nothing reads the constant "${name}"`,
      at: document.spanOf(['constants', name], 'key'),
      label: 'declared, never read',
      help: `read it as \`constants.${name}\`, or take it out`,
    });
  }
  const referred = new Set(schemasReferred(document.value));
  for (const name of Object.keys(workflow.schemas)) {
    if (referred.has(name)) continue;
    report({
      code: 'DAG222',
      severity: 'warning',
      message: `nothing refers to the schema "${name}"`,
      at: document.spanOf(['schemas', name], 'key'),
      label: 'declared, never used',
      help: `refer to it with \`$ref: "#/schemas/${name}"\`, or take it out`,
    });
  }
  reportDeadEnds({ workflow, kinds, references }, report);
}

const ALL: Set<string> = new Set();

/** Nodes that pay for an answer nobody reads. A file without outputs shows the answers themselves, so nothing in it is a dead end. */
function reportDeadEnds({ workflow, kinds, references }: CheckInput, report: Report): void {
  if (workflow.outputs.size === 0) return;
  const paying = new Set(kinds.filter((kind) => kind.callsModel).map((kind) => kind.kind));
  const wanted = new Set<NodeId>();
  for (const { node, references: read } of references) {
    if (node) continue;
    for (const reference of read) {
      const id = nodeRead(reference);
      if (id !== undefined) wanted.add(id);
    }
  }
  for (const sources of edgesOf(workflow, kinds).values()) for (const { from } of sources) wanted.add(from);
  for (const node of workflow.nodes.values()) {
    // A check makes a node a gate: the run ends when it does not hold.
    if (wanted.has(node.id) || !paying.has(node.kind) || node.check.length > 0) continue;
    report({
      code: 'DAG302',
      severity: 'warning',
      message: `nothing reads what "${node.id}" makes`,
      at: workflow.document.spanOf(node.path, 'key'),
      label: 'a model is paid for it',
      help: `put \`nodes.${node.id}.output\` into \`outputs\`, read it in another node, or take it out`,
    });
  }
}

/** The names of `schemas` that a `$ref` somewhere in the file refers to. */
function* schemasReferred(value: Json): Generator<string> {
  const open: Json[] = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (isList(next)) open.push(...next);
    else if (isObject(next)) {
      if (typeof next.$ref === 'string') yield next.$ref.replace(/^#\/schemas\//, '').split('/')[0] ?? '';
      open.push(...Object.values(next));
    }
  }
}
