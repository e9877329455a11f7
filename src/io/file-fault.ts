import { RondoError } from '../errors.js';
import { fileKindOf } from './file-kind.js';

/** The facts of a fault in a file. @param where the file's name and the place inside it. */
interface FileFault {
  readonly where: string;
  readonly what: string;
  readonly expected?: string | undefined;
  readonly received?: string | undefined;
  readonly fix?: string | undefined;
  readonly cause?: unknown | undefined;
}

/** The FILE_FORMAT error of a file that is damaged or lies about its sizes. */
export function damagedFile({ received, fix, ...facts }: FileFault): RondoError {
  return new RondoError('FILE_FORMAT', {
    ...facts,
    received: received?.slice(0, 300),
    fix: fix ?? 'copy or download the file again; if it was written by a program, report the fault there.',
  });
}

/** The FILE_FORMAT error of bytes that were never of a format, saying what they look like. */
export function foreignFile(where: string, format: string, bytes: Uint8Array, expected: string): RondoError {
  const kind = fileKindOf(bytes);
  return new RondoError('FILE_FORMAT', {
    where,
    what: `this is no ${format}${kind === undefined ? '.' : `; it looks like ${kind}.`}`,
    expected,
    received: `${bytes.length} bytes that begin with ${firstBytes(bytes)}`,
    fix: `give a ${format}, or save the data as one with the program that wrote them.`,
  });
}

function firstBytes(bytes: Uint8Array): string {
  return bytes.length === 0
    ? 'nothing'
    : Array.from(bytes.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
