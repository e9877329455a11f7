import { it, vi } from 'vitest';
import { describeMachineCode } from '../../../test/support/describe-machine-code.js';
import { memory } from '../../../test/support/pointwise-check.js';
import { pointwiseMachineCodeOn } from '../../../test/support/pointwise-machine-code.js';
import { checkRandomPrograms } from '../../../test/support/random-programs.js';
import { KernelContext } from './kernel-context.js';

/** One to four vectors of 8 or 16 lanes at a time, with every kind of rest. */
const columns = [0, 1, 3, 7, 8, 13, 16, 19, 32, 35, 48, 67, 101, 128];

describeMachineCode('pointwise kernels of $isa', (code, isa) => {
  it('compute random programs as the interpreter does, and touch nothing else', () => {
    checkRandomPrograms(pointwiseMachineCodeOn(memory, code), { numRuns: 1000, seed: 20260101, columns });
  });

  it('compute them with few registers, too, whose values go to the stack', () => {
    const pools = { vector: Array.from({ length: 9 }, (_, i) => i), mask: isa === 'avx512' ? [5, 6] : [] };
    const few = vi.spyOn(KernelContext.prototype, 'pools', 'get').mockReturnValue(pools);
    checkRandomPrograms(pointwiseMachineCodeOn(memory, code), { numRuns: 500, seed: 20260102, columns });
    few.mockRestore();
  });
});
