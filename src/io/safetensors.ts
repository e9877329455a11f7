import { RondoError, requireKind, unknownName } from '../errors.js';
import { halfWords } from '../rounding.js';
import { describeShape, sizeOf } from '../shape.js';
import { arrayOfDtype, halves, isHalf, type StoredTensor, type TensorData, tensorDtypes } from './safetensors-types.js';

export { type DecodeSafetensorsOptions, decodeSafetensors } from './safetensors-decode.js';
export type { DecodedTensor, StoredTensor, TensorData, TensorDtype } from './safetensors-types.js';

/**
 * The bytes of a safetensors file: an 8-byte little-endian header length, a JSON header padded with spaces to a
 * multiple of 8, then the tensors without gaps.
 *
 * Equal tensors and metadata give equal bytes whatever their order: tensors lie by element type, then by name, as
 * the reference implementation lays them out, and metadata by key. The data are copied.
 *
 * @throws FILE_FORMAT when a name, shape, array or metadata value cannot be stored.
 * Source: https://github.com/huggingface/safetensors (format description).
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  requireKind(tensors instanceof Map, tensors, {
    where: 'encodeSafetensors',
    what: 'the tensors are no Map.',
    fix: 'write new Map(Object.entries(tensors)).',
  });
  const entries = [...tensors].map(([name, tensor]) => {
    requireStorable(name, tensor);
    return { name, sortKey: utf8(name), tensor, data: asStored(tensor) };
  });
  entries.sort(
    (a, b) =>
      tensorDtypes.indexOf(a.tensor.dtype) - tensorDtypes.indexOf(b.tensor.dtype) || compareBytes(a.sortKey, b.sortKey),
  );

  // Written piece by piece: an object literal would reorder names such as "1" and lose the name "__proto__".
  const fields: string[] = [];
  if (Object.keys(metadata).length > 0) fields.push(`"__metadata__":${metadataJson(metadata)}`);
  let end = 0;
  for (const { name, tensor, data } of entries) {
    const begin = end;
    end += data.byteLength;
    const facts = { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [begin, end] };
    fields.push(`${JSON.stringify(name)}:${JSON.stringify(facts)}`);
  }
  const header = utf8(`{${fields.join(',')}}`);
  const headerSize = Math.ceil(header.length / 8) * 8;

  const bytes = new Uint8Array(8 + headerSize + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerSize), true);
  bytes.set(header, 8);
  bytes.fill(0x20, 8 + header.length, 8 + headerSize);
  let offset = 8 + headerSize;
  for (const { data } of entries) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return bytes;
}

/** The elements as they lie in the file. */
function asStored({ dtype, data }: StoredTensor): TensorData {
  return isHalf(dtype) ? halfWords(halves[dtype], data as Float32Array) : data;
}

const encoder = new TextEncoder();

function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

function metadataJson(metadata: Readonly<Record<string, string>>): string {
  const pairs = Object.keys(metadata)
    .sort()
    .map((key) => {
      const value: unknown = metadata[key];
      if (typeof value !== 'string') {
        throw unstorable(`the metadata value \`${key}\` is not text.`, 'text', typeof value, 'store it as JSON text.');
      }
      requireWellFormed(`the metadata \`${key}\``, key + value);
      return `${JSON.stringify(key)}:${JSON.stringify(value)}`;
    });
  return `{${pairs.join(',')}}`;
}

function requireStorable(name: string, { dtype, shape, data }: StoredTensor): void {
  if (name === '__metadata__') {
    throw unstorable('a tensor is named `__metadata__`.', 'any other name', name, 'rename the tensor.');
  }
  requireWellFormed(`the tensor name \`${name}\``, name);
  if (!tensorDtypes.includes(dtype))
    throw unknownName('encodeSafetensors', 'element type', String(dtype), tensorDtypes);
  const array = isHalf(dtype) ? Float32Array : arrayOfDtype[dtype];
  if (!(data instanceof array)) {
    const received = Object.prototype.toString.call(data).slice(8, -1);
    throw unstorable(
      `\`${name}\` has the wrong kind of array.`,
      `${array.name} for ${dtype}`,
      received,
      'convert the array, or change its dtype.',
    );
  }
  if (!shape.every((axis) => Number.isSafeInteger(axis) && axis >= 0)) {
    throw unstorable(
      `\`${name}\` has an impossible shape.`,
      'whole numbers, none negative',
      describeShape(shape),
      'correct the shape.',
    );
  }
  if (sizeOf(shape) !== data.length) {
    throw unstorable(
      `the shape of \`${name}\` does not fit its values.`,
      `${sizeOf(shape)} values for ${describeShape(shape)}`,
      `${data.length} values`,
      'give the shape that the values have.',
    );
  }
}

function requireWellFormed(what: string, text: string): void {
  if (!/\p{Surrogate}/u.test(text)) return;
  throw unstorable(
    `${what} holds half of a surrogate pair.`,
    'text that UTF-8 can hold',
    JSON.stringify(text),
    'cut texts between characters, not inside one.',
  );
}

function unstorable(what: string, expected: string, received: string, fix: string): RondoError {
  return new RondoError('FILE_FORMAT', {
    where: 'encodeSafetensors',
    what,
    expected,
    received: received.slice(0, 200),
    fix,
  });
}
