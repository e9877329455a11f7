import { refuseUnknownOptions, requireBoolean, requireCount, requireKind } from '../../errors.js';
import { damagedFile } from '../file-fault.js';
import { requireBytes } from '../require-bytes.js';
import type { DecodedTensor } from '../safetensors-types.js';
import { ZipArchive } from '../zip/read-zip.js';
import { writeZip } from '../zip/write-zip.js';
import { readNpy } from './read-npy.js';
import type { ArrayToWrite } from './stored-array.js';
import { writeNpy } from './write-npy.js';

export interface ReadNpzOptions {
  /** What the archive's compressed arrays may take when they are unpacked, in bytes. Default 4 GiB. */
  maxBytes?: number | undefined;
}

export interface WriteNpzOptions {
  /** Deflates each array, as numpy.savez_compressed does. Default false. */
  compress?: boolean | undefined;
}

const ending = '.npy';

/**
 * The arrays of a NumPy `.npz` archive by name, in the order of the archive; see {@link readNpy}.
 *
 * @param where the file's name, for messages, which add that of the array.
 * @throws FILE_FORMAT as `readNpy`, and where the archive is damaged or lies about its sizes; OUT_OF_MEMORY beyond `maxBytes`
 */
export async function readNpz(
  bytes: Uint8Array,
  where = 'readNpz',
  options: ReadNpzOptions = {},
): Promise<Map<string, DecodedTensor>> {
  requireBytes(bytes, where);
  refuseUnknownOptions('readNpz', options, ['maxBytes']);
  if (options.maxBytes !== undefined) requireCount('readNpz', 'maxBytes', options.maxBytes);
  const archive = new ZipArchive(bytes, where, options.maxBytes);
  const foreign = archive.names.find((name) => !name.endsWith(ending));
  if (foreign !== undefined)
    throw damagedFile({
      where,
      what: 'the archive holds something else than arrays.',
      expected: 'members whose names end with .npy',
      received: foreign,
      fix: 'give an archive that numpy.savez wrote.',
    });
  const arrays = new Map<string, DecodedTensor>();
  for (const name of archive.names)
    arrays.set(name.slice(0, -ending.length), readNpy(await archive.read(name), `${where}: ${name}`));
  return arrays;
}

/**
 * The bytes of a NumPy `.npz` archive; equal arrays give equal bytes.
 *
 * @throws as `writeNpy`
 *
 * @example
 * const bytes = await writeNpz({ x: tensor([[1, 2]]), y: tensor([3]) }, { compress: true });
 */
export async function writeNpz(
  arrays: ReadonlyMap<string, ArrayToWrite> | Readonly<Record<string, ArrayToWrite>>,
  options: WriteNpzOptions = {},
): Promise<Uint8Array> {
  requireKind(arrays !== null && typeof arrays === 'object', arrays, {
    where: 'writeNpz',
    what: 'these are no arrays by name.',
    fix: 'write { x: ..., y: ... }.',
  });
  refuseUnknownOptions('writeNpz', options, ['compress']);
  requireBoolean('writeNpz', 'compress', options.compress);
  const entries: readonly (readonly [string, ArrayToWrite])[] =
    arrays instanceof Map ? [...arrays] : Object.entries(arrays);
  const members = new Map(entries.map(([name, array]) => [`${name}${ending}`, writeNpy(array, `writeNpz: ${name}`)]));
  return writeZip(members, { where: 'writeNpz', compress: options.compress });
}
