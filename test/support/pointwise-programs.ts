import { expect, it } from 'vitest';
import { softmax } from '../../src/expression/activations.js';
import {
  abs,
  add,
  constant,
  div,
  type Expression,
  equal,
  exp,
  greater,
  type Leaf,
  leaf,
  log,
  max,
  min,
  mul,
  neg,
  relu,
  round,
  rowMax,
  rowSum,
  select,
  sign,
  sqrt,
  square,
  sub,
  tanh,
} from '../../src/expression/build.js';
import { derive } from '../../src/expression/derive.js';
import { formatExpression, Interpreter } from '../../src/expression/interpret.js';
import { type OutputRequest, pointwiseProgram, type Reduce } from '../../src/expression/program.js';
import type { Strided } from '../../src/kernels/contract.js';
import type { WasmBuffer } from '../../src/kernels/wasm/memory.js';
import { checkPointwise, memory, numbersFrom } from './pointwise-check.js';
import { HALF_ULP } from './rounding-bound.js';

const x = leaf('x');
const softmaxOfX = softmax(x);
const centered = sub(x, div(rowSum(x), 19));
const normalized = div(centered, sqrt(add(div(rowSum(square(centered)), 19), 1e-3)));

function derivative(output: Expression, by: Leaf): Expression {
  return derive([{ output, by: leaf('dy') }], [by]).get(by)!;
}

/** Programs of several passes over a row. */
const named: readonly [string, OutputRequest[]][] = [
  ['softmax', [{ name: 'y', expression: softmaxOfX }]],
  [
    'softmax and what its derivative needs',
    [
      { name: 'y', expression: softmaxOfX },
      { name: 'most', expression: rowMax(softmaxOfX), reduce: 'perRow' },
    ],
  ],
  ['the derivative of softmax', [{ name: 'dx', expression: derivative(softmaxOfX, x) }]],
  [
    'layer normalization',
    [{ name: 'y', expression: add(mul(normalized, leaf('scale', 'column')), leaf('shift', 'column')) }],
  ],
  ['the derivative of layer normalization', [{ name: 'dx', expression: derivative(normalized, x) }]],
  ['the derivative of a row maximum', [{ name: 'dx', expression: derivative(rowMax(mul(add(x, leaf('e')), 0.7)), x) }]],
  [
    'cross-entropy with all its sums',
    [
      {
        name: 'loss',
        expression: mul(leaf('weight', 'row'), rowSum(mul(leaf('target'), log(add(softmaxOfX, 1e-7))))),
        reduce: 'perRow',
      },
      { name: 'perColumn', expression: mul(leaf('target'), softmaxOfX), reduce: 'rows', accumulate: true },
      { name: 'perRow', expression: mul(tanh(x), softmaxOfX), reduce: 'columns' },
      { name: 'total', expression: exp(softmaxOfX), reduce: 'all', accumulate: true },
    ],
  ],
];

/** Registers the tests of programs of several passes, of NaN and infinities, and of long sums. */
export function testPrograms(kernels: Parameters<typeof checkPointwise>[0]): void {
  it.each(named)('compute %s', (_, requests) => {
    for (const columns of [19, 3, 16]) {
      const program = pointwiseProgram('named', requests);
      checkPointwise(kernels, program, [columns === 16], {
        rows: 5,
        columns,
        slack: columns === 16 ? 0 : 2,
        seed: columns,
      });
    }
  });

  it('let NaN and infinities flow as the interpreter does', () => {
    const special = [NaN, Infinity, -Infinity, 0, -0, 1, -2];
    const pairs = special.flatMap((a) => special.map((b): [number, number] => [a, b]));
    const [a, b] = [leaf('a'), leaf('b')];
    const expressions = [
      max(a, b),
      min(a, b),
      max(a, 0),
      max(0, a),
      min(a, 1),
      relu(a),
      abs(a),
      neg(a),
      sign(a),
      round(a),
      add(a, b),
      sub(a, b),
      mul(a, b),
      div(a, b),
      greater(a, b),
      equal(a, b),
      select(a, b, 3),
      select(greater(a, b), a, 0),
      select(equal(a, b), 0, b),
      add(a, mul(a, b)),
      sub(b, mul(a, a)),
    ];
    const program = pointwiseProgram(
      'special',
      expressions.map((expression, i) => ({ name: `o${i}`, expression })),
    );
    const columns = pairs.length;
    const buffers = [...program.inputs, ...program.outputs].map(({ name }): [string, Strided] => [
      name,
      { buffer: memory.allocate(columns), offset: 0, rowStride: columns },
    ]);
    const arrays = Object.fromEntries(buffers);
    memory.floats.set(
      pairs.map(([value]) => value),
      memory.byteAddress(arrays.a) / 4,
    );
    memory.floats.set(
      pairs.map(([, value]) => value),
      memory.byteAddress(arrays.b) / 4,
    );
    kernels.run({ program, rows: 1, columns, inputs: arrays, outputs: arrays });
    const interpreter = new Interpreter((name, _, column) => pairs[column][name === 'a' ? 0 : 1], columns);
    for (const { name, expression } of program.outputs) {
      const start = memory.byteAddress(arrays[name]) / 4;
      pairs.forEach((pair, column) => {
        const [actual, expected] = [memory.floats[start + column], interpreter.at(expression, 0, column)];
        expect(
          actual === expected || (Number.isNaN(actual) && Number.isNaN(expected)),
          `${formatExpression(expression)} of ${pair}: ${actual}, expected ${expected}`,
        ).toBe(true);
      });
    }
  });

  it('give NaN for the maximum and the sum of a row that holds one, wherever it stands', () => {
    const program = pointwiseProgram('row', [
      { name: 'most', expression: rowMax(x), reduce: 'perRow' },
      { name: 'sum', expression: rowSum(x), reduce: 'perRow' },
    ]);
    const columns = 23;
    const [input, most, total] = [columns * columns, columns, columns].map((size) => memory.allocate(size));
    for (let row = 0; row < columns; row++) memory.floats[input.address / 4 + row * columns + row] = NaN;
    const output = (buffer: WasmBuffer): Strided => ({ buffer, offset: 0, rowStride: 1 });
    kernels.run({
      program,
      rows: columns,
      columns,
      inputs: { x: { buffer: input, offset: 0, rowStride: columns } },
      outputs: { most: output(most), sum: output(total) },
    });
    for (const { address } of [most, total])
      expect([...memory.floats.subarray(address / 4, address / 4 + columns)].every(Number.isNaN)).toBe(true);
  });

  it('find the largest element again after computing it anew, so that its derivative arrives', () => {
    const operand = sub(mul(x, leaf('scale', 'column')), mul(x, x));
    const most = rowMax(operand);
    const share = derive([{ output: most, by: constant(1) }], [operand]).get(operand)!;
    const program = pointwiseProgram('shares', [{ name: 'sum', expression: share, reduce: 'columns' }]);
    const [rows, columns] = [7, 19];
    const random = numbersFrom(3);
    const [input, scale, output] = [rows * columns, columns, rows].map((size) => memory.allocate(size));
    for (const { address, size } of [input, scale])
      for (let i = 0; i < size; i++) memory.floats[address / 4 + i] = random() / 7;
    kernels.run({
      program,
      rows,
      columns,
      inputs: {
        x: { buffer: input, offset: 0, rowStride: columns },
        scale: { buffer: scale, offset: 0, rowStride: 0 },
      },
      outputs: { sum: { buffer: output, offset: 0, rowStride: 1 } },
    });
    for (let row = 0; row < rows; row++) expect(memory.floats[output.address / 4 + row]).toBeCloseTo(1, 6);
  });

  it('sum many numbers without losing them', () => {
    const [rows, columns] = [100_003, 3];
    const input = memory.allocate(rows * columns);
    const random = numbersFrom(7);
    const start = input.address / 4;
    for (let i = 0; i < rows * columns; i++) memory.floats[start + i] = 1 + 0.1 * random();
    const terms = memory.floats.slice(start, start + rows * columns);
    const output = memory.allocate(columns);
    const run = (reduce: Reduce, shape: { rows: number; columns: number }): Float32Array => {
      const program = pointwiseProgram('sum', [{ name: 'sum', expression: leaf('x'), reduce }]);
      kernels.run({
        program,
        ...shape,
        inputs: { x: { buffer: input, offset: 0, rowStride: shape.columns } },
        outputs: { sum: { buffer: output, offset: 0, rowStride: 1 } },
      });
      return memory.floats.slice(output.address / 4, output.address / 4 + columns);
    };
    const total = terms.reduce((sum, term) => sum + term, 0);
    // Rounded once: half a unit in the last place.
    expect(Math.abs(run('all', { rows, columns })[0] / total - 1)).toBeLessThan(6e-8);
    expect(Math.abs(run('columns', { rows: 1, columns: rows * columns })[0] / total - 1)).toBeLessThan(6e-8);
    const perColumn = run('rows', { rows, columns });
    for (let column = 0; column < columns; column++) {
      const exact = terms.reduce((sum, term, i) => (i % columns === column ? sum + term : sum), 0);
      // At most 63 additions in single precision lie between a term and the sum: 64 half units in the last place.
      expect(Math.abs(perColumn[column] / exact - 1)).toBeLessThan(64 * HALF_ULP);
      // And their errors mostly cancel.
      expect(Math.abs(perColumn[column] / exact - 1)).toBeLessThan(4 * HALF_ULP);
    }
    memory.free(input);
    memory.free(output);
  });
}
