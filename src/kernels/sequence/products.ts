import type { Product } from '../../cells/plan.js';
import { gatesWidth, kernelColumns, unitsWidth, widthNamed } from '../../cells/widths.js';
import { halfPanelOutputs, isHalf } from '../compressed-matrix.js';
import type {
  CompressedRecurrentWeights,
  MatmulCall,
  PlacedMatrix,
  RecurrentCall,
  RecurrentForwardCall,
  RecurrentWeights,
  Strided,
  View,
} from '../contract.js';
import {
  columnsAt,
  operandWidth,
  type ProductResults,
  placed,
  type StepArray,
  stateWidth,
  stepArray,
} from './arrays.js';
import type { Layout, Shard, StepRun } from './layout.js';
import type { CpuLoopHost, PackedMatrix, StepCall, StepLoop } from './loop-host.js';
import type { SplitAmong } from './split.js';
import type { AttendedMemory, MemoryGradients, StepAttention } from './step-attention.js';

/** A dense part of a product: `result[:, column to column + n] = operand[:, row to row + k] x matrix`, `[k, n]`. */
export interface Block {
  readonly matrix: Strided;
  readonly row: number;
  readonly k: number;
  readonly column: number;
  readonly n: number;
}

type Units = Pick<Shard, 'firstUnit' | 'numUnits'>;

/** The blocks that compute some units of a product's gates: all gates at once where these are all units. */
export function blocksOfResult(
  call: RecurrentCall,
  weights: RecurrentWeights,
  product: Product,
  units: Units,
): Block[] {
  if (product.kernel !== undefined) return [ownKernelBlock(call, weights, product.kernel)];
  const isWhole = units.numUnits === call.units;
  if (isWhole && (call.heads ?? 1) === 1) return [headBlock(call, weights, product, 0, product.numGates, units)];
  return headsIn(call, units).flatMap((ofHead) =>
    Array.from({ length: product.numGates }, (_, i) => headBlock(call, weights, product, i, 1, ofHead)),
  );
}

/** The blocks that, transposed, compute the gradients by some units of what a product multiplies. */
function blocksOfOperand(call: RecurrentCall, product: Product, units: Units): Block[] {
  const heads = call.heads ?? 1;
  // Where the operand has another width than the units, a shard has all of both.
  if (product.kernel !== undefined || call.plan.cell.recurrentWidth !== unitsWidth)
    return blocksOfResult(call, call.weights, product, units);
  const numGates = heads === 1 ? product.numGates : 1;
  return headsIn(call, units).flatMap((ofHead) =>
    Array.from({ length: product.numGates / numGates }, (_, i): Block => {
      const size = call.units / heads;
      const first = ofHead.head * size;
      const whole = headBlock(call, call.weights, product, i, numGates, {
        ...ofHead,
        firstUnit: first,
        numUnits: size,
      });
      return {
        ...whole,
        matrix: columnsAt(whole.matrix, ofHead.firstUnit - first, 0),
        row: ofHead.firstUnit,
        k: ofHead.numUnits,
      };
    }),
  );
}

function ownKernelBlock(call: RecurrentCall, { kernels }: RecurrentWeights, kernel: string): Block {
  const { cell } = call.plan;
  const n = kernelColumns(cell, call, cell.kernels[kernel]);
  const k = widthNamed(call, cell.kernels[kernel].from);
  return { matrix: { ...kernels![kernel], rowStride: n }, row: 0, k, column: 0, n };
}

interface HeadUnits extends Units {
  readonly head: number;
}

/** The units of a range, head by head. */
function headsIn({ units, heads = 1 }: RecurrentCall, { firstUnit, numUnits }: Units): HeadUnits[] {
  const size = units / heads;
  return Array.from({ length: heads }, (_, head): HeadUnits => {
    const first = Math.max(firstUnit, head * size);
    return { head, firstUnit: first, numUnits: Math.min(firstUnit + numUnits, (head + 1) * size) - first };
  }).filter((ofHead) => ofHead.numUnits > 0);
}

/** Units of one head, of `numGates` gates from the product's gate i on. */
function headBlock(
  call: RecurrentCall,
  { recurrentKernel }: RecurrentWeights,
  { firstGate }: Product,
  i: number,
  numGates: number,
  { head = 0, firstUnit, numUnits }: Partial<HeadUnits> & Units,
): Block {
  const { plan, units, heads = 1 } = call;
  const size = units / heads;
  const rowStride = plan.cell.gates.length * size;
  const gate = firstGate + i;
  return {
    matrix: columnsAt({ ...recurrentKernel!, rowStride }, head * size, gate * size + firstUnit - head * size),
    row: head * size,
    k: heads === 1 ? widthNamed(call, plan.cell.recurrentWidth) : size,
    column: gate * units + firstUnit,
    n: (numGates - 1) * units + numUnits,
  };
}

/** As {@link Block}, of a compressed matrix from its column `firstColumn` on. */
interface CompressedBlock extends Pick<Block, 'row' | 'column' | 'n'> {
  readonly matrix: PlacedMatrix;
  readonly firstColumn: number;
}

/** Of compressed weights, only panels of 16 bits can be split by units. */
export function splitOfCompressed({
  compressed,
  heads = 1,
}: RecurrentForwardCall): Partial<Pick<SplitAmong, 'numBarrierThreads' | 'unitsOfPanel'>> {
  if (compressed === undefined) return {};
  const isSplit = heads === 1 && compressed.recurrentKernel?.every(({ matrix }) => isHalf(matrix)) === true;
  return isSplit ? { unitsOfPanel: halfPanelOutputs } : { numBarrierThreads: 1 };
}

/** The blocks that compute some units of a product with compressed weights; undefined where its weights are not. */
function compressedBlocks(
  { units, heads = 1 }: RecurrentCall,
  weights: CompressedRecurrentWeights | undefined,
  { kernel, firstGate, numGates }: Product,
  { firstUnit, numUnits }: Units,
): CompressedBlock[] | undefined {
  if (kernel !== undefined) {
    const matrix = weights?.kernels[kernel];
    return matrix && [{ matrix, row: 0, firstColumn: 0, column: 0, n: matrix.matrix.n }];
  }
  const matrices = weights?.recurrentKernel;
  if (matrices === undefined) return undefined;
  if (numUnits < units)
    return Array.from({ length: numGates }, (_, i) => {
      const column = (firstGate + i) * units + firstUnit;
      return { matrix: matrices[0], row: 0, firstColumn: column, column, n: numUnits };
    });
  const size = units / heads;
  // Gates of one head lie side by side in its matrix, and apart in the result.
  const gatesAtOnce = heads === 1 ? numGates : 1;
  return matrices.flatMap((matrix, head) =>
    Array.from({ length: numGates / gatesAtOnce }, (_, i) => ({
      matrix,
      row: head * size,
      firstColumn: (firstGate + i) * size,
      column: (firstGate + i) * units + head * size,
      n: gatesAtOnce * size,
    })),
  );
}

/** Where the result of a product lies, or its gradient. */
export function resultOf(
  call: RecurrentCall,
  product: Product,
  { recurrent, kernels, input }: ProductResults,
): Strided {
  const { kernel } = product;
  if (kernel === undefined) return recurrent;
  return addsToInput(call, product) ? input : kernels[kernel];
}

function addsToInput({ plan }: RecurrentCall, { kernel }: Product): boolean {
  return kernel !== undefined && plan.cell.kernels[kernel].to === gatesWidth;
}

/** The product that asks the memory of each row; undefined where the cell has none. */
function asksMemory({ plan }: RecurrentCall): Product | undefined {
  return plan.products.find(({ kernel }) => kernel !== undefined && plan.cell.kernels[kernel].memory !== undefined);
}

/**
 * The recurrent products of a run, `operand [rows, U] x recurrentKernel[:, gates]`, and their transposes backwards. The
 * kernel is laid out for them once a run, where that pays, however many steps there are.
 */
export class RecurrentProducts {
  readonly #packed = new Map<string, PackedMatrix | undefined>();
  readonly #host: CpuLoopHost;
  readonly #call: RecurrentCall;
  /** The product that asks the memory, and what answers. */
  readonly #asking: Product | undefined;
  readonly #attention: StepAttention | undefined;
  #memoryGradients: MemoryGradients | undefined;

  readonly #compressed: CompressedRecurrentWeights | undefined;

  constructor(host: CpuLoopHost, call: RecurrentCall, compressed?: CompressedRecurrentWeights) {
    this.#compressed = compressed;
    this.#host = host;
    this.#call = call;
    this.#asking = asksMemory(call);
    if (this.#asking !== undefined)
      this.#attention = (call.memory as AttendedMemory).attention(host.backend, call, this.#asking.kernel!);
  }

  /** A shard's columns of a product. */
  forward(product: Product, results: ProductResults, shard: Shard, stepRun: StepRun): StepCall[] {
    const target = resultOf(this.#call, product, results);
    const operand = this.operand(product);
    if (product === this.#asking)
      return this.#attention!.forward(operand, stepArray(target, 0, target.rowStride, 'fixed'), shard, stepRun);
    const accumulate = addsToInput(this.#call, product);
    const compressed = compressedBlocks(this.#call, this.#compressed, product, shard);
    if (compressed !== undefined)
      return compressed.map(({ matrix, row, firstColumn, column, n }) => ({
        kind: 'compressed',
        call: {
          m: stepRun.numRows,
          n,
          a: placed(operand, row, stepRun),
          matrix,
          firstColumn,
          c: placed(stepArray(target, column, target.rowStride, accumulate ? 'packed' : 'fixed'), 0, stepRun),
          accumulate,
        },
      }));
    return blocksOfResult(this.#call, this.#call.weights, product, shard).map(({ matrix, row, k, column, n }) =>
      this.#matmul(`forward ${product.kernel} ${row} ${column}`, {
        m: stepRun.numRows,
        n,
        k,
        a: placed(operand, row, stepRun),
        b: matrix,
        c: placed(stepArray(target, column, target.rowStride, accumulate ? 'packed' : 'fixed'), 0, stepRun),
        accumulate,
      }),
    );
  }

  /** A shard's units of the transposed product: dL/d(operand) from dL/d(product). */
  backward(
    product: Product,
    dProducts: ProductResults,
    target: View,
    accumulate: boolean,
    shard: Shard,
    stepRun: StepRun,
  ): StepCall[] {
    const dResult = resultOf(this.#call, product, dProducts);
    const operand = this.operand(product);
    const { rowStride } = operand;
    if (product === this.#asking) {
      const [dContext, dQuery] = [
        stepArray(dResult, 0, dResult.rowStride, 'packed'),
        stepArray(target, 0, rowStride, 'fixed'),
      ];
      return this.#attention!.backward(operand, dContext, dQuery, accumulate, shard, stepRun, this.#memoryGradients!);
    }
    const written = new Set<number>();
    return blocksOfOperand(this.#call, product, shard).map(({ matrix, row, k, column, n }) => {
      const isFirst = !written.has(row);
      written.add(row);
      return this.#matmul(`backward ${product.kernel} ${row} ${column}`, {
        m: stepRun.numRows,
        n: k,
        k: n,
        a: placed(stepArray(dResult, column, dResult.rowStride, 'packed'), 0, stepRun),
        b: matrix,
        transposeB: true,
        c: placed(stepArray(target, row, rowStride, 'fixed'), 0, stepRun),
        accumulate: accumulate || !isFirst,
      });
    });
  }

  /** Prepares the backward pass. */
  startBackward(layout: Layout): void {
    this.#memoryGradients = this.#attention?.gradients(layout);
  }

  /** What a shard does behind its last step back. */
  memoryLoops(dProducts: ProductResults, layout: Layout, shard: Shard): StepLoop[] {
    if (this.#asking === undefined) return [];
    const dResult = resultOf(this.#call, this.#asking, dProducts);
    const dContext = stepArray(dResult, 0, dResult.rowStride, 'packed');
    return this.#attention!.memoryLoops(this.operand(this.#asking), dContext, layout, shard, this.#memoryGradients!);
  }

  finishBackward(): void {
    if (this.#memoryGradients !== undefined) this.#attention!.finish(this.#memoryGradients);
  }

  /** What a product multiplies: the state before the step, or a value computed in the step. */
  operand({ state, operand }: Product): StepArray {
    const call = this.#call;
    return state !== undefined
      ? stepArray(call.states[state], 0, stateWidth(call, state), 'stateBefore')
      : stepArray(call.operands[operand!], 0, operandWidth(call, operand!), 'packed');
  }

  #matmul(key: string, call: MatmulCall): StepCall {
    if (!this.#packed.has(key))
      this.#packed.set(key, this.#host.pack({ ...call, m: this.#call.batch, times: this.#call.activeRows.length }));
    return { kind: 'matmul', call: { ...call, rowsOfAll: this.#call.batch, packed: this.#packed.get(key) } };
  }
}
