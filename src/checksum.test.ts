import { describe, expect, it } from 'vitest';
import { crc32, crc32c } from './checksum.js';

/** Bit by bit, as the polynomial says. */
function slowly(polynomial: number, data: Uint8Array): number {
  let rest = -1;
  for (const byte of data) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ polynomial : rest >>> 1;
  }
  return (rest ^ -1) >>> 0;
}

describe('checksums', () => {
  it('are those of RFC 3720 and of ZIP', () => {
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
    expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  });

  it('are the same wherever data begin and end, and in pieces', () => {
    const all = Uint8Array.from({ length: 99 }, (_, i) => (i * 151 + 7) % 256);
    for (const [begin, end] of [
      [0, 0],
      [1, 2],
      [3, 3],
      [2, 99],
      [5, 38],
      [7, 71],
      [8, 80],
    ]) {
      const part = all.subarray(begin, end);
      expect(crc32c(part), `${begin} to ${end}`).toBe(slowly(0x82f63b78, part));
      expect(crc32(part)).toBe(slowly(0xedb88320, part));
      expect(crc32c(part.subarray(part.length >> 1), crc32c(part.subarray(0, part.length >> 1)))).toBe(crc32c(part));
    }
  });
});
