import { type ErrorCode, errorCodes, RondoError } from './errors.js';

/** What is said as it is: the name of a class that the user must register, and faults of the file or the machine. */
const ofFileOrMachine: readonly ErrorCode[] = [
  'UNKNOWN_NAME',
  'FILE_FORMAT',
  'FILE_VERSION',
  'FILE_ACCESS',
  'OUT_OF_MEMORY',
  'BACKEND_UNAVAILABLE',
  'INTERNAL',
];

/**
 * Runs work that makes something out of what a file describes. Classes check their options for programs, where types
 * keep a text out of the place of a number; in a file anything may stand anywhere, so what goes wrong is a fault of the
 * file, and is said with its name.
 *
 * @param asTheyAre codes of errors that are not changed.
 * @throws FILE_FORMAT; errors of those codes
 */
export function madeFromFile<T>(where: string, make: () => T, asTheyAre: readonly ErrorCode[] = ofFileOrMachine): T {
  try {
    return make();
  } catch (cause) {
    if (cause instanceof RondoError && asTheyAre.includes(cause.code)) throw cause;
    const facts =
      cause instanceof RondoError
        ? cause.facts
        : { where: '', what: cause instanceof Error ? cause.message : String(cause) };
    throw new RondoError('FILE_FORMAT', {
      where,
      what: `what the file describes cannot be made. ${facts.where === '' ? '' : `${facts.where}: `}${facts.what}`,
      expected: facts.expected,
      received: facts.received,
      fix: 'use an intact copy of the file.',
      cause,
    });
  }
}

/** The same for a state that a program gives back to what it was taken from: only what is no coded error is changed. */
export function restoredFromFile<T>(where: string, restore: () => T): T {
  return madeFromFile(where, restore, errorCodes);
}
