import type { ModelRequest } from '../contracts/provider.ts';

/** What says that everything up to and with a block is kept for five minutes. */
export const KEEP: { readonly cache_control: { type: 'ephemeral' } } = { cache_control: { type: 'ephemeral' } };

/** Where the text of a message is to be marked (-1: the tools), ascending. */
export function marksIn({ breakpoints = [] }: { readonly breakpoints?: ModelRequest['breakpoints'] }, message: number): readonly number[] {
  return breakpoints.flatMap((one) => (one.message === message ? [one.at] : [])).sort((a, b) => a - b);
}

interface TextBlock {
  type: 'text';
  text: string;
  cache_control?: { type: 'ephemeral' };
}

/** A text as blocks, of which each but the last ends at a mark; their texts together are the text. */
export function blocksOf(text: string, marks: readonly number[]): TextBlock[] {
  const blocks: TextBlock[] = [];
  let from = 0;
  for (const at of marks) {
    // A block without letters is refused.
    if (text.slice(from, at).trim() === '' || (at < text.length && text.slice(at).trim() === '')) continue;
    blocks.push({ type: 'text', text: text.slice(from, at), ...KEEP });
    from = at;
  }
  if (from < text.length || blocks.length === 0) blocks.push({ type: 'text', text: text.slice(from) });
  return blocks;
}

/** The same blocks, all up to the last of them to be kept. */
export function markedLast<Block extends object>(blocks: readonly Block[], marked: boolean): readonly Block[] {
  const last = blocks.at(-1);
  return marked && last ? blocks.with(-1, { ...last, ...KEEP } as Block) : blocks;
}
