import { damagedFile, foreignFile } from '../file-fault.js';
import { arrayOfDtype } from '../safetensors-types.js';
import { ZipArchive } from '../zip/read-zip.js';
import { isZip, zipNames } from '../zip/zip-names.js';
import type { Pickled, PickledStorage } from './pickle-values.js';
import { persistentOf, storageOf } from './torch-globals.js';
import { unpickle } from './unpickle.js';

/** A file that torch.save wrote: what it holds, and the bytes of storages by key. */
export interface TorchFile {
  readonly value: Pickled;
  readonly isBigEndian: boolean;
  /** @throws FILE_FORMAT where the file has none of that key */
  storage(key: string): Promise<Uint8Array>;
}

/** The first number of a file from before version 1.6. */
const legacyMagic = 0x1950a86a20f9469cfc6cn;
const legacyProtocol = 1001;

/** Whether a file looks like one of torch.save. */
export function isTorchFile(bytes: Uint8Array): boolean {
  return bytes[0] === 0x80 || zipNames(bytes).some((name) => /(^|\/)data\.pkl$/.test(name));
}

/** A file of torch.save, of either form. @throws FILE_FORMAT, OUT_OF_MEMORY */
export async function readTorchFile(bytes: Uint8Array, where: string): Promise<TorchFile> {
  if (isZip(bytes)) return readArchive(bytes, where);
  if (bytes[0] === 0x80) return readLegacy(bytes, where);
  throw foreignFile(where, 'file of PyTorch', bytes, 'a ZIP archive or a pickle, as torch.save writes them');
}

async function readArchive(bytes: Uint8Array, where: string): Promise<TorchFile> {
  const archive = new ZipArchive(bytes, where);
  const pickles = archive.names.filter((name) => /(^|\/)data\.pkl$/.test(name));
  if (pickles.length !== 1)
    throw damagedFile({
      where,
      what: 'this is a ZIP archive, but not one of PyTorch.',
      expected: 'one member data.pkl',
      received: archive.names.slice(0, 10).join(', '),
      fix: 'give a file that torch.save wrote.',
    });
  const folder = pickles[0].slice(0, -'data.pkl'.length);
  if (archive.has(`${folder}constants.pkl`))
    throw damagedFile({
      where,
      what: 'this is a program of TorchScript, which is not read.',
      expected: 'a file that torch.save wrote',
      fix: 'save the weights: torch.save(model.state_dict(), path).',
    });
  const order = archive.has(`${folder}byteorder`)
    ? new TextDecoder().decode(await archive.read(`${folder}byteorder`))
    : 'little';
  if (order !== 'little' && order !== 'big')
    throw damagedFile({
      where,
      what: 'the archive names an unknown order of bytes.',
      expected: 'little or big',
      received: order,
    });
  const place = `${where}: ${pickles[0]}`;
  const { value } = unpickle(await archive.read(pickles[0]), place, persistentOf);
  return { value, isBigEndian: order === 'big', storage: (key) => archive.read(`${folder}data/${key}`) };
}

/** Five pickles in a row (a magic number, a version, facts of the machine, the value, keys), then storages in the order of the keys. */
function readLegacy(bytes: Uint8Array, where: string): TorchFile {
  let at = 0;
  const storages = new Map<string, PickledStorage>();
  const next = (): Pickled => {
    const { value, end } = unpickle(bytes, where, noteStorage, at);
    at = end;
    return value;
  };
  const noteStorage = (id: Pickled): Pickled | undefined => {
    const storage = storageOf(id);
    if (storage !== undefined && !storages.has(storage.key)) storages.set(storage.key, storage);
    return storage ?? persistentOf(id);
  };
  if (next() !== legacyMagic || next() !== legacyProtocol)
    throw damagedFile({
      where,
      what: 'this is a Python pickle, but not one of PyTorch.',
      expected: 'a file that torch.save wrote',
      fix: 'save the weights: torch.save(model.state_dict(), path).',
    });
  const system = next();
  const value = next();
  const keys = next();
  if (!Array.isArray(keys)) throw damagedFile({ where, what: 'the list of storages is damaged.' });
  const places = new Map<string, Uint8Array>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const key of keys) {
    const storage = typeof key === 'string' ? storages.get(key) : undefined;
    const valueBytes = storage?.dtype === undefined ? undefined : arrayOfDtype[storage.dtype].BYTES_PER_ELEMENT;
    const length = at + 8 <= bytes.length ? Number(view.getBigUint64(at, true)) : Number.NaN;
    const end = at + 8 + length * (valueBytes ?? Number.NaN);
    if (!(end <= bytes.length))
      throw damagedFile({ where, what: `the storage at byte ${at} is damaged or cut short.` });
    places.set(key as string, bytes.subarray(at + 8, end));
    at = end;
  }
  const isBigEndian = system instanceof Map && system.get('little_endian') === false;
  return {
    value,
    isBigEndian,
    storage: async (key) => {
      const found = places.get(key);
      if (found === undefined) throw damagedFile({ where, what: `the file has no storage \`${key}\`.` });
      return found;
    },
  };
}
