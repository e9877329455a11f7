import { RondoError } from '../../errors.js';
import { zipDirectory } from './zip-directory.js';

/** Whether bytes begin as a ZIP archive does. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

/** The names of an archive's members, which tell whose it is; none where it is no archive, or a damaged one. */
export function zipNames(bytes: Uint8Array): string[] {
  if (!isZip(bytes)) return [];
  try {
    return [...zipDirectory(bytes, '').keys()];
  } catch (error) {
    if (error instanceof RondoError) return [];
    throw error;
  }
}
