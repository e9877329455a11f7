import type { RondoError } from '../../errors.js';
import { damagedFile } from '../file-fault.js';
import { utf8Text } from '../utf8-text.js';

const VARINT = 0;
const EIGHT_BYTES = 1;
const BYTES = 2;
const FOUR_BYTES = 5;

/** Bytes of the longest variable-length number: 64 bits in digits of 7. */
const longestVarint = 10;

/**
 * One field of a protobuf message: its number and, not yet interpreted, its content. What it is read as must fit how it
 * is written; nothing is copied or allocated before that and its length are checked.
 */
export class ProtobufField {
  readonly number: number;
  readonly #wireType: number;
  readonly #content: Uint8Array;
  readonly #where: string;

  constructor(number: number, wireType: number, content: Uint8Array, where: string) {
    this.number = number;
    this.#wireType = wireType;
    this.#content = content;
    this.#where = where;
  }

  /** A message, text or raw bytes, not copied. @throws FILE_FORMAT */
  bytes(): Uint8Array {
    this.#require(BYTES);
    return this.#content;
  }

  /** @throws FILE_FORMAT where it is no UTF-8 */
  text(): string {
    const text = utf8Text(this.bytes());
    if (text !== undefined) return text;
    const what = `a text, in field ${this.number}, is damaged.`;
    throw damaged(this.#where, what, 'UTF-8', `${this.#content.length} other bytes`);
  }

  /** An integer of 64 bits with sign; beyond 2^53 the nearest number. @throws FILE_FORMAT */
  integer(): number {
    this.#require(VARINT);
    return varintAt(this.#content, 0, this.#where).value;
  }

  /** A float of 32 bits. @throws FILE_FORMAT */
  float(): number {
    this.#require(FOUR_BYTES);
    return viewOf(this.#content).getFloat32(0, true);
  }

  /** One integer, or a packed list of them. @throws FILE_FORMAT */
  integers(): number[] {
    if (this.#wireType === VARINT) return [this.integer()];
    const bytes = this.bytes();
    const numbers: number[] = [];
    for (let at = 0; at < bytes.length; ) {
      const { value, end } = varintAt(bytes, at, this.#where);
      numbers.push(value);
      at = end;
    }
    return numbers;
  }

  /** One float of 32 bits, or a packed list of them. @throws FILE_FORMAT */
  floats(): number[] {
    if (this.#wireType === FOUR_BYTES) return [this.float()];
    const view = this.#packed(4);
    return Array.from({ length: view.byteLength / 4 }, (_, i) => view.getFloat32(4 * i, true));
  }

  /** One float of 64 bits, or a packed list of them. @throws FILE_FORMAT */
  doubles(): number[] {
    if (this.#wireType === EIGHT_BYTES) return [viewOf(this.#content).getFloat64(0, true)];
    const view = this.#packed(8);
    return Array.from({ length: view.byteLength / 8 }, (_, i) => view.getFloat64(8 * i, true));
  }

  #packed(width: number): DataView {
    const bytes = this.bytes();
    if (bytes.length % width === 0) return viewOf(bytes);
    throw damaged(this.#where, 'a list of numbers is cut short.', `a multiple of ${width} bytes`, `${bytes.length}`);
  }

  #require(wireType: number): void {
    if (this.#wireType === wireType) return;
    const what = `field ${this.number} is written in another way than its type is.`;
    throw damaged(this.#where, what, `wire type ${wireType}`, `wire type ${this.#wireType}`);
  }
}

/**
 * The fields of a protobuf message in their order (Protocol Buffers, "Encoding"). Groups, which ONNX does not use, are
 * refused.
 *
 * @param where the file's name, for messages.
 * @throws FILE_FORMAT where a field does not end inside of the message
 */
export function* fieldsOf(bytes: Uint8Array, where: string): Generator<ProtobufField, void> {
  for (let at = 0; at < bytes.length; ) {
    const key = varintAt(bytes, at, where);
    const wireType = key.value % 8;
    const number = Math.floor(key.value / 8);
    if (!(number >= 1 && number < 2 ** 29))
      throw damaged(where, 'a field has an impossible number.', '1 to 2^29', `${number}`);
    const { start, end } = contentAt(bytes, key.end, wireType, where);
    if (!(end <= bytes.length)) {
      const what = 'the file is cut short, or damaged: a field goes on after the end of its message.';
      throw damaged(where, what, `at most ${bytes.length - start} bytes`, `${end - start}`);
    }
    yield new ProtobufField(number, wireType, bytes.subarray(start, end), where);
    at = end;
  }
}

function contentAt(bytes: Uint8Array, at: number, wireType: number, where: string): { start: number; end: number } {
  switch (wireType) {
    case VARINT:
      return { start: at, end: varintAt(bytes, at, where).end };
    case EIGHT_BYTES:
      return { start: at, end: at + 8 };
    case FOUR_BYTES:
      return { start: at, end: at + 4 };
    case BYTES: {
      const { value, end } = varintAt(bytes, at, where);
      // A length with the sign of 64 bits would lead backwards.
      if (value < 0) throw damaged(where, 'a field has an impossible length.', 'at least 0 bytes', `${value}`);
      return { start: end, end: end + value };
    }
    default:
      throw damaged(where, 'a field is written in no known way.', 'wire type 0, 1, 2 or 5', `${wireType}`);
  }
}

/** The number at a place in base-128 digits, the lowest first, and where it ends. */
function varintAt(bytes: Uint8Array, start: number, where: string): { value: number; end: number } {
  let low = 0;
  for (let i = 0; i < longestVarint; i++) {
    if (start + i >= bytes.length) break;
    const byte = bytes[start + i];
    // Four digits fit the 32 bits of whole numbers; more are put together as 64.
    if (i < 4) low |= (byte & 127) << (7 * i);
    if (byte < 128) return { value: i < 4 ? low : longVarint(bytes, start, i + 1), end: start + i + 1 };
  }
  const most = `a number of at most ${longestVarint} bytes`;
  throw damaged(where, 'the file is cut short, or damaged: a number does not end.', most, 'no end');
}

function longVarint(bytes: Uint8Array, start: number, length: number): number {
  let value = 0n;
  for (let i = length - 1; i >= 0; i--) value = (value << 7n) | BigInt(bytes[start + i] & 127);
  return Number(BigInt.asIntN(64, value));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function damaged(where: string, what: string, expected: string, received: string): RondoError {
  return damagedFile({ where, what, expected, received });
}
