/** Names a field of some node or output can read (language.md § 3). A fan-out's `as` adds its own. */
export const scopeNames: ReadonlySet<string> = new Set(['inputs', 'constants', 'run', 'nodes', 'item', 'index', 'output', 'secrets']);
