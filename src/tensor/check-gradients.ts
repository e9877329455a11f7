import { RondoError, refuseUnknownOptions, requireNumber } from '../errors.js';
import { backendNamed, currentBackend, useBackend } from '../kernels/select.js';
import { currentRandom, Random, replayed } from '../random.js';
import { add, mul } from './arithmetic.js';
import type { NestedNumbers } from './nested.js';
import { sum } from './reduce.js';
import { valueAndGradients } from './tape.js';
import { scope, Tensor, tensor } from './tensor.js';
import { Variable } from './variable.js';

/** Options of {@link checkGradients}. */
export interface CheckGradientsOptions {
  /**
   * How far a number `x` is moved in either direction, times `1 + |x|`. Default 1e-5: rounding and curvature then weigh
   * about the same.
   */
  step?: number | undefined;
  /** The largest error that passes, see {@link GradientPlace}. Default 1e-6. */
  tolerance?: number | undefined;
}

/** A derivative by one number of an input. */
export interface GradientPlace {
  /** Which input, counted from 0. */
  readonly input: number;
  /** The number's index along each axis of that input. */
  readonly index: readonly number[];
  /** The derivative as it is computed backwards. */
  readonly analytic: number;
  /** The same by central differences. */
  readonly numeric: number;
  /** `|analytic - numeric| / (1 + |numeric|)`; infinite where one of them is not finite. */
  readonly error: number;
}

/** What {@link checkGradients} found. */
export interface GradientReport {
  /** Whether no error is above the tolerance. */
  readonly passed: boolean;
  readonly tolerance: number;
  /** The largest error, over all inputs; 0 where they hold no numbers. */
  readonly largestError: number;
  /** Where the error is largest in each input; undefined for an input without numbers. */
  readonly inputs: readonly (GradientPlace | undefined)[];
  /** The largest error and where it is, as a sentence. */
  readonly summary: string;
}

/**
 * Compares the gradients of a function with central differences `(L(x + h) - L(x - h)) / 2h` in float64, on the
 * `reference` backend, whichever is in use. `L` is the sum of all outputs, each number weighted by a fixed random one,
 * so that no two derivatives cancel. Takes two evaluations for each number of `inputs`: use small shapes.
 *
 * Random numbers that `f` draws, as for dropout, are the same at every evaluation. At a point where `f` has a kink
 * (`relu` at 0), or where a derivative is meant to differ (straight-through rounding), the two disagree and the report
 * says so. Variables among the inputs, such as a layer's weights, are moved and put back.
 *
 * Shapes: any; the function's values have no unit, nor have errors.
 *
 * @param f computes a tensor, or an array of tensors, from tensors like `inputs`
 * @param inputs tensors, variables or nested arrays of numbers
 * @throws USAGE where `f` gives no tensors, or inside of a step; OUT_OF_RANGE for a step or tolerance that is not above
 * 0
 *
 * Source: Griewank and Walther 2008, "Evaluating derivatives", chapter 1; Press et al. 2007, "Numerical recipes",
 * section 5.7.
 *
 * @example
 * const report = checkGradients((x, w) => ops.tanh(ops.matmul(x, w)), [[[0.1, 0.2]], [[0.3], [0.4]]]);
 * console.log(report.passed, report.summary);
 */
export function checkGradients(
  f: (...inputs: Tensor[]) => Tensor | readonly Tensor[],
  inputs: readonly (Tensor | NestedNumbers)[],
  options: CheckGradientsOptions = {},
): GradientReport {
  refuseUnknownOptions('checkGradients', options, ['step', 'tolerance']);
  const { step = 1e-5, tolerance = 1e-6 } = options;
  requireNumber('checkGradients', 'step', step, 'a number above 0', (value) => value > 0);
  requireNumber('checkGradients', 'tolerance', tolerance, 'a number above 0', (value) => value > 0);
  const before = currentBackend();
  useBackend(backendNamed('reference'));
  try {
    const places = largestErrors(
      f,
      inputs.map((input) => tensor(input)),
      step,
    );
    const found = places.filter((place) => place !== undefined);
    const worst = found.reduce<GradientPlace | undefined>(
      (a, b) => (a === undefined || b.error > a.error ? b : a),
      undefined,
    );
    const largestError = worst?.error ?? 0;
    const passed = largestError <= tolerance;
    return { passed, tolerance, largestError, inputs: places, summary: summaryOf(worst, passed, tolerance) };
  } finally {
    useBackend(before);
  }
}

function largestErrors(
  f: (...inputs: Tensor[]) => Tensor | readonly Tensor[],
  inputs: readonly Tensor[],
  step: number,
): (GradientPlace | undefined)[] {
  const start = currentRandom().state;
  const loss = (at: readonly Tensor[]): Tensor => replayed(start, () => scope(() => weightedSum(f(...at)))).result;
  const { gradients } = valueAndGradients(() => loss(inputs), inputs);
  return inputs.map((input, i) => {
    const values = Float64Array.from(input.dataSync());
    const analytic = gradients[i].dataSync();
    const lossAt = (place: number, value: number): number => {
      const moved = values.slice();
      moved[place] = value;
      if (!(input instanceof Variable))
        return loss(inputs.map((other, j) => (j === i ? tensor(moved, input.shape) : other))).item();
      input.assign(moved);
      return loss(inputs).item();
    };
    let worst: GradientPlace | undefined;
    try {
      values.forEach((value, place) => {
        const h = step * (1 + Math.abs(value));
        const numeric = (lossAt(place, value + h) - lossAt(place, value - h)) / (2 * h);
        const difference = Math.abs(analytic[place] - numeric) / (1 + Math.abs(numeric));
        const error = Number.isFinite(difference) ? difference : Infinity;
        if (worst !== undefined && error <= worst.error) return;
        worst = { input: i, index: indexOf(place, input), analytic: analytic[place], numeric, error };
      });
    } finally {
      if (input instanceof Variable) input.assign(values);
    }
    return worst;
  });
}

/** One number of all outputs. The weights are made from the same seed each time. */
function weightedSum(outputs: Tensor | readonly Tensor[]): Tensor {
  const list: readonly unknown[] = outputs instanceof Tensor ? [outputs] : Array.isArray(outputs) ? outputs : [];
  if (list.length === 0 || !list.every((output) => output instanceof Tensor)) {
    throw new RondoError('USAGE', {
      where: 'checkGradients',
      what: 'the function gives no tensors.',
      expected: 'a tensor, or an array of tensors',
      received: String(outputs),
      fix: 'return what is to be differentiated, as tensors.',
    });
  }
  const random = new Random(97);
  return list
    .map((output) => {
      const { shape, size } = output as Tensor;
      return sum(
        mul(
          output as Tensor,
          tensor(
            Float64Array.from({ length: size }, () => random.normal()),
            shape,
          ),
        ),
      );
    })
    .reduce((total, next) => add(total, next));
}

/** Of the number at a place of the flat array. */
function indexOf(place: number, { shape }: Tensor): number[] {
  const index: number[] = [];
  let rest = place;
  for (const size of [...shape].reverse()) {
    index.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return index;
}

function summaryOf(worst: GradientPlace | undefined, passed: boolean, tolerance: number): string {
  if (worst === undefined) return 'the inputs hold no numbers.';
  const { input, index, analytic, numeric, error } = worst;
  return (
    `the largest error is ${error.toExponential(2)}, ${passed ? 'not ' : ''}above ${tolerance}: by input ${input} ` +
    `at [${index.join(', ')}] the gradient is ${analytic}, central differences give ${numeric}.`
  );
}
