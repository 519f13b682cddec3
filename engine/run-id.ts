import { v7 } from 'uuid';
import { type RunId, runId } from './base/ids.ts';

/** Crockford's base 32: no letter that looks like a digit. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/** A new run's id: a UUID of version 7 in base 32, so that ids sort by the time they were made. */
export function newRunId(): RunId {
  let rest = BigInt(`0x${v7().replaceAll('-', '')}`);
  let text = '';
  for (let digit = 0; digit < 26; digit += 1) {
    text = ALPHABET[Number(rest & 31n)] + text;
    rest >>= 5n;
  }
  return runId(`run_${text}`);
}
