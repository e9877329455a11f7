import { abs, leaf, max } from '../expression/build.js';
import { pointwiseProgram } from '../expression/program.js';
import type { Strided } from '../kernels/contract.js';
import { currentBackend } from '../kernels/select.js';
import { matrixSizes } from '../tensor/matrix-sizes.js';
import { emptyTensor, scope, type Tensor } from '../tensor/tensor.js';
import { Variable } from '../tensor/variable.js';
import type { CompressibleWeight } from './compressible-weights.js';
import { type RoundedFormat, roundings } from './rounding-programs.js';

/** Rows whose largest numbers are found in one pass. */
const joined = 8;
const largestOfRows = pointwiseProgram('largestOfRows', [
  {
    name: 'largest',
    expression: Array.from({ length: joined }, (_, i) => abs(leaf(`x${i}`))).reduce((a, b) => max(a, b)),
  },
]);

interface Pair {
  readonly weight: CompressibleWeight;
  /** The rounded numbers, or the weight's own while it is rounded. */
  readonly other: Variable;
}

/**
 * Weights that are, for a while, what 8 or 4 bits would make of them: the same scales and whole numbers as
 * `compressWeights(model, 'int8')` and files of 4 bits have. They are computed on the device into memory of their own, which
 * weights take in exchange for theirs, so that their own numbers are not touched.
 */
export class RoundedWeights {
  readonly #format: RoundedFormat;
  readonly #pairs: readonly Pair[];
  readonly #rounded = new Set<Pair>();

  /** @throws OUT_OF_MEMORY */
  constructor(weights: Iterable<CompressibleWeight>, format: RoundedFormat) {
    this.#format = format;
    const byVariable = new Map([...weights].map((weight) => [weight.variable, weight]));
    this.#pairs = [...byVariable].map(([{ name, shape, size }, weight]) => ({
      weight,
      other: new Variable(shape, new Float32Array(size), `rounded/${name}`, false),
    }));
  }

  round(): void {
    for (const pair of this.#pairs) {
      if (pair.other.size > 0) scope(() => roundInto(pair.other, pair.weight, this.#format));
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
function roundInto(rounded: Variable, weightToRound: CompressibleWeight, format: RoundedFormat): void {
  const { variable, form } = weightToRound;
  const { group, programs } = roundings[format];
  const { k, n } = matrixSizes(variable.shape, weightToRound);
  const width = form === 'table' ? k : n;
  for (let matrix = 0; matrix < variable.size; matrix += k * n)
    for (let input = 0; input < k; input += group) {
      const inputs = Math.min(group, k - input);
      const first = matrix + (form === 'table' ? input : input * width);
      const weight = rowsOf(variable, width, first);
      currentBackend().pointwise({
        program: programs[form],
        ...(form === 'table' ? { rows: n, columns: inputs } : { rows: inputs, columns: n }),
        inputs: { weight, ...(form === 'matrix' && { scale: scales(weight, { k: inputs, n }, format) }) },
        outputs: { rounded: rowsOf(rounded, width, first) },
      });
    }
}

/** `[n]`: of each column of a matrix `[k, n]`, the scale. */
function scales(matrix: Strided, { k, n }: { k: number; n: number }, format: RoundedFormat): Strided {
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
    program: roundings[format].scale,
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
