import { RondoError } from '../../errors.js';
import type { Strided } from '../contract.js';
import type { ProductFamily, ProductKernel } from '../product-family.js';
import type { PackCall, PackedMatrix, StepStrided, StepStridedMatmulCall } from '../sequence/loop-host.js';
import type { CallWriter, Workspace } from './call-writer.js';
import type { WasmBuffer, WasmMemory } from './memory.js';

/** From so many products on, laying b out once is cheaper than reading it where it is or packing it each time. */
const fewestTimesPacked = 3;

/**
 * `few`: rows of b are added up; `dots`: dot products along rows of a and b; `blocks`: tiles of packed panels. Sums run
 * in another order in each, so the strategy depends on the sizes of the whole product, never on how threads share it.
 */
export type MatmulStrategy = 'rows' | 'dot' | 'blocked';

/**
 * op(b) as panels (matmul-blocks.ts), in blocks of `blockK` steps of k; only the kernels that packed it can read it.
 */
class PackedPanels implements PackedMatrix {
  constructor(
    readonly kernels: MatmulKernels,
    readonly n: number,
    readonly k: number,
    readonly blockK: number,
    readonly panels: WasmBuffer,
  ) {}
}

/** Numbers behind what is packed that packing may change. */
const packingSlack = 16;

/**
 * The matrix products of the contract, in one memory, by one family of kernels. How a product is cut depends on its
 * sizes alone, and every sum runs along k in the same order with every family of WebAssembly, so results depend on its
 * `madd` alone: a run resumed with another family ends with the same bits.
 */
export class MatmulKernels {
  readonly family: ProductFamily;
  readonly #memory: WasmMemory;
  readonly #kernels: { numberOf(kernel: ProductKernel): number };

  /** @param kernels the numbers of the family's kernels */
  constructor(memory: WasmMemory, family: ProductFamily, kernels: { numberOf(kernel: ProductKernel): number }) {
    this.family = family;
    this.#memory = memory;
    this.#kernels = kernels;
  }

  /** The same product as one whose strategy is known: one column is computed as one row. */
  wayOf(call: StepStridedMatmulCall): { strategy: MatmulStrategy; call: StepStridedMatmulCall } {
    if (call.packed !== undefined) return { strategy: 'blocked', call };
    const { k, a, transposeA = false, transposeB = false } = call;
    const m = call.rowsOfAll ?? call.m;
    if (call.n === 1 && m > 1 && call.c.rowStride === 1) return this.wayOf(asRow(call));
    const { mostFewRows, mostDotRows } = this.family;
    if (!transposeB && m <= mostFewRows) return { strategy: 'rows', call };
    if (transposeB && m <= mostDotRows(k) && (!transposeA || (m === 1 && a.rowStride === 1)))
      return { strategy: 'dot', call };
    return { strategy: 'blocked', call };
  }

  /** Writes the product's kernel call. All sizes are at least 1. */
  write(writer: CallWriter, call: StepStridedMatmulCall, strategy: MatmulStrategy, workspace: Workspace): void {
    const { m, n, k, a, b, c, transposeA = false, transposeB = false, accumulate = false } = call;
    const packed = call.packed as PackedPanels | undefined;
    if (packed !== undefined && packed.kernels !== this) return packed.kernels.write(writer, call, strategy, workspace);
    this.#requireKernel(call, strategy);
    const strideA = 4 * a.rowStride;
    const strideB = 4 * b.rowStride;
    const kernel =
      packed !== undefined
        ? 'product_packed'
        : strategy === 'rows'
          ? 'few_rows'
          : strategy === 'dot'
            ? 'dot_rows'
            : 'product';
    writer.beginCall(this.#kernels.numberOf(kernel));
    for (const size of [m, n, k]) writer.int(size);
    writer.address(a, transposeA ? reach(k, m, a) : reach(m, k, a));
    writer.int(strategy === 'rows' && transposeA ? 4 : strideA);
    if (strategy === 'rows') writer.int(transposeA ? strideA : 4);
    if (strategy === 'blocked') writer.int(this.family.wayOfA(transposeA, strideA, n));
    if (packed === undefined) {
      writer.address(b, transposeB ? reach(n, k, b) : reach(k, n, b));
      writer.int(strideB);
      if (strategy === 'blocked') writer.int(Number(transposeB));
    } else writer.int(this.#memory.byteAddress({ buffer: packed.panels, offset: 0 }));
    writer.address(c, reach(m, n, c));
    writer.int(4 * c.rowStride);
    writer.int(Number(accumulate));
    if (packed !== undefined) this.#writePackedBlocks(writer, m, packed, workspace);
    else if (strategy === 'blocked') this.#writeBlocks(writer, { m, n, k, transposeB }, workspace);
    writer.endCall();
  }

  /** Kernels look at no sizes. @throws INTERNAL where there is none for a call */
  #requireKernel({ m, n, k, transposeA, transposeB }: StepStridedMatmulCall, strategy: MatmulStrategy): void {
    const { mostFewRows } = this.family;
    const takes =
      strategy === 'rows' ? m <= mostFewRows && transposeB !== true : strategy !== 'dot' || transposeB === true;
    if (takes && m > 0 && n > 0 && k > 0) return;
    throw new RondoError('INTERNAL', {
      where: 'wasm backend',
      what: 'there is no kernel for a product.',
      received: `[${m}, ${k}]${transposeA ? "'" : ''} by [${k}, ${n}]${transposeB ? "'" : ''}, ${strategy}`,
    });
  }

  #writePackedBlocks(writer: CallWriter, m: number, { blockK }: PackedPanels, workspace: Workspace): void {
    const { rows, columns, mostBlockM } = this.family;
    const blockM = evenBlock(m, mostBlockM, rows);
    const edgeTile = workspace.take(4 * (rows * columns + blockM * blockK + packingSlack));
    for (const word of [blockM, blockK, edgeTile + 4 * rows * columns, edgeTile]) writer.int(word);
  }

  #writeBlocks(
    writer: CallWriter,
    { m, n, k, transposeB }: { m: number; n: number; k: number; transposeB: boolean },
    workspace: Workspace,
  ): void {
    const { rows, columns, stripColumns, mostBlockM, mostBlockN, mostDirectTiles } = this.family;
    const blockM = evenBlock(m, mostBlockM, rows);
    const blockN = evenBlock(n, mostBlockN, stripColumns);
    const blockK = this.#blockOfDepth(k);
    const isOneBlock = m <= blockM;
    const isDirect = !transposeB && m <= mostDirectTiles * rows;
    const stripStep = isOneBlock ? 0 : 4 * stripColumns * blockK;
    const edgeTile = workspace.take(
      4 * (rows * columns + (isOneBlock ? stripColumns : blockN) * blockK + blockM * blockK + packingSlack),
    );
    const packedB = edgeTile + 4 * rows * columns;
    const packedA = packedB + 4 * (isOneBlock ? stripColumns : blockN) * blockK;
    for (const word of [blockM, blockN, blockK, packedA, packedB, edgeTile, stripStep, Number(isDirect)])
      writer.int(word);
  }

  /** A place for op(b) in the open scope, where `times` products of m rows would rather have it packed. */
  packPlace({ m, n, k, times }: PackCall): PackedMatrix | undefined {
    const { columns, fewestRowsPacked } = this.family;
    if (m < fewestRowsPacked || n === 0 || k === 0 || times < fewestTimesPacked) return undefined;
    return new PackedPanels(
      this,
      n,
      k,
      this.#blockOfDepth(k),
      this.#memory.temporary(Math.ceil(n / columns) * columns * k),
    );
  }

  /** Writes the kernel call that packs b there. */
  writePack(writer: CallWriter, { b, transposeB = false }: PackCall, packed: PackedMatrix): void {
    const { n, k, blockK, panels } = packed as PackedPanels;
    writer.beginCall(this.#kernels.numberOf('pack_all'));
    for (const size of [n, k]) writer.int(size);
    writer.address(b, transposeB ? reach(n, k, b) : reach(k, n, b));
    for (const word of [4 * b.rowStride, Number(transposeB), panels.address, blockK]) writer.int(word);
    writer.endCall();
  }

  /**
   * Cuts a product into about `count` ranges of rows or of columns, whichever leaves less to be packed again. Every
   * element is summed as in the whole.
   */
  cut(call: StepStridedMatmulCall, strategy: MatmulStrategy, count: number): StepStridedMatmulCall[] {
    const { m, n } = call;
    const byRows = strategy === 'blocked' && m > n;
    const [total, step] = byRows ? [m, this.family.rows] : [n, this.family.stripColumns];
    const size = Math.ceil(total / count / step) * step;
    const parts: StepStridedMatmulCall[] = [];
    for (let first = 0; first < total; first += size) {
      const length = Math.min(size, total - first);
      parts.push(byRows ? rowsOf(call, first, length) : columnsOf(call, first, length));
    }
    return parts;
  }

  /** Steps of k that are summed before their sum is added to c; the same for every strategy of cutting and packing. */
  #blockOfDepth(k: number): number {
    return evenBlock(k, this.family.mostBlockK, 4);
  }
}

/** From the first element of a matrix to its last. */
function reach(rows: number, columns: number, { rowStride }: Strided): number {
  return (rows - 1) * rowStride + columns;
}

function rowsOf(call: StepStridedMatmulCall, first: number, m: number): StepStridedMatmulCall {
  const { a, c, transposeA = false } = call;
  return { ...call, m, a: moved(a, transposeA ? first : first * a.rowStride), c: moved(c, first * c.rowStride) };
}

function columnsOf(call: StepStridedMatmulCall, first: number, n: number): StepStridedMatmulCall {
  const { b, c, transposeB = false } = call;
  return { ...call, n, b: moved(b, transposeB ? first * b.rowStride : first), c: moved(c, first) };
}

function moved(view: StepStrided, by: number): StepStrided {
  return { ...view, offset: view.offset + by };
}

/** A product of one column, `c = op(a) b`, as the product of one row that has the same elements: `c' = b' op(a)'`. */
function asRow(call: StepStridedMatmulCall): StepStridedMatmulCall {
  const { m, k, a, b, c, transposeA = false, transposeB = false, accumulate } = call;
  return { m: 1, n: m, k, a: b, transposeA: !transposeB, b: a, transposeB: !transposeA, c, accumulate };
}

/** The size that cuts `total` into the fewest blocks of at most `most`, all nearly equal and multiples of `step`. */
function evenBlock(total: number, most: number, step: number): number {
  const count = Math.ceil(total / most);
  return Math.ceil(total / count / step) * step;
}
