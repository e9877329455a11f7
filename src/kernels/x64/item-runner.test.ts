import { describe, expect, it, vi } from 'vitest';
import { describeMachineCode } from '../../../test/support/describe-machine-code.js';
import { Assembler } from './assembler.js';
import { type CallingConvention, type EntryPoints, emitEntryPoints } from './item-runner.js';
import {
  at,
  type GeneralRegister,
  r8,
  r9,
  r10,
  r11,
  r12,
  r13,
  r14,
  r15,
  rax,
  rbp,
  rbx,
  rcx,
  rdi,
  rdx,
  rsi,
  rsp,
  xmm,
  ymm,
} from './registers.js';

const conventions = ['system-v', 'windows'] as const;

/** Places of the instructions for vectors. */
function vectorPlaces(convention: CallingConvention): { places: number[]; describe: number } {
  const code = new Assembler();
  const places: number[] = [];
  const spies = (['op', 'opWith', 'vzeroupper'] as const).map((method) =>
    vi.spyOn(code, method).mockImplementation(() => void places.push(code.length)),
  );
  const { describe } = emitEntryPoints(code, convention);
  for (const spy of spies) spy.mockRestore();
  return { places, describe: code.placeOf(describe) };
}

it.each(conventions)(
  'asks any processor of x86-64 what it can do: no instruction for vectors is among those that ask (%s)',
  (convention) => {
    const { places, describe } = vectorPlaces(convention);
    expect(places.length).toBeGreaterThan(0);
    // What asks is the last of the functions.
    expect(places.filter((place) => place >= describe)).toEqual([]);
  },
);

/** Where callers put parameters, and the registers that they find as they were: general ones, and 128 bits of vectors. */
const contracts = {
  'system-v': { parameters: [rdi, rsi, rdx], general: [rbx, rbp, r12, r13, r14, r15], vectors: [] },
  windows: {
    parameters: [rcx, rdx, r8],
    general: [rbx, rbp, r12, r13, r14, r15, rdi, rsi],
    vectors: [6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  },
} as const;

/** In bytes of the memory: words of the call, what registers hold before and after it, and what the kernel was given. */
const [item, table, before, after, given] = [0, 1024, 2048, 4096, 8192];

/** A kernel that leaves nothing in what is its own, and notes rsp and its arguments. */
function emitCareless(code: Assembler): void {
  code.store64(at(rdi, given), rsp);
  code.store64(at(rdi, given + 8), rdi);
  code.store64(at(rdi, given + 16), rsi);
  for (let i = 0; i < 16; i++) code.op('vpxor', ymm(i), ymm(i), ymm(i));
  for (const register of [rax, rcx, rdx, rsi, rdi, r8, r9, r10, r11]) code.movConstant(register, 0);
  code.ret();
}

/**
 * A kernel that calls a function as a compiler for a convention would: with (the memory's first byte, the item, and
 * `last` or the address of the table). Registers that it has to find again hold the numbers at `before`, and are stored
 * at `after`.
 */
function emitCaller(code: Assembler, convention: CallingConvention, callee: number, last: number | 'table'): void {
  const { parameters, general, vectors } = contracts[convention];
  const pushed: readonly GeneralRegister[] = contracts['system-v'].general;
  for (const register of pushed) code.push(register);
  code.mov(rax, rsp);
  code.arith('and', rsp, -16);
  // A function on Windows may use the 32 bytes above its return address.
  code.arith('sub', rsp, 48);
  code.store64(at(rsp, 32), rdi);
  code.store64(at(rsp, 40), rax);
  code.mov(rax, rdi);
  const [first, second, third] = parameters;
  code.mov(first, rax);
  code.lea(second, at(rax, item));
  if (last === 'table') code.lea(third, at(rax, table));
  else code.movConstant(third, last);
  vectors.forEach((index, i) => void code.op('vmovups', xmm(index), at(rax, before + 64 + 16 * i)));
  general.forEach((register, i) => void code.load64(register, at(rax, before + 8 * i)));
  code.movConstant(rax, callee);
  code.call(rax);
  code.load64(rax, at(rsp, 32));
  general.forEach((register, i) => void code.store64(at(rax, after + 8 * i), register));
  vectors.forEach((index, i) => void code.op('vmovupsStore', at(rax, after + 64 + 16 * i), xmm(index)));
  code.load64(rsp, at(rsp, 40));
  for (const register of [...pushed].reverse()) code.pop(register);
  code.ret();
}

describeMachineCode('functions that a host calls ($isa)', (machine) => {
  describe.each(conventions)('by the convention of %s', (convention) => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 10, shared: true });
    const { thread } = machine.bind(memory);
    const words = new Int32Array(memory.buffer);
    const longs = new BigUint64Array(memory.buffer);
    const careless = new Assembler();
    emitCareless(careless);
    const kernel = machine.place(careless);
    longs[table / 8] = BigInt(kernel);
    const entries = new Assembler();
    const labels = emitEntryPoints(entries, convention);
    const entriesAddress = machine.place(entries);
    const callAs = (name: keyof EntryPoints, last: number | 'table'): void => {
      const code = new Assembler();
      emitCaller(code, convention, entriesAddress + entries.placeOf(labels[name]), last);
      for (let i = 0; i < 28; i++) longs[before / 8 + i] = 0x9e3779b97f4a7c15n * BigInt(i + 1);
      longs.fill(0n, after / 8);
      thread.runKernel(machine.place(code), item);
    };
    const expectKept = (): void => {
      const { general, vectors } = contracts[convention];
      const parts = [
        [0, general.length],
        [8, 8 + 2 * vectors.length],
      ];
      for (const [from, to] of parts)
        expect(longs.slice(after / 8 + from, after / 8 + to)).toEqual(longs.slice(before / 8 + from, before / 8 + to));
    };
    const expectGiven = (argumentsAt: number): void => {
      const [stack, base, block] = longs.subarray(given / 8);
      // A call pushes 8 bytes on a stack at a multiple of 16.
      expect(stack % 16n).toBe(8n);
      expect(block - base).toBe(BigInt(argumentsAt));
    };

    it("keep registers that are the caller's where they run a kernel", () => {
      callAs('runKernel', kernel);
      expectKept();
      expectGiven(item);
    });

    it('keep them where they run an item', () => {
      // A loop of two steps with one call of kernel 0, which has no arguments.
      words.set([1, 2, 3, 0, 0, 0], item / 4);
      callAs('runItem', 'table');
      expectKept();
      expectGiven(item + 24);
    });

    it('keep them where they ask the processor', () => {
      words.fill(-1, item / 4, item / 4 + 6);
      callAs('describe', 0);
      expectKept();
      // Leaf 1 says that the processor has AVX.
      expect((words[item / 4] >>> 28) & 1).toBe(1);
    });
  });
});
