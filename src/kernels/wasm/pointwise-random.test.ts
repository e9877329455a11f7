import { describe, it } from 'vitest';
import { kinds } from '../../../test/support/pointwise-check.js';
import { checkRandomPrograms } from '../../../test/support/random-programs.js';

describe.each(kinds)('pointwise kernels with $name multiply-add', ({ kernels }) => {
  it('compute random programs as the interpreter does, and touch nothing else', () => {
    checkRandomPrograms(kernels, { numRuns: 1500, seed: 20260101 });
  });
});
