import { isObject } from '../base/json.ts';
import type { Reference } from '../contracts/reference.ts';
import type { NodeDecl, Workflow } from '../contracts/workflow.ts';
import { nodeNamed } from '../lang/frames.ts';
import { featureNames } from '../lang/node-shape.ts';
import { type FieldReading, nodeRead } from '../lang/readings.ts';
import { listed, nearestOf, readerOf, readingNode } from './known-names.ts';
import { hiddenNode, isAround, nearestNode, nodeExists } from './known-nodes.ts';
import { type Misread, misread } from './misread.ts';

/** What a node lets others read of it. A fan-out has its `items` besides. */
const NODE_PROPERTIES: readonly string[] = ['output', 'status', 'error', 'skip_reason', 'cost', 'tier', 'model'];

/** What nodes have besides, and which of them. */
const FEATURES: Readonly<Record<string, { readonly what: string; readonly of: string }>> = {
  iterations: { what: 'rounds', of: '`repeat` or `evaluate`' },
  accepted: { what: 'verdict: nothing says whether it is accepted', of: '`repeat`, `evaluate` or `escalate`' },
  score: { what: 'score', of: '`evaluate`' },
  route: { what: 'cases', of: '`route`' },
};

/** Of a fan-out each item has its own. */
function featuresOf(node: NodeDecl): readonly string[] {
  return node.foreach === undefined ? featureNames(node) : ['items'];
}

/** What is wrong with a read of `nodes.…`. */
export function nodeMistake(workflow: Workflow, reading: FieldReading, reference: Reference): Misread | undefined {
  const id = nodeRead(reference);
  if (id === undefined) {
    return misread('DAG208', 0, `${readerOf(reading)} does not say which node it reads`, {
      label: 'a node is named: `nodes.<id>`',
      because: 'reading a node is waiting for it, so which one it is has to be known before the run',
      help: 'write the id of the node, or collect what you choose from with a node of kind `set`',
    });
  }
  const reader = readingNode(reading);
  const source = nodeNamed(reading.frame, id)?.node;
  if (source !== undefined && (source === reader || source === reading.node)) {
    return misread('DAG207', 1, `"${id}" reads itself`, {
      label: 'this is the node itself',
      because: 'a node starts only when everything it reads has finished',
      help:
        reading.place === 'result'
          ? 'what the node just gave is called `output` here'
          : reading.names.has('candidate')
            ? 'what is judged is called `candidate` here'
            : reading.names.get('previous')?.of === source
              ? 'what it gave in the round before is `previous`'
              : 'read another node; what this one gave is `output`, in its `result` and `check` only',
    });
  }
  if (source !== undefined && isAround(workflow, source, reading.node)) {
    return misread('DAG207', 1, `${readerOf(reading)} reads "${id}", and is part of it`, {
      label: 'it has finished when all that is inside it has',
      because: 'a node starts only when everything it reads has finished',
      help:
        reading.names.get('previous')?.of === source
          ? 'what it gave in the round before is `previous`'
          : 'read the other nodes inside it, or what it reads itself',
    });
  }
  if (source === undefined && !nodeExists(workflow, reading.frame, id)) return missingNode(workflow, reading, reference, id);
  return source && propertyMistake(source, reading, reference);
}

function missingNode(workflow: Workflow, reading: FieldReading, reference: Reference, id: string): Misread {
  const hidden = hiddenNode(workflow, id);
  const group = hidden?.frame.parent;
  if (group === undefined) {
    return misread('DAG202', 1, `${readerOf(reading)} reads ${whatOf(reference)}"${id}", which is not a node`, {
      label: 'no node has this id',
      ...nearestNode(workflow, reading.frame, id, reading.node),
    });
  }
  return misread('DAG214', 1, `${readerOf(reading)} reads ${whatOf(reference)}"${id}", which is inside "${group.id}"`, {
    label: 'outside, only the group can be read',
    ...helpWithGroup(reading, reference, id, group),
  });
}

function helpWithGroup({ frame }: FieldReading, { path }: Reference, id: string, group: NodeDecl): { readonly help: string } {
  const output = `nodes.${group.id}.output`;
  if (nodeNamed(frame, group.id)?.node !== group)
    return { help: `give it out by the \`result\` of "${group.id}", and of what is around that` };
  if (group.foreach !== undefined) return { help: `what its items give is the list \`${output}\`` };
  if (group.result !== undefined) return { help: `add it to the \`result\` of "${group.id}", and read \`${output}\`` };
  const below = path[2] === 'output' ? path.slice(3).filter((step) => step !== '[]') : [];
  return { help: `read \`${[output, id, ...below].join('.')}\`` };
}

function propertyMistake(source: NodeDecl, reading: FieldReading, reference: Reference): Misread | undefined {
  const property = reference.path[2];
  if (property === undefined) {
    if (isOpened(reading, reference)) return undefined;
    return misread('DAG206', 1, `${readerOf(reading)} reads the node "${source.id}" as a whole`, {
      label: 'say what of it',
      help: `its output is \`nodes.${source.id}.output\``,
    });
  }
  if (property === 'items' && !source.foreach) {
    return misread('DAG206', 2, `"${source.id}" has no items: it is not a fan-out`, {
      label: 'only nodes with `foreach` have items',
      help: `its output is \`nodes.${source.id}.output\``,
    });
  }
  const feature = FEATURES[property];
  if (feature !== undefined && !featuresOf(source).includes(property)) {
    const ofItems = source.foreach !== undefined && featureNames(source).includes(property);
    if (ofItems) {
      return misread('DAG206', 2, `"${source.id}" is a fan-out: each of its items has its own "${property}"`, {
        label: 'not of the node as a whole',
        help: `go through its items: \`nodes.${source.id}.items.map(i, i.${property})\``,
      });
    }
    return misread('DAG206', 2, `"${source.id}" has no ${feature.what}`, {
      label: `only nodes with ${feature.of} have it`,
      help: `its output is \`nodes.${source.id}.output\``,
    });
  }
  const properties = [...NODE_PROPERTIES, ...featuresOf(source)];
  if (properties.includes(property)) return undefined;
  const inOutput = isObject(source.output?.properties) && property in source.output.properties;
  return misread('DAG206', 2, `"${property}" cannot be read of the node "${source.id}"`, {
    label: inOutput ? 'this is a part of its output' : 'a node has no such property',
    ...(inOutput
      ? { help: `did you mean \`nodes.${source.id}.output.${property}\`?` }
      : (nearestOf(property, properties) ?? { help: `a node has ${listed(properties)}; what it made is under "output"` })),
  });
}

/** True for the node in `{{#with nodes.scan as |scan|}}`: what is read of it is read by the variable. */
function isOpened({ references }: FieldReading, { path }: Reference): boolean {
  return references.some((other) => {
    const below = other.path.length - path.length;
    const byVariable = !other.text.startsWith('nodes') && other.text.split('.').length - 1 === below;
    return below > 0 && byVariable && other.path[1] === path[1];
  });
}

/** "the output of " before a node's name, when that is what is read. */
function whatOf(reference: Reference): string {
  return reference.path[2] === 'output' ? 'the output of ' : '';
}
