import { createRequire } from 'node:module';
import { findKoffiNow } from '../../src/kernels/koffi.js';
import { X64MachineCode } from '../../src/kernels/x64/machine-code.js';
import type { Isa, Processor } from '../../src/kernels/x64/processor.js';

/** Machine code of one set of instructions, or why it cannot be run here. */
export type MachineCodeHere = { readonly isa: Isa } & (
  | { readonly code: X64MachineCode; readonly reason: undefined }
  | { readonly code: undefined; readonly reason: string }
);

const made = new Map<Isa, MachineCodeHere>();

/** The machine code of a set of instructions, made once for the process. */
export function machineCodeOf(isa: Isa): MachineCodeHere {
  const here = made.get(isa) ?? makeMachineCode(isa);
  made.set(isa, here);
  return here;
}

/** Makes it. @param without what the processor has and is not to be used */
export function makeMachineCode(isa: Isa, without: readonly (keyof Processor)[] = []): MachineCodeHere {
  const absent = (reason: string): MachineCodeHere => ({ isa, code: undefined, reason });
  if (process.arch !== 'x64') return absent(`this is ${process.arch}`);
  const require = createRequire(import.meta.url);
  const search = findKoffiNow(require);
  if (search.koffi === undefined) return absent(search.reason);
  try {
    const host = { koffi: search.koffi, koffiPath: require.resolve('koffi'), platform: process.platform };
    return { isa, code: new X64MachineCode(host, isa, without), reason: undefined };
  } catch (error) {
    return absent((error as Error).message);
  }
}

/** Both sets of instructions, as far as they run here. */
export const machineCodes: readonly MachineCodeHere[] = [machineCodeOf('avx2'), machineCodeOf('avx512')];
