import type { Json, JsonObject } from '../base/json.ts';
import type { ModelAsk } from '../contracts/provider.ts';
import type { PlanTools, ToolsOf } from '../contracts/tool.ts';
import type { Scope } from '../lang/evaluate.ts';
import { toolsNamed } from '../lang/tool-names.ts';
import { toolsWanted } from '../lang/tool-readings.ts';
import type { Where } from './where.ts';

/** The tools of the workflow that a task is part of; undefined when its nodes call none. */
export function toolsOf({ tools, partials, folder }: Where, scope: Scope): ToolsOf | undefined {
  if (tools === undefined) return undefined;
  const { inputs = {}, constants = {}, run = {} } = scope;
  return { plan: tools, partials, folder, scope: { inputs, constants, run } };
}

/** What the tools are that a spec names: an output follows from them as well. */
export function toolsNamedBy(spec: JsonObject, known: PlanTools | undefined): Json | undefined {
  const wanted = known ? toolsWanted(spec) : [];
  if (!known || wanted.length === 0) return undefined;
  return toolsNamed(wanted, Object.keys(known.tools)).map((name) => [name, known.tools[name] as unknown as JsonObject]);
}

/** The tools that a spec names, as a model is told of them. */
export function signaturesOf(spec: JsonObject, known: PlanTools | undefined): Pick<ModelAsk, 'tools'> {
  const wanted = known ? toolsWanted(spec) : [];
  if (!known || wanted.length === 0) return {};
  const tools = toolsNamed(wanted, Object.keys(known.tools)).flatMap((name) => {
    const tool = known.tools[name];
    return tool ? [{ name, description: tool.description, input: tool.input }] : [];
  });
  return { tools };
}
