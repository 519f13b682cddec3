import type { Attachment } from '../contracts/provider.ts';
import type { ModelInfo } from './catalog.ts';

/**
 * The input tokens of an image or a document, at most. What is billed is what the provider reports; this is what money is set
 * aside for, and what is counted before a call.
 */
export function attachmentTokens(attachment: Attachment, model: ModelInfo | undefined): number {
  if (attachment.type === 'document') return pagesOf(attachment) * PER_PAGE;
  const { width, height } = attachment.pixels ?? LARGE;
  return model?.provider === 'anthropic' ? claudeImage(width, height, model) : gridImage(width, height, model?.id ?? '');
}

/** Where nothing is known of an image, it counts as a large one. */
const LARGE = { width: 2576, height: 2576 };

/**
 * A page is read as text and as an image, by Claude as by OpenAI's models: 1,500 to 3,000 tokens of text (Anthropic's guide to
 * PDFs), and an image of at most some 1,600 tokens.
 */
const PER_PAGE = 4_600;
/** Bytes of a page whose document does not tell how many it has; a page of text has more. */
const LIGHT_PAGE = 20_000;
/** No provider takes more pages in one request (Anthropic: 600; 100 where the window is 200,000 tokens). */
const MOST_PAGES = 600;

function pagesOf({ pages, data }: Attachment): number {
  return pages ?? Math.min(MOST_PAGES, Math.max(1, Math.ceil((data.length * 3) / 4 / LIGHT_PAGE)));
}

/**
 * Claude sees blocks of 28 × 28 pixels, one token each. Larger images are scaled down first: to a long edge of 2,576 pixels and
 * 4,784 tokens since Claude 4.7, before to 1,568 and 1,568. (Anthropic's guide to vision; 1,561 tokens were measured at most.)
 */
function claudeImage(width: number, height: number, model: ModelInfo): number {
  const [edge, most] = model.tokenizer === 'claude-4.7+' ? [2_576, 4_784] : [1_568, 1_568];
  const scale = Math.min(1, edge / Math.max(width, height));
  return Math.min(most, Math.ceil((width * scale) / 28) * Math.ceil((height * scale) / 28));
}

/**
 * OpenAI counts either tiles of 512 pixels (85 + 170 each, of an image scaled to at most 2,048 × 768: eight of them; gpt-4o-mini
 * 2,833 + 5,667) or patches of 32 pixels (2,500 at most, small models 1,536, times 1.2, of mini models 1.62, of nano 2.46). Which of the two a
 * model uses is not always told: the larger one counts. (OpenAI's guide to images and vision; 1.2 is measured.) Others count less.
 */
function gridImage(width: number, height: number, id: string): number {
  const fit = Math.min(1, 2_048 / Math.max(width, height));
  const [w, h] = [width * fit, height * fit];
  const small = Math.min(1, 768 / Math.min(w, h));
  const tiles = Math.ceil((w * small) / 512) * Math.ceil((h * small) / 512);
  if (id.startsWith('gpt-4o-mini')) return 2_833 + 5_667 * tiles;
  const [most, factor] = id.includes('nano') ? [1_536, 2.46] : id.includes('mini') ? [1_536, 1.62] : [2_500, 1.2];
  const patches = Math.min(most, Math.ceil(width / 32) * Math.ceil(height / 32));
  return Math.max(85 + 170 * tiles, Math.ceil(patches * factor));
}
