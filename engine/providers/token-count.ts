import type { Attachment } from '../contracts/provider.ts';

/** Counts the tokens of a text and, where it can, of an image or a document. */
export type CountTokens = ((text: string) => number) & { readonly attachment?: (attachment: Attachment) => number };

/** True for a number of tokens: servers that only resemble a provider report other things as well. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** A number of tokens that need not be told. */
export function countOr0(value: unknown): number {
  return isCount(value) ? value : 0;
}
