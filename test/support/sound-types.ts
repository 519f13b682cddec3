import { expect } from 'vitest';
import type { Json, JsonObject } from '../../engine/base/json.ts';
import { compileExpression } from '../../engine/lang/evaluate.ts';
import { parseExpression } from '../../engine/lang/expression.ts';
import { inferExpression } from '../../engine/lang/infer-expression.ts';
import { inferTemplate } from '../../engine/lang/infer-template.ts';
import { compileTemplate } from '../../engine/lang/render.ts';
import { schemaOf } from '../../engine/lang/schema-shape.ts';
import { parseTemplate } from '../../engine/lang/template.ts';
import type { TypeScope } from '../../engine/lang/type-scope.ts';
import { compileValidator } from '../../engine/lang/validate.ts';
import { fc } from './properties.ts';

/** How often each property is tried. */
export const RUNS: number = Number(process.env.TYPE_RUNS ?? 500);

/** Texts, values they are tried on, and messages that are about values alone: nothing before the run can know those. */
export interface Sources {
  readonly sources: fc.Arbitrary<string>;
  readonly worlds: fc.Arbitrary<JsonObject>;
  /** Each text on so many worlds. */
  readonly each: number;
  readonly scope: TypeScope;
  readonly ofValues?: RegExp;
}

/** Every expression that the checker lets through evaluates, to a value of the type it was given. */
export function expectExpressionsSound({ sources, worlds, each, scope, ofValues }: Sources): void {
  let silent = 0;
  fc.assert(
    fc.property(sources, fc.array(worlds, { minLength: each, maxLength: each }), (source, all) => {
      const parsed = parseExpression(source);
      if (!parsed.ok) return;
      const { shape, problems } = inferExpression(parsed.tree, scope);
      if (problems.some((one) => one.severity === 'error')) return;
      silent++;
      const evaluate = compileExpression(parsed.tree);
      const validate = compileValidator(schemaOf(shape));
      for (const world of all) {
        let value: Json;
        try {
          value = evaluate(world);
        } catch (error) {
          if (ofValues?.test((error as Error).message)) continue;
          throw new Error(`${source}\n${(error as Error).message}\n${JSON.stringify(world)}`);
        }
        expect(
          validate(value).map((one) => one.message),
          `${source} → ${JSON.stringify(value)}`,
        ).toEqual([]);
      }
    }),
    { numRuns: RUNS },
  );
  // The property would hold of a checker that refuses everything.
  expect(silent).toBeGreaterThan(RUNS / 10);
}

/** Every template that the checker lets through renders. */
export function expectTemplatesSound({ sources, worlds, each, scope, ofValues }: Sources): void {
  let silent = 0;
  fc.assert(
    fc.property(sources, fc.array(worlds, { minLength: each, maxLength: each }), (source, all) => {
      const parsed = parseTemplate(source);
      if (!parsed.ok) return;
      if (inferTemplate(parsed.tree, scope, {}).some((one) => one.severity === 'error')) return;
      silent++;
      const render = compileTemplate(parsed.tree, {});
      for (const world of all) {
        try {
          render(world);
        } catch (error) {
          if (ofValues?.test((error as Error).message)) continue;
          throw new Error(`${source}\n${(error as Error).message}\n${JSON.stringify(world)}`);
        }
      }
    }),
    { numRuns: RUNS },
  );
  expect(silent).toBeGreaterThan(RUNS / 20);
}
