import { describe, expect, it } from 'vitest';
import { describeMachineCode } from '../../../test/support/describe-machine-code.js';
import { checkPointwise, memory } from '../../../test/support/pointwise-check.js';
import { pointwiseMachineCodeOn } from '../../../test/support/pointwise-machine-code.js';
import { testPrograms } from '../../../test/support/pointwise-programs.js';
import { testUnaryOperations } from '../../../test/support/unary-operations.js';
import { softmax } from '../../expression/activations.js';
import {
  add,
  constant,
  type Expression,
  greater,
  leaf,
  mul,
  rowMax,
  rowSum,
  select,
  sub,
  tanh,
} from '../../expression/build.js';
import { type OutputRequest, pointwiseProgram } from '../../expression/program.js';
import type { Strided } from '../contract.js';
import { planPointwise } from '../vector/pointwise-plan.js';
import { Assembler } from './assembler.js';
import { emitPointwise } from './pointwise-emit.js';
import type { Isa } from './processor.js';

const numbered = (count: number, make: (i: number) => Expression): Expression[] =>
  Array.from({ length: count }, (_, i) => make(i));
const sumOf = (terms: readonly Expression[]): Expression =>
  terms.reduce<Expression>((sum, term) => add(sum, term), constant(0));

const x = leaf('x');
const scaled = numbered(40, (i) => mul(leaf(`x${i % 9}`), 1 + i / 8));
const isLarger = numbered(14, (i) => greater(leaf(`x${i % 5}`), i / 7 - 1));

/** Programs that need more than there is: vector registers, mask registers, registers for addresses, for sums. */
const demanding: readonly [string, OutputRequest[]][] = [
  [
    'more values than registers',
    [{ name: 'y', expression: sumOf(scaled.map((value, i) => mul(value, scaled[(i + 20) % 40]))) }],
  ],
  [
    'more conditions than mask registers',
    [1, -1].map((sign) => ({
      name: `y${sign}`,
      expression: sumOf(isLarger.map((mask, i) => select(mask, mul(x, sign * i), leaf('z')))),
    })),
  ],
  [
    'more arrays than registers for addresses, and than a page of the stack has room for',
    [
      { name: 'y', expression: sumOf(numbered(300, (i) => mul(leaf(`x${i}`), i))) },
      { name: 'z', expression: tanh(leaf('x3')), accumulate: true },
    ],
  ],
  [
    'more sums than registers for them',
    [
      ...[0, 1, 2, 3, 4, 5, 6, 7].map(
        (i): OutputRequest => ({ name: `y${i}`, expression: mul(x, i), reduce: 'columns' }),
      ),
      { name: 'least', expression: sumOf(numbered(5, (i) => rowMax(sub(i, mul(x, i - 2.5))))), reduce: 'perRow' },
      { name: 'share', expression: mul(softmax(x), rowSum(mul(x, x))) },
    ],
  ],
];

describeMachineCode('pointwise kernels of $isa', (code) => {
  const kernels = pointwiseMachineCodeOn(memory, code);
  testPrograms(kernels);
  testUnaryOperations(kernels);

  it.each(demanding)('compute with %s', (_, requests) => {
    const program = pointwiseProgram('demanding', requests);
    for (const columns of [5, 16, 67, 150])
      checkPointwise(kernels, program, [], { rows: 3, columns, slack: columns % 2, seed: columns });
  });

  it('sum over more rows than a block has, with several vectors of columns', () => {
    const program = pointwiseProgram('sums', [
      { name: 'y', expression: mul(x, leaf('weight', 'row')), reduce: 'rows' },
      { name: 'z', expression: add(x, 1), reduce: 'rows', accumulate: true },
      { name: 'all', expression: x, reduce: 'all', accumulate: true },
    ]);
    for (const columns of [1, 9, 16, 45, 130])
      checkPointwise(kernels, program, [], { rows: 131, columns, slack: 1, seed: columns });
  });

  it('reads an array before another output is written over it', () => {
    const program = pointwiseProgram('over another', [
      { name: 'y', expression: add(leaf('e'), 1) },
      { name: 'z', expression: x },
    ]);
    for (const columns of [5, 16, 67])
      checkPointwise(kernels, program, [true, false], { rows: 3, columns, slack: 1, seed: columns });
  });

  it('reads rows backwards, where a stride is negative', () => {
    const [rows, columns] = [4, 11];
    const from = memory.allocate(rows * columns);
    const to = memory.allocate(rows * columns);
    const numbers = Array.from({ length: rows * columns }, (_, i) => i);
    memory.floats.set(numbers, from.address / 4);
    const array = (buffer: typeof from, offset: number, rowStride: number): Strided => ({ buffer, offset, rowStride });
    kernels.run({
      program: pointwiseProgram('twice', [{ name: 'y', expression: add(x, x) }]),
      rows,
      columns,
      inputs: { x: array(from, (rows - 1) * columns, -columns) },
      outputs: { y: array(to, 0, columns) },
    });
    const expected = numbers.map((_, i) => 2 * ((rows - 1 - Math.floor(i / columns)) * columns + (i % columns)));
    expect([...memory.floats.subarray(to.address / 4, to.address / 4 + rows * columns)]).toEqual(expected);
  });
});

const spilledBy = (requests: OutputRequest[], isa: Isa): number => {
  const program = pointwiseProgram('spilling', requests);
  const types = {
    inputs: program.inputs.map(() => 'float32' as const),
    outputs: program.outputs.map(() => 'float32' as const),
  };
  return emitPointwise(new Assembler(), planPointwise(program), types, isa);
};

describe.each(['avx2', 'avx512'] as const)('registers of %s', (isa) => {
  it('suffice for what most programs need', () => {
    expect(spilledBy([{ name: 'y', expression: mul(tanh(x), leaf('z')) }], isa)).toBe(0);
  });

  it('do not suffice for many values at once, which go to the stack', () => {
    expect(spilledBy(demanding[0][1], isa)).toBeGreaterThan(0);
    expect(spilledBy(demanding[1][1], isa)).toBeGreaterThan(0);
  });
});
