/** Rows of a block; a power of two. */
const blockRows = 4096;

/**
 * Codes of cells. Below {@link commaCode}: a plain number with so many decimals. From it up to {@link textCode}: the
 * same after a comma.
 */
export const commaCode = 32;
export const textCode = 64;
const emptyCode = 65;

/** Powers of ten that float64 holds exactly; a plain number has at most 15 digits. */
const powersOfTen = Float64Array.from({ length: 16 }, (_, exponent) => Number(`1e${exponent}`));

interface Block {
  codes: Uint8Array;
  /** The digits of a plain number as a whole number; of a text, where it begins in `texts`. */
  values: Int32Array | Float64Array;
  /** UTF-8, each text ended by a zero byte. */
  texts: Uint8Array;
  textEnd: number;
}

/**
 * The cells of one column, in a few bytes each. A plain number (`12`, `-0.50`, `7,25`) is its digits as a whole number
 * and the number of its decimals, from which both its text and its value follow exactly; any other cell is its text.
 */
export class CellColumn {
  readonly #blocks: Block[] = [];
  #last: Block = { codes: new Uint8Array(0), values: new Int32Array(0), texts: new Uint8Array(0), textEnd: 0 };

  /** A column of these texts. */
  static of(texts: readonly string[]): CellColumn {
    const column = new CellColumn();
    const encoder = new TextEncoder();
    texts.forEach((text, row) => {
      const bytes = encoder.encode(text);
      column.setText(row, bytes, 0, bytes.length);
    });
    column.trim(texts.length);
    return column;
  }

  /** Puts a plain number into a row: the last one, set before or not, or the one after it. */
  setNumber(row: number, digits: number, code: number): void {
    const at = row % blockRows;
    const block = this.#room(row);
    if (digits !== (digits | 0) && block.values instanceof Int32Array) block.values = Float64Array.from(block.values);
    block.codes[at] = code;
    block.values[at] = digits;
  }

  /** Puts a text without zero bytes into a row, as `setNumber` does. */
  setText(row: number, bytes: Uint8Array, from: number, to: number): void {
    const at = row % blockRows;
    const block = this.#room(row);
    if (from === to) {
      block.codes[at] = emptyCode;
      return;
    }
    const start = block.textEnd;
    const end = start + to - from + 1;
    if (end > block.texts.length) block.texts = resized(block.texts, Math.max(64, 2 * end));
    // A loop is faster than `set` for the short texts that most are.
    if (to - from < 32) for (let i = from, k = start; i < to; i++, k++) block.texts[k] = bytes[i];
    else block.texts.set(bytes.subarray(from, to), start);
    block.texts[end - 1] = 0;
    block.textEnd = end;
    block.codes[at] = textCode;
    if (start > 0x7fffffff && block.values instanceof Int32Array) block.values = Float64Array.from(block.values);
    block.values[at] = start;
  }

  /** Gives back what was set aside for rows that did not come. */
  trim(numRows: number): void {
    const used = numRows - (this.#blocks.length - 1) * blockRows;
    const block = this.#last;
    if (block.codes.length > used) {
      block.codes = block.codes.slice(0, used);
      block.values = block.values.slice(0, used);
    }
    trimTexts(block);
  }

  /** The text of a cell. Of a plain number it is without the spaces around it. */
  text(row: number): string {
    const block = this.#blocks[Math.floor(row / blockRows)];
    const at = row % blockRows;
    const code = block.codes[at];
    if (code < textCode) return plainText(block.values[at], code);
    if (code === emptyCode) return '';
    const start = block.values[at];
    return textOf(block.texts, start, block.texts.indexOf(0, start));
  }

  /** {@link textCode} or above for a cell that is no plain number; below it see there. */
  code(row: number): number {
    return this.#blocks[Math.floor(row / blockRows)].codes[row % blockRows];
  }

  /** The digits of a plain number, with its sign, as a whole number. */
  digits(row: number): number {
    return this.#blocks[Math.floor(row / blockRows)].values[row % blockRows];
  }

  #room(row: number): Block {
    const at = row % blockRows;
    if (at === 0 && row / blockRows === this.#blocks.length) {
      trimTexts(this.#last);
      // The first block begins small: there may be very many columns.
      const size = row === 0 ? 8 : blockRows;
      this.#last = { codes: new Uint8Array(size), values: new Int32Array(size), texts: new Uint8Array(0), textEnd: 0 };
      this.#blocks.push(this.#last);
    }
    const block = this.#last;
    if (at >= block.codes.length) {
      const size = Math.min(blockRows, 4 * block.codes.length);
      block.codes = resized(block.codes, size);
      const values = block.values instanceof Int32Array ? new Int32Array(size) : new Float64Array(size);
      values.set(block.values);
      block.values = values;
    }
    return block;
  }
}

/** The value of a plain number whose sign before the decimals is taken for the decimal sign. */
export function plainValue(digits: number, code: number): number {
  const decimals = code % commaCode;
  // Both are exact, so the quotient is the float64 nearest to the number, as `Number` gives it.
  return decimals === 0 ? digits : digits / powersOfTen[decimals];
}

function plainText(digits: number, code: number): string {
  const decimals = code % commaCode;
  if (decimals === 0) return String(digits);
  const all = String(Math.abs(digits)).padStart(decimals + 1, '0');
  const cut = all.length - decimals;
  return `${digits < 0 ? '-' : ''}${all.slice(0, cut)}${code >= commaCode ? ',' : '.'}${all.slice(cut)}`;
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

function textOf(bytes: Uint8Array, from: number, to: number): string {
  if (to - from > 40) return decoder.decode(bytes.subarray(from, to));
  // For a few letters a call of the decoder takes longer than this.
  let text = '';
  for (let i = from; i < to; i++) {
    if (bytes[i] >= 0x80) return decoder.decode(bytes.subarray(from, to));
    text += String.fromCharCode(bytes[i]);
  }
  return text;
}

function trimTexts(block: Block): void {
  if (block.texts.length > block.textEnd) block.texts = block.texts.slice(0, block.textEnd);
}

function resized(bytes: Uint8Array, size: number): Uint8Array {
  const larger = new Uint8Array(size);
  larger.set(bytes);
  return larger;
}
