import { inflateSync } from 'node:zlib';
import type { Attachment } from './contracts/provider.ts';

/** What the bytes of a file are to a model, told by the bytes and not by its name. */
export type Media = Pick<Attachment, 'type' | 'mediaType' | 'pixels' | 'pages'>;

/** The image or document that these bytes are; undefined for anything else, texts among them. */
export function mediaOf(bytes: Buffer): Media | undefined {
  for (const { mediaType, is, size } of IMAGES) {
    if (!is(bytes)) continue;
    const pixels = size(bytes);
    return { type: 'image', mediaType, ...(pixels && pixels.width > 0 && pixels.height > 0 && { pixels }) };
  }
  // The mark may stand behind a few bytes of something else.
  if (!bytes.subarray(0, 1024).includes('%PDF-')) return undefined;
  const pages = pagesOf(bytes);
  return { type: 'document', mediaType: 'application/pdf', ...(pages > 0 && { pages }) };
}

type Size = { readonly width: number; readonly height: number } | undefined;

/** The images that both Anthropic and OpenAI take. */
const IMAGES: readonly { readonly mediaType: string; is(bytes: Buffer): boolean; size(bytes: Buffer): Size }[] = [
  {
    mediaType: 'image/png',
    is: (bytes) => bytes.subarray(0, 8).equals(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])),
    size: (bytes) => (bytes.length < 24 ? undefined : { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) }),
  },
  { mediaType: 'image/jpeg', is: (bytes) => bytes.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff])), size: sizeOfJpeg },
  {
    mediaType: 'image/gif',
    is: (bytes) => /^GIF8[79]a/.test(bytes.toString('latin1', 0, 6)),
    size: (bytes) => (bytes.length < 10 ? undefined : { width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) }),
  },
  {
    mediaType: 'image/webp',
    is: (bytes) => bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP',
    size: sizeOfWebp,
  },
];

/** From the first frame header, behind whatever a camera has put before it. */
function sizeOfJpeg(bytes: Buffer): Size {
  for (let at = 2; at + 9 < bytes.length; ) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    // C4, C8 and CC are tables and extensions; the others of this row begin a frame.
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) return { width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5) };
    at += 2 + bytes.readUInt16BE(at + 2);
  }
  return undefined;
}

function sizeOfWebp(bytes: Buffer): Size {
  if (bytes.length < 30) return undefined;
  switch (bytes.toString('latin1', 12, 16)) {
    case 'VP8 ':
      return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff };
    case 'VP8L': {
      const bits = bytes.readUInt32LE(21);
      return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
    }
    case 'VP8X':
      return { width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1 };
    default:
      return undefined;
  }
}

/** Objects of a PDF that are packed together; what they unpack to is not looked at beyond this many bytes. */
const LARGEST_PACKED = 20_000_000;

/** Pages of a PDF: objects that say they are one, packed or not; 0 when none can be found. */
function pagesOf(bytes: Buffer): number {
  const text = bytes.toString('latin1');
  let pages = pageObjects(text);
  for (const match of text.matchAll(/\/Type\s*\/ObjStm\b[\s\S]{0,500}?stream\r?\n/g)) {
    try {
      pages += pageObjects(
        inflateSync(bytes.subarray(match.index + match[0].length), { maxOutputLength: LARGEST_PACKED }).toString('latin1'),
      );
    } catch {
      // Packed in another way, or encrypted: its pages are not counted.
    }
  }
  return pages;
}

function pageObjects(text: string): number {
  return text.match(/\/Type\s*\/Page(?![A-Za-z])/g)?.length ?? 0;
}
