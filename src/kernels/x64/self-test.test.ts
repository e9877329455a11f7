import { expect, it } from 'vitest';
import { describeMachineCode } from '../../../test/support/describe-machine-code.js';
import type { MachineCode } from '../machine-code.js';
import { Assembler } from './assembler.js';
import { faultOfMachineCode } from './self-test.js';

describeMachineCode('the self-test of machine code of $isa', (code) => {
  it('finds nothing wrong here, and finds every kernel that it knows of that does nothing', () => {
    expect(faultOfMachineCode(code)).toBeUndefined();
    const idle = new Assembler();
    idle.ret();
    const nothing = code.place(idle);
    const without = (kernel: string): MachineCode =>
      Object.create(code, {
        name: { value: code.name },
        products: { value: code.products },
        pointwise: { value: code.pointwise.bind(code) },
        bind: { value: (memory: WebAssembly.Memory) => ({ ...code.bind(memory), code: without(kernel) }) },
        kernel: { value: (name: string) => (name === kernel ? nothing : code.kernel(name)) },
      }) as MachineCode;
    const kernels = 'gather gather_bytes scatter_add fill product product_packed pack_all few_rows dot_rows'.split(' ');
    for (const kernel of kernels) expect(faultOfMachineCode(without(kernel)), kernel).toMatch(/is right\.$/);
  });
});
