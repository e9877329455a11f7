import { describe, it } from 'vitest';
import { machineCodes } from '../../../test/support/machine-code.js';
import { memory } from '../../../test/support/pointwise-check.js';
import { pointwiseMachineCodeOn } from '../../../test/support/pointwise-machine-code.js';
import { checkRandomPrograms } from '../../../test/support/random-programs.js';

describe.each(machineCodes)('pointwise kernels of $isa', ({ code, reason }) => {
  if (code === undefined) it.skip(`compute random programs (not run: ${reason})`, () => undefined);
  else
    it('compute random programs as the interpreter does, and touch nothing else', () => {
      // One to four vectors of 8 or 16 lanes at a time, with every kind of rest.
      const columns = [0, 1, 3, 7, 8, 13, 16, 19, 32, 35, 48, 67, 101, 128];
      checkRandomPrograms(pointwiseMachineCodeOn(memory, code), { numRuns: 1000, seed: 20260101, columns });
    });
});
