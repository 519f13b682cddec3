/** The names of tools that names and patterns (`fs/*`) mean, in the order in which they are asked for, none twice. */
export function toolsNamed(wanted: readonly string[], known: readonly string[]): readonly string[] {
  return [...new Set(wanted.flatMap((one) => (isPattern(one) ? known.filter(matches(one)) : known.includes(one) ? [one] : [])))];
}

/** True for a text that may mean several tools. */
export function isPattern(text: string): boolean {
  return text.includes('*');
}

/** The server whose tool a name or a pattern means: `fs` of `fs/read_file`. */
export function serverIn(name: string): string | undefined {
  const slash = name.indexOf('/');
  return slash < 0 ? undefined : name.slice(0, slash);
}

function matches(pattern: string): (name: string) => boolean {
  const source = pattern
    .split('*')
    .map((part) => part.replace(/[\\^$.+?()[\]{}|]/g, '\\$&'))
    .join('[^/]*');
  const regex = new RegExp(`^${source}$`);
  return (name) => regex.test(name);
}
