import { isList, isObject, type Json } from '../base/json.ts';
import type { Budget } from './budget.ts';
import { fail, failMissing } from './failing.ts';
import { isEqual, kindOf } from './values.ts';

/** Both sides of an operator as they are written, for messages. */
type Names = () => readonly [string, string];

/** The sum of two numbers, or two texts or two lists put together. */
export function add(left: Json, right: Json, budget: Budget, names: Names): Json {
  if (typeof left === 'number' && typeof right === 'number') return finite('+', left + right);
  if (typeof left === 'string' && typeof right === 'string') return budget.text(left + right);
  if (isList(left) && isList(right)) return budget.list([...left, ...right]);
  const [a, b] = names();
  const asText = typeof left === 'string' || typeof right === 'string' ? '; write `string(…)` around a number' : '';
  return refuse(
    left,
    right,
    `\`+\` takes two numbers, two texts or two lists, but ${a} is ${kindOf(left)} and ${b} is ${kindOf(right)}${asText}`,
  );
}

/** The difference, product, exact quotient or remainder of two numbers. */
export function compute(operator: '-' | '*' | '/' | '%', left: Json, right: Json, names: Names): number {
  if (typeof left !== 'number' || typeof right !== 'number') {
    const [a, b] = names();
    const [wrong, name] = typeof left === 'number' ? [right, b] : [left, a];
    return refuse(left, right, `\`${operator}\` takes two numbers, but ${name} is ${kindOf(wrong)}`);
  }
  if (right === 0 && (operator === '/' || operator === '%')) return fail(`${names()[1]} is 0, and nothing can be divided by it`);
  switch (operator) {
    case '-':
      return finite('-', left - right);
    case '*':
      return finite('*', left * right);
    case '/':
      return finite('/', left / right);
    case '%':
      return left % right;
  }
}

/** Negative, zero or positive, as the first of two numbers or texts comes before, with or after the second. */
export function compare(operator: string, left: Json, right: Json, names: Names): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  if (typeof left === 'string' && typeof right === 'string') return left < right ? -1 : left > right ? 1 : 0;
  const [a, b] = names();
  return refuse(left, right, `\`${operator}\` compares two numbers or two texts, but ${a} is ${kindOf(left)} and ${b} is ${kindOf(right)}`);
}

/** Whether a value is an element of a list, or a text the name of a field of an object. */
export function isIn(value: Json, whole: Json, budget: Budget, names: Names): boolean {
  if (isList(whole)) {
    budget.spend(whole.length);
    return value !== null && typeof value === 'object'
      ? whole.some((one) => isEqual(one, value, () => budget.spend(1)))
      : whole.includes(value);
  }
  const [a, b] = names();
  if (isObject(whole)) {
    return typeof value === 'string'
      ? Object.hasOwn(whole, value)
      : fail(`${b} is an object, so \`in\` takes the name of a field, but ${a} is ${kindOf(value)}`);
  }
  if (typeof whole === 'string') return fail(`${b} is text; write \`.contains(…)\``);
  return refuse(whole, whole, `\`in\` looks into a list or an object, but ${b} is ${kindOf(whole)}`);
}

function refuse(left: Json, right: Json, message: string): never {
  return left === null || right === null ? failMissing(message) : fail(message);
}

function finite(operator: string, value: number): number {
  return Number.isFinite(value) ? value : fail(`\`${operator}\` gives a number that is too large`);
}
