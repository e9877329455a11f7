import { type FunctionBuilder, f32x4, i32, type Local, type ModuleBuilder, v128 } from './assembler.js';
import { writeKernel } from './kernel-modules.js';
import { forBlocks, forHeight, forTiles, type I32, type IntFunc, ints } from './matmul-loops.js';
import { transpose } from './matmul-pack.js';
import { madd, type TileFamily } from './matmul-tiles.js';

/**
 * Products of a few rows, where packing b would cost as much as multiplying: b is read once, from front to back, where
 * it is. Both functions take m n k, a, strideA, b, strideB, c, strideC, accumulate; `few_rows` also takes the bytes
 * from one k to the next in a. Every element is summed in the same order, whatever its row.
 */
type Kind = TileFamily['madd'];

/**
 * By height: how many rows of b are added to c in one pass over the columns, so many that c is seldom read and written.
 */
const depthOfHeight = [6, 4, 2] as const;

/** The most rows that `few_rows` takes. */
export const mostFewRows = depthOfHeight.length;

/** Columns of one pass: so many that their part of c stays in the first-level cache. */
const columnsOfPass = 1024;

/** Steps of k of one dot product: so many that four rows of b stay in the first-level cache. */
const depthOfDot = 1024;

/** Adds `few_rows`: b stored `[k, n]`, m at most {@link mostFewRows}. Rows of b, times numbers of a, are added to c. */
export function writeFewRows(module: ModuleBuilder, kind: Kind): void {
  const byHeight = depthOfHeight.map((depth, i) => ({
    depth,
    deep: writeAddRows(module, kind, i + 1, depth),
    single: writeAddRows(module, kind, i + 1, 1),
  }));
  const fewRows = module.func(
    'few_rows',
    { params: ints(11) },
    (f, m, n, k, a, strideA, stepA, b, strideB, c, strideC, accumulate) => {
      forBlocks(f, n, columnsOfPass, (n0, numColumns) => {
        const target = f.let(i32.add(c, i32.shl(n0, 2)));
        f.if(i32.eqz(accumulate), () => {
          const row = f.let(target);
          const left = f.let(m);
          f.while(left, () => {
            f.fillMemory(row, 0, i32.shl(numColumns, 2));
            f.set(row, i32.add(row, strideC));
            f.set(left, i32.sub(left, 1));
          });
        });
        const left = f.let(k);
        const numbers = f.let(a);
        const source = f.let(i32.add(b, i32.shl(n0, 2)));
        forHeight(f, m, mostFewRows, (rows) => {
          const { depth, deep, single } = byHeight[rows - 1];
          for (const [add, steps] of [
            [deep, depth],
            [single, 1],
          ] as const) {
            f.while(i32.ge_s(left, steps), () => {
              f.call(add, numColumns, numbers, strideA, stepA, source, strideB, target, strideC);
              f.set(left, i32.sub(left, steps));
              f.set(numbers, i32.add(numbers, i32.mul(stepA, steps)));
              f.set(source, i32.add(source, i32.mul(strideB, steps)));
            });
          }
        });
      });
    },
  );
  writeKernel(module, fewRows);
}

/**
 * (n, a, strideA, stepA, b, strideB, c, strideC): adds `depth` rows of b, times their numbers, to `rows` rows of c.
 * Vectors are taken in pairs, whose stores are neighbours, so that V8 can widen them.
 */
function writeAddRows(module: ModuleBuilder, kind: Kind, rows: number, depth: number): IntFunc {
  return module.func(
    `add_${rows}_rows_${depth}`,
    { params: ints(8) },
    (f, n, a, strideA, stepA, b, strideB, c, strideC) => {
      const spread = pointers(f, a, strideA, rows).map((row) =>
        pointers(f, row, stepA, depth).map((address) => f.let(v128.load32_splat(address))),
      );
      const rowsOfB = pointers(f, b, strideB, depth);
      const rowsOfC = pointers(f, c, strideC, rows);
      const columns = (vectors: number, lanes: 1 | 4): void => {
        const load = lanes === 4 ? v128.load : v128.load32_zero;
        const along = Array.from({ length: vectors }, (_, i) => 16 * i);
        const sums = rowsOfC.map((address) => along.map((offset) => f.let(load(address, offset))));
        rowsOfB.forEach((address, step) => {
          const bs = along.map((offset) => f.let(load(address, offset)));
          sums.forEach((sumsOfRow, row) =>
            sumsOfRow.forEach((sum, i) => f.set(sum, madd(kind, spread[row][step], bs[i], sum))),
          );
        });
        sums.forEach((sumsOfRow, row) =>
          sumsOfRow.forEach((sum, i) =>
            lanes === 4 ? f.storeV128(rowsOfC[row], sum, along[i]) : f.storeLane(rowsOfC[row], sum, 0),
          ),
        );
        for (const address of [...rowsOfB, ...rowsOfC]) f.set(address, i32.add(address, 4 * lanes * vectors));
      };
      const count = f.let(i32.shr_u(n, 3));
      repeat(f, count, () => columns(2, 4));
      f.if(i32.and(n, 4), () => columns(1, 4));
      f.set(count, i32.and(n, 3));
      repeat(f, count, () => columns(1, 1));
    },
  );
}

/**
 * Adds `dot_rows`: b stored `[n, k]`. Four rows of b at a time meet all rows of a. Every element is a dot product along
 * both rows, four lanes at a time; a and b are read where they are.
 */
export function writeDotRows(module: ModuleBuilder, kind: Kind): void {
  const block = writeDotBlock(module, kind);
  const dotRows = module.func(
    'dot_rows',
    { params: ints(10) },
    (f, m, n, k, a, strideA, b, strideB, c, strideC, accumulate) => {
      forBlocks(f, k, depthOfDot, (k0, depth) => {
        const from = f.let(i32.shl(k0, 2));
        f.call(
          block,
          m,
          n,
          depth,
          i32.add(a, from),
          strideA,
          i32.add(b, from),
          strideB,
          c,
          strideC,
          i32.or(accumulate, i32.ne(k0, 0)),
        );
      });
    },
  );
  writeKernel(module, dotRows);
}

function writeDotBlock(module: ModuleBuilder, kind: Kind): IntFunc {
  const dots = (rows: number, columns: 1 | 4 | 8): { columns: number; tile: IntFunc } => ({
    columns,
    tile: writeDots(module, kind, rows, columns),
  });
  const oneRow = [dots(1, 8), dots(1, 4), dots(1, 1)];
  const twoRows = [dots(2, 4), dots(2, 1)];
  return module.func(
    'dot_block',
    { params: ints(10) },
    (f, m, n, k, a, strideA, b, strideB, c, strideC, accumulate) => {
      const alongColumns = (columns: number, body: () => void): void =>
        f.while(i32.ge_s(n, columns), () => {
          body();
          f.set(n, i32.sub(n, columns));
          f.set(b, i32.add(b, i32.mul(strideB, columns)));
          f.set(c, i32.add(c, 4 * columns));
        });
      f.if(
        i32.eq(m, 1),
        () => {
          for (const { tile, columns } of oneRow)
            alongColumns(columns, () => f.call(tile, k, a, strideA, b, strideB, c, strideC, accumulate));
        },
        () => {
          for (const [i, { columns }] of twoRows.entries()) {
            alongColumns(columns, () => {
              const row = f.let(a);
              const target = f.let(c);
              forTiles(f, m, 2, (height) => {
                const kernels = [oneRow[i + 1].tile, twoRows[i].tile];
                forHeight(f, height, 2, (rows) =>
                  f.call(kernels[rows - 1], k, row, strideA, b, strideB, target, strideC, accumulate),
                );
                f.set(row, i32.add(row, i32.mul(height, strideA)));
                f.set(target, i32.add(target, i32.mul(height, strideC)));
              });
            });
          }
        },
      );
    },
  );
}

/** (k, a, strideA, b, strideB, c, strideC, accumulate): dot products of some rows of a with some rows of b. */
function writeDots(module: ModuleBuilder, kind: Kind, rows: number, columns: 1 | 4 | 8): IntFunc {
  return module.func(
    `dots_${rows}x${columns}`,
    { params: ints(8) },
    (f, k, a, strideA, b, strideB, c, strideC, accumulate) => {
      const rowsOfA = pointers(f, a, strideA, rows);
      const rowsOfB = pointers(f, b, strideB, columns);
      const sums = rowsOfA.map(() => rowsOfB.map(() => f.local('v128')));
      const step = (load: typeof v128.load, bytes: number): void => {
        const vectors = rowsOfA.map((address) => f.let(load(address)));
        rowsOfB.forEach((address, j) => {
          const vector = f.let(load(address));
          vectors.forEach((value, i) => f.set(sums[i][j], madd(kind, value, vector, sums[i][j])));
        });
        for (const address of [...rowsOfA, ...rowsOfB]) f.set(address, i32.add(address, bytes));
      };
      const count = f.let(i32.shr_u(k, 2));
      repeat(f, count, () => step(v128.load, 16));
      f.set(count, i32.and(k, 3));
      repeat(f, count, () => step(v128.load32_zero, 4));
      pointers(f, c, strideC, rows).forEach((address, i) => {
        for (let first = 0; first < columns; first += 4) {
          const total = sumOfLanes(f, sums[i].slice(first, first + 4));
          const load = columns === 1 ? v128.load32_zero : v128.load;
          f.if(accumulate, () => f.set(total, f32x4.add(load(address, 4 * first), total)));
          if (columns === 1) f.storeLane(address, total, 0);
          else f.storeV128(address, total, 4 * first);
        }
      });
    },
  );
}

/** Lane j of the result is `(v0 + v1) + (v2 + v3)` of vector j. */
function sumOfLanes(f: FunctionBuilder, vectors: readonly Local<'v128'>[]): Local<'v128'> {
  const [a, b, c, d] = transpose(
    f,
    [0, 1, 2, 3].map((i) => vectors[Math.min(i, vectors.length - 1)]),
  );
  return f.let(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
}

/** Locals that point at each of `count` rows. */
function pointers(f: FunctionBuilder, first: I32, stride: I32, count: number): I32[] {
  const rows: I32[] = [f.let(first)];
  while (rows.length < count) rows.push(f.let(i32.add(rows[rows.length - 1], stride)));
  return rows;
}

/** Runs `body` as often as `count` says, which is 0 afterwards. */
function repeat(f: FunctionBuilder, count: I32, body: () => void): void {
  f.if(count, () =>
    f.loop((again) => {
      body();
      f.set(count, i32.sub(count, 1));
      f.brIf(again, count);
    }),
  );
}
