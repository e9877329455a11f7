import { RondoError } from '../src/index.js';
import { fileAccessError } from '../src/node.js';

/** What V8 says where an array or a text would be larger than it can be. */
const tooLarge = new RegExp(
  [
    '^Invalid ((typed )?array (buffer )?|string )length',
    '^(Array buffer allocation failed|Cannot create a string longer|Maximum call stack|(Map|Set) maximum size)',
  ].join('|'),
  'i',
);

/**
 * Any error as a coded one: what the system refuses, and what needs more memory than there is, are no defects of this
 * program.
 */
export async function codedError(error: unknown, where: string): Promise<RondoError> {
  if (error instanceof RondoError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Error && 'syscall' in error) {
    const path = 'path' in error ? String(error.path) : where;
    return fileAccessError(
      error.syscall === 'read' || error.syscall === 'open' || error.syscall === 'scandir' ? 'read' : 'write',
      path,
      error,
    );
  }
  if (error instanceof RangeError && tooLarge.test(message)) {
    return new RondoError('OUT_OF_MEMORY', {
      where,
      what: 'more memory is needed than there can be.',
      received: message,
      fix: 'give smaller numbers, or less data at a time.',
      cause: error,
    });
  }
  return new RondoError('INTERNAL', {
    where,
    what: message,
    fix: 'this is a defect: please report it with the command.',
    cause: error,
  });
}
