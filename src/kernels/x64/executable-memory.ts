import type { Koffi } from '../koffi.js';
import { KernelRefusal } from './kernel-refusal.js';

/** Pages of the process for machine code: written first, then made executable, never both at once. */
export interface ExecutableMemory {
  /** Places code and makes it executable. @returns its address @throws KernelRefusal where the system forbids it */
  place(code: Uint8Array): number;
  /** Pages that stay writable, for tables that code reads. @returns their address @throws KernelRefusal where there are none */
  reserve(bytes: number): number;
  /** Copies bytes to pages that were reserved. */
  write(address: number, bytes: Uint8Array): void;
}

const pageBytes = 4096;
const wholePages = (bytes: number): number => Math.ceil(bytes / pageBytes) * pageBytes;

/**
 * What systems with `mmap` call things: the protections are the same everywhere, the flags (MAP_PRIVATE with MAP_ANON)
 * are not. macOS ends a process with a hardened runtime that executes other pages than those asked for with MAP_JIT,
 * unless it may execute any; V8 asks for its own with that flag too, so where V8 compiles these are given.
 */
const [readable, writable, executable] = [1, 2, 4];
const flagsOf: Partial<Record<NodeJS.Platform, { readonly data: number; readonly code: number }>> = {
  linux: { data: 0x22, code: 0x22 },
  android: { data: 0x22, code: 0x22 },
  darwin: { data: 0x1002, code: 0x1802 },
  freebsd: { data: 0x1002, code: 0x1002 },
};

/** The pages of this process. @throws Error where the system has no calls for them that are known here */
export function executableMemory(koffi: Koffi, platform: NodeJS.Platform): ExecutableMemory {
  if (platform === 'win32') return windowsMemory(koffi);
  const flags = flagsOf[platform];
  if (flags === undefined) throw new Error(`how ${platform} maps pages is not known here.`);
  return mappedMemory(koffi, flags);
}

function mappedMemory(koffi: Koffi, flags: { readonly data: number; readonly code: number }): ExecutableMemory {
  const process = koffi.load(null);
  const mmap = process.func('uintptr_t mmap(uintptr_t, size_t, int, int, int, long)');
  const mprotect = process.func('int mprotect(uintptr_t, size_t, int)');
  const munmap = process.func('int munmap(uintptr_t, size_t)');
  const memcpy = process.func('uintptr_t memcpy(uintptr_t, const void *, size_t)');
  const map = (bytes: number, flag: number): number => {
    const address = Number(mmap(0, wholePages(bytes), readable | writable, flag, -1, 0));
    // The system says -1, as the largest address, where it has none.
    if (address === 0 || address >= 2 ** 63) throw new KernelRefusal('the system gives no pages.');
    return address;
  };
  return {
    reserve: (bytes) => map(bytes, flags.data),
    place(code) {
      const address = map(code.length, flags.code);
      memcpy(address, code, code.length);
      if (mprotect(address, wholePages(code.length), readable | executable) !== 0) {
        munmap(address, wholePages(code.length));
        throw new KernelRefusal('the system forbids pages that can be executed.');
      }
      return address;
    },
    write: (address, bytes) => void memcpy(address, bytes, bytes.length),
  };
}

/** Of the Windows API: MEM_COMMIT with MEM_RESERVE, MEM_RELEASE, PAGE_READWRITE, PAGE_EXECUTE_READ. */
const [committed, released, readWrite, executeRead] = [0x3000, 0x8000, 0x04, 0x20];

function windowsMemory(koffi: Koffi): ExecutableMemory {
  const kernel = koffi.load('kernel32.dll');
  const virtualAlloc = kernel.func('uintptr_t VirtualAlloc(uintptr_t, size_t, uint32_t, uint32_t)');
  const virtualProtect = kernel.func('int VirtualProtect(uintptr_t, size_t, uint32_t, _Out_ uint32_t *)');
  const virtualFree = kernel.func('int VirtualFree(uintptr_t, size_t, uint32_t)');
  const memcpy = koffi.load('msvcrt.dll').func('uintptr_t memcpy(uintptr_t, const void *, size_t)');
  const reserve = (bytes: number): number => {
    const address = Number(virtualAlloc(0, wholePages(bytes), committed, readWrite));
    if (address === 0) throw new KernelRefusal('the system gives no pages.');
    return address;
  };
  return {
    reserve,
    place(code) {
      const address = reserve(code.length);
      memcpy(address, code, code.length);
      if (virtualProtect(address, wholePages(code.length), executeRead, new Uint32Array(1)) === 0) {
        virtualFree(address, 0, released);
        throw new KernelRefusal('the system forbids pages that can be executed.');
      }
      return address;
    },
    write: (address, bytes) => void memcpy(address, bytes, bytes.length),
  };
}
