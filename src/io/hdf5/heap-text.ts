import { type Hdf5Bytes, type Hdf5Cursor, undefinedAddress } from './hdf5-bytes.js';

/**
 * A text of any length: its length, and where it lies in which collection of the heap. HDF5 File Format Specification 3.0,
 * section III.E.
 */
export function heapText(file: Hdf5Bytes, reference: Hdf5Cursor): string {
  const length = reference.u32();
  const address = reference.address();
  const index = reference.u32();
  if (length === 0 || address === undefinedAddress || address === 0) return '';
  const heap = file.signed(address, 'GCOL', 'the heap of texts');
  heap.skip(4);
  const size = heap.length();
  const objects = file.cursor(heap.at, address + size - heap.at, 'the heap of texts');
  while (objects.left >= 8 + file.lengthBytes) {
    file.spend();
    const found = objects.u16();
    objects.skip(6);
    const bytes = objects.length();
    if (found === 0) break;
    const content = objects.part(Math.min(8 * Math.ceil(bytes / 8), objects.left));
    if (found !== index) continue;
    if (length > bytes)
      throw file.damaged('a text is longer than its place in the heap.', `${length} of ${bytes} bytes`);
    file.spend(length);
    return file.text(content.bytes(length));
  }
  throw file.damaged('a text is not in its heap.', `entry ${index}`);
}
