import { abs, div, equal, leaf, max, min, mul, round, rowMax, select } from '../expression/build.js';
import { type PointwiseProgram, pointwiseProgram } from '../expression/program.js';
import { largestWeight } from '../kernels/compressed-matrix.js';
import type { Strided } from '../kernels/contract.js';
import { currentBackend } from '../kernels/select.js';
import type { WeightForm } from '../tensor/compressed-weights.js';
import { matrixSizes } from '../tensor/matrix-sizes.js';
import { emptyTensor, scope, type Tensor } from '../tensor/tensor.js';
import { Variable } from '../tensor/variable.js';
import type { CompressibleWeight } from './compressible-weights.js';

/** `w` rounded to whole multiples of the scale of its output, as `quantizeMatrix` does it on the host. */
function rounding(form: WeightForm): PointwiseProgram {
  const w = leaf('weight');
  const scale = form === 'table' ? div(rowMax(abs(w)), largestWeight) : leaf('scale', 'column');
  const whole = max(min(round(div(w, scale)), largestWeight), -largestWeight);
  return pointwiseProgram(`rounded ${form}`, [
    { name: 'rounded', expression: select(equal(scale, 0), 0, mul(whole, scale)) },
  ]);
}

const roundings = { matrix: rounding('matrix'), table: rounding('table') };

/** Rows whose largest numbers are found in one pass. */
const joined = 8;
const largestOfRows = pointwiseProgram('largestOfRows', [
  {
    name: 'largest',
    expression: Array.from({ length: joined }, (_, i) => abs(leaf(`x${i}`))).reduce((a, b) => max(a, b)),
  },
]);
const scaleOfLargest = pointwiseProgram('scaleOfLargest', [
  { name: 'scale', expression: div(leaf('largest'), largestWeight) },
]);

interface Pair {
  readonly weight: CompressibleWeight;
  /** The rounded numbers, or the weight's own while it is rounded. */
  readonly other: Variable;
}

/**
 * Weights that are, for a while, what 8 bits would make of them: the same scales and whole numbers as
 * `compressWeights(model, 'int8')` gives. They are computed on the device into memory of their own, which weights take in
 * exchange for theirs, so that their own numbers are not touched.
 */
export class RoundedWeights {
  readonly #pairs: readonly Pair[];
  readonly #rounded = new Set<Pair>();

  /** @throws OUT_OF_MEMORY */
  constructor(weights: Iterable<CompressibleWeight>) {
    const byVariable = new Map([...weights].map((weight) => [weight.variable, weight]));
    this.#pairs = [...byVariable].map(([{ name, shape, size }, weight]) => ({
      weight,
      other: new Variable(shape, new Float32Array(size), `rounded/${name}`, false),
    }));
  }

  round(): void {
    for (const pair of this.#pairs) {
      if (pair.other.size > 0) scope(() => roundInto(pair.other, pair.weight));
      pair.weight.variable.exchange(pair.other);
      this.#rounded.add(pair);
    }
  }

  /** Gives the weights their own numbers again; nothing where they have them. */
  putBack(): void {
    for (const { weight, other } of this.#rounded) weight.variable.exchange(other);
    this.#rounded.clear();
  }

  /** Gives the memory back at once. @throws USAGE inside of a step */
  dispose(): void {
    for (const { other } of this.#pairs) other.dispose();
  }
}

/** Runs in the open scope. */
function roundInto(rounded: Variable, weightToRound: CompressibleWeight): void {
  const { variable, form } = weightToRound;
  const { k, n } = matrixSizes(variable.shape, weightToRound);
  const [rows, columns] = form === 'table' ? [n, k] : [k, n];
  for (let first = 0; first < variable.size; first += rows * columns) {
    const weight = rowsOf(variable, columns, first);
    currentBackend().pointwise({
      program: roundings[form],
      rows,
      columns,
      inputs: { weight, ...(form === 'matrix' && { scale: scales(weight, { k, n }) }) },
      outputs: { rounded: rowsOf(rounded, columns, first) },
    });
  }
}

/** `[n]`: of each column of a matrix `[k, n]`, the largest number's size over 127. */
function scales(matrix: Strided, { k, n }: { k: number; n: number }): Strided {
  let source = matrix;
  let left = k;
  do {
    const rows = Math.ceil(left / joined);
    const place = source;
    // The last of them may overlap, which no largest number minds.
    const starts = Array.from({ length: joined }, (_, i) => place.offset + n * Math.min(i * rows, left - rows));
    const largest = rowsOf(emptyTensor([rows, n]), n);
    currentBackend().pointwise({
      program: largestOfRows,
      rows,
      columns: n,
      inputs: Object.fromEntries(starts.map((offset, i) => [`x${i}`, { ...place, offset }])),
      outputs: { largest },
    });
    source = largest;
    left = rows;
  } while (left > 1);
  currentBackend().pointwise({
    program: scaleOfLargest,
    rows: 1,
    columns: n,
    inputs: { largest: source },
    outputs: { scale: source },
  });
  return source;
}

function rowsOf(values: Tensor, rowStride: number, start = 0): Strided {
  const { buffer, offset } = values.viewOn(currentBackend());
  return { buffer, offset: offset + start, rowStride };
}
