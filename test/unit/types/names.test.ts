import { describe, expect, it } from 'vitest';
import { functionNames } from '../../../engine/lang/functions.ts';
import { helperSignatures } from '../../../engine/lang/helper-signatures.ts';
import { helperNames } from '../../../engine/lang/helpers.ts';
import { signatures } from '../../../engine/lang/signatures.ts';

describe('every function has a type', () => {
  it('of expressions', () => expect(Object.keys(signatures).sort()).toEqual([...functionNames].sort()));
  it('of templates', () => expect(Object.keys(helperSignatures).sort()).toEqual([...helperNames].sort()));
});
