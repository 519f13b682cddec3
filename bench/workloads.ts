/** `count` nodes, each of which reads the one before. */
export function chain(count: number): string {
  const nodes = Array.from({ length: count }, (_, index) =>
    node(`n${index}`, index === 0 ? 'inputs.start' : `nodes.n${index - 1}.output + 1`),
  );
  return file('chain', 'start: { type: integer, default: 0 }', nodes, `nodes.n${count - 1}.output`);
}

/** One node over a list of the run's input, `width` items at a time. */
export function fanOut(width: number, fields = 'kind: instant\n    value: item + 1'): string {
  const nodes = [`  work:\n    foreach: inputs.items\n    ${fields}\n`];
  return file('fan-out', 'items: { type: array, items: { type: integer } }', nodes, 'size(nodes.work.output)', width);
}

/** `layers` layers of `width` nodes; each node reads three of the layer above. */
export function layered(layers: number, width: number): string {
  const nodes: string[] = [];
  for (let layer = 0; layer < layers; layer += 1) {
    for (let at = 0; at < width; at += 1) {
      const above = [0, 7, 13].map((step) => `nodes.l${layer - 1}_${(at + step) % width}.output`);
      nodes.push(node(`l${layer}_${at}`, layer === 0 ? 'inputs.start' : `max([${above.join(', ')}]) + 1`));
    }
  }
  return file('layered', 'start: { type: integer, default: 0 }', nodes, `nodes.l${layers - 1}_0.output`, 64);
}

/** `count` chains of `count` nodes: node i of chain i is slow, the others are quick. A barrier after each layer would wait for every slow one in turn. */
export function skewed(count: number, slowMs: number, quickMs: number): string {
  const nodes: string[] = [];
  for (let row = 0; row < count; row += 1) {
    for (let at = 0; at < count; at += 1) {
      const value = at === 0 ? '0' : `nodes.c${row}_${at - 1}.output + 1`;
      nodes.push(`  c${row}_${at}:\n    kind: sleep\n    ms: ${row === at ? slowMs : quickMs}\n    value: ${value}\n`);
    }
  }
  const last = Array.from({ length: count }, (_, row) => `nodes.c${row}_${count - 1}.output`);
  return file('skewed', undefined, nodes, `sum([${last.join(', ')}])`, count);
}

/** A file of `count` model nodes with prompts, schemas and conditions, as a person would write it five thousand times. */
export function large(count: number): string {
  const nodes = Array.from({ length: count }, (_, index) => {
    const before = index === 0 ? '{{inputs.topic}}' : `{{nodes.step_${index - 1}.output.summary}}`;
    const skip =
      index % 10 === 9 ? `    skip_if: nodes.step_${index - 1}.output.score < 0.2\n    if_skipped: '{"summary": "", "score": 0}'\n` : '';
    return `  step_${index}:
    tier: cheap
${skip}    prompt: |
      Improve this text for ${index % 3 === 0 ? 'engineers' : 'managers'}.
      ${before}
    output: { fields: { summary: string, score: number 0..1 } }
`;
  });
  return file('large', 'topic: { type: string }', nodes, `nodes.step_${count - 1}.output.summary`);
}

function node(id: string, value: string): string {
  return `  ${id}:\n    kind: instant\n    value: ${value}\n`;
}

function file(name: string, inputs: string | undefined, nodes: readonly string[], output: string, concurrency = 16): string {
  return [
    `dagrun: 1\nname: ${name}\n`,
    inputs === undefined ? '' : `inputs:\n  ${inputs}\n`,
    `limits: { concurrency: ${concurrency} }\nnodes:\n`,
    ...nodes,
    `outputs:\n  result: ${output}\n`,
  ].join('');
}
