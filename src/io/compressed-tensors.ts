import { RondoError } from '../errors.js';
import { quantizedBlocks, valuesOfBlocks } from '../kernels/compress-matrix.js';
import type { BlockSparseMatrix, CompressedMatrix, QuantizedMatrix } from '../kernels/compressed-matrix.js';
import { blockInputs, blockOutputs, int8BlockOutputs, mostInputs } from '../kernels/compressed-matrix.js';
import { describeShape, type Shape, sameShape, sizeOf } from '../shape.js';
import { CompressedWeights } from '../tensor/compressed-weights.js';
import { type MatrixPlace, matrixSizes } from '../tensor/matrix-sizes.js';
import { transposed } from '../transposed.js';
import type { DecodedTensor, StoredTensor, TensorData } from './safetensors.js';

/**
 * How compressed weights lie in a file, beside those that are not. Of 8 bits, a weight `kernel` of any shape:
 *
 * - `kernel`, I8, in the weight's shape;
 * - `kernel.scale`, F32, in the same shape with 1 in place of the inputs: the weight is their product, as NumPy
 *   broadcasts.
 *
 * Of blocks, whose zeros are not kept:
 *
 * - `kernel.blocks`, F32, `[blocks, 16]`: 16 neighbouring outputs at one input; or, with `kernel.scale`, I8, `[blocks, 8, 4]`: 8
 *   neighbouring outputs at four inputs;
 * - `kernel.inputs`, U32, `[blocks]`: the (first) input of each;
 * - `kernel.starts`, U32, `[heads, gates, panels]`: the first block of each panel of outputs; of I8 all gates are one;
 * - `kernel.shape`, U32: the weight's shape;
 * - `kernel.inputAxes`, U32, `[1]`: where its one matrix is not the last two axes, how many leading ones are its inputs.
 */
const parts = {
  scale: '.scale',
  blocks: '.blocks',
  inputs: '.inputs',
  starts: '.starts',
  shape: '.shape',
  inputAxes: '.inputAxes',
} as const;
const blockParts = ['blocks', 'inputs', 'starts', 'shape', 'inputAxes'] as const;

/** The tensors of compressed weights. */
export function compressedTensors(name: string, weights: CompressedWeights): [name: string, tensor: StoredTensor][] {
  return weights.matrices[0].kind === 'int8'
    ? quantizedTensors(name, weights, weights.matrices as readonly QuantizedMatrix[])
    : blockTensors(name, weights, weights.matrices as readonly BlockSparseMatrix[]);
}

function quantizedTensors(
  name: string,
  weights: CompressedWeights,
  matrices: readonly QuantizedMatrix[],
): [string, StoredTensor][] {
  const { shape, form } = weights;
  const [{ k, n }] = matrices;
  const scales = new Float32Array(matrices.length * n);
  for (const [head, matrix] of matrices.entries()) scales.set(matrix.scales, head * n);
  const scale: [string, StoredTensor] = [
    name + parts.scale,
    { dtype: 'F32', shape: scaleShape(shape, placeOf(weights)), data: scales },
  ];
  const blocks = form === 'matrix' ? matrices.map((matrix) => quantizedBlocks(matrix, n)) : [];
  if (blocks.length > 0 && blocks.every((each) => each !== undefined)) {
    const data = joined(Int8Array, blocks);
    const stored: StoredTensor = {
      dtype: 'I8',
      shape: [data.length / (int8BlockOutputs * blockInputs), int8BlockOutputs, blockInputs],
      data,
    };
    return [[name + parts.blocks, stored], scale, ...placesOfBlocks(name, weights, blocks, 1)];
  }
  const values = new Int8Array(sizeOf(shape));
  for (const [head, matrix] of matrices.entries())
    values.set(form === 'matrix' ? matrix.values : transposed(matrix.values, k, n), head * k * n);
  return [[name, { dtype: 'I8', shape, data: values }], scale];
}

/** 1 in place of the inputs. */
function scaleShape(shape: Shape, { form, inputAxes }: MatrixPlace): number[] {
  const inputs = form === 'matrix' ? shape.length - 2 : shape.length - 1;
  return shape.map((size, axis) => ((inputAxes === undefined ? axis === inputs : axis < inputAxes) ? 1 : size));
}

/** Where the matrices are in the shape. */
function placeOf({ shape, form, matrices }: CompressedWeights): MatrixPlace {
  const [{ k, n }] = matrices;
  if (form === 'table' || (shape.length <= 3 && sameShape(shape.slice(-2), [k, n]))) return { form };
  return { form, inputAxes: 1 + shape.findIndex((_, axis) => sizeOf(shape.slice(0, axis + 1)) === k) };
}

/** Where the matrices of a shape can be that have such scales; where several places do, their matrices are the same. */
function placeWith(scales: Shape, shape: Shape): MatrixPlace | undefined {
  const { length } = shape;
  const ones = scales.findIndex((size) => size !== 1);
  const joined: MatrixPlace = { form: 'matrix', inputAxes: ones < 0 ? length - 1 : Math.max(1, ones) };
  const last: MatrixPlace[] = [{ form: 'matrix' }, ...(length === 2 ? [{ form: 'table' } as const] : [])];
  const places = length === 2 ? last : length === 3 ? [...last, joined] : length > 3 ? [joined] : [];
  return places.find((place) => sameShape(scaleShape(shape, place), scales));
}

function blockTensors(
  name: string,
  weights: CompressedWeights,
  matrices: readonly BlockSparseMatrix[],
): [string, StoredTensor][] {
  const [{ n, segment }] = matrices;
  const data = joined(Float32Array, matrices);
  return [
    [name + parts.blocks, { dtype: 'F32', shape: [data.length / blockOutputs, blockOutputs], data }],
    ...placesOfBlocks(name, weights, matrices, n / segment),
  ];
}

/** The blocks of one head. */
interface BlocksOfHead {
  readonly starts: Int32Array;
  readonly inputs: Int32Array;
}

/** The values of all heads, one behind the other. */
function joined<Values extends Float32Array | Int8Array>(
  Made: new (length: number) => Values,
  heads: readonly { readonly values: Values }[],
): Values {
  const all = new Made(heads.reduce((sum, { values }) => sum + values.length, 0));
  let at = 0;
  for (const { values } of heads) {
    all.set(values, at);
    at += values.length;
  }
  return all;
}

function placesOfBlocks(
  name: string,
  weights: CompressedWeights,
  heads: readonly BlocksOfHead[],
  segments: number,
): [string, StoredTensor][] {
  const { shape } = weights;
  const { inputAxes } = placeOf(weights);
  const panels = heads[0].starts.length - 1;
  const inputs = new Uint32Array(heads.reduce((sum, head) => sum + head.inputs.length, 0));
  const starts = new Uint32Array(heads.length * panels);
  let first = 0;
  heads.forEach((head, h) => {
    inputs.set(head.inputs, first);
    for (let panel = 0; panel < panels; panel++) starts[h * panels + panel] = first + head.starts[panel];
    first += head.inputs.length;
  });
  return [
    [name + parts.inputs, { dtype: 'U32', shape: [inputs.length], data: inputs }],
    [name + parts.starts, { dtype: 'U32', shape: [heads.length, segments, panels / segments], data: starts }],
    [name + parts.shape, { dtype: 'U32', shape: [shape.length], data: Uint32Array.from(shape) }],
    ...(inputAxes === undefined ? [] : [inputAxesOf(name, inputAxes)]),
  ];
}

/**
 * Puts the tensors of compressed weights together. @returns by the weights' names; their tensors are taken out of
 * `tensors`.
 *
 * @throws FILE_FORMAT where they do not fit together
 */
export function takeCompressed(tensors: Map<string, DecodedTensor>, where: string): Map<string, CompressedWeights> {
  const found = new Map<string, CompressedWeights>();
  for (const [name, tensor] of [...tensors]) {
    if (tensor.dtype === 'I8' && tensors.has(name + parts.scale)) {
      found.set(name, quantizedWeights(where, name, tensor, tensors.get(name + parts.scale)!));
      for (const part of [name, name + parts.scale]) tensors.delete(part);
    } else if (name.endsWith(parts.blocks) && tensors.has(name.slice(0, -parts.blocks.length) + parts.starts)) {
      const weight = name.slice(0, -parts.blocks.length);
      const isQuantized = tensor.dtype === 'I8';
      found.set(weight, (isQuantized ? quantizedBlockWeights : blockWeights)(where, weight, tensors));
      for (const part of blockParts) tensors.delete(weight + parts[part]);
      if (isQuantized) tensors.delete(weight + parts.scale);
    }
  }
  return found;
}

function quantizedWeights(
  where: string,
  name: string,
  { shape, data }: DecodedTensor,
  scale: DecodedTensor,
): CompressedWeights {
  const { form, count, k, n, scales } = scaledMatrices(where, name, shape, scale);
  const bytes = data as Int8Array;
  if (bytes.includes(-128)) throw damaged(where, name, 'values from -127 to 127', '-128');
  const matrices = Array.from({ length: count }, (_, head): QuantizedMatrix => {
    const values = bytes.slice(head * k * n, (head + 1) * k * n);
    return {
      kind: 'int8',
      k,
      n,
      values: form === 'matrix' ? values : transposed(values, n, k),
      scales: scales.slice(head * n, (head + 1) * n),
    };
  });
  return new CompressedWeights(shape, form, matrices);
}

/** The matrices of a weight by its scales. @throws FILE_FORMAT where these do not fit it */
function scaledMatrices(
  where: string,
  name: string,
  shape: readonly number[],
  scale: DecodedTensor,
): ReturnType<typeof matrixSizes> & { readonly form: MatrixPlace['form']; readonly scales: Float32Array } {
  const place = placeWith(scale.shape, shape);
  const sizes = place && matrixSizes(shape, place);
  if (sizes === undefined || scale.dtype !== 'F32' || shape.includes(0) || sizes.k > mostInputs)
    throw damaged(where, name, 'scales for each output', describeShape(scale.shape));
  const scales = scale.data as Float32Array;
  if (!scales.every((value) => Number.isFinite(value) && value >= 0))
    throw damaged(where, name, 'finite scales of at least 0', 'others');
  return { ...sizes, form: place!.form, scales };
}

function blockWeights(where: string, name: string, tensors: ReadonlyMap<string, DecodedTensor>): CompressedWeights {
  const { data, shape: size } = partOf<Float32Array>(where, name, tensors, 'blocks', 'F32', 2);
  const { shape, segment, heads, k, n } = readPlaces(where, name, tensors, blockOutputs, 1, size);
  const matrices = heads.map(({ first, end, ...blocks }): CompressedMatrix => {
    const values = data.slice(first * blockOutputs, end * blockOutputs);
    return { kind: 'blocks', k, n, segment, ...blocks, values };
  });
  return new CompressedWeights(shape, 'matrix', matrices);
}

/** For each number that a file holds of a pruned weight, at most so many of the weight are believed. */
export const mostZeros = 4096;

function quantizedBlockWeights(
  where: string,
  name: string,
  tensors: ReadonlyMap<string, DecodedTensor>,
): CompressedWeights {
  const { data, shape: size } = partOf<Int8Array>(where, name, tensors, 'blocks', 'I8', 3);
  const { shape, segment, heads, k, n } = readPlaces(where, name, tensors, int8BlockOutputs, blockInputs, size);
  const scale = tensors.get(name + parts.scale);
  if (scale === undefined || k > mostInputs || segment !== n || sizeOf(shape) > mostZeros * (data.length + n))
    throw damaged(where, name, 'scales, and blocks of a weight of its size', describeShape(shape));
  scaledMatrices(where, name, shape, scale);
  const blockSize = int8BlockOutputs * blockInputs;
  const values = new Int8Array(sizeOf(shape));
  heads.forEach(({ first, end, ...blocks }, head) => {
    const kept = { ...blocks, values: data.subarray(first * blockSize, end * blockSize) };
    values.set(valuesOfBlocks(kept, { k, n }, n), head * k * n);
  });
  return quantizedWeights(where, name, { dtype: 'I8', storedDtype: 'I8', shape, data: values }, scale);
}

/** A tensor of a weight. @throws FILE_FORMAT where it is not there with that type and rank */
function partOf<Data extends TensorData>(
  where: string,
  name: string,
  tensors: ReadonlyMap<string, DecodedTensor>,
  key: (typeof blockParts)[number],
  dtype: string,
  rank: number,
): { data: Data; shape: readonly number[] } {
  const tensor = tensors.get(name + parts[key]);
  if (tensor?.dtype !== dtype || tensor.shape.length !== rank)
    throw damaged(where, name, `\`${name}${parts[key]}\` of ${dtype} with ${rank} axes`, tensor?.dtype ?? 'none');
  return { data: tensor.data as Data, shape: tensor.shape };
}

/**
 * Where the blocks of a weight are, each of `outputs` times `step` numbers.
 *
 * @param sizes of the tensor of blocks.
 */
function readPlaces(
  where: string,
  name: string,
  tensors: ReadonlyMap<string, DecodedTensor>,
  outputs: number,
  step: number,
  sizes: readonly number[],
): {
  shape: number[];
  k: number;
  n: number;
  segment: number;
  heads: (BlocksOfHead & { first: number; end: number })[];
} {
  const shape = [...partOf<Uint32Array>(where, name, tensors, 'shape', 'U32', 1).data];
  const inputs = partOf<Uint32Array>(where, name, tensors, 'inputs', 'U32', 1).data;
  const starts = partOf<Uint32Array>(where, name, tensors, 'starts', 'U32', 3);
  const isJoined = tensors.has(name + parts.inputAxes);
  const [inputAxes = 0, ...others] = isJoined
    ? partOf<Uint32Array>(where, name, tensors, 'inputAxes', 'U32', 1).data
    : [];
  const place: MatrixPlace = { form: 'matrix', inputAxes: isJoined ? inputAxes : undefined };
  const [heads, segments, panels] = starts.shape;
  const { count, k, n } = matrixSizes(shape, place);
  const segment = n / segments;
  const numBlocks = inputs.length;
  const isRight =
    (isJoined
      ? others.length === 0 && inputAxes > 0 && inputAxes < shape.length
      : shape.length === 2 || shape.length === 3) &&
    heads === count &&
    !shape.includes(0) &&
    Number.isInteger(segment) &&
    panels === Math.ceil(segment / outputs) &&
    sizes[0] === numBlocks &&
    sizes[1] === outputs &&
    (sizes[2] ?? 1) === step &&
    starts.data[0] === 0 &&
    starts.data.every((start, i) => start <= (starts.data[i + 1] ?? numBlocks)) &&
    inputs.every((input) => input < k && input % step === 0);
  if (!isRight) throw damaged(where, name, 'blocks in order, each at an input of the weight', 'others');
  const ofHead = segments * panels;
  return {
    shape,
    k,
    n,
    segment,
    heads: Array.from({ length: heads }, (_, head) => {
      const first = starts.data[head * ofHead];
      const end = starts.data[(head + 1) * ofHead] ?? numBlocks;
      return {
        first,
        end,
        starts: Int32Array.from({ length: ofHead + 1 }, (_, i) =>
          i === ofHead ? end - first : starts.data[head * ofHead + i] - first,
        ),
        inputs: Int32Array.from(inputs.subarray(first, end)),
      };
    }),
  };
}

function inputAxesOf(name: string, inputAxes: number): [string, StoredTensor] {
  return [name + parts.inputAxes, { dtype: 'U32', shape: [1], data: Uint32Array.of(inputAxes) }];
}

function damaged(where: string, name: string, expected: string, received: string): RondoError {
  return new RondoError('FILE_FORMAT', {
    where,
    what: `the compressed weight \`${name}\` is damaged.`,
    expected,
    received,
    fix: 'use an intact copy of the file.',
  });
}
