/**
 * What a byte adds to a reflected CRC of 32 bits, from 0 to 7 bytes before the end of what is summed up: eight tables of 256, so that
 * eight bytes are taken at once (Kounavis and Berry 2005, "A systematic approach to building high performance, software-based, CRC
 * generators").
 */
function crcTables(polynomial: number): Int32Array {
  const tables = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let rest = byte;
    for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ polynomial : rest >>> 1;
    tables[byte] = rest;
  }
  for (let i = 256; i < tables.length; i++) tables[i] = tables[tables[i - 256] & 255] ^ (tables[i - 256] >>> 8);
  return tables;
}

function crc(tables: Int32Array, data: Uint8Array, before: number): number {
  let rest = before ^ -1;
  let at = 0;
  // Words of 32 bits begin at places of their own size.
  const first = Math.min(data.length, -data.byteOffset & 3);
  for (; at < first; at++) rest = tables[(rest ^ data[at]) & 255] ^ (rest >>> 8);
  const numWords = ((data.length - at) >> 3) * 2;
  const words = isLittleEndian && numWords > 0 ? new Int32Array(data.buffer, data.byteOffset + at, numWords) : noWords;
  for (let i = 0; i < words.length; i += 2) {
    const low = rest ^ words[i];
    const high = words[i + 1];
    rest =
      tables[1792 + (low & 255)] ^
      tables[1536 + ((low >>> 8) & 255)] ^
      tables[1280 + ((low >>> 16) & 255)] ^
      tables[1024 + (low >>> 24)] ^
      tables[768 + (high & 255)] ^
      tables[512 + ((high >>> 8) & 255)] ^
      tables[256 + ((high >>> 16) & 255)] ^
      tables[high >>> 24];
  }
  for (at += words.length * 4; at < data.length; at++) rest = tables[(rest ^ data[at]) & 255] ^ (rest >>> 8);
  return (rest ^ -1) >>> 0;
}

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
const noWords = new Int32Array(0);
const castagnoli = crcTables(0x82f63b78);
const ieee = crcTables(0xedb88320);

/**
 * CRC-32C (Castagnoli polynomial, reflected; RFC 3720, appendix B.4).
 *
 * @param before the checksum of what comes before the data, to sum up data in pieces.
 */
export function crc32c(data: Uint8Array, before = 0): number {
  return crc(castagnoli, data, before);
}

/** CRC-32 (IEEE 802.3, reflected), the checksum of ZIP archives. @param before as for {@link crc32c} */
export function crc32(data: Uint8Array, before = 0): number {
  return crc(ieee, data, before);
}

/** A 32-bit hash of bytes, or of a text's code units (FNV-1a; Fowler, Noll and Vo 1991), to know data again. */
export function fnv1a(data: Uint8Array | string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < data.length; i++)
    hash = Math.imul(hash ^ (typeof data === 'string' ? data.charCodeAt(i) : data[i]), 0x01000193);
  return hash >>> 0;
}
