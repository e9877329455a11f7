import { withinMemory } from '../../errors.js';
import { numbersOfHalves } from '../../rounding.js';
import { describeShape } from '../../shape.js';
import { damagedFile } from '../file-fault.js';
import { rowMajor, swapBytes } from '../row-major.js';
import { arrayOfDtype, type DecodedTensor, halves, isHalf, type TensorData } from '../safetensors-types.js';
import type { PickledTensor } from './pickle-values.js';
import type { TorchFile } from './torch-file.js';

/** Views may show a number many times (expanded axes); together at most this often the bytes of the file, and a MiB. */
const mostCopies = 16;

/**
 * Tensors with their numbers, row-major, in the order of their names. One that has several names is read once.
 *
 * @throws FILE_FORMAT where one reaches beyond its storage, or all together are far larger than the file
 */
export async function storedTensors(
  tensors: ReadonlyMap<string, PickledTensor>,
  file: TorchFile,
  sizeBytes: number,
  where: string,
): Promise<Map<string, DecodedTensor>> {
  const read = new Map<PickledTensor, DecodedTensor>();
  const storages = new Map<string, TensorData>();
  const result = new Map<string, DecodedTensor>();
  let left = sizeBytes * mostCopies + 2 ** 20;
  for (const [name, tensor] of tensors) {
    let made = read.get(tensor);
    if (made === undefined) {
      const place = `${where}: ${name.slice(0, 200)}`;
      const { dtype, storage, shape } = tensor;
      left -= sizeOfView(tensor) * arrayOfDtype[dtype].BYTES_PER_ELEMENT;
      if (!(left >= 0))
        throw damagedFile({
          where: place,
          what: 'the tensors are far larger than the file.',
          expected: `at most ${mostCopies} times its ${sizeBytes} bytes`,
          received: `${dtype} ${describeShape(shape)}`,
        });
      const key = `${dtype} ${storage.key}`;
      const numbers =
        storages.get(key) ?? storageNumbers(await file.storage(storage.key), tensor, file.isBigEndian, place);
      storages.set(key, numbers);
      made = withinMemory(place, () => tensorOf(tensor, numbers, place));
      read.set(tensor, made);
    }
    result.set(name, made);
  }
  return result;
}

/** The numbers of a storage as one tensor's type, where they lie in the file if they begin at a multiple of their size. */
function storageNumbers(
  bytes: Uint8Array,
  { dtype, storage }: PickledTensor,
  isBigEndian: boolean,
  where: string,
): TensorData {
  const elements = arrayOfDtype[dtype];
  const wanted =
    storage.dtype === undefined ? storage.length : storage.length * arrayOfDtype[storage.dtype].BYTES_PER_ELEMENT;
  if (wanted !== bytes.length)
    throw damagedFile({
      where,
      what: `the storage \`${storage.key.slice(0, 100)}\` has another length than the file says.`,
      expected: `${wanted} bytes`,
      received: `${bytes.length} bytes`,
    });
  return withinMemory(where, () => {
    const length = Math.floor(bytes.length / elements.BYTES_PER_ELEMENT);
    if (!isBigEndian && bytes.byteOffset % elements.BYTES_PER_ELEMENT === 0)
      return new elements(bytes.buffer as ArrayBuffer, bytes.byteOffset, length);
    // A Buffer's slice() would be a view of it.
    const copy = new Uint8Array(bytes.subarray(0, length * elements.BYTES_PER_ELEMENT));
    if (isBigEndian) swapBytes(copy, elements.BYTES_PER_ELEMENT);
    return new elements(copy.buffer);
  });
}

function tensorOf({ dtype, offset, shape, strides }: PickledTensor, numbers: TensorData, where: string): DecodedTensor {
  const last = shape.reduce((sum, axis, i) => sum + (axis - 1) * strides[i], offset);
  const isEmpty = shape.includes(0);
  if (!isEmpty && !(last < numbers.length))
    throw damagedFile({
      where,
      what: 'the tensor reaches beyond its storage.',
      expected: `places below ${numbers.length}`,
      received: `place ${last} for ${describeShape(shape)} from ${offset}`,
    });
  const data = isEmpty ? numbers.slice(0, 0) : rowMajor(numbers, shape, strides, offset);
  if (isHalf(dtype))
    return { dtype: 'F32', storedDtype: dtype, shape, data: numbersOfHalves(halves[dtype], data as Uint16Array) };
  return { dtype, storedDtype: dtype, shape, data };
}

function sizeOfView({ shape }: PickledTensor): number {
  return shape.includes(0) ? 0 : shape.reduce((size, axis) => size * axis, 1);
}
