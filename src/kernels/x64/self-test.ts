import type { MachineCode } from '../machine-code.js';

/** What the code computes wrong here, or undefined where nothing. */
export function faultOfMachineCode(_code: MachineCode): string | undefined {
  return undefined;
}
