import { crc32 } from '../../checksum.js';
import { RondoError } from '../../errors.js';

/** Archives with more are written with fields of 64 bits, which this writer has not. */
const [mostBytes, mostMembers, longestName] = [2 ** 32 - 2 ** 20, 65_534, 65_535];

/**
 * A ZIP archive of members in their order, deflated where `compress` says so. Equal members give equal bytes: all are
 * dated 1 January 1980.
 *
 * @param where what writes it, for faults.
 * @throws OUT_OF_MEMORY for more than 4 GiB, 65,534 members or names of more than 65,535 bytes
 */
export async function writeZip(
  members: ReadonlyMap<string, Uint8Array>,
  { where, compress = false }: { readonly where: string; readonly compress?: boolean | undefined },
): Promise<Uint8Array> {
  const parts: { header: Uint8Array; packed: Uint8Array; entry: Uint8Array }[] = [];
  let at = 0;
  for (const [name, content] of members) {
    const rawName = new TextEncoder().encode(name);
    // Sizes have 32 bits, also those of what is packed, and the length of a name 16.
    if (content.length > mostBytes || rawName.length > longestName) throw tooLarge(where, name);
    const packed = compress ? await deflated(content) : content;
    // Both headers hold these fields, in this order: flags (names are UTF-8), method, time, date, checksum, sizes, name.
    const fields = new DataView(new ArrayBuffer(24));
    fields.setUint16(0, 0x0800, true);
    fields.setUint16(2, compress ? 8 : 0, true);
    fields.setUint16(6, 0x0021, true);
    fields.setUint32(8, crc32(content), true);
    fields.setUint32(12, packed.length, true);
    fields.setUint32(16, content.length, true);
    fields.setUint16(20, rawName.length, true);
    const shared = new Uint8Array(fields.buffer);
    const header = joined([words(0x04034b50), halfWords(20), shared, rawName]);
    const entry = joined([words(0x02014b50), halfWords(20, 20), shared, halfWords(0, 0, 0), words(0, at), rawName]);
    parts.push({ header, packed, entry });
    at += header.length + packed.length;
    if (at > mostBytes || parts.length > mostMembers) throw tooLarge(where, name);
  }
  const entries = parts.map(({ entry }) => entry);
  const size = entries.reduce((sum, { length }) => sum + length, 0);
  const end = joined([words(0x06054b50), halfWords(0, 0, parts.length, parts.length), words(size, at), halfWords(0)]);
  return joined([...parts.flatMap(({ header, packed }) => [header, packed]), ...entries, end]);
}

function tooLarge(where: string, name: string): RondoError {
  const shown = name.length > 60 ? `${name.slice(0, 60)}...` : name;
  return new RondoError('OUT_OF_MEMORY', {
    where,
    what: 'the archive would be too large.',
    expected: `at most ${mostBytes} bytes and ${mostMembers} members, with names of at most ${longestName} bytes`,
    received: `more, with \`${shown}\``,
    fix: 'write several archives.',
  });
}

async function deflated(content: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([content as BlobPart]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function words(...values: number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((value, i) => view.setUint32(4 * i, value, true));
  return new Uint8Array(view.buffer);
}

function halfWords(...values: number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(2 * values.length));
  values.forEach((value, i) => view.setUint16(2 * i, value, true));
  return new Uint8Array(view.buffer);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    result.set(piece, at);
    at += piece.length;
  }
  return result;
}
