import { expect, test } from 'vitest';
import { withoutSecrets } from '../../../engine/lang/sealed-text.ts';

const SECRET = 'pass"word?\u20ac\u00fc~>1';
const secrets: ReadonlyMap<string, string> = new Map([['tok', SECRET]]);
const base64 = (text: string): string => Buffer.from(text).toString('base64');

test('a secret is replaced by its name, in all its forms', () => {
  const forms = [
    SECRET,
    JSON.stringify(SECRET),
    '"pass\\"word?\\u20ac\\u00fc~>1"',
    `https://x.example/?key=${encodeURIComponent(SECRET)}`,
    base64(SECRET),
  ];
  expect(withoutSecrets(forms, secrets)).toEqual([
    '[secrets.tok]',
    '"[secrets.tok]"',
    '"[secrets.tok]"',
    'https://x.example/?key=[secrets.tok]',
    '[secrets.tok]',
  ]);
});

test.each(['', 'a', 'ab', 'abc', 'user:', 'Bearer '])('base64 of a secret after "%s" and before anything hides it', (before) => {
  for (const after of ['', 'x', 'yz', 'more']) {
    for (const encoding of ['base64', 'base64url'] as const) {
      const said = withoutSecrets(`<${Buffer.from(before + SECRET + after).toString(encoding)}>`, secrets);
      expect(said).toContain('[secrets.tok]');
      // What is left around the name tells the text around the secret, and a few bits of it.
      const left = said.replace('[secrets.tok]', '').length - 2;
      expect(left).toBeLessThanOrEqual(Math.ceil(((before.length + after.length) * 4) / 3) + 5);
    }
  }
});

test('what a short secret would be in the middle of base64 is left alone', () => {
  const short: ReadonlyMap<string, string> = new Map([['pin', '4711']]);
  const image = base64('x4711y');
  expect(withoutSecrets({ image, plain: 'is 4711', whole: base64('4711') }, short)).toEqual({
    image,
    plain: 'is [secrets.pin]',
    whole: '[secrets.pin]',
  });
});

test('keys and values of data are cleaned, and other values kept', () => {
  const value = { [SECRET]: [1, null, true, `a ${SECRET} b ${SECRET}`] };
  expect(withoutSecrets(value, secrets)).toEqual({ '[secrets.tok]': [1, null, true, 'a [secrets.tok] b [secrets.tok]'] });
  expect(withoutSecrets(value, new Map())).toBe(value);
});
