import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CaseArray } from '../case-data.js';

/**
 * Writes the arrays of a case for every peer: `arrays.bin` holds float32 values in little-endian order one array after
 * the other, `arrays.json` lists them: `{ name, shape, offset, size }` in elements.
 */
export function writeArrays(directory: string, arrays: readonly CaseArray[]): void {
  let offset = 0;
  const listed = arrays.map(({ name, shape, values }) => {
    const entry = { name, shape, offset, size: values.length };
    offset += values.length;
    return entry;
  });
  writeFileSync(join(directory, 'arrays.json'), JSON.stringify(listed));
  writeFileSync(
    join(directory, 'arrays.bin'),
    Buffer.concat(arrays.map(({ values }) => Buffer.from(values.buffer, values.byteOffset, values.byteLength))),
  );
}

/** Reads a file of float32 values. */
export function readFloats(file: string): Float32Array {
  const bytes = readFileSync(file);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}
