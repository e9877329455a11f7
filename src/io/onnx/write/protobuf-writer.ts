import { RondoError } from '../../../errors.js';

const VARINT = 0;
const BYTES = 2;
const FOUR_BYTES = 5;

/** What a message may have at most, of the Protocol Buffers of every language: 2 GiB. */
const mostMessageBytes = 2 ** 31 - 1;

const utf8 = new TextEncoder();

/** One protobuf message as it is written, field after field (Protocol Buffers, "Encoding"). */
export class ProtobufWriter {
  readonly #parts: Uint8Array[] = [];
  #sizeBytes = 0;

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** A whole number, as 64 bits with sign. */
  integer(field: number, value: number): this {
    return this.#key(field, VARINT).#append(varint(value));
  }

  /** A float of 32 bits. */
  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.#key(field, FOUR_BYTES).#append(bytes);
  }

  text(field: number, text: string): this {
    return this.bytes(field, utf8.encode(text));
  }

  /** Raw bytes, which are not copied before {@link ProtobufWriter.finish}. */
  bytes(field: number, bytes: Uint8Array): this {
    return this.#key(field, BYTES).#append(varint(bytes.length)).#append(bytes);
  }

  message(field: number, message: ProtobufWriter): this {
    this.#key(field, BYTES).#append(varint(message.sizeBytes));
    for (const part of message.#parts) this.#append(part);
    return this;
  }

  /** The message in one array. @throws OUT_OF_RANGE where it has more bytes than readers of protobuf take */
  finish(where: string, mostBytes = mostMessageBytes): Uint8Array {
    if (this.#sizeBytes > mostBytes)
      throw new RondoError('OUT_OF_RANGE', {
        where,
        what: 'the model is too large for one file of protobuf.',
        expected: `at most ${mostBytes} bytes`,
        received: `${this.#sizeBytes} bytes`,
        fix: 'write a smaller model: with weights of 8 bits (rondo compress --int8), or narrower layers.',
      });
    const all = new Uint8Array(this.#sizeBytes);
    let at = 0;
    for (const part of this.#parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  #key(field: number, wireType: number): this {
    return this.#append(varint(8 * field + wireType));
  }

  #append(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    this.#sizeBytes += bytes.length;
    return this;
  }
}

/** Base-128 digits, the lowest first; negative numbers as 64 bits. */
function varint(value: number): Uint8Array {
  const digits: number[] = [];
  for (let rest = BigInt.asUintN(64, BigInt(value)); ; rest >>= 7n) {
    if (rest < 128n) return Uint8Array.from([...digits, Number(rest)]);
    digits.push(Number(rest & 127n) | 128);
  }
}
