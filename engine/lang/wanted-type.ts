import type { Expr } from '../contracts/expression.ts';
import { complainOfNull } from './null-problem.ts';
import { pathText } from './path-text.ts';
import { isAny, membersOf, type Shape, union } from './shape.ts';
import { printShape, printSort } from './shape-text.ts';
import type { Env } from './type-env.ts';

/** The sorts of values that an argument can be asked for. */
export type Sort = 'string' | 'number' | 'boolean' | 'list' | 'object';

/** The shape of a part that has to be of one of some sorts; complains when it is not. */
export function argument(tree: Expr, env: Env, sorts: readonly Sort[], of: string, wanted: string): Shape {
  const shape = env.infer(tree, env, 'value');
  wantType(tree, shape, sorts, of, wanted, env);
  return shape;
}

/** Complains when the shape of a part is none of the sorts wanted. */
export function wantType(tree: Expr, shape: Shape, sorts: readonly Sort[], of: string, wanted: string, env: Env): void {
  if (isAny(shape)) return;
  const members = membersOf(shape).filter((one) => one.type !== 'never');
  const wrong = members.filter((one) => !(sorts as readonly string[]).includes(one.type));
  if (wrong.length === 0) return;
  if (wrong.every((one) => one.type === 'null') && wrong.length < members.length) {
    complainOfNull(tree, env);
    return;
  }
  const text = pathText(tree);
  const listAsText = sorts.includes('string') && !sorts.includes('list') && wrong.every((one) => one.type === 'list');
  const numeric = sorts.includes('number') && wrong.every((one) => one.type === 'string');
  env.complain('DAG409', tree, `${of} wants ${wanted}, and this is ${printSort(union(...wrong))}`, {
    label: printShape(shape),
    ...(listAsText && {
      help: env.notation === 'template' ? `make it text: \`join ${text} ", "\`` : `make it text: \`join(${text}, ", ")\``,
    }),
    ...(numeric && tree.op !== 'literal' && { help: `if it holds digits: \`${wanted.includes('whole') ? 'int' : 'double'}(${text})\`` }),
    ...(sorts.length === 1 &&
      sorts[0] === 'string' &&
      wrong.every((one) => one.type === 'number' || one.type === 'boolean') && { help: `make it text: \`string(${text})\`` }),
  });
}
