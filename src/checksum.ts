const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0x82f63b78 : rest >>> 1;
  return rest;
});

/**
 * CRC-32C (Castagnoli polynomial, reflected; RFC 3720, appendix B.4).
 *
 * @param before the checksum of what comes before the data, to sum up data in pieces.
 */
export function crc32c(data: Uint8Array, before = 0): number {
  let rest = before ^ 0xffffffff;
  for (let i = 0; i < data.length; i++) rest = table[(rest ^ data[i]) & 255] ^ (rest >>> 8);
  return (rest ^ 0xffffffff) >>> 0;
}
