import { describe, it } from 'vitest';
import type { X64MachineCode } from '../../src/kernels/x64/machine-code.js';
import type { Isa } from '../../src/kernels/x64/processor.js';
import { machineCodes } from './machine-code.js';

/**
 * Tests of each set of instructions that runs here; in place of the others one that says why it was not run.
 *
 * @param title with `$isa` where the set is named
 */
export function describeMachineCode(title: string, tests: (code: X64MachineCode, isa: Isa) => void): void {
  for (const { isa, code, reason } of machineCodes)
    describe(title.replace('$isa', isa), () => {
      if (code === undefined) it.skip(`runs (not run: ${reason})`, () => undefined);
      else tests(code, isa);
    });
}
