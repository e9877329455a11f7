import { expect, it } from 'vitest';
import { describeMachineCode } from '../../../test/support/describe-machine-code.js';
import { add, leaf, mul, sub } from '../../expression/build.js';
import { pointwiseProgram } from '../../expression/program.js';
import type { Strided } from '../contract.js';
import { WasmBackend } from '../wasm/backend.js';

describeMachineCode('registers of machine code of $isa', (code) => {
  const backend = new WasmBackend({ threads: 1 }, undefined, code);
  const product = mul(leaf('a'), leaf('b', 'column'));
  const addend = leaf('c', 'column');

  // Three operands none of which is in a register: one stays in memory, one is loaded where the result goes.
  it.each([7, 16, 20, 70])('hold operands of one multiply-add until they are read: %i columns', (columns) => {
    const rows = 5;
    const array = (size: number, first: number, rowStride: number): Strided => {
      const buffer = backend.allocate(size);
      backend.write(
        { buffer, offset: 0 },
        Float32Array.from({ length: size }, (_, i) => first + i),
      );
      return { buffer, offset: 0, rowStride };
    };
    const inputs = { a: array(rows * columns, 1, columns), b: array(columns, 2, 0), c: array(columns, 1000, 0) };
    for (const [expression, sign] of [
      [add(product, addend), 1],
      [sub(addend, product), -1],
    ] as const) {
      const y = array(rows * columns, 0, columns);
      const program = pointwiseProgram('multiply and add', [{ name: 'y', expression }]);
      backend.pointwise({ program, rows, columns, inputs, outputs: { y } });
      const expected = Array.from({ length: rows * columns }, (_, i) => {
        const column = i % columns;
        return 1000 + column + sign * (1 + i) * (2 + column);
      });
      expect([...backend.readNow(y, rows * columns)]).toEqual(expected);
    }
  });
});
