import type { MatmulCall } from '../contract.js';
import { type Exports, instantiate, ModuleBuilder } from './assembler.js';
import { stripColumns, writeProduct } from './matmul-blocks.js';
import { mostFewRows, writeDotRows, writeFewRows } from './matmul-rows.js';
import type { TileFamily } from './matmul-tiles.js';
import type { WasmMemory } from './memory.js';

/** Block sizes: a packed block of a takes at most 128 KiB, a packed panel of b 8 to 16 KiB, a block of b 2 MiB. */
const mostBlockM = 128;
const mostBlockN = 2048;
const mostBlockK = 256;
/** Up to so many row tiles a b stored `[k, n]` is read where it is. */
const mostDirectTiles = 3;

/** Up to so many rows a b stored `[n, k]` is read where it is: the ends of short dot products cost. */
function mostDotRows(k: number): number {
  return k < 128 ? 8 : 16;
}

/**
 * The matrix products of the contract, in one memory, by one tile family. How a product is cut depends on its sizes
 * alone, and every sum runs along k in the same order with every family, so results depend on its `madd` alone: a run resumed with another family ends with the same bits.
 */
export class MatmulKernels {
  readonly family: TileFamily;
  readonly #memory: WasmMemory;
  readonly #exports: Exports;

  constructor(memory: WasmMemory, family: TileFamily) {
    this.family = family;
    this.#memory = memory;
    this.#exports = instantiate(matmulModule(family, { sharedMemory: memory.isShared, maximumPages: memory.maximumPages }), memory.memory);
  }

  run(call: MatmulCall): void {
    const { m, n, k } = call;
    if (m === 0 || n === 0) return;
    if (k === 0) {
      if (call.accumulate !== true) this.#clear(call);
    } else if (n === 1 && m > 1 && call.c.rowStride === 1) {
      this.#multiply(asRow(call));
    } else {
      this.#multiply(call);
    }
  }

  #multiply({ m, n, k, a, b, c, transposeA = false, transposeB = false, accumulate = false }: MatmulCall): void {
    const memory = this.#memory;
    const { rows, columns } = this.family;
    const addressA = memory.byteAddress(a);
    const addressB = memory.byteAddress(b);
    const addressC = memory.byteAddress(c);
    const strideA = 4 * a.rowStride;
    const strideB = 4 * b.rowStride;
    const strideC = 4 * c.rowStride;
    const adds = Number(accumulate);
    if (!transposeB && m <= mostFewRows) {
      const [rowOfA, stepOfA] = transposeA ? [4, strideA] : [strideA, 4];
      this.#exports.few_rows(m, n, k, addressA, rowOfA, stepOfA, addressB, strideB, addressC, strideC, adds);
      return;
    }
    if (transposeB && m <= mostDotRows(k) && (!transposeA || (m === 1 && a.rowStride === 1))) {
      this.#exports.dot_rows(m, n, k, addressA, strideA, addressB, strideB, addressC, strideC, adds);
      return;
    }
    const blockM = evenBlock(m, mostBlockM, rows);
    const blockN = evenBlock(n, mostBlockN, stripColumns);
    const blockK = evenBlock(k, mostBlockK, 4);
    const isOneBlock = m <= blockM;
    const isDirect = !transposeB && m <= mostDirectTiles * rows;
    const stripStep = isOneBlock ? 0 : 4 * stripColumns * blockK;
    memory.openScope();
    const edgeTile = memory.temporaryBytes(4 * (rows * columns + (isOneBlock ? stripColumns : blockN) * blockK + blockM * blockK));
    const packedB = edgeTile + 4 * rows * columns;
    const packedA = packedB + 4 * (isOneBlock ? stripColumns : blockN) * blockK;
    this.#exports.product(
      m, n, k, addressA, strideA, Number(transposeA), addressB, strideB, Number(transposeB), addressC, strideC, adds,
      blockM, blockN, blockK, packedA, packedB, edgeTile, stripStep, Number(isDirect),
    );
    memory.closeScope();
  }

  #clear({ m, n, c }: MatmulCall): void {
    const start = this.#memory.byteAddress(c) / 4;
    for (let row = 0; row < m; row++) this.#memory.floats.fill(0, start + row * c.rowStride, start + row * c.rowStride + n);
  }
}

/** A product of one column, `c = op(a) b`, as the product of one row that has the same elements: `c' = b' op(a)'`. */
function asRow({ m, k, a, b, c, transposeA = false, transposeB = false, accumulate }: MatmulCall): MatmulCall {
  return { m: 1, n: m, k, a: b, transposeA: !transposeB, b: a, transposeB: !transposeA, c, accumulate };
}

/** The bytes of the module of one tile family. */
function matmulModule(family: TileFamily, limits: { sharedMemory: boolean; maximumPages: number }): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder(limits);
  writeProduct(module, family);
  writeFewRows(module, family.madd);
  writeDotRows(module, family.madd);
  return module.toBytes();
}

/** The size that cuts `total` into the fewest blocks of at most `most`, all nearly equal and multiples of `step`. */
function evenBlock(total: number, most: number, step: number): number {
  const count = Math.ceil(total / most);
  return Math.ceil(total / count / step) * step;
}
