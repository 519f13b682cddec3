import { buildGraph, findCycles } from '../base/graph.ts';
import type { Report } from '../contracts/diagnostic.ts';
import type { TemplatePart } from '../contracts/template.ts';
import type { Workflow } from '../contracts/workflow.ts';
import { parseTemplate } from '../lang/template.ts';
import { listed, nearestOf } from './known-names.ts';
import type { CheckInput } from './rule.ts';

/** Every partial that a template includes is there, and none includes itself. */
export function checkPartials({ workflow, references }: CheckInput, report: Report): void {
  const includes = partialIncludes(workflow);
  const circles = circlesOf(includes);
  for (const { holds, source, path } of references) {
    if (holds !== 'template' || typeof source !== 'string' || !INCLUDES.test(source)) continue;
    const parsed = parseTemplate(source);
    if (!parsed.ok) continue;
    for (const part of includedIn(parsed.tree)) {
      const at = workflow.document.spanWithin(path, part.start, part.end);
      const missing = firstMissing(part.name, includes);
      if (missing) {
        const { name, by } = missing;
        report({
          code: 'DAG210',
          severity: 'error',
          message: by === undefined ? `there is no partial "${name}"` : `the partial "${by}" includes "${name}", which is not there`,
          at,
          label: by === undefined ? 'included here' : `"${by}" is included here`,
          help:
            nearestOf(name, [...workflow.partials.keys()])?.help ??
            (workflow.partials.size === 0 ? `put its text into \`partials/${name}.hbs\` beside this file` : knownPartials(workflow)),
        });
      }
      const circle = circles.find((names) => names.some((name) => reachable(part.name, includes).has(name)));
      if (circle) {
        report({
          code: 'DAG211',
          severity: 'error',
          message: circle.length === 1 ? `the partial "${circle[0]}" includes itself` : `the partials ${listed(circle)} include each other`,
          at,
          label: 'included here',
          because: 'the text would never end',
          help: circle.length === 1 ? `take it out of \`partials/${circle[0]}\`` : 'move what they share into a partial of its own',
        });
      }
    }
  }
}

/** What a text with a partial in it has: a quick look, before the text is parsed. */
const INCLUDES = /\{\{~?\s*>/;

type Includes = ReadonlyMap<string, readonly string[]>;

/** The names each partial includes. */
function partialIncludes(workflow: Workflow): Includes {
  return new Map(
    [...workflow.partials].map(([name, text]) => {
      const parsed = parseTemplate(text);
      return [name, parsed.ok ? includedIn(parsed.tree).map((part) => part.name) : []];
    }),
  );
}

function circlesOf(includes: Includes): readonly (readonly string[])[] {
  const names = [...includes.keys()];
  const graph = buildGraph(
    names,
    [...includes].flatMap(([name, included]) => included.map((other) => [name, other] as const)),
  );
  const alone = [...includes].filter(([name, included]) => included.includes(name)).map(([name]) => [name]);
  return [...alone, ...findCycles(graph).map((cycle) => cycle.map((index) => names[index] ?? ''))];
}

/** The first partial that is missing when `name` is included, and the partial that names it. */
function firstMissing(name: string, includes: Includes): { readonly name: string; readonly by?: string } | undefined {
  if (!includes.has(name)) return { name };
  for (const by of reachable(name, includes)) {
    const missing = includes.get(by)?.find((other) => !includes.has(other));
    if (missing !== undefined) return { name: missing, by };
  }
  return undefined;
}

function reachable(name: string, includes: Includes): ReadonlySet<string> {
  const seen = new Set([name]);
  for (const one of seen) for (const other of includes.get(one) ?? []) seen.add(other);
  return seen;
}

function includedIn(parts: readonly TemplatePart[]): readonly (TemplatePart & { readonly type: 'partial' })[] {
  return parts.flatMap((part) => {
    switch (part.type) {
      case 'partial':
        return [part];
      case 'if':
        return [...includedIn(part.then), ...includedIn(part.otherwise)];
      case 'each':
      case 'with':
        return [...includedIn(part.body), ...includedIn(part.otherwise)];
      default:
        return [];
    }
  });
}

function knownPartials(workflow: Workflow): string {
  const names = [...workflow.partials.keys()];
  return names.length <= 8 ? `\`partials/\` has ${listed(names)}` : `put its text into \`partials/\` beside this file`;
}
