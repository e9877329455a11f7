import type { Koffi } from '../../src/kernels/koffi.js';

export const pageBytes = 4096;

/** Forbids whole pages of the process, or allows them again: whoever touches forbidden ones ends the process. */
export type PageProtection = (address: number, bytes: number, access: 'nothing' | 'readAndWrite') => void;

/** The system's call for it. @throws Error, when it is called, where the system refuses */
export function pageProtection(koffi: Koffi): PageProtection {
  const protect = process.platform === 'win32' ? windowsProtect(koffi) : unixProtect(koffi);
  return (address, bytes, access) => {
    if (!protect(address, bytes, access)) throw new Error('pages cannot be guarded');
  };
}

type Protect = (...values: Parameters<PageProtection>) => boolean;

function unixProtect(koffi: Koffi): Protect {
  const mprotect = koffi.load(null).func('int mprotect(uintptr_t, size_t, int)');
  const protections = { nothing: 0, readAndWrite: 3 };
  return (address, bytes, access) => mprotect(address, bytes, protections[access]) === 0;
}

function windowsProtect(koffi: Koffi): Protect {
  const virtualProtect = koffi
    .load('kernel32.dll')
    .func('int VirtualProtect(uintptr_t, size_t, uint32_t, _Out_ uint32_t *)');
  const protections = { nothing: 1, readAndWrite: 4 };
  return (address, bytes, access) => virtualProtect(address, bytes, protections[access], new Uint32Array(1)) !== 0;
}
