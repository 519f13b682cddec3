import stringWidth from 'string-width';

/** How many terminal columns a text takes: two for wide characters, none for marks that combine and for escape codes. */
export function displayWidth(text: string): number {
  // Measuring is slow, and most texts need none.
  return /^[\x20-\x7e]*$/.test(text) ? text.length : stringWidth(text);
}
