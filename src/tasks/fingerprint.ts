import { fnv1a } from '../checksum.js';

/** A hash of numbers, to know data again. */
export function fingerprintOf(values: Float64Array | Int32Array): number {
  return fnv1a(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
}
