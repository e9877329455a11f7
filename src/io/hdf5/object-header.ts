import type { Hdf5Bytes, Hdf5Cursor } from './hdf5-bytes.js';

/** Types of messages that are read or refused. */
export const messageTypes = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  link: 0x06,
  externalFiles: 0x07,
  layout: 0x08,
  filters: 0x0b,
  attribute: 0x0c,
  continuation: 0x10,
  symbolTable: 0x11,
  attributeInfo: 0x15,
} as const;

/** One message of an object's header: what kind of fact it holds, and where. */
export interface HeaderMessage {
  readonly type: number;
  /** Whether it stands elsewhere, for several objects. */
  readonly isShared: boolean;
  readonly begin: number;
  readonly end: number;
}

/** More messages than an object can use: attributes, links and a few facts. */
const mostMessages = 100_000;

/**
 * The messages of an object, in both versions of its header. HDF5 File Format Specification 3.0, section IV.A.
 *
 * @throws FILE_FORMAT where blocks go in a circle or lie outside of the file
 */
export function headerMessages(file: Hdf5Bytes, address: number): HeaderMessage[] {
  const start = file.cursor(
    address,
    file.bytes.length - Math.min(address, file.bytes.length),
    'the header of an object',
  );
  const isSecond = start.left >= 4 && file.view.getUint32(start.at, true) === 0x5244484f;
  const messages: HeaderMessage[] = [];
  const blocks: Hdf5Cursor[] = [];
  let prefix: () => number = () => 0;
  if (isSecond) {
    start.skip(4);
    const version = start.u8();
    const flags = start.u8();
    if (version !== 2) throw file.damaged('the header of an object has no known version.', String(version));
    start.skip((flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0));
    const size = start.uint(1 << (flags & 3));
    blocks.push(start.part(size));
    prefix = () => (flags & 0x04 ? 2 : 0);
  } else {
    const version = start.u8();
    if (version !== 1) throw file.damaged('the header of an object has no known version.', String(version));
    start.skip(7);
    const size = start.u32();
    start.skip(4);
    blocks.push(start.part(size));
  }
  const seen = new Set([blocks[0].at]);
  for (let block = blocks.pop(); block !== undefined; block = blocks.pop()) {
    const headBytes = isSecond ? 4 + prefix() : 8;
    while (block.left >= headBytes) {
      file.spend();
      const type = isSecond ? block.u8() : block.u16();
      const size = block.u16();
      const isShared = (block.u8() & 0x02) !== 0;
      block.skip(isSecond ? prefix() : 3);
      const body = block.part(size);
      if (type === messageTypes.continuation) blocks.push(continued(file, body, isSecond, seen));
      else if (type !== 0) messages.push({ type, isShared, begin: body.at, end: body.end });
      if (messages.length > mostMessages) throw file.damaged('an object has too many messages.');
    }
  }
  return messages;
}

function continued(file: Hdf5Bytes, body: Hdf5Cursor, isSecond: boolean, seen: Set<number>): Hdf5Cursor {
  const [address, length] = [body.address(), body.length()];
  if (seen.has(address)) throw file.damaged('the blocks of a header go in a circle.', `address ${address}`);
  seen.add(address);
  if (!isSecond) return file.cursor(address, length, 'the header of an object');
  file.signed(address, 'OCHK', 'the header of an object');
  // The checksum stands behind the messages.
  return file.cursor(address + 4, length - 8, 'the header of an object');
}

/** The first message of a type, as a reader. @throws FILE_FORMAT where it is kept elsewhere */
export function messageOf(
  file: Hdf5Bytes,
  messages: readonly HeaderMessage[],
  type: number,
  what: string,
): Hdf5Cursor | undefined {
  const found = messages.find((message) => message.type === type);
  if (found === undefined) return undefined;
  if (found.isShared) throw file.refused('facts that several objects share', what);
  return file.cursor(found.begin, found.end - found.begin, what);
}
