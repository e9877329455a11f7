import { withinMemory } from '../../errors.js';
import { numbersOfHalves } from '../../rounding.js';
import { swapBytes } from '../row-major.js';
import {
  arrayOfDtype,
  type DecodedTensor,
  halves,
  isHalf,
  type TensorData,
  type TensorDtype,
} from '../safetensors-types.js';
import { type FilterStep, filtersOf, unfiltered } from './dataset-filters.js';
import { type Hdf5Bytes, type Hdf5Cursor, undefinedAddress } from './hdf5-bytes.js';
import { axesOf, countOf, type Hdf5Type, typeOf } from './hdf5-type.js';
import { type HeaderMessage, messageOf, messageTypes } from './object-header.js';

/** Where the values of a dataset lie. */
type Layout =
  | { readonly kind: 'together'; readonly begin: number; readonly sizeBytes: number }
  | { readonly kind: 'nowhere' }
  | { readonly kind: 'chunks'; readonly tree: number; readonly chunk: readonly number[] };

/** A dataset whose shape is known and whose values are read when they are asked for. */
export interface Hdf5Dataset {
  readonly shape: readonly number[];
  /** Of all values. */
  readonly sizeBytes: number;
  readonly type: Hdf5Type;
  readonly layout: Layout;
  readonly filters: readonly FilterStep[];
}

/** Deflate makes at most 1032 bytes of one. */
const mostInflation = 1032;
const deepestTree = 64;

/** What the header of a dataset says. @throws FILE_FORMAT where values lie outside of the file, or are not there */
export function datasetOf(file: Hdf5Bytes, messages: readonly HeaderMessage[], name: string): Hdf5Dataset {
  if (messages.some(({ type }) => type === messageTypes.externalFiles))
    throw file.refused('values that lie in another file', `the dataset ${name}`, 'copy them into the file itself.');
  const required = (type: number, what: string): Hdf5Cursor => {
    const found = messageOf(file, messages, type, what);
    if (found === undefined) throw file.damaged(`the dataset \`${name}\` lacks ${what}.`);
    return found;
  };
  const shape = axesOf(file, required(messageTypes.dataspace, 'a shape')) ?? [0];
  const type = typeOf(file, required(messageTypes.datatype, 'a type'));
  const pipeline = messageOf(file, messages, messageTypes.filters, 'filters');
  const filters = pipeline === undefined ? [] : filtersOf(file, pipeline);
  const layout = layoutOf(file, required(messageTypes.layout, 'a layout'), name);
  const sizeBytes = countOf(file, shape) * type.size;
  // Chunks may be left out, and are packed; what lies together is all there.
  const most =
    layout.kind === 'chunks' ? file.bytes.length * mostInflation : layout.kind === 'nowhere' ? 0 : layout.sizeBytes;
  if (sizeBytes > most)
    throw file.damaged(`the dataset \`${name}\` claims more values than the file holds.`, `[${shape.join(', ')}]`);
  return { shape, sizeBytes, type, layout, filters };
}

/** A layout message. HDF5 File Format Specification 3.0, section IV.A.2.i. */
function layoutOf(file: Hdf5Bytes, message: Hdf5Cursor, name: string): Layout {
  const version = message.u8();
  if (version !== 3 && version !== 4) throw file.refused('a layout of another version', `version ${version}`);
  const kind = message.u8();
  if (kind === 0) {
    const sizeBytes = message.u16();
    return { kind: 'together', begin: message.skip(sizeBytes), sizeBytes };
  }
  if (kind === 1) {
    const address = message.address();
    const sizeBytes = message.length();
    if (address === undefinedAddress) return { kind: 'nowhere' };
    return { kind: 'together', begin: file.cursor(address, sizeBytes, `the dataset ${name}`).at, sizeBytes };
  }
  if (kind === 2 && version === 3) {
    const rank = message.u8();
    const tree = message.address();
    return { kind: 'chunks', tree, chunk: Array.from({ length: rank }, () => message.u32()) };
  }
  const what = kind === 3 ? 'a virtual dataset, made of other files' : 'chunks of a newer kind';
  throw file.refused(what, `the dataset ${name}`, 'copy the values into the file itself, with h5py and its defaults.');
}

/** The values of a dataset, row-major. @throws FILE_FORMAT, OUT_OF_MEMORY */
export async function datasetValues(file: Hdf5Bytes, dataset: Hdf5Dataset, name: string): Promise<DecodedTensor> {
  const { shape, sizeBytes, type, layout, filters } = dataset;
  let bytes: Uint8Array;
  if (layout.kind === 'together') {
    file.spend(sizeBytes / 8);
    if (filters.length > 0) throw file.damaged(`the dataset \`${name}\` has filters and no chunks.`);
    bytes = file.bytes.subarray(layout.begin, layout.begin + sizeBytes);
  } else {
    bytes = withinMemory(file.where, () => new Uint8Array(sizeBytes));
    if (layout.kind === 'chunks') await fillChunks(file, dataset, layout, bytes, name);
  }
  const isBfloat16 = type.kind === 'opaque' && type.size === 2;
  if (type.kind !== 'number' && !isBfloat16)
    throw file.refused(`a dataset of ${type.kind === 'other' ? type.what : 'texts'}`, name);
  const stored: Hdf5Type & { kind: 'number' } = isBfloat16
    ? { kind: 'number', dtype: 'BF16', size: 2, isBigEndian: false }
    : (type as Hdf5Type & { kind: 'number' });
  const data = numbersAt(file, stored, bytes);
  const dtype: TensorDtype = isHalf(stored.dtype) ? 'F32' : stored.dtype;
  return { dtype, storedDtype: stored.dtype, shape, data };
}

/** Numbers of a type, a copy. */
export function numbersAt(file: Hdf5Bytes, type: Hdf5Type & { kind: 'number' }, bytes: Uint8Array): TensorData {
  return withinMemory(file.where, () => {
    const copy = bytes.slice();
    if (type.isBigEndian) swapBytes(copy, type.size);
    const words = new arrayOfDtype[type.dtype](copy.buffer as ArrayBuffer, 0, copy.length / type.size) as TensorData;
    return isHalf(type.dtype) ? numbersOfHalves(halves[type.dtype], words as Uint16Array) : words;
  });
}

/** Puts chunks at their places; those that are left out stay zeros. Section III.A.1. */
async function fillChunks(
  file: Hdf5Bytes,
  { shape, type, filters }: Hdf5Dataset,
  { tree, chunk }: Layout & { kind: 'chunks' },
  target: Uint8Array,
  name: string,
): Promise<void> {
  const axes = chunk.slice(0, -1);
  if (axes.length !== shape.length || chunk.at(-1) !== type.size || axes.includes(0))
    throw file.damaged(`the chunks of \`${name}\` do not fit its shape.`, `[${chunk.join(', ')}]`);
  const chunkBytes = countOf(file, axes) * type.size;
  if (chunkBytes > file.bytes.length * mostInflation) throw file.damaged(`the chunks of \`${name}\` are too large.`);
  if (tree === undefinedAddress) return;
  const seen = new Set<number>();
  const found: { offsets: number[]; skipped: number; packed: Hdf5Cursor }[] = [];
  const walk = (address: number, depth: number): void => {
    if (seen.has(address) || depth > deepestTree) throw file.damaged('the tree of chunks goes in a circle.', name);
    seen.add(address);
    const node = file.signed(address, 'TREE', 'the tree of chunks');
    const [kind, level, entries] = [node.u8(), node.u8(), node.u16()];
    if (kind !== 1) throw file.damaged('the tree of chunks is another one.', `type ${kind}`);
    node.skip(2 * file.offsetBytes);
    for (let i = 0; i < entries; i++) {
      file.spend();
      const [size, skipped] = [node.u32(), node.u32()];
      const offsets = chunk.map(() => node.uint(8)).slice(0, -1);
      const child = node.address();
      if (level > 0) walk(child, depth + 1);
      else if (seen.has(child)) throw file.damaged('a chunk is listed twice.', name);
      else {
        seen.add(child);
        found.push({ offsets, skipped, packed: file.cursor(child, size, 'a chunk') });
      }
    }
  };
  walk(tree, 0);
  // Chunks that overlap would unpack one stretch of the file again and again.
  if (found.reduce((sum, { packed }) => sum + packed.left, 0) > file.bytes.length)
    throw file.damaged(`the chunks of \`${name}\` are longer than the file.`);
  for (const { offsets, skipped, packed } of found) {
    if (offsets.some((at, axis) => at % axes[axis] !== 0 || at >= shape[axis]))
      throw file.damaged(`a chunk of \`${name}\` lies outside of its shape.`, `[${offsets.join(', ')}]`);
    const steps = filters.filter((_, i) => (skipped & (1 << i)) === 0);
    const bytes = await unfiltered(file, packed.bytes(packed.left), steps, chunkBytes, type.size);
    place(bytes, axes, offsets, target, shape, type.size);
  }
}

/** Copies the rows of a chunk that lie inside of the shape. */
function place(
  bytes: Uint8Array,
  axes: readonly number[],
  offsets: readonly number[],
  target: Uint8Array,
  shape: readonly number[],
  size: number,
): void {
  const last = axes.length - 1;
  const width = Math.min(axes[last], shape[last] - offsets[last]) * size;
  const index = new Array<number>(axes.length).fill(0);
  for (;;) {
    let [from, to] = [0, 0];
    let isInside = true;
    for (let axis = 0; axis <= last; axis++) {
      const at = offsets[axis] + index[axis];
      isInside &&= at < shape[axis];
      from = from * axes[axis] + index[axis];
      to = to * shape[axis] + at;
    }
    if (isInside) target.set(bytes.subarray(from * size, from * size + width), to * size);
    let axis = last - 1;
    for (; axis >= 0; axis--) {
      if (++index[axis] < axes[axis]) break;
      index[axis] = 0;
    }
    if (axis < 0) return;
  }
}
