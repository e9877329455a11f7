import { withinMemory } from '../../errors.js';
import { numbersOfHalves } from '../../rounding.js';
import { describeShape } from '../../shape.js';
import { damagedFile } from '../file-fault.js';
import { requireBytes } from '../require-bytes.js';
import { rowMajor, stridesOf, swapBytes } from '../row-major.js';
import { arrayOfDtype, type DecodedTensor, type TensorData } from '../safetensors-types.js';
import { readNpyHeader } from './npy-header.js';
import { dtypeOfCode } from './npy-types.js';

/**
 * The array of a NumPy `.npy` file, row-major whatever its order and endianness in the file: floats of 16, 32 and 64
 * bits, whole numbers of 8 to 64 bits, booleans (as 0 and 1). A copy.
 *
 * Numbers of 16 bits are widened to 32. Whole numbers of 64 bits, NumPy's default, come as BigInt; {@link plainNumbers}
 * makes them numbers that models take. The header is parsed and never evaluated, and its shape compared with the bytes
 * that are there before memory is taken.
 *
 * @param where the file's name, for messages.
 * @throws FILE_FORMAT where it is another format, damaged, or holds objects, texts, records or complex numbers
 *
 * @example
 * const { shape, data } = readNpy(new Uint8Array(await response.arrayBuffer()), 'x.npy');
 */
export function readNpy(bytes: Uint8Array, where = 'readNpy'): DecodedTensor {
  requireBytes(bytes, where);
  const { code, isBigEndian, isFortran, shape, dataStart } = readNpyHeader(bytes, where);
  const storedDtype = dtypeOfCode[code];
  const elements = arrayOfDtype[storedDtype];
  const wanted = shape.includes(0) ? 0 : shape.reduce((size, axis) => size * axis, elements.BYTES_PER_ELEMENT);
  const found = bytes.length - dataStart;
  if (wanted !== found)
    throw damagedFile({
      where,
      what: wanted > found ? 'the array is cut short.' : 'the file goes on after its array.',
      expected: `${wanted} bytes for ${storedDtype} ${describeShape(shape)}`,
      received: `${found} bytes`,
    });
  return withinMemory(where, () => {
    // A slice of Node's Buffer would be no copy.
    const copy = new Uint8Array(bytes.subarray(dataStart));
    if (isBigEndian) swapBytes(copy, elements.BYTES_PER_ELEMENT);
    const stored: TensorData = new elements(copy.buffer);
    const data = isFortran && shape.length > 1 ? rowMajor(stored, shape, stridesOf(shape, 'first')) : stored;
    if (storedDtype === 'F16')
      return { dtype: 'F32', storedDtype, shape, data: numbersOfHalves('float16', data as Uint16Array) };
    // Any byte but 0 is true.
    if (storedDtype === 'BOOL') for (let i = 0; i < data.length; i++) if (data[i] !== 0) data[i] = 1;
    return { dtype: storedDtype, storedDtype, shape, data };
  });
}
