import { RondoError } from '../errors.js';
import type { Cell } from './cell.js';
import { equationsFingerprint } from './fingerprint.js';
import { isLibraryCell, libraryCells } from './registry.js';

/** Fingerprints of the cells that are not the library's; undefined where all are. */
export function ownEquations(cells: readonly Cell[]): Readonly<Record<string, string>> | undefined {
  const own = cells.filter((cell) => !isLibraryCell(cell));
  return own.length === 0 ? undefined : Object.fromEntries(own.map((cell) => [cell.name, equationsFingerprint(cell)]));
}

/** Weights mean nothing to other equations than those they were trained with. @throws FILE_FORMAT */
export function requireEquations(
  where: string,
  cells: readonly Cell[],
  stored: Readonly<Record<string, string>> = {},
): void {
  for (const cell of cells) {
    const expected = Object.hasOwn(stored, cell.name) ? stored[cell.name] : undefined;
    if (expected === undefined) continue;
    const received = equationsFingerprint(cell);
    if (received === expected) continue;
    throw new RondoError('FILE_FORMAT', {
      where,
      what: `the cell that is known as \`${cell.name}\` has other equations than the one that was saved.`,
      expected: `equations with the fingerprint ${String(expected).slice(0, 20)}`,
      received: `equations with the fingerprint ${received}`,
      fix: `register the cell of the file: registerCell(${cell.name}); new equations need a name of their own.`,
    });
  }
}

/**
 * A file names cells: it could not be loaded with a cell of one's own that has a name of the library's. @throws USAGE
 */
export function requireOwnName(where: string, cell: Cell): void {
  if (isLibraryCell(cell) || !libraryCells.some(({ name }) => name === cell.name)) return;
  throw new RondoError('USAGE', {
    where,
    what: `\`${cell.name}\` is a cell of the library.`,
    fix: 'give the cell another name.',
  });
}
