import { describe, expect, it } from 'vitest';
import type { Koffi, NativeLibrary } from '../koffi.js';
import { executableMemory } from './executable-memory.js';

/** A system of which the calls are noted, with what they return by their names. */
function systemOf(results: Readonly<Record<string, number>>) {
  const calls: (string | number)[][] = [];
  const library: NativeLibrary = {
    func: (declaration) => {
      const [, name] = /(\w+)\(/.exec(declaration)!;
      return (...values) => {
        calls.push([name, ...values.filter((value) => typeof value === 'number')]);
        return results[name];
      };
    },
  };
  return { koffi: { load: () => library } as unknown as Koffi, calls };
}

const page = 4096;
const code = new Uint8Array(page + 1);

describe('pages for machine code', () => {
  it.each([
    ['linux', 0x22, 0x22],
    ['freebsd', 0x1002, 0x1002],
    // MAP_JIT, for code alone.
    ['darwin', 0x1002, 0x1802],
  ] as const)('are written, then made executable (%s)', (platform, dataFlags, codeFlags) => {
    const { koffi, calls } = systemOf({ mmap: 0x7000, mprotect: 0 });
    const memory = executableMemory(koffi, platform);
    expect(memory.place(code)).toBe(0x7000);
    memory.reserve(1);
    expect(calls).toEqual([
      ['mmap', 0, 2 * page, 3, codeFlags, -1, 0],
      ['memcpy', 0x7000, code.length],
      ['mprotect', 0x7000, 2 * page, 5],
      ['mmap', 0, page, 3, dataFlags, -1, 0],
    ]);
  });

  it('are written, then made executable (win32)', () => {
    const { koffi, calls } = systemOf({ VirtualAlloc: 0x7000, VirtualProtect: 1 });
    expect(executableMemory(koffi, 'win32').place(code)).toBe(0x7000);
    expect(calls).toEqual([
      ['VirtualAlloc', 0, 2 * page, 0x3000, 4],
      ['memcpy', 0x7000, code.length],
      ['VirtualProtect', 0x7000, 2 * page, 0x20],
    ]);
  });

  it.each([
    ['darwin', { mmap: 0x7000, mprotect: -1 }, ['munmap', 0x7000, 2 * page]],
    ['win32', { VirtualAlloc: 0x7000, VirtualProtect: 0 }, ['VirtualFree', 0x7000, 0, 0x8000]],
  ] as const)('are given back where they may not be executed (%s)', (platform, results, last) => {
    const { koffi, calls } = systemOf(results);
    expect(() => executableMemory(koffi, platform).place(code)).toThrow('forbids pages that can be executed');
    expect(calls.at(-1)).toEqual(last);
  });

  it.each([
    ['darwin', { mmap: 2 ** 64 }],
    ['win32', { VirtualAlloc: 0 }],
  ] as const)('are refused with a reason (%s)', (platform, results) => {
    const { koffi } = systemOf(results);
    expect(() => executableMemory(koffi, platform).place(code)).toThrow('the system gives no pages.');
  });

  it('are asked for on systems alone that are known here', () => {
    expect(() => executableMemory(systemOf({}).koffi, 'sunos')).toThrow('how sunos maps pages is not known here.');
  });
});
