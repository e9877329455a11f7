import { inflated } from '../zip/inflated.js';
import type { Hdf5Bytes, Hdf5Cursor } from './hdf5-bytes.js';

/** What was done to a chunk before it was stored. */
export type FilterStep = 'deflate' | 'shuffle' | 'fletcher32';

const known: Readonly<Record<number, FilterStep>> = { 1: 'deflate', 2: 'shuffle', 3: 'fletcher32' };

/** A filter message. HDF5 File Format Specification 3.0, section IV.A.2.l. @throws FILE_FORMAT for filters that are not read */
export function filtersOf(file: Hdf5Bytes, message: Hdf5Cursor): FilterStep[] {
  const version = message.u8();
  if (version !== 1 && version !== 2) throw file.damaged('filters have no known version.', String(version));
  const count = message.u8();
  if (version === 1) message.skip(6);
  return Array.from({ length: count }, () => {
    const id = message.u16();
    const nameLength = version === 1 || id >= 256 ? message.u16() : 0;
    message.skip(2);
    const numValues = message.u16();
    message.skip(version === 1 ? 8 * Math.ceil(nameLength / 8) : nameLength);
    message.skip(4 * (numValues + (version === 1 ? numValues % 2 : 0)));
    const step = known[id] as FilterStep | undefined;
    if (step === undefined) throw file.refused('values packed in another way than deflate', `filter ${id}`);
    return step;
  });
}

/** The bytes of a chunk before filters, which are undone from the last to the first. */
export async function unfiltered(
  file: Hdf5Bytes,
  packed: Uint8Array,
  steps: readonly FilterStep[],
  sizeBytes: number,
  valueBytes: number,
): Promise<Uint8Array> {
  let bytes = packed;
  for (const step of [...steps].reverse()) {
    if (step === 'deflate') bytes = await inflated(bytes, sizeBytes, file.where, 'deflate');
    else if (step === 'fletcher32') bytes = bytes.subarray(0, Math.max(0, bytes.length - 4));
    else bytes = unshuffled(bytes, valueBytes);
  }
  if (bytes.length !== sizeBytes)
    throw file.damaged('a chunk has another length than it should have.', `${bytes.length} of ${sizeBytes} bytes`);
  return bytes;
}

/** Bytes of values that were stored with all first bytes first. */
function unshuffled(bytes: Uint8Array, valueBytes: number): Uint8Array {
  const count = Math.floor(bytes.length / valueBytes);
  const result = bytes.slice();
  for (let byte = 0; byte < valueBytes; byte++)
    for (let i = 0; i < count; i++) result[i * valueBytes + byte] = bytes[byte * count + i];
  return result;
}
