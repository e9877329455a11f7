import type { RondoError } from '../../errors.js';
import { damagedFile } from '../file-fault.js';
import { utf8Text } from '../utf8-text.js';

/** An address that stands for "nothing there": all bits set. */
export const undefinedAddress = -1;

/** The bytes of an HDF5 file with the widths of its addresses and lengths, and a bound on the work that it may ask for. */
export class Hdf5Bytes {
  readonly view: DataView;
  /** Bytes of an address and of a length, as the superblock says. */
  offsetBytes = 8;
  lengthBytes = 8;
  #workLeft: number;

  constructor(
    readonly bytes: Uint8Array,
    readonly where: string,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    // Every message, link and value lies somewhere; what is read many times over is no honest file.
    this.#workLeft = 16 * bytes.length + 10_000;
  }

  /** Counts entries that are looked at. @throws FILE_FORMAT where parts of the file are shared without end */
  spend(count = 1): void {
    this.#workLeft -= count;
    if (this.#workLeft < 0)
      throw this.damaged('its parts refer to each other more often than its size allows.', undefined);
  }

  /** A reader of a stretch of the file. @throws FILE_FORMAT where it does not lie inside */
  cursor(at: number, length: number, what: string): Hdf5Cursor {
    if (!(at >= 0 && length >= 0 && at + length <= this.bytes.length))
      throw this.damaged(`${what} does not lie inside of the file.`, `bytes ${at} to ${at + length}`);
    return new Hdf5Cursor(this, at, at + length, what);
  }

  /** A reader that ends with the file, behind a signature of four letters. */
  signed(at: number, signature: string, what: string): Hdf5Cursor {
    const cursor = this.cursor(at, this.bytes.length - Math.min(at, this.bytes.length), what);
    const found = cursor.latin(4);
    if (found !== signature) throw this.damaged(`${what} does not begin with ${signature}.`, JSON.stringify(found));
    return cursor;
  }

  /** Text in UTF-8, of which ASCII is a part. */
  text(bytes: Uint8Array): string {
    const text = utf8Text(bytes);
    if (text === undefined) throw this.damaged('a text is not in UTF-8.');
    return text;
  }

  damaged(what: string, received?: string | undefined): RondoError {
    return damagedFile({ where: this.where, what: `the HDF5 file is damaged: ${what}`, received });
  }

  refused(what: string, received: string, fix?: string): RondoError {
    return damagedFile({
      where: this.where,
      what: `the HDF5 file has ${what}, which is not read.`,
      received,
      fix: fix ?? 'write it anew with h5py and its defaults, or save the model as .keras.',
    });
  }
}

/** Reads fields one after the other, little-endian, between two places of a file. */
export class Hdf5Cursor {
  constructor(
    readonly file: Hdf5Bytes,
    public at: number,
    readonly end: number,
    readonly what: string,
  ) {}

  get left(): number {
    return this.end - this.at;
  }

  /** Goes over bytes. @returns where they begin @throws FILE_FORMAT where there are fewer */
  skip(count: number): number {
    const { at } = this;
    if (!(count >= 0 && count <= this.left))
      throw this.file.damaged(`${this.what} ends too early.`, `${this.left} of ${count} bytes`);
    this.at += count;
    return at;
  }

  u8(): number {
    return this.file.view.getUint8(this.skip(1));
  }

  u16(): number {
    return this.file.view.getUint16(this.skip(2), true);
  }

  u32(): number {
    return this.file.view.getUint32(this.skip(4), true);
  }

  /** A whole number of up to eight bytes. @throws FILE_FORMAT beyond 2^53 */
  uint(numBytes: number): number {
    const at = this.skip(numBytes);
    let value = 0;
    for (let i = numBytes - 1; i >= 0; i--) value = value * 256 + this.file.bytes[at + i];
    if (!Number.isSafeInteger(value)) throw this.file.damaged(`${this.what} has a number that is too large.`);
    return value;
  }

  length(): number {
    return this.uint(this.file.lengthBytes);
  }

  /** An address, or {@link undefinedAddress}. */
  address(): number {
    const size = this.file.offsetBytes;
    const raw = this.file.bytes.subarray(this.at, this.at + size);
    if (raw.length === size && raw.every((byte) => byte === 0xff)) {
      this.at += size;
      return undefinedAddress;
    }
    return this.uint(size);
  }

  bytes(count: number): Uint8Array {
    const at = this.skip(count);
    return this.file.bytes.subarray(at, at + count);
  }

  latin(count: number): string {
    return Array.from(this.bytes(count), (byte) => String.fromCharCode(byte)).join('');
  }

  /** The next bytes as a reader of their own. */
  part(count: number, what = this.what): Hdf5Cursor {
    const at = this.skip(count);
    return new Hdf5Cursor(this.file, at, at + count, what);
  }
}
