/** Bytes that mean something between cells. */
export const [tab, lineFeed, carriageReturn, space, quote, comma, minus, point, zero, nine] = [
  9, 10, 13, 32, 34, 44, 45, 46, 48, 57,
];

/** Whether a byte shows nothing. */
function isBlankByte(byte: number): boolean {
  return byte === space || byte === tab || byte === lineFeed || byte === carriageReturn;
}

/** Whether bytes show nothing; an empty cell in quotes before them is nothing either. */
export function areBlank(bytes: Uint8Array, from: number, to: number): boolean {
  let at = from;
  if (bytes[at] === quote && bytes[at + 1] === quote) at += 2;
  for (; at < to; at++) if (!isBlankByte(bytes[at])) return false;
  return true;
}

/** Cells at the end of a row that hold nothing. */
export function numBlankCells(bytes: Uint8Array, from: number, to: number, delimiter: number): number {
  let count = 0;
  for (let at = to - 1; at >= from; at--) {
    if (bytes[at] === delimiter) count++;
    else if (!isBlankByte(bytes[at])) break;
  }
  return count;
}

/** Spreadsheets write the separator on a line of its own: it, and the bytes of the line. */
export function toldDelimiter(bytes: Uint8Array): { delimiter: number; sizeBytes: number } | undefined {
  const told = /^"?sep=([^\r\n"])"?(\r\n?|\n)/i.exec(new TextDecoder().decode(bytes.subarray(0, 16)));
  return told === null ? undefined : { delimiter: told[1].charCodeAt(0), sizeBytes: told[0].length };
}

/** Lines that end between two places; the line feed after a carriage return ends none of its own. */
export function numLineEnds(bytes: Uint8Array, from: number, to: number): number {
  let count = 0;
  for (let i = from; i < to; i++)
    if (bytes[i] === lineFeed || (bytes[i] === carriageReturn && bytes[i + 1] !== lineFeed)) count++;
  return count;
}

/** Where the line begins in which a byte stands. */
export function lineStart(bytes: Uint8Array, at: number): number {
  let start = at;
  while (start > 0 && bytes[start - 1] !== lineFeed && bytes[start - 1] !== carriageReturn) start--;
  return start;
}
