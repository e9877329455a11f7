import { type FunctionBuilder, f32x4, i16x8, i32x4, type Local, shuffle, type Value, v128 } from './assembler.js';
import type { I32 } from './matmul-loops.js';

/** Sums of products of rounded inputs, four at a time, and 8-bit weights; four outputs a vector. */
export interface Dots {
  /** Adds the products of the four inputs at `bytes` and the weights from `weights + offset` on, `[outputs][4]`. */
  take(bytes: Value<'i32'>, weights: I32, byteOffset?: number, weightOffset?: number): void;
  /** By output. */
  totals(): Local<'v128'>[];
}

/** @param relaxed whether the host has the relaxed dot product; sums are the same without it. */
export function dots(f: FunctionBuilder, relaxed: boolean, vectors: number): Dots {
  return (relaxed ? relaxedDots : plainDots)(f, vectors);
}

/** Four products a lane in one instruction; neighbouring vectors, so that V8 can widen pairs of them. */
function relaxedDots(f: FunctionBuilder, vectors: number): Dots {
  const totals = Array.from({ length: vectors }, () => f.local('v128'));
  return {
    take(bytes, weights, byteOffset = 0, weightOffset = 0) {
      const four = f.let(v128.load32_splat(bytes, byteOffset));
      for (const [i, total] of totals.entries())
        f.set(total, i32x4.relaxed_dot_i8x16_i7x16_add_s(v128.load(weights, weightOffset + 16 * i), four, total));
    },
    totals: () => totals,
  };
}

/** The same with 16-bit products: two sums an output, which are added at the end. */
function plainDots(f: FunctionBuilder, vectors: number): Dots {
  const halves = Array.from({ length: vectors }, () => [f.local('v128'), f.local('v128')] as const);
  return {
    take(bytes, weights, byteOffset = 0, weightOffset = 0) {
      const four = f.let(i16x8.extend_low_i8x16_u(v128.load32_splat(bytes, byteOffset)));
      for (const [i, [low, high]] of halves.entries()) {
        const loaded = f.let(v128.load(weights, weightOffset + 16 * i));
        f.set(low, i32x4.add(low, i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_s(loaded), four)));
        f.set(high, i32x4.add(high, i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_s(loaded), four)));
      }
    },
    totals: () =>
      halves.map(([low, high]) => f.let(i32x4.add(shuffle(low, high, [0, 2, 4, 6]), shuffle(low, high, [1, 3, 5, 7])))),
  };
}

/** Where the numbers lie that make sums floats again. */
interface SumPlaces {
  /** The rounded row. */
  readonly row: I32;
  readonly scales: I32;
  /** Of the weights of each output. */
  readonly sums: I32;
  readonly c: I32;
  readonly accumulate: I32;
}

/** Writes `scale scales[j] (total[j] - zero sums[j])`. */
export function storeScaled(
  f: FunctionBuilder,
  totals: readonly Local<'v128'>[],
  { row, scales, sums, c, accumulate }: SumPlaces,
): void {
  const zero = f.let(v128.load32_splat(row, 4));
  const scale = f.let(v128.load32_splat(row));
  const results = totals.map((total, i) =>
    f.let(
      f32x4.mul(
        f32x4.convert_i32x4_s(i32x4.sub(total, i32x4.mul(zero, v128.load(sums, 16 * i)))),
        f32x4.mul(scale, v128.load(scales, 16 * i)),
      ),
    ),
  );
  f.if(accumulate, () => {
    for (const [i, result] of results.entries()) f.set(result, f32x4.add(v128.load(c, 16 * i), result));
  });
  for (const [i, result] of results.entries()) f.storeV128(c, result, 16 * i);
}
