import { crc32c } from '../checksum.js';
import { RondoError } from '../errors.js';

/**
 * Event records of TensorBoard, as bytes to be appended to a file named `events.out.tfevents.*`: first one
 * {@link encodeFileVersion}, then any number of {@link encodeScalar}.
 *
 * A record is the length of its data (8 bytes, little endian), a checksum of the length, the data, and a checksum of
 * the data (TensorFlow, core/lib/io/record_writer.h). The data are an `Event` message (core/util/event.proto and
 * core/framework/summary.proto), of which only the few fields used here are written:
 * `Event { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5 }`,
 * `Summary { repeated Value value = 1 }`, `Value { string tag = 1; float simple_value = 2 }`.
 */

/** The first record of every event file. */
export function encodeFileVersion(wallTimeSeconds: number): Uint8Array {
  return record([...double(1, wallTimeSeconds), ...bytes(3, utf8('brain.Event:2'))]);
}

export interface ScalarEvent {
  /** Name of the curve; `/` makes groups, as in `loss/train`. */
  tag: string;
  /** Stored in float32; NaN and infinity are shown as such. */
  value: number;
  /** A whole number of at least 0. */
  step: number;
  /** Seconds since 1970, fractions included. */
  wallTimeSeconds: number;
}

/**
 * One point of one curve.
 * @throws OUT_OF_RANGE for an empty tag or a step that is no whole number.
 */
export function encodeScalar({ tag, value, step, wallTimeSeconds }: ScalarEvent): Uint8Array {
  if (!Number.isSafeInteger(step) || step < 0) {
    throw new RondoError('OUT_OF_RANGE', {
      where: 'encodeScalar',
      what: '`step` is out of range.',
      expected: 'a whole number of at least 0',
      received: String(step),
      fix: 'count steps from 0.',
    });
  }
  if (tag === '') {
    throw new RondoError('OUT_OF_RANGE', {
      where: 'encodeScalar',
      what: '`tag` is empty.',
      expected: 'the name of a curve',
      fix: "name it, for example 'loss'.",
    });
  }
  const point = bytes(1, [...bytes(1, utf8(tag)), ...float(2, value)]);
  // A zero is the default of the format and is left out, as the reference implementation does.
  const stepField = step === 0 ? [] : [...tagOf(2, varintType), ...varint(step)];
  return record([...double(1, wallTimeSeconds), ...stepField, ...bytes(5, point)]);
}

const varintType = 0;
const doubleType = 1;
const bytesType = 2;
const floatType = 5;

function tagOf(field: number, type: number): number[] {
  return [(field << 3) | type];
}

/** Seven bits a byte, lowest first; division, because steps may pass 2^31. */
function varint(value: number): number[] {
  const result: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) result.push((rest % 128) | 128);
  return [...result, rest];
}

function bytes(field: number, content: ArrayLike<number>): number[] {
  return [...tagOf(field, bytesType), ...varint(content.length), ...Array.from(content)];
}

function double(field: number, value: number): number[] {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value, true);
  return [...tagOf(field, doubleType), ...new Uint8Array(view.buffer)];
}

function float(field: number, value: number): number[] {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value, true);
  return [...tagOf(field, floatType), ...new Uint8Array(view.buffer)];
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function record(data: readonly number[]): Uint8Array {
  const result = new Uint8Array(8 + 4 + data.length + 4);
  const view = new DataView(result.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedChecksum(result.subarray(0, 8)), true);
  result.set(data, 12);
  view.setUint32(12 + data.length, maskedChecksum(result.subarray(12, 12 + data.length)), true);
  return result;
}

/** Rotated and shifted, so that a checksum of data that hold a checksum stays meaningful. */
function maskedChecksum(data: Uint8Array): number {
  const checksum = crc32c(data);
  return (((checksum >>> 15) | (checksum << 17)) + 0xa282ead8) >>> 0;
}
