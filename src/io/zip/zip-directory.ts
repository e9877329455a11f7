import { damagedFile, foreignFile } from '../file-fault.js';
import { utf8Text } from '../utf8-text.js';

/** One member of an archive, its sizes checked against the archive. */
export interface ZipMember {
  readonly name: string;
  readonly isDeflated: boolean;
  readonly crc: number;
  /** Of the packed bytes in the archive. */
  readonly begin: number;
  readonly end: number;
  /** Of the unpacked bytes, as the archive says. */
  readonly sizeBytes: number;
}

const signatures = { end: 0x06054b50, end64: 0x06064b50, locator64: 0x07064b50, entry: 0x02014b50, local: 0x04034b50 };
const sizes = { end: 22, end64: 56, locator64: 20, entry: 46, local: 30 };
/** Fields of 32 and 16 bits that say: see the ZIP64 field. */
const [beyond32, beyond16] = [0xffffffff, 0xffff];
/** Deflate makes at most 1032 bytes of one (a match of 258 bytes in two bits). */
const largestRatio = 1032;

/**
 * The members of a ZIP archive by name, in the order of its directory.
 *
 * Everything is checked before a byte is unpacked: each member lies inside of the archive, none overlaps another, no
 * name comes twice, none is encrypted, each is stored or deflated, and none claims more than its packed bytes can hold.
 *
 * @throws FILE_FORMAT
 * Source: PKWARE, .ZIP File Format Specification, version 6.3.10.
 */
export function zipDirectory(bytes: Uint8Array, where: string): Map<string, ZipMember> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { numEntries, begin, end } = directoryPlace(view, bytes, where);
  const members: (ZipMember & { headerAt: number })[] = [];
  const names = new Set<string>();
  let at = begin;
  for (let i = 0; i < numEntries; i++) {
    if (at + sizes.entry > end || view.getUint32(at, true) !== signatures.entry)
      throw damagedFile({
        where,
        what: `entry ${i} of the archive's directory is damaged.`,
        received: `at byte ${at}`,
      });
    const entry = readEntry(view, bytes, at, end, where);
    if (names.has(entry.name)) throw damagedFile({ where, what: `two members are named \`${entry.name}\`.` });
    names.add(entry.name);
    members.push(withPlace(view, bytes, entry, begin, where));
    at = entry.next;
  }
  if (at !== end)
    throw damagedFile({
      where,
      what: 'the directory of the archive has another length than it says.',
      expected: `${end - begin} bytes for ${numEntries} entries`,
      received: `${at - begin} bytes`,
    });
  requireApart(members, where);
  return new Map(members.map(({ headerAt, ...member }) => [member.name, member]));
}

interface DirectoryPlace {
  readonly numEntries: number;
  readonly begin: number;
  readonly end: number;
}

function directoryPlace(view: DataView, bytes: Uint8Array, where: string): DirectoryPlace {
  const endAt = endRecordAt(view);
  if (endAt === undefined) {
    const isCut = bytes.length >= 4 && view.getUint32(0, true) === signatures.local;
    if (!isCut) throw foreignFile(where, 'ZIP archive', bytes, 'a directory at the end of the file');
    throw damagedFile({ where, what: 'the archive is cut short: its directory, the end of the file, is missing.' });
  }
  let numEntries = view.getUint16(endAt + 10, true);
  let size = view.getUint32(endAt + 12, true);
  let begin = view.getUint32(endAt + 16, true);
  if (numEntries === beyond16 || size === beyond32 || begin === beyond32) {
    const locatorAt = endAt - sizes.locator64;
    const hasLocator = locatorAt >= 0 && view.getUint32(locatorAt, true) === signatures.locator64;
    const end64At = hasLocator ? wide(view, locatorAt + 8) : Number.NaN;
    if (!(end64At + sizes.end64 <= locatorAt) || view.getUint32(end64At, true) !== signatures.end64)
      throw damagedFile({ where, what: 'the record of a large archive (ZIP64) is missing or damaged.' });
    numEntries = wide(view, end64At + 32);
    size = wide(view, end64At + 40);
    begin = wide(view, end64At + 48);
  }
  if (begin + size > endAt || numEntries * sizes.entry > size)
    throw damagedFile({
      where,
      what: 'the directory of the archive is not where the archive says.',
      expected: `it to end before byte ${endAt}`,
      received: `${numEntries} entries in ${size} bytes from byte ${begin}`,
    });
  return { numEntries, begin, end: begin + size };
}

/** The last record of an archive, which a comment of up to 65,535 bytes may follow. */
function endRecordAt(view: DataView): number | undefined {
  const last = view.byteLength - sizes.end;
  for (let at = last; at >= 0 && at >= last - beyond16; at--)
    if (view.getUint32(at, true) === signatures.end && view.getUint16(at + 20, true) === last - at) return at;
  return undefined;
}

interface Entry {
  readonly name: string;
  readonly rawName: Uint8Array;
  readonly isDeflated: boolean;
  readonly crc: number;
  readonly packedBytes: number;
  readonly sizeBytes: number;
  readonly headerAt: number;
  readonly next: number;
}

function readEntry(view: DataView, bytes: Uint8Array, at: number, end: number, where: string): Entry {
  const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => view.getUint16(at + field, true));
  const nameAt = at + sizes.entry;
  const next = nameAt + nameLength + extraLength + commentLength;
  if (next > end)
    throw damagedFile({ where, what: 'an entry of the directory goes on behind it.', received: `at byte ${at}` });
  const rawName = bytes.subarray(nameAt, nameAt + nameLength);
  const name = memberName(rawName);
  if ((view.getUint16(at + 8, true) & 1) !== 0)
    throw damagedFile({ where, what: `\`${name}\` is encrypted.`, fix: 'save the archive without a password.' });
  const method = view.getUint16(at + 10, true);
  if (method !== 0 && method !== 8)
    throw damagedFile({
      where,
      what: `\`${name}\` is packed in a way that is not read.`,
      expected: 'method 0 (stored) or 8 (deflate)',
      received: `method ${method}`,
      fix: 'pack the archive again with deflate, or without compression.',
    });

  let sizeBytes = view.getUint32(at + 24, true);
  let packedBytes = view.getUint32(at + 20, true);
  let headerAt = view.getUint32(at + 42, true);
  let wideAt = wideFields(view, nameAt + nameLength, extraLength);
  // Fields of 64 bits are there for those of 32 that are full, in this order.
  const next64 = (): number => {
    if (wideAt === undefined || wideAt.begin + 8 > wideAt.end)
      throw damagedFile({ where, what: `the size of \`${name}\` is missing from the archive's directory.` });
    const value = wide(view, wideAt.begin);
    wideAt = { ...wideAt, begin: wideAt.begin + 8 };
    return value;
  };
  if (sizeBytes === beyond32) sizeBytes = next64();
  if (packedBytes === beyond32) packedBytes = next64();
  if (headerAt === beyond32) headerAt = next64();

  const most = method === 0 ? packedBytes : packedBytes * largestRatio;
  if (sizeBytes > most || (method === 0 && sizeBytes !== packedBytes))
    throw damagedFile({
      where,
      what: `\`${name}\` claims more or fewer bytes than it can hold.`,
      expected: method === 0 ? `${packedBytes} bytes` : `at most ${most} bytes of ${packedBytes} packed ones`,
      received: `${sizeBytes} bytes`,
      fix: 'use an archive from a source that you trust.',
    });
  const crc = view.getUint32(at + 16, true);
  return { name, rawName, isDeflated: method === 8, crc, packedBytes, sizeBytes, headerAt, next };
}

/** Where the ZIP64 field of an entry lies, if it has one. */
function wideFields(view: DataView, extraAt: number, length: number): { begin: number; end: number } | undefined {
  let at = extraAt;
  while (at + 4 <= extraAt + length) {
    const begin = at + 4;
    const end = begin + view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === 1) return { begin, end: Math.min(end, extraAt + length) };
    at = end;
  }
  return undefined;
}

/** The member with the place of its bytes, which stand behind a second header of its own. */
function withPlace(
  view: DataView,
  bytes: Uint8Array,
  { rawName, packedBytes, next: _, ...entry }: Entry,
  directoryAt: number,
  where: string,
): ZipMember & { headerAt: number } {
  const at = entry.headerAt;
  if (at + sizes.local > directoryAt || view.getUint32(at, true) !== signatures.local)
    throw damagedFile({ where, what: `\`${entry.name}\` is not where the archive says.`, received: `byte ${at}` });
  const nameEnd = at + sizes.local + view.getUint16(at + 26, true);
  const begin = nameEnd + view.getUint16(at + 28, true);
  const end = begin + packedBytes;
  if (end > directoryAt)
    throw damagedFile({
      where,
      what: `\`${entry.name}\` goes on behind the end of the data.`,
      expected: `an end before byte ${directoryAt}`,
      received: `byte ${end}`,
    });
  const localName = bytes.subarray(at + sizes.local, nameEnd);
  if (localName.length !== rawName.length || localName.some((byte, i) => byte !== rawName[i]))
    throw damagedFile({ where, what: `\`${entry.name}\` has another name in front of its data.` });
  return { ...entry, begin, end };
}

/** Members that share bytes are how small archives unpack to endless data (Fifield 2019, A better zip bomb). */
function requireApart(members: readonly (ZipMember & { headerAt: number })[], where: string): void {
  const inOrder = [...members].sort((a, b) => a.headerAt - b.headerAt);
  for (let i = 1; i < inOrder.length; i++)
    if (inOrder[i].headerAt < inOrder[i - 1].end)
      throw damagedFile({ where, what: `\`${inOrder[i].name}\` and \`${inOrder[i - 1].name}\` share bytes.` });
}

/** A number of 64 bits; beyond what counts exactly it is too large for every check that follows. */
function wide(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}

/** Names are UTF-8; what is not is read byte by byte, which keeps different names different. */
function memberName(raw: Uint8Array): string {
  return utf8Text(raw) ?? Array.from(raw, (byte) => String.fromCharCode(byte)).join('');
}
