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
import { writeKernel } from './kernel-modules.js';
import { forBlocks, type I32, type IntFunc, ints } from './matmul-loops.js';

/**
 * Products with 8-bit weights. A row of a is rounded to whole numbers of 7 bits (`a = scale (q - zero)`), sums are whole,
 * and become floats at the end: `scale scales[j] (sum(q w[j]) - zero sum(w[j]))`.
 *
 * A panel holds {@link panelOutputs} outputs, four inputs at a time: `[K / 4][outputs][4]`, padded with zeros. Behind
 * all panels' weights lie their scales, and the sums of their weights.
 */
export const panelOutputs = 32;

/** Rows that are rounded together: their bytes stay in the cache while panels pass. */
export const rowsAtOnce = 16;

/** What a row's rounding takes in front of its bytes: scale, zero. */
const roundingBytes = 16;

/** Bytes that the rounded rows of a product take. */
export function roundedBytes(m: number, k: number): number {
  return Math.min(m, rowsAtOnce) * (roundingBytes + 4 * Math.ceil(k / 4) + 16) + 4 * panelOutputs;
}

/**
 * Adds `int8_product`: (m, k, segments, segment, a, strideA, weights, scales, sums, c, strideC, accumulate, workspace);
 * strides in bytes. It multiplies whole segments from the first on.
 *
 * @param relaxed whether the host has the relaxed dot product
 */
export function writeInt8Product(module: ModuleBuilder, relaxed: boolean): void {
  const round = writeRoundRow(module);
  const panel = writePanel(module, relaxed);
  const product = module.func(
    'int8_product',
    { params: ints(13) },
    (f, m, k, segments, segment, a, strideA, weights, scales, sums, c, strideC, accumulate, workspace) => {
      const quads = f.let(i32.shr_u(i32.add(k, 3), 2));
      const rowBytes = f.let(i32.and(i32.add(i32.shl(quads, 2), roundingBytes + 15), -16));
      const panelBytes = f.let(i32.mul(quads, 4 * panelOutputs));
      const edge = f.let(workspace);
      const rounded = f.let(i32.add(workspace, 4 * panelOutputs));
      forBlocks(f, m, rowsAtOnce, (first, rows) => {
        const row = f.local('i32');
        f.for(row, 0, rows, 1, () =>
          f.call(round, k, i32.add(a, i32.mul(i32.add(first, row), strideA)), i32.add(rounded, i32.mul(row, rowBytes))),
        );
        const [w, scale, sum] = [f.let(weights), f.let(scales), f.let(sums)];
        const left = f.let(segments);
        const target = f.let(i32.add(c, i32.mul(first, strideC)));
        f.while(left, () => {
          forBlocks(f, segment, panelOutputs, (column, outputs) => {
            const place = f.let(i32.add(target, i32.shl(column, 2)));
            const source = f.let(rounded);
            f.set(row, rows);
            f.while(row, () => {
              f.if(
                i32.eq(outputs, panelOutputs),
                () => f.call(panel, quads, source, w, scale, sum, place, accumulate),
                () => {
                  // The last outputs of a segment go through memory of their own.
                  f.if(accumulate, () => f.copyMemory(edge, place, i32.shl(outputs, 2)));
                  f.call(panel, quads, source, w, scale, sum, edge, accumulate);
                  f.copyMemory(place, edge, i32.shl(outputs, 2));
                },
              );
              f.set(source, i32.add(source, rowBytes));
              f.set(place, i32.add(place, strideC));
              f.set(row, i32.sub(row, 1));
            });
            f.set(w, i32.add(w, panelBytes));
            f.set(scale, i32.add(scale, 4 * panelOutputs));
            f.set(sum, i32.add(sum, 4 * panelOutputs));
          });
          f.set(target, i32.add(target, i32.shl(segment, 2)));
          f.set(left, i32.sub(left, 1));
        });
      });
    },
  );
  writeKernel(module, product);
}

/** (k, a, out): a row as its scale, its zero, and bytes. NaN goes into the scale, and from there into every output. */
function writeRoundRow(module: ModuleBuilder): IntFunc {
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

/** (quads, row, weights, scales, sums, c, accumulate): the outputs of one panel for one rounded row. */
function writePanel(module: ModuleBuilder, relaxed: boolean): IntFunc {
  const vectors = panelOutputs / 4;
  return module.func('int8_panel', { params: ints(7) }, (f, quads, row, weights, scales, sums, c, accumulate) => {
    const bytes = f.let(i32.add(row, roundingBytes));
    const totals = (relaxed ? relaxedDots : plainDots)(f, { quads, bytes, weights }, vectors);
    const zero = f.let(i32x4.splat(i32.load(row, 4)));
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
  });
}

interface PanelPlaces {
  readonly quads: I32;
  /** Of the rounded row. */
  readonly bytes: I32;
  readonly weights: I32;
}

function forQuads(f: FunctionBuilder, { quads, bytes, weights }: PanelPlaces, body: () => void): void {
  f.while(quads, () => {
    body();
    f.set(bytes, i32.add(bytes, 4));
    f.set(weights, i32.add(weights, 4 * panelOutputs));
    f.set(quads, i32.sub(quads, 1));
  });
}

/** Four products a lane in one instruction; neighbouring vectors, so that V8 can widen pairs of them. */
function relaxedDots(f: FunctionBuilder, places: PanelPlaces, vectors: number): Local<'v128'>[] {
  const totals = Array.from({ length: vectors }, () => f.local('v128'));
  forQuads(f, places, () => {
    const four = f.let(v128.load32_splat(places.bytes));
    for (const [i, total] of totals.entries())
      f.set(total, i32x4.relaxed_dot_i8x16_i7x16_add_s(v128.load(places.weights, 16 * i), four, total));
  });
  return totals;
}

/** The same with 16-bit products: two sums an output, which are added at the end. */
function plainDots(f: FunctionBuilder, places: PanelPlaces, vectors: number): Local<'v128'>[] {
  const halves = Array.from({ length: vectors }, () => [f.local('v128'), f.local('v128')] as const);
  forQuads(f, places, () => {
    const four = f.let(i16x8.extend_low_i8x16_u(v128.load32_splat(places.bytes)));
    for (const [i, [low, high]] of halves.entries()) {
      const bytes = f.let(v128.load(places.weights, 16 * i));
      f.set(low, i32x4.add(low, i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_s(bytes), four)));
      f.set(high, i32x4.add(high, i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_s(bytes), four)));
    }
  });
  return halves.map(([low, high]) =>
    f.let(i32x4.add(shuffle(low, high, [0, 2, 4, 6]), shuffle(low, high, [1, 3, 5, 7]))),
  );
}
