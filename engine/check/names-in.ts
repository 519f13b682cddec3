import type { FieldReading } from '../lang/readings.ts';

/** The names a field can begin a path with. */
export function namesIn({ names }: Pick<FieldReading, 'names'>): readonly string[] {
  return ['inputs', 'constants', 'run', 'nodes', ...names.keys()];
}
