import { type FunctionBuilder, f32x4, f64x2, i32x4, type Local, shuffle, type Value, v128 } from './assembler.js';
import type { Bundle } from './vector-code.js';

type V128 = Value<'v128'>;

/** How many lanes of a vector count where a row ends within it. */
export type PartOfVector = 1 | 2 | 3;

/** What a loop over columns gathers into one value. */
export interface Accumulator {
  clear(): void;
  /** Takes all lanes of the vectors. */
  take(values: Bundle): void;
  /** Takes the first lanes of a vector alone. */
  takeFirst(value: V128, lanes: PartOfVector): void;
  /** The result, in all lanes. */
  result(): Local<'v128'>;
}

/** A sum of single-precision numbers in double precision: its error does not grow noticeably with their number. */
export class DoubleSum implements Accumulator {
  readonly #low: Local<'v128'>;
  readonly #high: Local<'v128'>;
  readonly #f: FunctionBuilder;

  constructor(f: FunctionBuilder) {
    this.#f = f;
    this.#low = f.local('v128');
    this.#high = f.local('v128');
  }

  clear(): void {
    this.#f.set(this.#low, f32x4.const(0));
    this.#f.set(this.#high, f32x4.const(0));
  }

  take(values: Bundle): void {
    this.#f.set(
      this.#low,
      f64x2.add(
        this.#low,
        combined(
          f64x2.add,
          values.map((value) => f64x2.promote_low_f32x4(value)),
        ),
      ),
    );
    this.#f.set(
      this.#high,
      f64x2.add(
        this.#high,
        combined(
          f64x2.add,
          values.map((value) => f64x2.promote_low_f32x4(upperHalf(value))),
        ),
      ),
    );
  }

  takeFirst(value: V128, lanes: PartOfVector): void {
    this.take([this.#f.let(firstLanes(value, lanes, f32x4.const(0), 4))]);
  }

  /** Rounded to single precision. */
  result(): Local<'v128'> {
    const both = this.#f.let(f64x2.add(this.#low, this.#high));
    const sum = this.#f.let(f32x4.demote_f64x2_zero(f64x2.add(both, shuffle(both, both, [2, 3, 0, 1]))));
    return this.#f.let(shuffle(sum, sum, [0, 0, 0, 0]));
  }
}

/** The largest of some numbers; NaN where one of them is NaN. */
export class Largest implements Accumulator {
  readonly #largest: Local<'v128'>;
  /** All bits of a lane are 1, which is a NaN, once the lane has seen a NaN. */
  readonly #unordered: Local<'v128'>;
  readonly #f: FunctionBuilder;

  constructor(f: FunctionBuilder) {
    this.#f = f;
    this.#largest = f.local('v128');
    this.#unordered = f.local('v128');
  }

  clear(): void {
    this.#f.set(this.#largest, f32x4.const(-Infinity));
    this.#f.set(this.#unordered, i32x4.const(0));
  }

  take(values: Bundle): void {
    // `pmax` takes one instruction where `max`, with its rules for NaN, takes eight.
    this.#f.set(this.#largest, f32x4.pmax(this.#largest, combined(f32x4.pmax, values)));
    this.#f.set(
      this.#unordered,
      v128.or(
        this.#unordered,
        combined(
          v128.or,
          values.map((value) => f32x4.ne(value, value)),
        ),
      ),
    );
  }

  takeFirst(value: V128, lanes: PartOfVector): void {
    this.take([this.#f.let(firstLanes(value, lanes, value, 0))]);
  }

  result(): Local<'v128'> {
    const lanes = this.#f.let(v128.or(this.#largest, this.#unordered));
    const pairs = this.#f.let(f32x4.max(lanes, shuffle(lanes, lanes, [2, 3, 0, 1])));
    return this.#f.let(f32x4.max(pairs, shuffle(pairs, pairs, [1, 0, 3, 2])));
  }
}

/** Adds four single-precision numbers to four doubles in memory. */
export function addToDoubles(f: FunctionBuilder, address: Local<'i32'>, value: Local<'v128'>): void {
  f.storeV128(address, f64x2.add(v128.load(address), f64x2.promote_low_f32x4(value)));
  f.storeV128(address, f64x2.add(v128.load(address, 16), f64x2.promote_low_f32x4(upperHalf(value))), 16);
}

/** The double at an address plus a single-precision number (in the first lane), rounded to single precision. */
export function roundedSum(double: Value<'i32'>, single?: V128): V128 {
  const value = v128.load64_zero(double);
  return f32x4.demote_f64x2_zero(single === undefined ? value : f64x2.add(value, f64x2.promote_low_f32x4(single)));
}

/** All parts combined pairwise, so that no long chain of dependent instructions arises. */
function combined(combine: (a: V128, b: V128) => V128, parts: readonly V128[]): V128 {
  if (parts.length === 1) return parts[0];
  const half = parts.length >> 1;
  return combine(combined(combine, parts.slice(0, half)), combined(combine, parts.slice(half)));
}

/** The first lanes of a vector; in the others, one lane (of eight) of the vector and another. */
function firstLanes(value: V128, lanes: PartOfVector, other: V128, lane: number): V128 {
  return shuffle(value, other, [0, lanes > 1 ? 1 : lane, lanes > 2 ? 2 : lane, lane]);
}

function upperHalf(value: V128): V128 {
  return shuffle(value, value, [2, 3, 2, 3]);
}
