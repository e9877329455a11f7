/** A 32-bit hash of numbers (FNV-1a, Fowler, Noll and Vo 1991), to know data again. */
export function fingerprintOf(values: Float64Array | Int32Array): number {
  let hash = 0x811c9dc5;
  for (const byte of new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
