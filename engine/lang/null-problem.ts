import type { Expr } from '../contracts/expression.ts';
import { pathText } from './path-text.ts';
import type { Env } from './type-env.ts';

/** How to guard a path that may lead to nothing. */
export function guardHelp(whole: string, why: 'missing' | 'null', env: Env): string {
  const path = whole.replace(/^this\./, '');
  const skipped = why === 'missing' ? /^nodes\.(\w+)\.items$/.exec(path)?.[1] : undefined;
  if (skipped !== undefined) {
    const instead = env.notation === 'template' ? `put it inside \`{{#if ${path}}} … {{/if}}\`` : `write \`coalesce(${path}, [])\``;
    return `"${skipped}" has no items when it is skipped: ${instead}`;
  }
  if (env.notation === 'template') return `put it inside \`{{#if ${path}}} … {{/if}}\`, or write \`default ${path} "…"\``;
  // What has no name of its own cannot be asked for again.
  if (path.includes('…')) return 'wrap the whole in `coalesce(…, …)`, with what to take instead';
  if (why === 'missing') return `guard it: \`coalesce(${path}, …)\` or \`has(${path}) && …\`; or list it under \`required\``;
  return `guard it: \`${path} != null && …\`, \`${path} == null ? … : …\`, or \`coalesce(${path}, …)\``;
}

/** Complains that a value may be null where it has to be there. */
export function complainOfNull(tree: Expr, env: Env): void {
  const text = pathText(tree);
  env.complain('DAG405', tree, `\`${text}\` may be null`, {
    label: 'may be null',
    help: guardHelp(text, 'null', env),
  });
}
