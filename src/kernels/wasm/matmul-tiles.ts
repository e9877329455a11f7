import {
  type Func,
  type FunctionBuilder,
  f32x4,
  i32,
  type Local,
  type ModuleBuilder,
  type Value,
  v128,
} from './assembler.js';

/**
 * The innermost kernels of a matrix product: a tile of c, held in locals, gains one outer product per step of k.
 *
 * Letters: R rows and C columns of a tile. A panel of a is `[k][R]`, so that a step reads R neighbouring numbers and
 * spreads each over a vector; a panel of b is `[k][C]`. (Goto and van de Geijn 2008, "Anatomy of High-Performance
 * Matrix Multiplication".)
 */
export interface TileFamily {
  readonly name: string;
  readonly rows: number;
  /** A multiple of 4. */
  readonly columns: number;
  /** Steps of k written out in one turn of the loop. */
  readonly unroll: number;
  /** `plain` rounds product and sum, the same on every processor; `relaxed` may round once. */
  readonly madd: 'plain' | 'relaxed';
}

/** The first family of each kind is used unless another is measured to be clearly faster (see matmul-choice.ts). The wide
 * ones are for V8's --experimental-wasm-revectorize, which makes one vector of a pair, and lose without it. */
export const tileFamilies: readonly TileFamily[] = [
  { name: 'plain-4x8', rows: 4, columns: 8, unroll: 1, madd: 'plain' },
  { name: 'plain-2x16', rows: 2, columns: 16, unroll: 1, madd: 'plain' },
  { name: 'relaxed-4x8', rows: 4, columns: 8, unroll: 1, madd: 'relaxed' },
  { name: 'relaxed-2x16', rows: 2, columns: 16, unroll: 1, madd: 'relaxed' },
  { name: 'relaxed-6x8', rows: 6, columns: 8, unroll: 1, madd: 'relaxed' },
  { name: 'wide-4x16', rows: 4, columns: 16, unroll: 4, madd: 'relaxed' },
  { name: 'wide-6x16', rows: 6, columns: 16, unroll: 4, madd: 'relaxed' },
];

/** `a * b + c` as the family rounds it. */
export function madd(kind: TileFamily['madd'], a: Value<'v128'>, b: Value<'v128'>, c: Value<'v128'>): Value<'v128'> {
  return kind === 'relaxed' ? f32x4.relaxed_madd(a, b, c) : f32x4.add(c, f32x4.mul(a, b));
}

/**
 * (k, a, bytes from one row of a to the next or from one step to the next, b panel, bytes from one row of b to the next,
 * c, bytes from one row of c to the next, accumulate)
 */
export type TileFunc = Func<readonly ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'], undefined>;

/**
 * How a tile reads a: `columns`, at each step the neighbouring numbers of its rows, from a packed panel or a transposed
 * matrix; `rows`, row after row.
 */
export type TileSource = 'columns' | 'rows';

/**
 * Writes a tile kernel of `rows` (at most R) by C: `c = a b`, or `c += a b` where `accumulate` is not 0. k is at least
 * 1.
 */
export function writeTile(
  module: ModuleBuilder,
  { name, columns, unroll, madd: kind }: TileFamily,
  rows: number,
  source: TileSource,
): TileFunc {
  return module.func(
    `tile_${name}_${rows}_${source}`,
    { params: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'] },
    (f, k, a, strideA, b, strideB, c, strideC, accumulate) => {
      const vectors = columns / 4;
      const sums = Array.from({ length: rows * vectors }, () => f.local('v128'));
      const rowsOfA = [a];
      if (source === 'rows')
        while (rowsOfA.length < rows) rowsOfA.push(f.let(i32.add(rowsOfA[rowsOfA.length - 1], strideA)));
      const load = (row: number, turn: number) =>
        source === 'rows' ? v128.load32_splat(rowsOfA[row], 4 * turn) : v128.load32_splat(a, 4 * row);
      const step = (turn: number): void => {
        const bs = Array.from({ length: vectors }, (_, j) => f.let(v128.load(b, 16 * j)));
        for (let row = 0; row < rows; row++) {
          const spread = f.let(load(row, turn));
          for (let j = 0; j < vectors; j++) {
            const sum = sums[row * vectors + j];
            f.set(sum, madd(kind, spread, bs[j], sum));
          }
        }
        f.set(b, i32.add(b, strideB));
        if (source === 'columns') f.set(a, i32.add(a, strideA));
      };
      const turns = (count: Local<'i32'>, steps: number): void =>
        f.loop((again) => {
          for (let turn = 0; turn < steps; turn++) step(turn);
          if (source === 'rows') for (const row of rowsOfA) f.set(row, i32.add(row, 4 * steps));
          f.set(count, i32.sub(count, 1));
          f.brIf(again, count);
        });
      if (unroll > 1) {
        const count = f.let(i32.div_u(k, unroll));
        f.if(count, () => turns(count, unroll));
        f.set(k, i32.rem_u(k, unroll));
        f.if(k, () => turns(k, 1));
      } else {
        turns(k, 1);
      }
      f.if(
        accumulate,
        () => storeTile(f, sums, vectors, c, strideC, true),
        () => storeTile(f, sums, vectors, c, strideC, false),
      );
    },
  );
}

/** Writes the sums to c. A row is read before it is written and stores are neighbours, so that V8 can widen pairs. */
function storeTile(
  f: FunctionBuilder,
  sums: readonly Local<'v128'>[],
  vectors: number,
  c: Local<'i32'>,
  strideC: Local<'i32'>,
  accumulate: boolean,
): void {
  for (let first = 0; first < sums.length; first += vectors) {
    const row = sums.slice(first, first + vectors);
    const values = accumulate ? row.map((sum, j) => f.let(f32x4.add(v128.load(c, 16 * j), sum))) : row;
    values.forEach((value, j) => f.storeV128(c, value, 16 * j));
    if (first + vectors < sums.length) f.set(c, i32.add(c, strideC));
  }
}
