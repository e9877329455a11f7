import type { RondoError } from '../../errors.js';
import { damagedFile } from '../file-fault.js';
import { utf8Text } from '../utf8-text.js';

/** The bytes of a pickle, read from the front. */
export class PickleReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #where: string;
  at: number;

  constructor(bytes: Uint8Array, where: string, begin: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#where = where;
    this.at = begin;
  }

  /** Of one, two or four bytes, little endian. */
  count(bytes: 1 | 2 | 4): number {
    const at = this.#take(bytes);
    if (bytes === 1) return this.#bytes[at];
    return bytes === 2 ? this.#view.getUint16(at, true) : this.#view.getUint32(at, true);
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  /** A length of eight bytes, which is never longer than what is left. */
  wideCount(): number {
    return Number(this.#view.getBigUint64(this.#take(8), true));
  }

  /** Of protocol 1 on, floats are big endian. */
  float(): number {
    return this.#view.getFloat64(this.#take(8), false);
  }

  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** A whole number in as few bytes as hold it, little endian with its sign. */
  long(length: number): number | bigint {
    if (length > 64) throw this.fault('a whole number is too long.', `${length} bytes`);
    let value = 0n;
    const bytes = this.bytes(length);
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
    return plain(length === 0 ? 0n : BigInt.asIntN(8 * length, value));
  }

  text(length: number): string {
    const bytes = this.bytes(length);
    // Python keeps halves of surrogate pairs, too; texts of Python 2 are bytes of any encoding.
    return utf8Text(bytes) ?? Array.from(bytes.slice(0, 10_000), (byte) => String.fromCharCode(byte)).join('');
  }

  /** The text up to the end of the line, which is taken, too. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.at);
    if (end < 0 || end - this.at > 100_000) throw this.fault('a line of the pickle has no end.', `at byte ${this.at}`);
    const line = this.text(end - this.at);
    this.at++;
    return line;
  }

  wholeNumber(text: string): number | bigint {
    if (!/^-?\d{1,100}$/.test(text)) throw this.fault('a whole number is damaged.', JSON.stringify(text.slice(0, 50)));
    return plain(BigInt(text));
  }

  fault(what: string, received?: string): RondoError {
    return damagedFile({ where: this.#where, what, received: received ?? `at byte ${this.at}` });
  }

  #take(length: number): number {
    if (!(length <= this.#bytes.length - this.at))
      throw this.fault(
        'the pickle is cut short.',
        `${length} bytes wanted at byte ${this.at} of ${this.#bytes.length}`,
      );
    const at = this.at;
    this.at += length;
    return at;
  }
}

function plain(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
