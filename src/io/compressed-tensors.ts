import { RondoError } from '../errors.js';
import type { BlockSparseMatrix, CompressedMatrix, QuantizedMatrix } from '../kernels/compressed-matrix.js';
import { blockOutputs, mostInputs, numPanels } from '../kernels/compressed-matrix.js';
import { describeShape, type Shape, sizeOf } from '../shape.js';
import { CompressedWeights } from '../tensor/compressed-weights.js';
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
 * - `kernel.blocks`, F32, `[blocks, 16]`: 16 neighbouring outputs at one input;
 * - `kernel.inputs`, U32, `[blocks]`: the input of each;
 * - `kernel.starts`, U32, `[heads, gates, panels]`: the first block of each panel of 16 outputs;
 * - `kernel.shape`, U32: the weight's shape.
 */
const parts = { scale: '.scale', blocks: '.blocks', inputs: '.inputs', starts: '.starts', shape: '.shape' } as const;

/** The tensors of compressed weights. */
export function compressedTensors(name: string, weights: CompressedWeights): [name: string, tensor: StoredTensor][] {
  return weights.matrices[0].kind === 'int8'
    ? quantizedTensors(name, weights, weights.matrices as readonly QuantizedMatrix[])
    : blockTensors(name, weights, weights.matrices as readonly BlockSparseMatrix[]);
}

function quantizedTensors(
  name: string,
  { shape, form }: CompressedWeights,
  matrices: readonly QuantizedMatrix[],
): [string, StoredTensor][] {
  const values = new Int8Array(sizeOf(shape));
  const scales = new Float32Array(matrices.length * matrices[0].n);
  matrices.forEach((matrix, head) => {
    const { k, n } = matrix;
    scales.set(matrix.scales, head * n);
    values.set(form === 'matrix' ? matrix.values : transposed(matrix.values, k, n), head * k * n);
  });
  return [
    [name, { dtype: 'I8', shape, data: values }],
    [name + parts.scale, { dtype: 'F32', shape: scaleShape(shape, form), data: scales }],
  ];
}

/** 1 in place of the inputs. */
function scaleShape(shape: Shape, form: CompressedWeights['form']): number[] {
  const inputs = form === 'matrix' ? shape.length - 2 : shape.length - 1;
  return shape.map((size, axis) => (axis === inputs ? 1 : size));
}

function blockTensors(
  name: string,
  { shape }: CompressedWeights,
  matrices: readonly BlockSparseMatrix[],
): [string, StoredTensor][] {
  const [{ n, segment }] = matrices;
  const numBlocks = matrices.reduce((sum, { inputs }) => sum + inputs.length, 0);
  const panels = numPanels(n, segment, blockOutputs);
  const values = new Float32Array(numBlocks * blockOutputs);
  const inputs = new Uint32Array(numBlocks);
  const starts = new Uint32Array(matrices.length * panels);
  let first = 0;
  matrices.forEach((matrix, head) => {
    values.set(matrix.values, first * blockOutputs);
    inputs.set(matrix.inputs, first);
    for (let panel = 0; panel < panels; panel++) starts[head * panels + panel] = first + matrix.starts[panel];
    first += matrix.inputs.length;
  });
  const segments = n / segment;
  return [
    [name + parts.blocks, { dtype: 'F32', shape: [numBlocks, blockOutputs], data: values }],
    [name + parts.inputs, { dtype: 'U32', shape: [numBlocks], data: inputs }],
    [name + parts.starts, { dtype: 'U32', shape: [matrices.length, segments, panels / segments], data: starts }],
    [name + parts.shape, { dtype: 'U32', shape: [shape.length], data: Uint32Array.from(shape) }],
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
      found.set(weight, blockWeights(where, weight, tensors));
      for (const part of ['blocks', 'inputs', 'starts', 'shape'] as const) tensors.delete(weight + parts[part]);
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
  const fits = (form: CompressedWeights['form']): boolean =>
    scale.dtype === 'F32' &&
    scale.shape.length === shape.length &&
    scaleShape(shape, form).every((size, axis) => size === scale.shape[axis]);
  const form = fits('matrix') ? 'matrix' : 'table';
  const isKnown = (shape.length === 2 || (shape.length === 3 && form === 'matrix')) && fits(form);
  if (!isKnown || shape.includes(0) || shape[form === 'matrix' ? shape.length - 2 : 1] > mostInputs)
    throw damaged(where, name, 'scales for each output', describeShape(scale.shape));
  const [k, n] = form === 'matrix' ? shape.slice(-2) : [shape[1], shape[0]];
  const bytes = data as Int8Array;
  const scales = scale.data as Float32Array;
  if (bytes.includes(-128)) throw damaged(where, name, 'values from -127 to 127', '-128');
  if (!scales.every((value) => Number.isFinite(value) && value >= 0))
    throw damaged(where, name, 'finite scales of at least 0', 'others');
  const matrices = Array.from({ length: sizeOf(shape) / (k * n) }, (_, head): QuantizedMatrix => {
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

function blockWeights(where: string, name: string, tensors: ReadonlyMap<string, DecodedTensor>): CompressedWeights {
  const part = <Data extends TensorData>(
    key: Exclude<keyof typeof parts, 'scale'>,
    dtype: string,
    rank: number,
  ): { data: Data; shape: readonly number[] } => {
    const tensor = tensors.get(name + parts[key]);
    if (tensor?.dtype !== dtype || tensor.shape.length !== rank)
      throw damaged(where, name, `\`${name}${parts[key]}\` of ${dtype} with ${rank} axes`, tensor?.dtype ?? 'none');
    return { data: tensor.data as Data, shape: tensor.shape };
  };
  const shape = [...part<Uint32Array>('shape', 'U32', 1).data];
  const blocks = part<Float32Array>('blocks', 'F32', 2);
  const inputs = part<Uint32Array>('inputs', 'U32', 1).data;
  const starts = part<Uint32Array>('starts', 'U32', 3);
  const [heads, segments, panels] = starts.shape;
  const [k, n] = shape.slice(-2);
  const segment = n / segments;
  const numBlocks = inputs.length;
  const isRight =
    (shape.length === 2 ? heads === 1 : shape.length === 3 && shape[0] === heads) &&
    !shape.includes(0) &&
    Number.isInteger(segment) &&
    panels === Math.ceil(segment / blockOutputs) &&
    blocks.shape[0] === numBlocks &&
    blocks.shape[1] === blockOutputs &&
    starts.data[0] === 0 &&
    starts.data.every((start, i) => start <= (starts.data[i + 1] ?? numBlocks)) &&
    inputs.every((input) => input < k);
  if (!isRight) throw damaged(where, name, 'blocks in order, each at an input of the weight', 'others');
  const ofHead = segments * panels;
  const matrices = Array.from({ length: heads }, (_, head): CompressedMatrix => {
    const first = starts.data[head * ofHead];
    const end = starts.data[(head + 1) * ofHead] ?? numBlocks;
    return {
      kind: 'blocks',
      k,
      n,
      segment,
      starts: Int32Array.from({ length: ofHead + 1 }, (_, i) =>
        i === ofHead ? end - first : starts.data[head * ofHead + i] - first,
      ),
      inputs: Int32Array.from(inputs.subarray(first, end)),
      values: blocks.data.slice(first * blockOutputs, end * blockOutputs),
    };
  });
  return new CompressedWeights(shape, 'matrix', matrices);
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
