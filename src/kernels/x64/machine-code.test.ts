import { expect, it } from 'vitest';
import { describeMachineCode } from '../../../test/support/describe-machine-code.js';
import { Assembler } from './assembler.js';
import { at, rax, rcx, rdi, rsi } from './registers.js';

describeMachineCode('machine code of $isa', (code) => {
  it('runs the loops of an item as threads do, with arguments that move', () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 10, shared: true });
    const { thread, number } = code.bind(memory);
    // The word at the first argument grows by the second.
    const adds = new Assembler();
    adds.load32(rax, at(rsi));
    adds.load32(rcx, at(rsi, 4));
    adds.arithMemory32('add', at(rdi, 0, rax), rcx);
    adds.ret();
    const kernel = code.place(adds);
    expect(number(7, kernel)).toBe(true);
    const words = new Int32Array(memory.buffer);
    const moving = [7, 2, 1, 4000, 10, 0, 4];
    const twice = [7, 2, 0, 5000, 1];
    const growing = [7, 2, 1, 6000, 1, 1, 1];
    words.set([2, 3, moving.length + twice.length, ...moving, ...twice, 5, growing.length, ...growing], 256);
    thread.runItem(1024);
    expect([...words.subarray(1000, 1004)]).toEqual([10, 10, 10, 0]);
    expect(words[1250]).toBe(3);
    expect(words[1500]).toBe(1 + 2 + 3 + 4 + 5);
    const before = words[1500];
    thread.runKernel(kernel, 4 * (256 + 3 + moving.length + twice.length + 2 + 3));
    expect(words[1500]).toBe(before + 6);
  });
});
