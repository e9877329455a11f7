import { isObject } from '../data/saved-fields.js';
import { RondoError, refuseUnknownOptions, requireBoolean } from '../errors.js';
import { numbersOfHalves } from '../rounding.js';
import { describeShape, sizeOf } from '../shape.js';
import { parseBoundedJson } from './bounded-json.js';
import { damagedFile } from './file-fault.js';
import { fileKindOf } from './file-kind.js';
import { requireBytes } from './require-bytes.js';
import {
  arrayOfDtype,
  type DecodedTensor,
  halves,
  isHalf,
  type TensorDtype,
  tensorDtypes,
} from './safetensors-types.js';
import { utf8Text } from './utf8-text.js';

/** The reference implementation refuses longer headers, so that a damaged length cannot make a reader allocate them. */
const largestHeaderBytes = 100_000_000;

/** Numbers that are read of a file at once; 1 MiB of them stays in a processor's cache until it is where it goes. */
const pieceNumbers = 2 ** 18;

/** A file's bytes by their places. */
export interface BytesByPlace {
  readonly sizeBytes: number;
  /** Fills the target with the bytes from a place on, all of which there are. */
  readonly read: (target: Uint8Array, from: number) => void;
}

interface Entry {
  name: string;
  dtype: TensorDtype;
  shape: number[];
  begin: number;
  end: number;
}

export interface DecodeSafetensorsOptions {
  /**
   * Whether tensors have memory of their own, so that `bytes` may be reused. Default true. Otherwise they show the numbers where
   * these lie in `bytes`, but for those of 16 bits and those that do not begin at a multiple of their size.
   */
  copy?: boolean | undefined;
}

/**
 * The tensors and metadata of a safetensors file.
 *
 * Tensors come in the order of their bytes. Each is a copy, unless `copy` says otherwise. `F16` and `BF16` are
 * widened to `Float32Array` without loss. Nothing is allocated before the whole header is checked: lengths and
 * offsets inside the file, every tensor's byte count, no gap and no overlap.
 *
 * @param where the file's name, for messages.
 * @throws FILE_FORMAT when the bytes are cut short, damaged, or another format.
 */
export function decodeSafetensors(
  bytes: Uint8Array,
  where: string,
  options: DecodeSafetensorsOptions = {},
): { tensors: Map<string, DecodedTensor>; metadata: Record<string, string> } {
  requireBytes(bytes, where);
  refuseUnknownOptions('decodeSafetensors', options, ['copy']);
  const { copy = true } = options;
  requireBoolean('decodeSafetensors', 'copy', copy);
  const { entries, metadata, dataStart } = readContent(bytes, where, bytes.length);
  const tensors = new Map<string, DecodedTensor>();
  const data = bytes.subarray(dataStart);
  for (const entry of entries) tensors.set(entry.name, readTensor(data, entry, copy));
  return { tensors, metadata };
}

/**
 * As {@link decodeSafetensors}, of a file that is still open, whose large tensors of floats are left there until they are asked for.
 *
 * @throws FILE_FORMAT as decodeSafetensors; what `read` throws
 */
export function decodeSafetensorsInPieces(
  { sizeBytes, read }: BytesByPlace,
  where: string,
): { tensors: Map<string, DecodedTensor>; metadata: Record<string, string> } {
  const taken = (from: number, to: number): Uint8Array => {
    const bytes = new Uint8Array(to - from);
    read(bytes, from);
    return bytes;
  };
  const { entries, metadata, dataStart } = readContent(beginningOf({ sizeBytes, read }), where, sizeBytes);
  const room = new Uint8Array(4 * pieceNumbers);
  const tensors = new Map<string, DecodedTensor>();
  for (const { name, dtype, shape, begin, end } of entries) {
    const all = (): DecodedTensor => {
      const bytes = taken(dataStart + begin, dataStart + end);
      return readTensor(bytes, { name, dtype, shape, begin: 0, end: end - begin }, false);
    };
    if ((dtype !== 'F32' && !isHalf(dtype)) || end - begin <= room.length) {
      tensors.set(name, all());
      continue;
    }
    const pieces = function* (): Generator<Float32Array> {
      const width = arrayOfDtype[dtype].BYTES_PER_ELEMENT;
      for (let at = begin; at < end; at += width * pieceNumbers) {
        const bytes = room.subarray(0, Math.min(end - at, width * pieceNumbers));
        read(bytes, dataStart + at);
        const entry = { name, dtype, shape: [bytes.length / width], begin: 0, end: bytes.length };
        yield readTensor(bytes, entry, false).data as Float32Array;
      }
    };
    tensors.set(name, {
      dtype: 'F32',
      storedDtype: dtype,
      shape,
      pieces,
      get data() {
        return all().data;
      },
    });
  }
  return { tensors, metadata };
}

/** A file's bytes up to the end of its header; some of the first where there is none. */
export function beginningOf({ sizeBytes, read }: BytesByPlace): Uint8Array {
  const first = new Uint8Array(Math.min(sizeBytes, 512));
  read(first, 0);
  if (first.length < 9 || first[8] !== 0x7b) return first;
  const dataStart = 8 + headerSizeOf(first);
  if (dataStart <= first.length || dataStart > sizeBytes || dataStart > 8 + largestHeaderBytes) return first;
  const beginning = new Uint8Array(dataStart);
  read(beginning, 0);
  return beginning;
}

/** What the beginning of a file says of it. @param sizeBytes of the whole file */
function readContent(
  bytes: Uint8Array,
  where: string,
  sizeBytes: number,
): { entries: readonly Entry[]; metadata: Record<string, string>; dataStart: number } {
  const { header, dataStart } = readHeader(bytes, where, sizeBytes);
  const metadata = readMetadata(header, where);
  const entries = Object.keys(header)
    .filter((name) => name !== '__metadata__')
    .map((name) => readEntry(name, header[name], where))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);

  let covered = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== covered) {
      const what =
        begin < covered ? `\`${name}\` overlaps the tensor before it.` : `there is a gap before \`${name}\`.`;
      throw damaged(where, what, `it to begin at byte ${covered} of the data`, `byte ${begin}`);
    }
    covered = end;
  }
  const dataSize = sizeBytes - dataStart;
  if (covered !== dataSize) {
    const what = covered > dataSize ? 'the file is cut short.' : 'the file goes on after its last tensor.';
    throw damaged(where, what, `${dataStart + covered} bytes in all`, `${sizeBytes} bytes`);
  }
  return { entries, metadata, dataStart };
}

function headerSizeOf(bytes: Uint8Array): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
}

/** The metadata of a safetensors file, without reading its tensors; undefined where the header is not one of such a file. */
export function safetensorsMetadata(bytes: Uint8Array): Record<string, string> | undefined {
  try {
    return readMetadata(readHeader(bytes, '', bytes.length).header, '');
  } catch (error) {
    if (error instanceof RondoError) return undefined;
    throw error;
  }
}

function readHeader(
  bytes: Uint8Array,
  where: string,
  sizeBytes: number,
): { header: Readonly<Record<string, unknown>>; dataStart: number } {
  if (bytes.length < 8) throw foreign(bytes, where, 'at least 8 bytes', `${bytes.length} bytes`);
  const headerSize = headerSizeOf(bytes);
  const dataStart = 8 + headerSize;
  if (headerSize > largestHeaderBytes) {
    throw foreign(bytes, where, `a header of at most ${largestHeaderBytes} bytes`, `a header length of ${headerSize}`);
  }
  if (bytes.length > 8 && bytes[8] !== 0x7b) {
    throw foreign(bytes, where, 'a header that begins with `{` at byte 8', `byte ${bytes[8]}`);
  }
  if (dataStart > sizeBytes) {
    throw damaged(
      where,
      'the file is cut short inside its header.',
      `at least ${dataStart} bytes`,
      `${sizeBytes} bytes`,
    );
  }
  if (headerSize < 2) throw foreign(bytes, where, 'a JSON header', `a header length of ${headerSize}`);

  const header = parseBoundedJson(headerText(bytes.subarray(8, dataStart), where), where, 'the header');
  if (!isObject(header)) throw damaged(where, 'the header is not a JSON object.', 'an object', describe(header));
  return { header, dataStart };
}

function headerText(bytes: Uint8Array, where: string): string {
  const text = utf8Text(bytes);
  if (text === undefined) throw damaged(where, 'the header is not text.', 'JSON in UTF-8', 'other bytes');
  return text;
}

function readMetadata(header: Readonly<Record<string, unknown>>, where: string): Record<string, string> {
  if (!Object.hasOwn(header, '__metadata__')) return {};
  const metadata = header.__metadata__;
  if (!isObject(metadata))
    throw damaged(where, '`__metadata__` is not an object.', 'an object of texts', describe(metadata));
  for (const key of Object.keys(metadata)) {
    if (typeof metadata[key] !== 'string') {
      throw damaged(where, `the metadata value \`${key}\` is not text.`, 'text', describe(metadata[key]));
    }
  }
  return metadata as Record<string, string>;
}

function readEntry(name: string, entry: unknown, where: string): Entry {
  if (!isObject(entry))
    throw damaged(where, `the entry of \`${name}\` is not an object.`, 'an object', describe(entry));
  const { dtype, shape, data_offsets: offsets } = entry;
  if (!isDtype(dtype)) {
    throw new RondoError('FILE_FORMAT', {
      where,
      what: `\`${name}\` has an element type that is not read.`,
      expected: `one of ${tensorDtypes.join(', ')}`,
      received: describe(dtype),
      fix: 'save the tensor as F32.',
    });
  }
  if (!isCounts(shape))
    throw damaged(where, `\`${name}\` has an impossible shape.`, 'whole numbers, none negative', describe(shape));
  if (!isCounts(offsets) || offsets.length !== 2 || offsets[0] > offsets[1]) {
    throw damaged(
      where,
      `\`${name}\` has impossible data offsets.`,
      '[begin, end] in bytes, begin <= end',
      describe(offsets),
    );
  }
  const [begin, end] = offsets;
  const wanted = sizeOf(shape) * arrayOfDtype[dtype].BYTES_PER_ELEMENT;
  if (wanted !== end - begin) {
    const expected = `${wanted} bytes for ${dtype} ${describeShape(shape)}`;
    throw damaged(where, `\`${name}\` has the wrong number of bytes.`, expected, `${end - begin} bytes`);
  }
  return { name, dtype, shape, begin, end };
}

function readTensor(bytes: Uint8Array, { dtype, shape, begin, end }: Entry, copy: boolean): DecodedTensor {
  const elements = arrayOfDtype[dtype];
  const isAligned = (bytes.byteOffset + begin) % elements.BYTES_PER_ELEMENT === 0;
  const isView = isAligned && (!copy || isHalf(dtype));
  // A fresh copy starts at offset 0, so any element type may view it.
  const shown = isView ? bytes.subarray(begin, end) : new Uint8Array(bytes.subarray(begin, end));
  const numbers = new elements(shown.buffer as ArrayBuffer, shown.byteOffset, sizeOf(shape));
  if (isHalf(dtype)) {
    const words = numbers as Uint16Array;
    return { dtype: 'F32', storedDtype: dtype, shape, data: numbersOfHalves(halves[dtype], words) };
  }
  return { dtype, storedDtype: dtype, shape, data: numbers };
}

function isDtype(value: unknown): value is TensorDtype {
  return (tensorDtypes as readonly unknown[]).includes(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function describe(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 100);
}

function damaged(where: string, what: string, expected: string, received: string, cause?: unknown): RondoError {
  return damagedFile({ where, what, expected, received, cause });
}

/** The error for bytes that were never a safetensors file, saying what they look like. */
function foreign(bytes: Uint8Array, where: string, expected: string, received: string): RondoError {
  const kind = fileKindOf(bytes);
  return new RondoError('FILE_FORMAT', {
    where,
    what: `this is not a safetensors file${kind === undefined ? '.' : `; it looks like ${kind}.`}`,
    expected,
    received,
    fix: 'give a .safetensors file, or convert the weights to one with the program that wrote them.',
  });
}
