import { hash } from 'node:crypto';
import type { ModelRequest } from '../contracts/provider.ts';

/** The names of a request's tools as providers take them, and back. */
export interface WireNames {
  toWire(name: string): string;
  /** A name that is none of the request's comes back as it is: the model made it up, and is told so. */
  fromWire(name: string): string;
}

/** Longest name of a tool. Source: both APIs refuse others than `^[a-zA-Z0-9_-]{1,64}$`. */
const LONGEST = 64;

/** Two tools never share a name, however alike theirs are once `fs/read_file` has become `fs__read_file`. */
export function wireNames({ tools = [], messages }: Pick<ModelRequest, 'tools' | 'messages'>): WireNames {
  const to = new Map<string, string>();
  const from = new Map<string, string>();
  const add = (name: string): string => {
    const plain = name.replaceAll('/', '__').replaceAll(/[^a-zA-Z0-9_-]/g, '_');
    const fits = plain !== '' && plain.length <= LONGEST && !from.has(plain);
    const wire = fits ? plain : `${plain.slice(0, LONGEST - 9)}_${hash('sha256', name).slice(0, 8)}`;
    to.set(name, wire);
    from.set(wire, name);
    return wire;
  };
  for (const { name } of tools) if (!to.has(name)) add(name);
  for (const { tool } of messages.flatMap((message) => message.toolCalls ?? [])) if (!to.has(tool)) add(tool);
  return { toWire: (name) => to.get(name) ?? add(name), fromWire: (name) => from.get(name) ?? name };
}
