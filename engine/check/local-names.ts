import type { NodeDecl } from '../contracts/workflow.ts';
import type { Local } from '../lang/frames.ts';
import type { FieldReading } from '../lang/readings.ts';
import { readerOf, readingNode } from './known-names.ts';
import { type Misread, misread } from './misread.ts';

/** What is wrong with a name that is known in some places only, and not in this one; undefined for any other name. */
export function localMistake(reading: FieldReading, root: string): Misread | undefined {
  switch (root) {
    case 'output':
      return outputMistake(reading);
    case 'iteration':
    case 'previous':
    case 'carry':
      return roundMistake(reading, root);
    case 'candidate':
    case 'evaluation':
    case 'candidates':
      return candidateMistake(reading, root);
    default:
      return itemMistake(reading, root);
  }
}

function outputMistake(reading: FieldReading): Misread {
  const { node, field, names } = reading;
  if (names.has('candidate')) {
    return misread('DAG205', 0, `${readerOf(reading)} reads "output" where there is none`, {
      label: 'what was made is called `candidate` here',
      help: names.has('evaluation') ? 'write `candidate`; what the judge gives is `evaluation`' : 'write `candidate`',
    });
  }
  return misread('DAG205', 0, `${readerOf(reading)} reads "output" where there is none`, {
    label: '`output` is known in `result` and `check` only',
    because: node ? `it is what the node has made, and \`${field}\` is looked at before that` : 'it is what one node has made',
    help: 'the output of another node is `nodes.<id>.output`',
  });
}

/** Items of a fan-out: of the node itself, or of one around it. */
function itemMistake(reading: FieldReading, root: string): Misread | undefined {
  const { node, field, names } = reading;
  const items = named(reading, 'item');
  if (root === 'item' && items !== undefined) {
    return misread('DAG205', 0, `${readerOf(reading)} reads "item", but its items are called "${items.name}"`, {
      label: `\`as: ${items.name}\` renamed it`,
      help: `write \`${items.name}\``,
    });
  }
  const own = root === node?.foreach?.as;
  if (!own && root !== 'item' && root !== 'index') return undefined;
  const reader = readingNode(reading);
  const outside =
    node?.foreach !== undefined && !names.has(node.foreach.as)
      ? {
          label: `there is no item yet when \`${field}\` is looked at`,
          because: `\`${field}\` concerns the node as a whole, not one item`,
          help: 'to leave out single items use `where` of the `foreach`',
        }
      : reader
        ? { label: 'this node has no `foreach`', help: `give "${reader.id}" a \`foreach\`, or read \`nodes.<id>.output\`` }
        : { label: 'there are no items here', help: 'the outputs of all items are the list `nodes.<id>.output`' };
  return misread('DAG205', 0, `${readerOf(reading)} reads "${root}" where there is no item`, outside);
}

/** Rounds of a loop: of the node itself, or of one around it. */
function roundMistake(reading: FieldReading, root: string): Misread {
  const { node, field } = reading;
  const loop = named(reading, 'iteration');
  if (loop !== undefined) {
    const outer = [...reading.names].find(
      ([, { type, of }]) => type === 'loop' && of !== loop.local.of && (of.repeat?.carry.size ?? 0) > 0,
    );
    return misread('DAG205', 0, `${readerOf(reading)} reads "carry", and its loop carries nothing`, {
      label: 'nothing is carried from round to round',
      because: 'of several loops the innermost is meant',
      help:
        outer === undefined
          ? `give the \`repeat\` of "${loop.local.of.id}" a \`carry: { name: { first: …, next: … } }\``
          : `what the loop around it carries is \`${outer[0]}.carry\``,
    });
  }
  const reader = readingNode(reading);
  if (node?.repeat !== undefined) {
    return misread('DAG205', 0, `${readerOf(reading)} reads "${root}" where there is no round`, {
      label: `there is no round yet when \`${field}\` is looked at`,
      because:
        field === 'repeat.carry.first'
          ? 'what is carried begins before the first round'
          : `\`${field}\` concerns the node as a whole, not one round`,
      help: field === 'repeat.carry.first' ? 'read it in `next`' : 'read it in `until`, or in the fields that say what is done',
    });
  }
  return misread('DAG205', 0, `${readerOf(reading)} reads "${root}" where there is no round`, {
    label: reader ? 'this node has no `repeat`' : 'there are no rounds here',
    help: reader ? `give "${reader.id}" a \`repeat: { until: …, max: 5 }\`` : 'the rounds of a node are the list `nodes.<id>.iterations`',
  });
}

/** Candidates: of an `evaluate` or a `best_of` of the node. */
function candidateMistake(reading: FieldReading, root: string): Misread {
  const body = partsAround(reading);
  const said = (label: string, help: string): Misread =>
    misread('DAG205', 0, `${readerOf(reading)} reads "${root}" where there is none`, { label, help });
  if (root === 'candidates') {
    return said('the candidates are known to the judge of a `best_of` only', 'read it in `best_of: { judge: { prompt: … } }`');
  }
  if (body?.type !== 'evaluate') {
    const kind = root === 'candidate' && body?.type === 'best_of' ? 'the judge of a `best_of` reads `candidates`, a list' : undefined;
    return said('this node has no `evaluate`', kind ?? 'candidates are made and judged with `evaluate: { prompt: …, accept_if: … }`');
  }
  if (root === 'evaluation' && reading.names.has('candidate')) {
    return said('it is the judge who gives it', 'read it in `accept_if`, `score` and `revise`');
  }
  return said('there is none yet when the first candidate is made', 'what makes the next one stands in `evaluate: { revise: … }`');
}

/** The `evaluate` or `best_of` in which a field stands. */
function partsAround({ node, frame: from }: FieldReading): NodeDecl['body'] {
  const own = node?.body;
  if (own?.type === 'evaluate' || own?.type === 'best_of') return own;
  for (let frame = from.parent === node ? from.outer : from; frame?.parent !== undefined; frame = frame.outer) {
    if (frame.type === 'group') return undefined;
    if (frame.type === 'evaluate' || frame.type === 'best_of') return frame.parent.body;
  }
  return undefined;
}

/** A name of this sort that a field knows. */
function named({ names }: FieldReading, type: Local['type']): { readonly name: string; readonly local: Local } | undefined {
  for (const [name, local] of names) if (local.type === type) return { name, local };
  return undefined;
}
