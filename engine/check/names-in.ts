import type { FieldReading } from '../lang/readings.ts';

/** The names a field can begin a path with. */
export function namesIn({ node, place }: FieldReading): readonly string[] {
  const perItem = node?.foreach && (place === 'item' || place === 'result');
  return ['inputs', 'constants', 'run', 'nodes', ...(perItem ? [node.foreach.as, 'index'] : []), ...(place === 'result' ? ['output'] : [])];
}
