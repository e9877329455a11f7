import { RondoError } from '../errors.js';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const quote = 0x22;

/** In the order of trust: commas stand inside numbers and sentences more often than the others do. */
const candidates = ['\t', ';', '|', ','];

/** Rows that are looked at. */
const sampleRows = 10;

/** @throws OUT_OF_RANGE for what cannot stand between cells */
export function requireDelimiter(delimiter: string | undefined): void {
  if (delimiter === undefined || (/^[^\r\n"A-Za-z0-9.+-]$/.test(delimiter) && delimiter.charCodeAt(0) < 0x80)) return;
  throw new RondoError('OUT_OF_RANGE', {
    where: 'readTable',
    what: '`delimiter` is not a character that can stand between cells.',
    expected: 'one ASCII character that is no letter, digit, quote, line end, `.`, `+` or `-`',
    received: JSON.stringify(delimiter),
    fix: 'give one character such as "," or "\\t", or leave the option out.',
  });
}

/**
 * The character between the cells: the one with which the first rows have the same number of cells, and the most of
 * them. A comma where none is found: a table may have a single column.
 *
 * @param bytes the beginning of a table; a row that is cut off at its end is passed over where there are others.
 * @param numColumns where their number is known, a character that makes so many cells of every row comes before all
 * others.
 */
export function guessDelimiter(bytes: Uint8Array, numColumns?: number): string {
  const fits = (delimiter: string): boolean =>
    cellCounts(bytes, delimiter.charCodeAt(0)).every((count) => count === numColumns);
  // One cell a row is what any character makes that is not there.
  const known = numColumns === undefined || numColumns < 2 ? undefined : candidates.find(fits);
  if (known !== undefined) return known;
  let best = { delimiter: ',', spread: Infinity, count: 1 };
  for (const delimiter of candidates) {
    const counts = cellCounts(bytes, delimiter.charCodeAt(0));
    const count = counts[0] ?? 1;
    if (count < 2) continue;
    const spread = counts.reduce((sum, other) => sum + Math.abs(other - count), 0) / counts.length;
    if (spread < best.spread || (spread === best.spread && count > best.count)) best = { delimiter, spread, count };
  }
  return best.delimiter;
}

/** Cells of each of the first rows that are not blank. */
function cellCounts(bytes: Uint8Array, delimiter: number): number[] {
  const counts: number[] = [];
  let [count, isBlank, isCellStart] = [1, true, true];
  const endRow = (): void => {
    if (!isBlank) counts.push(count);
    [count, isBlank, isCellStart] = [1, true, true];
  };
  for (let i = 0; i < bytes.length && counts.length < sampleRows; i++) {
    const byte = bytes[i];
    if (byte === quote && isCellStart) {
      i = closingQuote(bytes, i);
      [isBlank, isCellStart] = [false, false];
    } else if (byte === lineFeed || byte === carriageReturn) endRow();
    else {
      isCellStart = byte === delimiter;
      if (isCellStart) count++;
      if (byte !== 0x20 && byte !== 0x09) isBlank = false;
    }
  }
  if (counts.length === 0) endRow();
  return counts;
}

/** Where the quote that opens at `at` is closed; the end where it is not. */
function closingQuote(bytes: Uint8Array, at: number): number {
  let i = at + 1;
  for (;;) {
    const found = bytes.indexOf(quote, i);
    if (found < 0) return bytes.length;
    if (bytes[found + 1] !== quote) return found;
    i = found + 2;
  }
}
