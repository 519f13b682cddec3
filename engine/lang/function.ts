import { isList, isObject, type Json, type JsonObject } from '../base/json.ts';
import type { Budget } from './budget.ts';
import { fail, failMissing } from './failing.ts';
import { kindOf } from './values.ts';

/** What can be called in an expression: `f(x, y)`, or `x.f(y)` where `method` is true. */
export interface ExpressionFunction {
  readonly name: string;
  /** How many arguments it takes, at least and at most. */
  readonly min: number;
  readonly max: number;
  readonly method: boolean;
  readonly usage: string;
  /** One line for the docs. */
  readonly summary: string;
  /** Checked by the tests, printed in the docs. */
  readonly example: { readonly expression: string; readonly gives: Json };
  /** Throws Failed (expression_failed). */
  call(args: readonly Json[], ctx: CallContext): Json;
}

export interface CallContext {
  readonly budget: Budget;
  /** An argument as it is written, in backticks, for messages. */
  name(index: number): string;
}

/** Throws that an argument is not what a function takes; that it is missing when it is null. */
export function wrong(ctx: CallContext, name: string, wanted: string, value: Json, at = 0): never {
  const message = `\`${name}\` takes ${wanted}, but ${ctx.name(at)} is ${kindOf(value)}`;
  return value === null ? failMissing(message) : fail(message);
}

/** The argument at a place, which must be text. */
export function text(args: readonly Json[], at: number, ctx: CallContext, name: string): string {
  const value = args[at] ?? null;
  return typeof value === 'string' ? value : wrong(ctx, name, 'text', value, at);
}

/** The argument at a place, which must be a list. */
export function list(args: readonly Json[], at: number, ctx: CallContext, name: string): readonly Json[] {
  const value = args[at] ?? null;
  return isList(value) ? value : wrong(ctx, name, 'a list', value, at);
}

/** The argument at a place, which must be an object. */
export function object(args: readonly Json[], at: number, ctx: CallContext, name: string): JsonObject {
  const value = args[at] ?? null;
  return isObject(value) ? value : wrong(ctx, name, 'an object', value, at);
}

/** The argument at a place, which must be a number. */
export function number(args: readonly Json[], at: number, ctx: CallContext, name: string): number {
  const value = args[at] ?? null;
  return typeof value === 'number' ? value : wrong(ctx, name, 'a number', value, at);
}

/** The argument at a place, which must be a whole number. */
export function whole(args: readonly Json[], at: number, ctx: CallContext, name: string): number {
  const value = number(args, at, ctx, name);
  return Number.isInteger(value) ? value : fail(`\`${name}\` takes a whole number, but ${ctx.name(at)} is ${value}`);
}

/** A number, when it is one that JSON can hold. */
export function finite(name: string, value: number): number {
  return Number.isFinite(value) ? value : fail(`\`${name}\` gives a number that is too large`);
}
