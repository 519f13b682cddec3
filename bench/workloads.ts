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

/**
 * `count` nodes side by side, in units of ten that hang together: prompts with schemas, conditions, fan-outs, expressions,
 * and readers of what may be skipped.
 */
export function varied(count: number): string {
  const units = Array.from({ length: count / 10 }, (_, at) => {
    const before = at === 0 ? 'inputs.topic' : `nodes.close_${at - 1}.output.summary`;
    return `  open_${at}:
    tier: cheap
    prompt: |
      What is said here, and how sure is it?
      {{${before}}}
    output: { fields: { kind: news | opinion | other, summary: string, score: number 0..1, points: [string] } }
  skipped_${at}:
    skip_if: { when: nodes.open_${at}.output.score < 0.2, reason: "sure of {{nodes.open_${at}.output.score}} only" }
    prompt: "Explain: {{nodes.open_${at}.output.summary}}"
  instead_${at}:
    run_if: nodes.open_${at}.output.score < 0.2
    prompt: "Ask back: {{nodes.open_${at}.output.summary}}"
  joined_${at}:
    kind: set
    value: coalesce(nodes.skipped_${at}.output, nodes.instead_${at}.output)
  each_${at}:
    foreach: { items: nodes.open_${at}.output.points, as: point, where: size(point) > 3 }
    prompt: "Is this so? {{point}} (of {{nodes.open_${at}.output.kind}}, number {{index}})"
    output: { fields: { holds: boolean, why: string } }
  count_${at}:
    kind: set
    value: size(nodes.each_${at}.output.filter(one, one.holds))
  facts_${at}:
    kind: set
    value: { sure: nodes.count_${at}.output > 2, text: 'upper(nodes.open_${at}.output.summary)', why: 'nodes.each_${at}.output.map(one, one.why)' }
  extra_${at}:
    skip_if: nodes.facts_${at}.output.sure && nodes.open_${at}.output.kind == "news"
    prompt: |
      {{#if nodes.facts_${at}.output.sure}}Shorten{{else}}Doubt{{/if}} this. {{nodes.joined_${at}.output}}
      {{#each nodes.facts_${at}.output.why}}- {{this}}
      {{/each}}
    check: [{ that: size(output) > 10, message: too short }]
  either_${at}:
    kind: set
    value: 'nodes.extra_${at}.output == null ? nodes.joined_${at}.output : nodes.extra_${at}.output'
  close_${at}:
    tier: capable
    prompt: |
      Put it together: {{nodes.either_${at}.output}} {{bullets nodes.open_${at}.output.points}}
      {{default nodes.extra_${at}.output "nothing"}}
    output: { fields: { summary: string, score: number 0..1 } }
`;
  });
  return file('varied', 'topic: { type: string }', units, `nodes.close_${count / 10 - 1}.output.summary`);
}

/** `count` nodes, of which nine in ten stand inside others: in groups that are fanned out and repeated, two deep;
 * one in ten has cases, and one in ten the parts of an `evaluate`, which are not counted. */
export function nested(count: number): string {
  const units = Array.from({ length: count / 10 }, (_, at) => {
    const before = at === 0 ? 'inputs.topic' : `nodes.unit_${at - 1}.output.text`;
    return `  unit_${at}:
    kind: group
    repeat:
      until: size(carry.notes) > 3 || output.done
      max: 4
      carry: { notes: { first: [], next: 'carry.notes + [nodes.find_${at}.output.summary]' } }
    nodes:
      find_${at}:
        prompt: |
          Find something on {{${before}}}, beside {{bullets carry.notes}}.
          {{#if previous}}Last time it was {{previous.text}}{{/if}}
        output: { fields: { kind: news | opinion | other, summary: string, score: number 0..1, points: [string] } }
      answer_${at}:
        route:
          by: nodes.find_${at}.output.kind
          cases:
            news: { system: Be quick. }
            opinion: { system: Be careful., tier: capable }
          default: { kind: set, value: 'upper(nodes.find_${at}.output.summary)' }
        prompt: "Answer: {{nodes.find_${at}.output.summary}}"
      draft_${at}:
        prompt: "Write: {{nodes.answer_${at}.output}}"
        evaluate:
          prompt: "Score it.\\n\\n{{candidate}}"
          output: { fields: { score: integer 1..10, feedback: string } }
          accept_if: evaluation.score >= 8
          revise: "Improve it: {{evaluation.feedback}}\\n\\n{{candidate}}"
      short_${at}: { prompt: "Shorten: {{nodes.draft_${at}.output}}", repeat: { until: size(output) < 100, max: 3 } }
      kind_${at}: { kind: set, value: 'nodes.find_${at}.output.kind == "news" ? nodes.short_${at}.output : nodes.draft_${at}.output' }
      deep_${at}:
        kind: group
        foreach: { items: nodes.find_${at}.output.points, as: point }
        run_if: nodes.find_${at}.output.score > 0.5
        nodes:
          ask_${at}: { prompt: "{{point}}? {{nodes.draft_${at}.output}}", repeat: { times: 2 } }
          check_${at}: { prompt: "Is it so? {{nodes.ask_${at}.output}}", output: { type: boolean } }
          tell_${at}: { kind: set, value: 'nodes.check_${at}.output ? nodes.ask_${at}.output : nodes.find_${at}.output.summary' }
        result: nodes.tell_${at}.output
    result: "{'text': nodes.kind_${at}.output, 'done': nodes.find_${at}.output.score > 0.9, 'deep': coalesce(nodes.deep_${at}.output, [])}"
`;
  });
  return file('nested', 'topic: { type: string }', units, `nodes.unit_${count / 10 - 1}.output.text`);
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
