import { isObject, type Json, type JsonObject, type JsonSchema } from '../base/json.ts';
import type { Message, ModelReply, ModelRequest } from '../contracts/provider.ts';
import { wireNames } from './tool-names.ts';

/** A tool under the name its provider takes; a description that says nothing is left out, as some refuse an empty one. */
export interface WireTool {
  readonly name: string;
  readonly description?: string;
  readonly input: JsonSchema;
}

/** The tools of a request as they are offered; undefined when it has none. */
export function offeredTools(request: ModelRequest): readonly WireTool[] | undefined {
  const { tools } = request;
  if (!tools || tools.length === 0) return undefined;
  const { toWire } = wireNames(request);
  return tools.map(({ name, description, input }) => ({ name: toWire(name), ...(description !== '' && { description }), input }));
}

/** A call as it stands in an answer. */
export interface WireCall {
  readonly id: unknown;
  readonly name: string;
  /** An object, or the text of one. */
  readonly args: unknown;
}

/** The calls of an answer under the tools' own names; nothing when there are none. */
export function callsOf(calls: readonly WireCall[], request: ModelRequest): Pick<ModelReply, 'toolCalls'> {
  if (calls.length === 0) return {};
  const { fromWire } = wireNames(request);
  return {
    toolCalls: calls.map(({ id, name, args }, index) => ({
      // Some servers give none.
      id: typeof id === 'string' && id !== '' ? id : `call_${index + 1}`,
      tool: fromWire(name),
      args: argumentsOf(args),
    })),
  };
}

/** What a call is given, out of an answer. Arguments that are no JSON stay a text, which fits no tool, so that the model is told. */
export function argumentsOf(args: unknown): Json {
  // Some servers give an object, or nothing for a tool without arguments.
  if (args === undefined || args === null) return {};
  if (typeof args !== 'string') return args as Json;
  if (args.trim() === '') return {};
  try {
    return JSON.parse(args) as Json;
  } catch {
    return args;
  }
}

/** The arguments of a call that was made, as they are told again: providers, and servers that resemble them, take objects only. */
export function argumentsAgain(args: Json): JsonObject {
  return isObject(args) ? args : {};
}

/** What came of a call, for protocols that cannot say that it failed. */
export function resultText({ text, isError }: Message): string {
  return isError ? `Error: ${text}` : text;
}

/** What the reply before this message gave to be told again as it was; undefined for another model than the one that can read it. */
export function carriedFor({ carry }: Message, candidate: string): readonly object[] | undefined {
  return carry?.of === candidate && Array.isArray(carry.content) ? (carry.content as readonly object[]) : undefined;
}
