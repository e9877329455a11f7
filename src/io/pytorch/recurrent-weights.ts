import { numGatesOf, type RecurrentKind } from './torch-modules.js';

/** By gate here, its place in PyTorch: LSTM i f g o, as here; GRU r z n, here update, reset, candidate. Its own inverse. */
const places: Readonly<Record<RecurrentKind, readonly number[]>> = { RNN: [0], LSTM: [0, 1, 2, 3], GRU: [1, 0, 2] };

/** Tensors of one layer and direction as PyTorch stores them; `[gates * units, ...]`, and the projection `[projection, units]`. */
export interface TorchTensors {
  readonly weight_ih: ArrayLike<number>;
  readonly weight_hh: ArrayLike<number>;
  readonly weight_hr?: ArrayLike<number> | undefined;
  readonly bias_ih?: ArrayLike<number> | undefined;
  readonly bias_hh?: ArrayLike<number> | undefined;
}

/** Sizes of one layer and direction. */
export interface RecurrentSizes {
  readonly kind: RecurrentKind;
  readonly features: number;
  readonly units: number;
  readonly projection: number | undefined;
}

/** Weights of a cell by their names: kernels `[features, gates * units]`, a bias, and of a GRU two. */
export type CellWeights = Readonly<Record<string, Floats>>;

type Floats = Float32Array | Float64Array;

/** PyTorch's tensors as a cell's weights. PyTorch adds two biases; only a GRU keeps them apart. */
export function cellWeights({ kind, features, units, projection }: RecurrentSizes, tensors: TorchTensors): CellWeights {
  const rows = numGatesOf[kind] * units;
  const kernel = (values: ArrayLike<number>, columns: number): Floats =>
    transposed(reordered(kind, units, values, columns), rows, columns);
  const weights: Record<string, Floats> = {
    kernel: kernel(tensors.weight_ih, features),
    recurrentKernel: kernel(tensors.weight_hh, projection ?? units),
  };
  if (tensors.weight_hr !== undefined) weights.projectionKernel = transposed(tensors.weight_hr, projection!, units);
  if (tensors.bias_ih !== undefined && tensors.bias_hh !== undefined) {
    const [input, recurrent] = [tensors.bias_ih, tensors.bias_hh].map((bias) => reordered(kind, units, bias, 1));
    weights.bias =
      kind === 'GRU' ? joined(input, recurrent) : Float64Array.from(input, (value, i) => value + recurrent[i]);
  }
  return weights;
}

/** The inverse of {@link cellWeights}; the second bias of a cell that has one is zeros. */
export function torchTensors(
  { kind, features, units, projection }: RecurrentSizes,
  weights: Readonly<Record<string, ArrayLike<number>>>,
): TorchTensors {
  const rows = numGatesOf[kind] * units;
  const matrix = (values: ArrayLike<number>, columns: number): ArrayLike<number> =>
    reordered(kind, units, transposed(values, columns, rows), columns);
  const { kernel, recurrentKernel, projectionKernel: projected, bias } = weights;
  const biases =
    bias === undefined
      ? []
      : [0, rows].map((from) =>
          reordered(
            kind,
            units,
            Float64Array.from({ length: rows }, (_, i) => bias[from + i] ?? 0),
            1,
          ),
        );
  return {
    weight_ih: matrix(kernel, features),
    weight_hh: matrix(recurrentKernel, projection ?? units),
    ...(projected && { weight_hr: transposed(projected, units, projection!) }),
    ...(bias && { bias_ih: biases[0], bias_hh: biases[1] }),
  };
}

/** `[rows, columns]` as `[columns, rows]`. */
function transposed(values: ArrayLike<number>, rows: number, columns: number): Floats {
  const result = roomFor(values, rows * columns);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) result[j * rows + i] = values[i * columns + j];
  return result;
}

/** The rows of each gate at the place that the other side gives them; where that is the same one, the values themselves. */
function reordered(kind: RecurrentKind, units: number, values: ArrayLike<number>, columns: number): ArrayLike<number> {
  if (places[kind].every((place, gate) => place === gate)) return values;
  const size = units * columns;
  const result = roomFor(values, places[kind].length * size);
  places[kind].forEach((place, gate) => {
    for (let i = 0; i < size; i++) result[gate * size + i] = values[place * size + i];
  });
  return result;
}

/** Numbers of 32 bits stay such, so that large weights take no more memory than they need. */
function roomFor(values: ArrayLike<number>, size: number): Floats {
  return values instanceof Float32Array ? new Float32Array(size) : new Float64Array(size);
}

function joined(first: ArrayLike<number>, second: ArrayLike<number>): Float64Array {
  const result = new Float64Array(first.length + second.length);
  result.set(first);
  result.set(second, first.length);
  return result;
}
