import { describe, expect, it, vi } from 'vitest';
import { pointwiseOn } from '../../../test/support/kernels-on.js';
import { kinds, memory } from '../../../test/support/pointwise-check.js';
import { testPrograms } from '../../../test/support/pointwise-programs.js';
import { softmax } from '../../expression/activations.js';
import { add, constant, type Expression, leaf } from '../../expression/build.js';
import { type PointwiseProgram, pointwiseProgram } from '../../expression/program.js';
import type { PointwiseCall, Strided } from '../contract.js';
import { WasmMemory } from './memory.js';

describe.each(kinds)('pointwise kernels with $name multiply-add', ({ kernels }) => testPrograms(kernels));

describe('PointwiseKernels', () => {
  const program = (): PointwiseProgram =>
    pointwiseProgram('twice', [{ name: 'y', expression: add(leaf('x'), leaf('x')) }]);
  const callOf = (own: WasmMemory, item: PointwiseProgram): PointwiseCall => {
    const array: Strided = { buffer: own.allocate(5), offset: 0, rowStride: 5 };
    own.floats.fill(21, own.byteAddress(array) / 4, own.byteAddress(array) / 4 + 5);
    return { program: item, rows: 1, columns: 5, inputs: { x: array }, outputs: { y: array } };
  };

  it('compiles equal programs once', () => {
    const own = new WasmMemory();
    const kernels = pointwiseOn(own, { relaxed: false });
    const compile = vi.spyOn(WebAssembly, 'Module');
    for (let i = 0; i < 3; i++) kernels.run(callOf(own, program()));
    expect(compile).toHaveBeenCalledTimes(1);
    compile.mockRestore();
  });

  it('works in a shared memory', () => {
    const own = new WasmMemory({ shared: true, maximumBytes: 1 << 22 });
    const call = callOf(own, program());
    pointwiseOn(own, { relaxed: false }).run(call);
    expect(own.floats[own.byteAddress(call.outputs.y) / 4 + 4]).toBe(42);
  });

  it('gives its workspace back after each call', () => {
    const own = new WasmMemory();
    const kernels = pointwiseOn(own, { relaxed: false });
    const call = callOf(own, pointwiseProgram('softmax', [{ name: 'y', expression: softmax(leaf('x')) }]));
    kernels.run(call);
    const before = own.report();
    for (let i = 0; i < 1000; i++) kernels.run(call);
    expect(own.report()).toEqual(before);
  });

  it('takes a program of any number of arrays', () => {
    const names = Array.from({ length: 600 }, (_, i) => leaf(`x${i}`));
    const item = pointwiseProgram('sum of 600', [
      { name: 'y', expression: names.reduce<Expression>((sum, term) => add(sum, term), constant(0)) },
    ]);
    const x: Strided = { buffer: memory.allocate(1), offset: 0, rowStride: 1 };
    const y: Strided = { buffer: memory.allocate(1), offset: 0, rowStride: 1 };
    memory.floats[memory.byteAddress(x) / 4] = 0.5;
    kinds[0].kernels.run({
      program: item,
      rows: 1,
      columns: 1,
      inputs: Object.fromEntries(names.map(({ name }) => [name, x])),
      outputs: { y },
    });
    expect(memory.floats[memory.byteAddress(y) / 4]).toBe(300);
  });
});
