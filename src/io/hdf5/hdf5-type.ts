import type { TensorDtype } from '../safetensors-types.js';
import type { Hdf5Bytes, Hdf5Cursor } from './hdf5-bytes.js';

/** What values of an attribute or a dataset are. */
export type Hdf5Type =
  | { readonly kind: 'number'; readonly dtype: TensorDtype; readonly size: number; readonly isBigEndian: boolean }
  /** Texts of a fixed length, padded. */
  | { readonly kind: 'text'; readonly size: number }
  /** Texts of any length, which lie in a heap. */
  | { readonly kind: 'heapText'; readonly size: number }
  /** Bytes without a type; of two bytes each, Keras keeps bfloat16 so. */
  | { readonly kind: 'opaque'; readonly size: number }
  /** What no model file needs. */
  | { readonly kind: 'other'; readonly size: number; readonly what: string };

const floats: Readonly<Record<number, TensorDtype>> = { 2: 'F16', 4: 'F32', 8: 'F64' };
const wholes: Readonly<Record<string, TensorDtype>> = {
  '1s': 'I8',
  '2s': 'I16',
  '4s': 'I32',
  '8s': 'I64',
  '1u': 'U8',
  '2u': 'U16',
  '4u': 'U32',
  '8u': 'U64',
};
/** Exponent and fraction of the floats of IEEE 754 by their size: bits, and where they begin. */
const layouts: Readonly<Record<number, string>> = {
  2: '0 16 10 5 0 10 15',
  4: '0 32 23 8 0 23 127',
  8: '0 64 52 11 0 52 1023',
};
const otherKinds = ['', '', 'times', '', 'bit fields', '', 'records', 'references', 'enumerations', '', 'arrays'];

/** A type message. HDF5 File Format Specification 3.0, section IV.A.2.d. */
export function typeOf(file: Hdf5Bytes, message: Hdf5Cursor): Hdf5Type {
  const head = message.u8();
  const bits = message.uint(3);
  const size = message.u32();
  if (size === 0) throw file.damaged('a type has no bytes.');
  const kind = head & 15;
  if (kind === 0) {
    const place = `${message.u16()} ${message.u16()}`;
    const dtype = wholes[`${size}${bits & 8 ? 's' : 'u'}`] as TensorDtype | undefined;
    if (dtype === undefined || place !== `0 ${8 * size}`)
      return { kind: 'other', size, what: `whole numbers of ${size} bytes` };
    return { kind: 'number', dtype, size, isBigEndian: (bits & 1) !== 0 };
  }
  if (kind === 1) {
    const fields = [
      message.u16(),
      message.u16(),
      message.u8(),
      message.u8(),
      message.u8(),
      message.u8(),
      message.u32(),
    ];
    const dtype = floats[size] as TensorDtype | undefined;
    if (dtype === undefined || fields.join(' ') !== layouts[size] || (bits & 0x40) !== 0)
      return { kind: 'other', size, what: `floats of ${size} bytes` };
    return { kind: 'number', dtype, size, isBigEndian: (bits & 1) !== 0 };
  }
  if (kind === 3) return { kind: 'text', size };
  if (kind === 5) return { kind: 'opaque', size };
  if (kind === 8) {
    // NumPy's truth values are an enumeration of one byte.
    const base = typeOf(file, message);
    if (base.kind === 'number' && base.size === 1) return { ...base, dtype: 'U8' };
  }
  if (kind === 9 && (bits & 15) === 1) return { kind: 'heapText', size };
  return { kind: 'other', size, what: otherKinds[kind] || `type ${kind}` };
}

/** Sizes of axes; of a single value none; undefined of no value at all. Section IV.A.2.b. */
export function axesOf(file: Hdf5Bytes, message: Hdf5Cursor): number[] | undefined {
  const version = message.u8();
  const rank = message.u8();
  const flags = message.u8();
  if (version === 1) message.skip(5);
  else if (version !== 2) throw file.damaged('a shape has no known version.', String(version));
  const isNothing = version === 2 && message.u8() === 2;
  if (rank > 32) throw file.damaged('a shape has more axes than there are.', String(rank));
  const axes = Array.from({ length: rank }, () => message.length());
  if (flags & 1) message.skip(rank * file.lengthBytes);
  return isNothing ? undefined : axes;
}

/** How many values a shape has. @throws FILE_FORMAT for one that no memory holds */
export function countOf(file: Hdf5Bytes, axes: readonly number[]): number {
  const count = axes.includes(0) ? 0 : axes.reduce((product, axis) => product * axis, 1);
  if (count > 2 ** 40) throw file.damaged('a shape is larger than any memory.', `[${axes.join(', ')}]`);
  return count;
}
