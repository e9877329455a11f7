import { expect, it } from 'vitest';
import { describeMachineCode } from '../../../test/support/describe-machine-code.js';
import { pointwiseMachineCodeOn } from '../../../test/support/pointwise-machine-code.js';
import { bytesOf, type DType, dtypes } from '../../dtype.js';
import { leaf, max, mul } from '../../expression/build.js';
import { type PointwiseProgram, pointwiseProgram } from '../../expression/program.js';
import { Random } from '../../random.js';
import { numbersOfHalves } from '../../rounding.js';
import type { Strided } from '../contract.js';
import { planPointwise } from '../vector/pointwise-plan.js';
import { KernelRunner } from '../wasm/kernel-runner.js';
import { WasmMemory } from '../wasm/memory.js';
import { PointwiseKernels } from '../wasm/pointwise.js';

const copy = pointwiseProgram('copy', [{ name: 'y', expression: leaf('x') }]);
const increase = pointwiseProgram('increase', [{ name: 'y', expression: leaf('x'), accumulate: true }]);
/** Rounded once, however a kernel multiplies and adds. */
const scaled = pointwiseProgram('scaled', [
  { name: 'y', expression: max(mul(leaf('x'), leaf('scale', 'row')), leaf('least', 'column')) },
]);

describeMachineCode('elements of every type in machine code of $isa', (code) => {
  const memory = new WasmMemory();
  const native = pointwiseMachineCodeOn(memory, code);
  const runner = new KernelRunner(memory);
  const wasm = new PointwiseKernels(runner.modules, { relaxed: false });
  const random = new Random(8);
  const bytesIn = ({ buffer }: Strided): Uint8Array =>
    new Uint8Array(
      memory.memory.buffer,
      (buffer as ReturnType<WasmMemory['allocate']>).address,
      buffer.size * bytesOf[buffer.dtype],
    );
  /** Bits of any kind, or numbers of many sizes. */
  const fill = (array: Strided): Strided => {
    const bytes = bytesIn(array);
    const { dtype } = array.buffer;
    if (dtype === 'float32' || dtype === 'float64') {
      const numbers =
        dtype === 'float32'
          ? new Float32Array(bytes.buffer, bytes.byteOffset, array.buffer.size)
          : new Float64Array(bytes.buffer, bytes.byteOffset, array.buffer.size);
      const special = [
        0,
        -0,
        Infinity,
        -Infinity,
        NaN,
        2 ** 31,
        -(2 ** 31),
        2 ** 31 - 128,
        127.5,
        -128.5,
        255.5,
        65504,
        65520,
        6e-8,
        2 ** -25,
      ];
      for (let i = 0; i < numbers.length; i++)
        numbers[i] =
          i % 5 === 0
            ? special[Math.floor(special.length * random.uniform())]
            : random.normal() * 2 ** Math.floor(40 * random.uniform() - 28);
    } else for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(256 * random.uniform());
    return array;
  };
  const arrayOf = (dtype: DType, size: number, rowStride: number): Strided => ({
    buffer: memory.allocate(size + 20, dtype),
    offset: 10,
    rowStride,
  });

  /** Runs a program both ways, and holds all bytes of the output's buffer to those that WebAssembly leaves there. */
  const check = (program: PointwiseProgram, types: Readonly<Record<string, DType>>, columns: number): void => {
    const rows = 3;
    const stride = columns + (columns % 3);
    const inputs = Object.fromEntries(
      program.inputs.map(({ name, access }) => {
        const [size, rowStride] =
          access === 'element' ? [rows * stride, stride] : access === 'row' ? [2 * rows, 2] : [columns, 0];
        return [name, fill(arrayOf(types[name], size, rowStride))];
      }),
    );
    const before = fill(arrayOf(types.y, rows * stride, stride));
    const outputs = [0, 1].map(() => {
      const output = arrayOf(types.y, rows * stride, stride);
      bytesIn(output).set(bytesIn(before));
      return output;
    });
    const calls = outputs.map((y) => ({ program, rows, columns, inputs, outputs: { y } }));
    runner.run((writer, workspace) => wasm.write(writer, calls[0], workspace));
    native.run(calls[1]);
    const [expected, actual] = outputs.map((output) => numbersOf(output.buffer.dtype, bytesIn(output)));
    expect(actual, `${JSON.stringify(types)} ${columns} columns`).toEqual(expected);
    for (const { buffer } of [...Object.values(inputs), before, ...outputs]) memory.free(buffer as never);
  };

  it.each(dtypes)('are loaded as every type and stored as %s, in rows of every length', (y) => {
    for (const x of dtypes)
      for (const columns of [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 19, 31, 32, 35, 64, 67, 131]) {
        // Copies of these move words.
        if (x !== y || (x !== 'int32' && x !== 'float64')) check(copy, { x, y }, columns);
        check(increase, { x, y }, columns);
        check(scaled, { x: 'float32', scale: x, least: x, y }, columns);
      }
  });

  it('have kernels of their own where a program has arrays of them', () => {
    const plan = planPointwise(copy);
    const kernelOf = (dtype: DType) => code.pointwise(plan, { inputs: [dtype], outputs: [dtype] });
    expect(new Set(dtypes.map(kernelOf)).size).toBe(dtypes.length);
    expect(kernelOf('float16')).toBe(kernelOf('float16'));
  });
});

function numbersOf(dtype: DType, bytes: Uint8Array): ArrayLike<number> {
  const { buffer } = bytes.slice();
  switch (dtype) {
    case 'float32':
      return new Float32Array(buffer);
    case 'float64':
      return new Float64Array(buffer);
    case 'int32':
      return new Int32Array(buffer);
    case 'float16':
    case 'bfloat16':
      return numbersOfHalves(dtype, new Uint16Array(buffer));
    default:
      return new Uint8Array(buffer);
  }
}
