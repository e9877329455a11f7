import { RondoError } from '../../errors.js';
import { halfWords } from '../../rounding.js';
import { codeOfDtype, mostAxes } from './npy-types.js';
import { type ArrayToWrite, storedArray } from './stored-array.js';

/** What stands in front of the values is padded to a multiple of this, as NumPy does. */
const alignment = 64;

/**
 * The bytes of a NumPy `.npy` file (version 1.0, little endian, row-major), as numpy.save writes them.
 *
 * @throws USAGE, SHAPE_MISMATCH where it is no array; OUT_OF_RANGE for more than 64 axes; FILE_FORMAT for bfloat16, which NumPy has not
 *
 * @example
 * const bytes = writeNpy(tensor([[1, 2], [3, 4]]));
 */
export function writeNpy(array: ArrayToWrite, where = 'writeNpy'): Uint8Array {
  const { dtype, shape, data } = storedArray(where, array);
  const code = codeOfDtype(dtype);
  if (code === undefined)
    throw new RondoError('FILE_FORMAT', {
      where,
      what: `NumPy has no type for ${dtype}.`,
      expected: 'float16, float32, float64, whole numbers or booleans',
      received: dtype,
      fix: "write { ...array, dtype: 'F32' }.",
    });
  if (shape.length > mostAxes)
    throw new RondoError('OUT_OF_RANGE', {
      where,
      what: 'the array has more axes than NumPy reads.',
      expected: `at most ${mostAxes}`,
      received: String(shape.length),
      fix: 'give it fewer axes, with ops.reshape.',
    });
  const stored = dtype === 'F16' ? halfWords('float16', data as Float32Array) : data;
  const axes = `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`;
  const header = `{'descr': '${code.endsWith('1') ? '|' : '<'}${code}', 'fortran_order': False, 'shape': ${axes}, }`;
  const dataStart = Math.ceil((10 + header.length + 1) / alignment) * alignment;

  const bytes = new Uint8Array(dataStart + stored.byteLength).fill(0x20, 10, dataStart);
  bytes.set([0x93, ...new TextEncoder().encode('NUMPY'), 1, 0]);
  new DataView(bytes.buffer).setUint16(8, dataStart - 10, true);
  bytes.set(new TextEncoder().encode(header), 10);
  bytes[dataStart - 1] = 0x0a;
  bytes.set(new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength), dataStart);
  return bytes;
}
