/** What one text says of a thing. */
interface Mention {
  readonly name: string;
  readonly type: string;
  readonly aliases: readonly string[];
  readonly description: string;
}

/** A thing, however many texts name it, and by whatever names. */
interface Entity {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly aliases: readonly string[];
  readonly descriptions: readonly string[];
  readonly texts: readonly string[];
}

interface Relation {
  readonly from: string;
  readonly to: string;
  readonly kind: string;
  readonly evidence: string;
}

interface Context {
  log(...said: readonly unknown[]): void;
}

/** Words of a name that do not tell one thing from another. */
const TITLES = new Set(['dr', 'prof', 'professor', 'mr', 'mrs', 'ms', 'councillor', 'the', 'ltd', 'inc', 'plc', 'gmbh', 'co', 'company']);

/** A name without case, punctuation and titles: `Dr. M. Okafor` and `M Okafor` are one. */
function keyOf(name: string): string {
  const words = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^\p{Letter}\p{Number}\s]/gu, '')
    .split(/\s+/);
  const telling = words.filter((word) => !TITLES.has(word));
  return (telling.length > 0 ? telling : words).join(' ').trim();
}

/** True when one name is a short form of the other: its first or last words (`Okafor`, `Halvorsen`), or initials in place of words. */
function shortens(short: string, long: string): boolean {
  const [few, many] = [short.split(' '), long.split(' ')];
  if (few.length === many.length)
    return short !== long && few.every((word, at) => word === many[at] || (word.length === 1 && many[at]?.startsWith(word)));
  return long.startsWith(`${short} `) || long.endsWith(` ${short}`);
}

interface Group {
  readonly type: string;
  readonly keys: Set<string>;
  readonly mentions: { readonly mention: Mention; readonly text: string }[];
}

/**
 * Mentions from several texts as entities. Those of one type that share a name or an alias are one; so are a person or an organisation
 * and a short form that fits no other. `texts[i]` holds the mentions of text number i, `names[i]` says what it is called.
 */
export function mergeEntities(
  { texts, names }: { readonly texts: readonly (readonly Mention[])[]; readonly names: readonly string[] },
  { log }: Context,
): readonly Entity[] {
  const groups: Group[] = [];
  const join = (into: Group, other: Group): void => {
    for (const key of other.keys) into.keys.add(key);
    into.mentions.push(...other.mentions);
    if (groups.includes(other)) groups.splice(groups.indexOf(other), 1);
  };
  for (const [index, mentions] of texts.entries()) {
    for (const mention of mentions) {
      const keys = new Set([mention.name, ...mention.aliases].map(keyOf));
      const own: Group = { type: mention.type, keys, mentions: [{ mention, text: names[index] ?? String(index) }] };
      // A name that belongs to two groups shows that they are one.
      const [first, ...others] = groups.filter((group) => group.type === own.type && [...keys].some((key) => group.keys.has(key)));
      for (const other of [own, ...others]) if (first) join(first, other);
      if (!first) groups.push(own);
    }
  }
  for (const group of [...groups]) {
    if (group.type !== 'person' && group.type !== 'organisation') continue;
    const fuller = groups.filter(
      (other) =>
        other !== group && other.type === group.type && [...group.keys].some((key) => [...other.keys].some((one) => shortens(key, one))),
    );
    const [only] = fuller;
    if (only && fuller.length === 1) join(only, group);
  }
  log(`${groups.reduce((sum, { mentions }) => sum + mentions.length, 0)} mentions of ${groups.length} entities`);
  const used = new Set<string>();
  return groups.map(({ type, mentions }) => {
    const known = unique(mentions.flatMap(({ mention }) => [mention.name, ...mention.aliases]));
    const name = unique(mentions.map(({ mention }) => mention.name)).reduce((best, one) =>
      keyOf(one).length > keyOf(best).length ? one : best,
    );
    return {
      id: freeId(keyOf(name).replaceAll(' ', '-') || 'entity', used),
      name,
      type,
      aliases: known.filter((one) => one !== name),
      descriptions: unique(mentions.map(({ mention }) => mention.description)),
      texts: unique(mentions.map(({ text }) => text)),
    };
  });
}

/**
 * Entities and relations as a graph. The same relation from several texts is one edge, with all its evidence; entities that have none
 * are named. `mermaid` draws it.
 */
export function buildGraph({ entities, relations }: { readonly entities: readonly Entity[]; readonly relations: readonly Relation[] }): {
  readonly nodes: readonly (Entity & { readonly degree: number })[];
  readonly edges: readonly { readonly from: string; readonly to: string; readonly kind: string; readonly evidence: readonly string[] }[];
  readonly alone: readonly string[];
  readonly mermaid: string;
} {
  const edges = new Map<string, { from: string; to: string; kind: string; evidence: string[] }>();
  for (const { from, to, kind, evidence } of relations) {
    if (from === to) continue;
    const key = JSON.stringify([from, to, kind]);
    const edge = edges.get(key) ?? { from, to, kind, evidence: [] };
    if (!edge.evidence.includes(evidence)) edge.evidence.push(evidence);
    edges.set(key, edge);
  }
  const all = [...edges.values()];
  const degree = (id: string): number => all.filter(({ from, to }) => from === id || to === id).length;
  const nodes = entities
    .map((entity) => ({ ...entity, degree: degree(entity.id) }))
    .sort((a, b) => b.degree - a.degree || (a.id < b.id ? -1 : 1));
  const drawn = nodes.filter((node) => node.degree > 0);
  const mermaid = [
    'graph LR',
    ...drawn.map(({ id, name }) => `  ${id}["${name.replaceAll('"', "'")}"]`),
    ...all.map(({ from, to, kind }) => `  ${from} -- ${kind.replaceAll('_', ' ')} --> ${to}`),
  ].join('\n');
  return { nodes, edges: all, alone: nodes.filter((node) => node.degree === 0).map(({ name }) => name), mermaid };
}

const unique = (texts: readonly string[]): string[] => [...new Set(texts)];

function freeId(wanted: string, used: Set<string>): string {
  let id = wanted;
  for (let number = 2; used.has(id); number += 1) id = `${wanted}-${number}`;
  used.add(id);
  return id;
}
