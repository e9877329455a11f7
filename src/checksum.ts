/** What one byte adds to a reflected CRC of 32 bits. */
function crcTable(polynomial: number): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let rest = byte;
    for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ polynomial : rest >>> 1;
    return rest;
  });
}

function crc(table: Uint32Array, data: Uint8Array, before: number): number {
  let rest = before ^ 0xffffffff;
  for (let i = 0; i < data.length; i++) rest = table[(rest ^ data[i]) & 255] ^ (rest >>> 8);
  return (rest ^ 0xffffffff) >>> 0;
}

const castagnoli = crcTable(0x82f63b78);
const ieee = crcTable(0xedb88320);

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
