import { expect, it } from 'vitest';
import { leaf, type UnaryOperation } from '../../src/expression/build.js';
import { operations } from '../../src/expression/operations.js';
import { pointwiseProgram } from '../../src/expression/program.js';
import type { pointwiseOn } from './kernels-on.js';
import { memory } from './pointwise-check.js';

type PointwiseOn = ReturnType<typeof pointwiseOn>;

function apply(kernels: PointwiseOn, operation: UnaryOperation, x: Float32Array): Float32Array {
  const program = pointwiseProgram(operation, [{ name: 'y', expression: { kind: 'unary', operation, a: leaf('x') } }]);
  const input = memory.allocate(x.length);
  const output = memory.allocate(x.length);
  memory.floats.set(x, input.address / 4);
  const strided = { offset: 0, rowStride: x.length };
  kernels.run({
    program,
    rows: 1,
    columns: x.length,
    inputs: { x: { buffer: input, ...strided } },
    outputs: { y: { buffer: output, ...strided } },
  });
  const y = memory.floats.slice(output.address / 4, output.address / 4 + x.length);
  memory.free(input);
  memory.free(output);
  return y;
}

function linear(from: number, to: number, count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));
}

/** Every 4099th number of single precision of both signs: all magnitudes, subnormal numbers included. */
function everyMagnitude(): Float32Array {
  const bits = new Uint32Array(2 * Math.ceil(0x7f800000 / 4099));
  for (let i = 0; i < bits.length; i++) bits[i] = (i >> 1) * 4099 + (i & 1) * 0x80000000;
  return new Float32Array(bits.buffer);
}

const sweeps = [everyMagnitude(), linear(-500, 500, 400_003), linear(-20, 20, 400_003), linear(-1, 1, 200_003)];

/**
 * The largest `|y - f(x)|` in units of `tolerance(f(x))`, where f(x) is finite in single precision, and where it is.
 */
function worst(
  kernels: PointwiseOn,
  operation: UnaryOperation,
  tolerance: (exact: number) => number,
): { ratio: number; at: number } {
  let found = { ratio: 0, at: NaN };
  for (const sweep of sweeps) {
    const y = apply(kernels, operation, sweep);
    sweep.forEach((x, i) => {
      const exact = operations[operation].value(x);
      const rounded = Math.fround(exact);
      const ratio = Number.isFinite(rounded)
        ? Math.abs(y[i] - exact) / tolerance(exact)
        : Object.is(y[i], rounded)
          ? 0
          : Infinity;
      if (!(ratio <= found.ratio)) found = { ratio, at: x };
    });
  }
  return found;
}

/** Relative, and absolute where the result is below the normal numbers. */
const relative = (bound: number) => (exact: number) => Math.max(bound * Math.abs(exact), 1.7e-38);
const absolute = (bound: number) => () => bound;

/** The bounds that hold for both kinds of multiply-add. */
const bounds: readonly { operation: UnaryOperation; what: string; tolerance: (exact: number) => number }[] = [
  { operation: 'exp', what: 'relative 1.4e-7', tolerance: relative(1.4e-7) },
  { operation: 'log', what: 'relative 1e-7', tolerance: relative(1e-7) },
  { operation: 'sigmoid', what: 'relative 3e-7', tolerance: relative(3e-7) },
  { operation: 'sigmoid', what: 'absolute 1e-7', tolerance: absolute(1e-7) },
  { operation: 'tanh', what: 'relative 7e-7', tolerance: relative(7e-7) },
  { operation: 'tanh', what: 'absolute 3.6e-7', tolerance: absolute(3.6e-7) },
  { operation: 'softplus', what: 'relative 4.3e-7', tolerance: relative(4.3e-7) },
  { operation: 'erf', what: 'relative 9e-7', tolerance: relative(9e-7) },
  { operation: 'erf', what: 'absolute 4.3e-7', tolerance: absolute(4.3e-7) },
];

/** Registers the tests of the unary operations: bounds of errors, limits and NaN. */
export function testUnaryOperations(kernels: PointwiseOn): void {
  it.each(bounds)('$operation keeps its bound: $what', ({ operation, tolerance }) => {
    const { ratio, at } = worst(kernels, operation, tolerance);
    expect(ratio, `largest error at ${at}`).toBeLessThanOrEqual(1);
  });

  it.each(['neg', 'abs', 'sign', 'round', 'sqrt', 'relu', 'detach'] as const)(
    '%s is rounded correctly',
    (operation) => {
      for (const sweep of sweeps) {
        const y = apply(kernels, operation, sweep);
        const wrong = sweep.findIndex(
          (x, i) => y[i] !== Math.fround(operations[operation].value(x)) && !(Number.isNaN(y[i]) && !(x >= 0)),
        );
        expect(wrong < 0 ? 'none' : `${operation}(${sweep[wrong]}) = ${y[wrong]}`).toBe('none');
      }
    },
  );

  it('round takes ties to the even number, and keeps the sign of 0', () => {
    const y = apply(kernels, 'round', Float32Array.of(-3.5, -2.5, -1.5, -0.5, -0, 0.5, 1.5, 2.5, 2 ** 23 + 1));
    expect([...y]).toEqual([-4, -2, -2, -0, -0, 0, 2, 2, 2 ** 23 + 1]);
  });

  const limits: readonly [UnaryOperation, number, number][] = [
    ['exp', -200, 0],
    ['exp', -Infinity, 0],
    ['exp', 0, 1],
    ['exp', 200, Infinity],
    ['exp', Infinity, Infinity],
    ['log', 0, -Infinity],
    ['log', 1, 0],
    ['log', -1, NaN],
    ['log', -Infinity, NaN],
    ['log', Infinity, Infinity],
    ['sigmoid', -500, 0],
    ['sigmoid', -Infinity, 0],
    ['sigmoid', 0, 0.5],
    ['sigmoid', 500, 1],
    ['sigmoid', Infinity, 1],
    ['tanh', -500, -1],
    ['tanh', -Infinity, -1],
    ['tanh', 0, 0],
    ['tanh', 500, 1],
    ['tanh', Infinity, 1],
    ['softplus', -500, 0],
    ['softplus', -Infinity, 0],
    ['softplus', 500, 500],
    ['softplus', Infinity, Infinity],
    ['erf', -500, -1],
    ['erf', -Infinity, -1],
    ['erf', 0, 0],
    ['erf', Infinity, 1],
    ['sqrt', -1, NaN],
    ['sqrt', Infinity, Infinity],
    ['sign', -Infinity, -1],
    ['relu', -Infinity, 0],
    ['round', -Infinity, -Infinity],
  ];
  it.each(limits)('%s(%d) is %d', (operation, x, y) => {
    expect(apply(kernels, operation, Float32Array.of(x))[0]).toBe(y);
  });

  const withNaN = [
    'neg',
    'abs',
    'sign',
    'round',
    'sqrt',
    'exp',
    'log',
    'sigmoid',
    'tanh',
    'relu',
    'softplus',
    'erf',
    'detach',
  ] as const;
  it.each(withNaN)('%s gives NaN for every NaN', (operation) => {
    const nans = new Float32Array(
      Uint32Array.of(0x7fc00000, 0x7fc00001, 0x7fc001ff, 0x7fffffff, 0xffc00000, 0xffffffff).buffer,
    );
    expect(Array.from(apply(kernels, operation, nans), Number.isNaN)).toEqual(Array.from(nans, () => true));
  });

  it('sigmoid never leaves [0, 1] and never falls', () => {
    const y = apply(kernels, 'sigmoid', linear(-120, 120, 400_003));
    expect(y.findIndex((value, i) => !(value >= 0 && value <= 1 && (i === 0 || value >= y[i - 1])))).toBe(-1);
  });

  it.each(['tanh', 'erf'] as const)('%s never leaves [-1, 1]', (operation) => {
    const top = apply(kernels, operation, linear(3, 9, 1_000_003));
    expect(top.findIndex((value) => value > 1)).toBe(-1);
    const bottom = apply(kernels, operation, linear(-9, -3, 1_000_003));
    expect(bottom.findIndex((value) => value < -1)).toBe(-1);
  });
}
