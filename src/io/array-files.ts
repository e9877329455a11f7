import { isObject } from '../data/saved-fields.js';
import { RondoError, unknownName } from '../errors.js';
import { describeShape } from '../shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { parseBoundedJson } from './bounded-json.js';
import { damagedFile } from './file-fault.js';
import { readNpz, writeNpz } from './numpy/npz.js';
import { readNpy } from './numpy/read-npy.js';
import { writeNpy } from './numpy/write-npy.js';
import { requireBytes } from './require-bytes.js';
import type { DecodedTensor } from './safetensors-types.js';
import { decodeUtf8 } from './utf8.js';

/** What names of files of arrays end with. */
export const arrayEndings = ['.npy', '.npz', '.json'] as const;

/** Arrays of a file: one alone, without a name, or several by name. */
export type ArraysOfFile = DecodedTensor | ReadonlyMap<string, DecodedTensor>;

/**
 * The arrays of a `.npy`, `.npz` or `.json` file. JSON holds nested lists of numbers, or an object of them by name; its numbers are
 * float64.
 *
 * @param name the file's, whose ending says the format.
 * @throws UNKNOWN_NAME for another ending; FILE_FORMAT where it is damaged, or lists have different lengths; as `readNpy`, `readNpz`
 */
export async function readArrays(bytes: Uint8Array, name: string): Promise<ArraysOfFile> {
  requireBytes(bytes, name);
  const ending = endingOf(name);
  if (ending === '.npy') return readNpy(bytes, name);
  if (ending === '.npz') return readNpz(bytes, name);
  const value = parseBoundedJson(decodeUtf8(bytes, name), name, 'the file');
  if (!isObject(value)) return nestedArray(value, name);
  return new Map(Object.entries(value).map(([key, array]) => [key, nestedArray(array, `${name}: ${key}`)]));
}

/**
 * Tensors as a file of arrays: `.npy` holds one, `.npz` and `.json` any number by name.
 *
 * @throws UNKNOWN_NAME for another ending; USAGE for several in a `.npy`, or numbers that JSON has not
 */
export async function writeArrays(arrays: Readonly<Record<string, Tensor>>, name: string): Promise<Uint8Array> {
  const ending = endingOf(name);
  const all = Object.entries(arrays);
  if (ending === '.npz') return writeNpz(new Map(all));
  if (ending === '.npy') {
    if (all.length === 1) return writeNpy(all[0][1]);
    throw new RondoError('USAGE', {
      where: name,
      what: 'a .npy file holds one array.',
      expected: 'one array',
      received: `${all.length}: ${Object.keys(arrays).slice(0, 10).join(', ')}`,
      fix: 'write a .npz file, or a folder.',
    });
  }
  for (const [key, array] of all) {
    if (array.dataSync().every(Number.isFinite)) continue;
    throw new RondoError('USAGE', {
      where: name,
      what: `\`${key}\` has numbers that are not finite, which JSON has no notation for.`,
      fix: 'write a .npy or .npz file.',
    });
  }
  return new TextEncoder().encode(
    `${JSON.stringify(Object.fromEntries(all.map(([key, array]) => [key, array.array()])))}\n`,
  );
}

function endingOf(name: string): (typeof arrayEndings)[number] {
  const ending = /\.[^./\\]*$/.exec(name)?.[0].toLowerCase() ?? '';
  const found = arrayEndings.find((each) => each === ending);
  if (found !== undefined) return found;
  throw unknownName(name, 'ending of a file of arrays', ending, arrayEndings);
}

/** Lists in lists, of one length at each depth. */
function nestedArray(value: unknown, where: string): DecodedTensor {
  const shape: number[] = [];
  for (let level = value; Array.isArray(level); level = level[0]) shape.push(level.length);
  const ragged = (received: string): RondoError =>
    damagedFile({
      where,
      what: 'this is no array of numbers.',
      expected: `numbers in lists of ${describeShape(shape)}`,
      received,
      fix: 'give lists of one length at each depth, and numbers in them.',
    });
  // As long as the file has numbers for it, whatever the first lists claim.
  const data: number[] = [];
  const fill = (part: unknown, depth: number): void => {
    if (depth === shape.length) {
      if (typeof part !== 'number') throw ragged(JSON.stringify(part)?.slice(0, 100) ?? 'nothing');
      data.push(part);
      return;
    }
    if (!Array.isArray(part) || part.length !== shape[depth])
      throw ragged(
        Array.isArray(part) ? `a list of ${part.length} at depth ${depth + 1}` : `${typeof part} at depth ${depth + 1}`,
      );
    for (const each of part) fill(each, depth + 1);
  };
  fill(value, 0);
  return { dtype: 'F64', storedDtype: 'F64', shape, data: Float64Array.from(data) };
}
