/** What stands in a page of the docs besides prose. `source` is the block as it stands there. */
export type Block =
  | { readonly type: 'fence'; readonly source: string; readonly language: string; readonly file: string | undefined; readonly body: string }
  | {
      readonly type: 'edit';
      readonly source: string;
      readonly from: string;
      readonly to: string;
      readonly old: string;
      readonly new: string;
    };

/** One command of a console block, with what the page says it prints. */
export interface Session {
  readonly command: string;
  readonly words: readonly string[];
  readonly source: string;
}

/** A page as prose and blocks in turn; put together again they are the page. */
export function blocksOf(page: string): readonly (string | Block)[] {
  const parts: (string | Block)[] = [];
  let at = 0;
  for (const match of page.matchAll(/^```(\w+)(?: +(\S+))?\n([\s\S]*?)^```$|^<!-- edit: (\S+) -> (\S+)\n([^\n]*)\n([^\n]*)\n-->$/gm)) {
    const [source, language, file, body, from, to, old, replacement] = match;
    parts.push(page.slice(at, match.index));
    if (language !== undefined) parts.push({ type: 'fence', source, language, file, body: body ?? '' });
    else parts.push({ type: 'edit', source, from: from ?? '', to: to ?? '', old: old ?? '', new: replacement ?? '' });
    at = match.index + source.length;
  }
  parts.push(page.slice(at));
  return parts;
}

/** The commands of a console block: each begins with `$ `, and what follows up to the next is its output. */
export function sessionsIn(body: string): readonly Session[] {
  return body
    .split(/^(?=\$ )/m)
    .filter((source) => source.startsWith('$ '))
    .map((text) => {
      const source = `${text.trimEnd()}\n`;
      const command = source.slice(2).split('\n', 1)[0] ?? '';
      return { command, words: wordsOf(command), source };
    });
}

/** The words of a command line, with quotes as a shell reads them; no variables, no pipes. */
function wordsOf(command: string): readonly string[] {
  return [...command.matchAll(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g)].map(([word]) =>
    word.replace(/"([^"]*)"|'([^']*)'/g, (_, double, single) => double ?? single ?? ''),
  );
}
