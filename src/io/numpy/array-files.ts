import { readBytes, writeFileAtomically } from '../files.js';
import type { DecodedTensor } from '../safetensors-types.js';
import { type ReadNpzOptions, readNpz, type WriteNpzOptions, writeNpz } from './npz.js';
import { readNpy } from './read-npy.js';
import type { ArrayToWrite } from './stored-array.js';
import { writeNpy } from './write-npy.js';

/** The array of a NumPy `.npy` file, see `readNpy`. @throws FILE_ACCESS; as `readNpy` */
export async function loadNpy(path: string): Promise<DecodedTensor> {
  return readNpy(await readBytes(path, '.npy'), path);
}

/** Writes an array as a NumPy `.npy` file, see `writeNpy`. @throws FILE_ACCESS; as `writeNpy` */
export async function saveNpy(path: string, array: ArrayToWrite): Promise<void> {
  await writeFileAtomically(path, writeNpy(array, `saveNpy ${path}`));
}

/** The arrays of a NumPy `.npz` archive by name, see `readNpz`. @throws FILE_ACCESS; as `readNpz` */
export async function loadNpz(path: string, options?: ReadNpzOptions): Promise<Map<string, DecodedTensor>> {
  return readNpz(await readBytes(path, '.npz'), path, options);
}

/** Writes arrays by name as a NumPy `.npz` archive, see `writeNpz`. @throws FILE_ACCESS; as `writeNpz` */
export async function saveNpz(
  path: string,
  arrays: ReadonlyMap<string, ArrayToWrite> | Readonly<Record<string, ArrayToWrite>>,
  options?: WriteNpzOptions,
): Promise<void> {
  await writeFileAtomically(path, await writeNpz(arrays, options));
}
