import { Failed } from '../contracts/failure.ts';
import type { Attachment, Message } from '../contracts/provider.ts';

/** What a provider takes of images and documents; a bound that is absent is not known. */
export interface AttachmentLimits {
  /** Base64 letters of one image. */
  readonly image?: number;
  /** Pixels of either edge of an image. */
  readonly edge?: number;
  /** The same when a request has more images than `many`. */
  readonly edgeOfMany?: { readonly many: number; readonly edge: number };
  readonly images?: number;
  /** Pages of all documents of a request. */
  readonly pages?: number;
  /** Bytes of all documents of a request, as files. */
  readonly documents?: number;
  /** Base64 letters of everything that is attached. */
  readonly all?: number;
}

/**
 * Makes sure that a provider takes what is attached, before anything is sent: its own words for it come late and name no file.
 * Throws Failed (bad_request).
 */
export function checkAttachments(messages: readonly Message[], limits: AttachmentLimits, provider: string): void {
  const all = messages.flatMap((message) => message.attachments ?? []);
  if (all.length === 0) return;
  const images = all.filter(({ type }) => type === 'image');
  const documents = all.filter(({ type }) => type === 'document');
  const fail = (message: string): Failed => new Failed({ type: 'bad_request', message });
  if (exceeds(images.length, limits.images))
    throw fail(`${images.length} images are attached: ${provider} takes ${limits.images} in one request`);
  const { edgeOfMany } = limits;
  const edge = edgeOfMany && images.length > edgeOfMany.many ? edgeOfMany.edge : limits.edge;
  const among = edgeOfMany && images.length > edgeOfMany.many ? ` when more than ${edgeOfMany.many} are attached` : '';
  for (const { name, data, pixels } of images) {
    if (exceeds(data.length, limits.image))
      throw fail(
        `"${name}" is ${megabytes(fileSize(data))}: ${provider} takes images of at most ${megabytes((Number(limits.image) * 3) / 4)}`,
      );
    if (pixels && exceeds(Math.max(pixels.width, pixels.height), edge))
      throw fail(`"${name}" has ${pixels.width} × ${pixels.height} pixels: ${provider} takes at most ${edge} × ${edge}${among}`);
  }
  const pages = sumOf(documents, (document) => document.pages ?? 1);
  if (exceeds(pages, limits.pages))
    throw fail(`${listOf(documents)} ${have(documents)} ${pages} pages: ${provider} takes ${limits.pages} in one request`);
  const bytes = sumOf(documents, ({ data }) => fileSize(data));
  if (exceeds(bytes, limits.documents))
    throw fail(
      `${listOf(documents)} ${have(documents)} ${megabytes(bytes)}: ${provider} takes ${megabytes(Number(limits.documents))} in one request`,
    );
  const letters = sumOf(all, ({ data }) => data.length);
  if (exceeds(letters, limits.all))
    throw fail(
      `${listOf(all)} ${have(all)} ${megabytes((letters * 3) / 4)}: ${provider} takes ${megabytes((Number(limits.all) * 3) / 4)} in one request`,
    );
}

function exceeds(count: number, limit: number | undefined): boolean {
  return limit !== undefined && count > limit;
}

function sumOf(attachments: readonly Attachment[], part: (attachment: Attachment) => number): number {
  return attachments.reduce((sum, attachment) => sum + part(attachment), 0);
}

/** Bytes of the file that stands as base64. */
function fileSize(base64: string): number {
  return Math.floor((base64.length * 3) / 4);
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

const have = (attachments: readonly Attachment[]): string => (attachments.length === 1 ? 'has' : 'have');

function listOf(attachments: readonly Attachment[]): string {
  const [first, ...others] = attachments.map(({ name }) => `"${name}"`);
  return others.length === 0 ? (first ?? '') : `${first} and ${others.length} more ${others.length === 1 ? 'file' : 'files'}`;
}
