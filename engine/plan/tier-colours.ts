/** Fill and line of a tier's boxes, light enough for black text in print and on dark pages. */
export const TIER_COLOURS: Readonly<Record<string, { readonly fill: string; readonly line: string }>> = {
  cheap: { fill: '#dcf3e4', line: '#2f8f5b' },
  capable: { fill: '#dbe9fb', line: '#2f6fb3' },
  premium: { fill: '#eadffa', line: '#7a4fc0' },
};
