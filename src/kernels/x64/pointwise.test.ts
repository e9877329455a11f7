import { describe, it } from 'vitest';
import { machineCodes } from '../../../test/support/machine-code.js';
import { memory } from '../../../test/support/pointwise-check.js';
import { pointwiseMachineCodeOn } from '../../../test/support/pointwise-machine-code.js';
import { testPrograms } from '../../../test/support/pointwise-programs.js';
import { testUnaryOperations } from '../../../test/support/unary-operations.js';

describe.each(machineCodes)('pointwise kernels of $isa', ({ code, reason }) => {
  if (code === undefined) {
    it.skip(`compute programs (not run: ${reason})`, () => undefined);
    return;
  }
  const kernels = pointwiseMachineCodeOn(memory, code);
  testPrograms(kernels);
  testUnaryOperations(kernels);
});
