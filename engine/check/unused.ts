import { isList, isObject, type Json } from '../base/json.ts';
import type { Report } from '../contracts/diagnostic.ts';
import type { NodeDecl, Workflow } from '../contracts/workflow.ts';
import { allNodes, authorsNode, hasOwnSpec, innerNodes, isNamed, nodeNamed } from '../lang/frames.ts';
import { nodeRead, readingsOfNode } from '../lang/readings.ts';
import { toolReadingsOf } from '../lang/tool-readings.ts';
import type { CheckInput } from './rule.ts';

/**
 * What is declared is used: inputs, constants, schemas, and the answers that are paid for.
 * Advice on a file without mistakes: while a name is misspelt, the right one looks unused.
 */
export function checkUnused({ workflow, kinds, references }: CheckInput, report: Report): void {
  const { document, broken } = workflow;
  if (broken.nodes.size > 0 || broken.inputs.size > 0) return;
  const read = { inputs: new Set<string>(), constants: new Set<string>() };
  const readings = [...references, ...toolReadingsOf(workflow, kinds)];
  for (const { path } of readings.flatMap((reading) => reading.references)) {
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
  reportBlindJudges({ workflow, kinds }, report);
}

const ALL: Set<string> = new Set();

/**
 * Nodes that pay for an answer nobody reads. A file without outputs shows the answers themselves, and a group without `result` gives
 * those of its nodes, so nothing in these is a dead end.
 */
function reportDeadEnds({ workflow, kinds, references }: CheckInput, report: Report): void {
  const paying = new Set(kinds.filter((kind) => kind.callsModel).map((kind) => kind.kind));
  const pays = (node: NodeDecl): boolean => (hasOwnSpec(node) ? paying.has(node.kind) : false) || innerNodes(node).some(pays);
  const computing = new Set(kinds.filter((kind) => kind.callsModel || kind.outputField !== undefined).map((kind) => kind.kind));
  /** Something comes of it besides its output: a file, a message, a question; or the run ends when a check does not hold. */
  const acts = (node: NodeDecl): boolean =>
    node.check.length > 0 ||
    (hasOwnSpec(node) && ((node.body?.type !== 'group' && !computing.has(node.kind)) || mayActByTools(workflow, node))) ||
    innerNodes(node).some(acts);
  const wanted = new Set<NodeDecl>();
  for (const { references: read, frame } of references) {
    for (const reference of read) {
      const id = nodeRead(reference);
      const node = id === undefined ? undefined : nodeNamed(frame, id)?.node;
      if (node !== undefined) wanted.add(node);
    }
  }
  for (const { node, frame } of allNodes(workflow)) {
    for (const { from } of node.needs) {
      const source = nodeNamed(frame, from)?.node;
      if (source !== undefined) wanted.add(source);
    }
  }
  for (const { node, frame } of allNodes(workflow)) {
    const shown = frame.parent === undefined ? workflow.outputs.size === 0 : frame.parent.result === undefined;
    if (!isNamed({ frame }) || shown || wanted.has(node) || !pays(node) || acts(node)) continue;
    report({
      code: 'DAG302',
      severity: 'warning',
      message: `nothing reads what "${node.id}" makes`,
      at: workflow.document.spanOf(node.path, 'key'),
      label: 'a model is paid for it',
      help:
        frame.parent === undefined
          ? `put \`nodes.${node.id}.output\` into \`outputs\`, read it in another node, or take it out`
          : `put \`nodes.${node.id}.output\` into the \`result\` of "${frame.parent.id}", read it in another node, or take it out`,
    });
  }
}

/** A model has a tool of which nobody says that calling it twice does no harm. */
function mayActByTools({ tools }: Workflow, { spec }: NodeDecl): boolean {
  if (!isList(spec.tools)) return false;
  return spec.tools.some((name) => {
    const [first = ''] = String(name).split('/');
    const tool = tools.get(first);
    return tool === undefined ? first.includes('*') : tool.type === 'mcp' || tool.idempotent !== true;
  });
}

/** Models that are asked to judge what they are not shown. Programs and models with tools may look at what was made elsewhere. */
function reportBlindJudges({ workflow, kinds }: Pick<CheckInput, 'workflow' | 'kinds'>, report: Report): void {
  const models = new Set(kinds.filter((kind) => kind.callsModel).map((kind) => kind.kind));
  for (const { node } of allNodes(workflow)) {
    const { body } = node;
    if (body?.type !== 'evaluate' && body?.type !== 'best_of') continue;
    const { judge } = body;
    if (judge === undefined || !models.has(judge.kind) || judge.spec.tools !== undefined) continue;
    const what = body.type === 'evaluate' ? 'candidate' : 'candidates';
    if (readingsOfNode(workflow, kinds, judge).some(({ references }) => references.some(({ path }) => path[0] === what))) continue;
    report({
      code: 'DAG302',
      severity: 'warning',
      message: `the judge of "${authorsNode(workflow, node).id}" does not read what it judges`,
      at: workflow.document.spanOf(judge.path, 'key'),
      label: `nothing here reads \`${what}\``,
      help: `put \`${body.type === 'evaluate' ? '{{candidate}}' : '{{json candidates}}'}\` into its prompt`,
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
