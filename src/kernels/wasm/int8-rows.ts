import { activationLevels } from '../compressed-matrix.js';
import {
  type FunctionBuilder,
  f32,
  f32x4,
  i8x16,
  i16x8,
  i32,
  i32x4,
  type Local,
  type ModuleBuilder,
  shuffle,
  type Value,
  v128,
} from './assembler.js';
import { type I32, type IntFunc, ints } from './matmul-loops.js';

/**
 * Rows as products with 8-bit weights take them: rounded to whole numbers of 7 bits, `a = scale (q - zero)`; scale and zero in front of
 * the bytes.
 */
export const roundingBytes = 16;

/** Rows that are rounded together: their bytes stay in the cache while panels pass. */
export const rowsAtOnce = 16;

/** Bytes that the rounded rows of a product take, whose inputs come in fours. */
export function roundedBytes(m: number, k: number): number {
  return Math.min(m, rowsAtOnce) * (roundingBytes + 4 * Math.ceil(k / 4) + 16);
}

/** The bytes of one rounded row of `quads` times four inputs. */
export function roundedRowBytes(quads: Value<'i32'>): Value<'i32'> {
  return i32.and(i32.add(i32.shl(quads, 2), roundingBytes + 15), -16);
}

/** (k, a, out): a row as its scale, its zero, and bytes. NaN goes into the scale, and from there into every output. */
export function writeRoundRow(module: ModuleBuilder): IntFunc {
  const written = module.find('round_row');
  if (written !== undefined) return written as IntFunc;
  return module.func('round_row', { params: ints(3) }, (f, k, a, out) => {
    const [low, high, unordered] = [f.local('v128'), f.local('v128'), f.local('v128')];
    const take = (values: Value<'v128'>): void => {
      const vector = f.let(values);
      f.set(low, f32x4.pmin(low, vector));
      f.set(high, f32x4.pmax(high, vector));
      f.set(unordered, v128.or(unordered, f32x4.ne(vector, vector)));
    };
    along(
      f,
      k,
      a,
      4,
      () => take(v128.load(a)),
      () => take(v128.load32_zero(a)),
    );
    const least = f.let(acrossLanes(f, low, f32x4.min));
    const range = f.let(f32.sub(acrossLanes(f, high, f32x4.max), least));
    f.if(v128.any_true(unordered), () => f.set(range, NaN));
    const scale = f.let(f32.div(range, activationLevels));
    const inverse = f.let(f32.const(0));
    f.if(f32.gt(range, 0), () => f.set(inverse, f32.div(activationLevels, range)));
    const zero = f.let(f32.nearest(f32.neg(f32.mul(least, inverse))));
    f.storeF32(out, scale);
    f.storeI32(out, i32.trunc_sat_f32_s(zero), 4);
    const [factor, shift] = [f.let(f32x4.splat(inverse)), f.let(f32x4.splat(zero))];
    const whole = (values: Value<'v128'>): Local<'v128'> => {
      const moved = f32x4.add(f32x4.nearest(f32x4.mul(values, factor)), shift);
      return f.let(
        i32x4.trunc_sat_f32x4_s(f32x4.pmin(f32x4.pmax(moved, f32x4.const(0)), f32x4.const(activationLevels))),
      );
    };
    const bytes = f.let(i32.add(out, roundingBytes));
    along(
      f,
      k,
      a,
      16,
      () => {
        const [p, q, r, s] = [0, 16, 32, 48].map((offset) => whole(v128.load(a, offset)));
        f.storeV128(bytes, i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(p, q), i16x8.narrow_i32x4_s(r, s)));
        f.set(bytes, i32.add(bytes, 16));
      },
      () => {
        const one = f.let(whole(v128.load32_zero(a)));
        f.storeLane(bytes, one, 0, 0, 1);
        f.set(bytes, i32.add(bytes, 1));
      },
    );
  });
}

/** Walks along a row of k floats, `step` at a time and then one at a time. `a` is where it was afterwards. */
function along(f: FunctionBuilder, k: I32, a: I32, step: number, several: () => void, one: () => void): void {
  const start = f.let(a);
  const left = f.let(k);
  for (const [size, body] of [
    [step, several],
    [1, one],
  ] as const)
    f.while(i32.ge_s(left, size), () => {
      body();
      f.set(a, i32.add(a, 4 * size));
      f.set(left, i32.sub(left, size));
    });
  f.set(a, start);
}

function acrossLanes(
  f: FunctionBuilder,
  vector: Local<'v128'>,
  combine: (a: Value<'v128'>, b: Value<'v128'>) => Value<'v128'>,
): Value<'f32'> {
  const pairs = f.let(combine(vector, shuffle(vector, vector, [2, 3, 0, 1])));
  return f32x4.extract_lane(f.let(combine(pairs, shuffle(pairs, pairs, [1, 0, 3, 2]))), 0);
}
