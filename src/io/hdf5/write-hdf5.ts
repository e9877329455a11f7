import { RondoError, withinMemory } from '../../errors.js';

/** A group of a file to be written: members by name. */
export interface Hdf5GroupToWrite {
  readonly members: ReadonlyMap<string, Hdf5GroupToWrite | Hdf5DatasetToWrite>;
}

/** Numbers in single precision, row-major. */
export interface Hdf5DatasetToWrite {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Positions are kept in whole numbers of 64 bits; the whole lies in memory. */
const mostBytes = 2 ** 32 - 2 ** 20;
const superblockBytes = 96;
const undefinedAddress = new Array<number>(8).fill(0xff);

/** A type message: floats of IEEE 754, little-endian, 32 bits. Section IV.A.2.d. */
const singleType = [0x11, 0x20, 31, 0, ...u32(4), ...u16(0), ...u16(32), 23, 8, 0, 23, ...u32(127)];

/**
 * An HDF5 file of groups and datasets of single precision, which any version of the HDF5 library reads: the first superblock, headers of
 * the first version, links as messages. Equal content gives equal bytes. The HDF Group, "HDF5 File Format Specification", version 3.0.
 *
 * @param where what writes it, for faults.
 * @throws OUT_OF_MEMORY for more than 4 GiB
 */
export function writeHdf5(root: Hdf5GroupToWrite, where: string): Uint8Array {
  const parts: Uint8Array[] = [];
  let at = superblockBytes;
  const put = (bytes: Uint8Array): number => {
    const address = at;
    const gap = (8 - (bytes.length % 8)) % 8;
    parts.push(bytes, new Uint8Array(gap));
    at += bytes.length + gap;
    if (at > mostBytes)
      throw new RondoError('OUT_OF_MEMORY', {
        where,
        what: 'the file would be too large.',
        expected: `at most ${mostBytes} bytes`,
        fix: 'write the weights as safetensors.',
      });
    return address;
  };
  const write = (object: Hdf5GroupToWrite | Hdf5DatasetToWrite): number => {
    if ('data' in object) return put(header(datasetMessages(object, putData(object, put))));
    // Members first: a link holds the address of what it names.
    const links = [...object.members].map(([name, member]) => linkMessage(name, write(member)));
    return put(
      header([message(0x02, [0, 0, ...undefinedAddress, ...undefinedAddress]), message(0x0a, [0, 0]), ...links]),
    );
  };
  const rootAddress = write(root);
  const superblock = Uint8Array.from([
    ...[0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a],
    // Versions of four parts, and the sizes of addresses and lengths.
    ...[0, 0, 0, 0, 0, 8, 8, 0],
    ...[...u16(4), ...u16(16), ...u32(0)],
    ...[...u64(0), ...undefinedAddress, ...u64(at), ...undefinedAddress],
    // The entry of the root group.
    ...[...u64(0), ...u64(rootAddress), ...u32(0), ...u32(0), ...new Array<number>(16).fill(0)],
  ]);
  const result = withinMemory(where, () => new Uint8Array(at));
  result.set(superblock);
  let place = superblockBytes;
  for (const part of parts) {
    result.set(part, place);
    place += part.length;
  }
  return result;
}

function putData({ data }: Hdf5DatasetToWrite, put: (bytes: Uint8Array) => number): number {
  const bytes = new DataView(new ArrayBuffer(4 * data.length));
  for (let i = 0; i < data.length; i++) bytes.setFloat32(4 * i, data[i], true);
  return put(new Uint8Array(bytes.buffer));
}

/** Shape, type, fill value and layout of a dataset whose values lie together. */
function datasetMessages({ shape, data }: Hdf5DatasetToWrite, address: number): number[][] {
  return [
    message(0x01, [1, shape.length, 0, 0, 0, 0, 0, 0, ...shape.flatMap(u64)]),
    message(0x03, singleType),
    // Space is there from the beginning, and nothing is filled in.
    message(0x05, [2, 1, 2, 0]),
    message(0x08, [3, 1, ...(data.length === 0 ? undefinedAddress : u64(address)), ...u64(4 * data.length)]),
  ];
}

/** The header of an object, version 1. Section IV.A.1.a. */
function header(messages: readonly number[][]): Uint8Array {
  const size = messages.reduce((sum, { length }) => sum + length, 0);
  return Uint8Array.from([1, 0, ...u16(messages.length), ...u32(1), ...u32(size), ...u32(0), ...messages.flat()]);
}

function message(type: number, body: readonly number[]): number[] {
  const gap = (8 - (body.length % 8)) % 8;
  return [...u16(type), ...u16(body.length + gap), 0, 0, 0, 0, ...body, ...new Array<number>(gap).fill(0)];
}

/** A link to an object of the file, with a length of its name in two bytes. Section IV.A.2.g. */
function linkMessage(name: string, address: number): number[] {
  const text = new TextEncoder().encode(name);
  return message(0x06, [1, 0x11, 1, ...u16(text.length), ...text, ...u64(address)]);
}

function u16(value: number): number[] {
  return [value & 255, value >> 8];
}

function u32(value: number): number[] {
  return [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24];
}

function u64(value: number): number[] {
  return [...u32(value % 2 ** 32), ...u32(Math.floor(value / 2 ** 32))];
}
