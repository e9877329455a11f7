import { RondoError } from '../errors.js';
import { nearestWhole } from '../rounding.js';
import { describeShape, type Shape, sizeOf } from '../shape.js';
import type { WeightForm } from '../tensor/compressed-weights.js';
import type { HostArray } from '../training/host-data.js';
import type { DecodedTensor, StoredTensor } from './safetensors.js';

/**
 * Weights of 4 bits in files: groups of {@link groupInputs} inputs of one output share a scale, and a weight is a whole
 * number from -7 to 7 times that. Quotients have single precision and ties go to even, as kernels have it, so that training
 * which rounds on its device sees the same numbers. A weight `kernel` `[k, n]`, or `[n, k]` where it is a table, is
 *
 * - `kernel.int4`, U8, `[n, ceil(k / 2)]`: two weights of an output in a byte, plus 8 each, the first in the low bits;
 * - `kernel.scales`, F16, `[n, ceil(k / 32)]`;
 * - `kernel.shape`, U32: both axes, and 1 where it is a table, else 0.
 *
 * They are read back as single-precision numbers: it is a form for files alone.
 */
const parts = { values: '.int4', scales: '.scales', shape: '.shape' } as const;

export const groupInputs = 32;
/** The largest whole number of a weight of 4 bits. */
export const largestInt4 = 7;
/** The largest number of half precision, which scales have. */
const largestScale = 65504;

/** Whether a weight has a form of 4 bits: that of one matrix in two axes. */
export function fitsInt4(shape: Shape): boolean {
  return shape.length === 2;
}

/** The tensors of a weight of two axes in 4 bits. */
export function int4Tensors(
  name: string,
  { data, shape }: HostArray,
  form: WeightForm,
): [name: string, tensor: StoredTensor][] {
  const [k, n] = form === 'matrix' ? shape : [shape[1], shape[0]];
  const at = (input: number, output: number): number =>
    form === 'matrix' ? data[input * n + output] : data[output * k + input];
  const [bytes, groups] = [Math.ceil(k / 2), Math.ceil(k / groupInputs)];
  const scales = new Float32Array(n * groups);
  const values = new Uint8Array(n * bytes).fill(0x88);
  for (let output = 0; output < n; output++)
    for (let group = 0; group < groups; group++) {
      const [first, end] = [group * groupInputs, Math.min(k, (group + 1) * groupInputs)];
      let most = 0;
      for (let input = first; input < end; input++) most = Math.max(most, Math.abs(at(input, output)));
      if (!(most <= largestInt4 * largestScale)) throw beyondScales(name, most);
      const scale = halfAbove(Math.fround(most / largestInt4));
      scales[output * groups + group] = scale;
      for (let input = first; input < end && scale > 0; input++) {
        const whole = 8 + wholeOf(at(input, output), scale);
        const place = output * bytes + (input >> 1);
        values[place] = input % 2 === 0 ? (values[place] & 0xf0) | whole : (values[place] & 0x0f) | (whole << 4);
      }
    }
  return [
    [name + parts.values, { dtype: 'U8', shape: [n, bytes], data: values }],
    [name + parts.scales, { dtype: 'F16', shape: [n, groups], data: scales }],
    [
      name + parts.shape,
      { dtype: 'U32', shape: [3], data: Uint32Array.of(shape[0], shape[1], form === 'matrix' ? 0 : 1) },
    ],
  ];
}

/** Puts weights of 4 bits together, as numbers; their tensors are taken out. @throws FILE_FORMAT where they do not fit */
export function takeInt4(tensors: Map<string, DecodedTensor>, where: string): Map<string, HostArray> {
  const found = new Map<string, HostArray>();
  for (const [part, values] of [...tensors]) {
    if (!part.endsWith(parts.values)) continue;
    const name = part.slice(0, -parts.values.length);
    const [scales, shape] = [parts.scales, parts.shape].map((key) => tensors.get(name + key));
    if (values.dtype !== 'U8' || scales?.storedDtype !== 'F16' || shape?.dtype !== 'U32' || shape.data.length !== 3)
      throw damaged(where, name, values.shape);
    found.set(name, int4Weight(where, name, { values, scales, facts: [...(shape.data as Uint32Array)] }));
    for (const key of Object.values(parts)) tensors.delete(name + key);
  }
  return found;
}

function int4Weight(
  where: string,
  name: string,
  { values, scales, facts }: { values: DecodedTensor; scales: DecodedTensor; facts: readonly number[] },
): HostArray {
  const shape: Shape = facts.slice(0, 2);
  const isTable = facts[2] === 1;
  const [k, n] = isTable ? [shape[1], shape[0]] : shape;
  const [bytes, groups] = [Math.ceil(k / 2), Math.ceil(k / groupInputs)];
  const fits = (tensor: DecodedTensor, columns: number): boolean =>
    tensor.shape.length === 2 && tensor.shape[0] === n && tensor.shape[1] === columns;
  if (facts[2] > 1 || shape.includes(0) || !fits(values, bytes) || !fits(scales, groups))
    throw damaged(where, name, values.shape);
  const data = new Float32Array(sizeOf(shape));
  for (let output = 0; output < n; output++)
    for (let input = 0; input < k; input++) {
      const byte = (values.data as Uint8Array)[output * bytes + (input >> 1)];
      const whole = (input % 2 === 0 ? byte & 15 : byte >> 4) - 8;
      const scale = (scales.data as Float32Array)[output * groups + Math.floor(input / groupInputs)];
      data[isTable ? output * k + input : input * n + output] = whole * scale;
    }
  return { data, shape };
}

function wholeOf(weight: number, scale: number): number {
  return Math.min(largestInt4, Math.max(-largestInt4, nearestWhole(Math.fround(weight / scale))));
}

/** The least half-precision number of at least `value`, so that no weight of a group is beyond the largest whole one. */
function halfAbove(value: number): number {
  const unit = 2 ** (Math.max(Math.floor(Math.log2(value || 1)), -14) - 10);
  return Math.ceil(value / unit) * unit;
}

function beyondScales(name: string, received: number): RondoError {
  return new RondoError(Number.isFinite(received) ? 'OUT_OF_RANGE' : 'NOT_FINITE', {
    where: 'serializeModel',
    what: `\`${name}\` has numbers that 4 bits and a scale cannot hold.`,
    expected: `numbers of at most ${largestInt4 * largestScale}`,
    received: String(received),
    fix: "use weightFormat: 'bfloat16', or 'float32'.",
  });
}

function damaged(where: string, name: string, received: Shape): RondoError {
  return new RondoError('FILE_FORMAT', {
    where,
    what: `the weight \`${name}\` of 4 bits is damaged.`,
    expected: 'two weights in a byte, and a scale for each 32',
    received: describeShape(received),
    fix: 'use an intact copy of the file.',
  });
}
