import { quantizedBlocks } from '../compress-matrix.js';
import {
  blockOutputs,
  type CompressedMatrix,
  type HalfMatrix,
  halfPanelOutputs,
  int8BlockOutputs,
  isHalf,
  numPanels,
  type QuantizedMatrix,
} from '../compressed-matrix.js';
import type { PlacedMatrix } from '../contract.js';
import { lackOfPages } from '../machine-code.js';
import type { StepStridedCompressedCall } from '../sequence/loop-host.js';
import { edgeBytes, writeBlockProduct } from './block-products.js';
import type { CallWriter, Workspace } from './call-writer.js';
import { hasRelaxedDot } from './features.js';
import { writeInt8BlockProduct } from './int8-block-products.js';
import { panelOutputs, writeInt8Product } from './int8-products.js';
import { roundedBytes } from './int8-rows.js';
import { type KernelModules, LazyKernels } from './kernel-modules.js';
import type { TileFamily } from './matmul-tiles.js';
import type { WasmBuffer, WasmMemory } from './memory.js';

type WasmKernel = 'int8_product' | 'int8_block_product' | 'block_product';

/** How the kernels read a matrix. */
export interface Layout {
  readonly kernel: WasmKernel | 'float16_product' | 'bfloat16_product';
  /** Outputs that lie together. */
  readonly panelOutputs: number;
  readonly arrays: readonly Elements[];
  /** By array: the bytes that a panel takes, if each takes as many; the others are read from their beginning. */
  readonly panelBytes: readonly (number | undefined)[];
  workspaceBytes(m: number, k: number): number;
}

/** A matrix in the order in which the kernels read it. */
interface PlacedInWasm extends PlacedMatrix {
  readonly buffers: readonly WasmBuffer[];
  readonly layout: Omit<Layout, 'arrays'>;
}

/** Products with compressed matrices, in one memory. */
export class CompressedProducts {
  readonly #memory: WasmMemory;
  readonly #kernels: LazyKernels<WasmKernel>;
  readonly #modules: KernelModules;

  /** @param relaxedDot whether 8-bit products use the relaxed dot product; sums are the same without it. */
  constructor(memory: WasmMemory, modules: KernelModules, madd: TileFamily['madd'], relaxedDot = hasRelaxedDot()) {
    this.#memory = memory;
    this.#modules = modules;
    this.#kernels = new LazyKernels(modules, {
      int8_product: (module) => writeInt8Product(module, relaxedDot),
      int8_block_product: (module) => writeInt8BlockProduct(module, relaxedDot),
      block_product: (module) => writeBlockProduct(module, madd),
    });
  }

  /** Lays a matrix out in memory that lasts until its buffers are freed. */
  place(matrix: CompressedMatrix, segment: number): PlacedMatrix {
    const { arrays, ...layout } = layoutOf(matrix, segment);
    const buffers: WasmBuffer[] = [];
    for (const array of arrays) {
      const buffer = this.#taken(array, buffers);
      new Uint8Array(this.#memory.memory.buffer, buffer.address, array.byteLength).set(
        new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
      );
      buffers.push(buffer);
    }
    const placed: PlacedInWasm = { matrix, segment, buffers, layout };
    return placed;
  }

  /** Memory for an array; what was taken before is given back where there is none. @throws OUT_OF_MEMORY */
  #taken(array: Elements, before: readonly WasmBuffer[]): WasmBuffer {
    try {
      return this.#memory.allocate(array.length, dtypeOf(array));
    } catch (error) {
      for (const buffer of before) this.#memory.free(buffer);
      throw error;
    }
  }

  /** Writes the product's kernel call. All sizes are at least 1. */
  write(writer: CallWriter, call: StepStridedCompressedCall, workspace: Workspace): void {
    const { m, n, a, c, firstColumn, accumulate = false } = call;
    const { matrix, segment, buffers, layout } = call.matrix as PlacedInWasm;
    const { kernel, panelOutputs, panelBytes, workspaceBytes } = layout;
    const panelsOfSegment = Math.ceil(segment / panelOutputs);
    const inSegment = firstColumn % segment;
    const panelsBefore = ((firstColumn - inSegment) / segment) * panelsOfSegment + inSegment / panelOutputs;
    const width = Math.min(n, segment);
    writer.beginCall(this.#numberOf(kernel));
    writer.int(m);
    if (matrix.kind !== 'blocks') writer.int(matrix.k);
    writer.int(n / width);
    writer.int(width);
    writer.address(a, (m - 1) * a.rowStride + matrix.k);
    writer.int(4 * a.rowStride);
    for (const [i, { address }] of buffers.entries()) writer.int(address + panelsBefore * (panelBytes[i] ?? 0));
    writer.address(c, (m - 1) * c.rowStride + n);
    writer.int(4 * c.rowStride);
    writer.int(Number(accumulate));
    writer.int(workspace.take(workspaceBytes(m, matrix.k)));
    writer.endCall();
  }

  #numberOf(kernel: Layout['kernel']): number {
    if (kernel !== 'float16_product' && kernel !== 'bfloat16_product') return this.#kernels.numberOf(kernel);
    const number = this.#modules.numberOfMachineCode(kernel);
    if (number === undefined) throw lackOfPages();
    return number;
  }
}

type Elements = Int8Array | Uint16Array | Int32Array | Float32Array;

/** Blocks of zeros are left out, of 8-bit weights where there are many; otherwise everything is read. */
export function layoutOf(matrix: CompressedMatrix, segment: number): Layout {
  if (matrix.kind === 'blocks')
    return {
      kernel: 'block_product',
      panelOutputs: blockOutputs,
      arrays: [matrix.starts, matrix.inputs.map((input) => 4 * input), matrix.values],
      panelBytes: [4],
      workspaceBytes: () => edgeBytes,
    };
  if (isHalf(matrix))
    return {
      kernel: `${matrix.kind}_product`,
      panelOutputs: halfPanelOutputs,
      arrays: [halfPanels(matrix, segment)],
      panelBytes: [2 * halfPanelOutputs * matrix.k],
      workspaceBytes: () => 0,
    };
  const blocks = quantizedBlocks(matrix, segment);
  const width = blocks === undefined ? panelOutputs : int8BlockOutputs;
  const scales = paddedScales(matrix, segment, width);
  const kept = blocks === undefined ? [panelsOf(matrix, segment)] : [blocks.starts, blocks.inputs, blocks.values];
  const ofOutputs = [4 * width, 4 * width];
  return {
    kernel: blocks === undefined ? 'int8_product' : 'int8_block_product',
    panelOutputs: width,
    arrays: [...kept, ...scales],
    panelBytes:
      blocks === undefined
        ? [4 * width * Math.ceil(matrix.k / 4), ...ofOutputs]
        : [4, undefined, undefined, ...ofOutputs],
    // The last outputs of a segment, and the rounded rows.
    workspaceBytes: (m, k) => 4 * width + roundedBytes(m, k),
  };
}

/** Calls with each column and its place where segments are padded to panels of `width` outputs. */
function eachOutput(n: number, segment: number, width: number, work: (column: number, output: number) => void): void {
  const padded = Math.ceil(segment / width) * width;
  for (let column = 0; column < n; column++) work(column, Math.floor(column / segment) * padded + (column % segment));
}

/** Scales and sums of the weights of each output. */
function paddedScales(
  { k, n, values, scales }: QuantizedMatrix,
  segment: number,
  width: number,
): [Float32Array, Int32Array] {
  const outputs = numPanels(n, segment, width) * width;
  const placed = new Float32Array(outputs);
  const sums = new Int32Array(outputs);
  eachOutput(n, segment, width, (column, output) => {
    placed[output] = scales[column];
    for (let input = 0; input < k; input++) sums[output] += values[input * n + column];
  });
  return [placed, sums];
}

/** Weights `[panels][K / 4][32][4]`. */
function panelsOf({ k, n, values }: QuantizedMatrix, segment: number): Int8Array {
  const quads = Math.ceil(k / 4);
  const panels = new Int8Array(numPanels(n, segment, panelOutputs) * panelOutputs * quads * 4);
  eachOutput(n, segment, panelOutputs, (column, output) => {
    const lane = output % panelOutputs;
    const panel = ((output - lane) / panelOutputs) * quads * 4 * panelOutputs;
    for (let input = 0; input < k; input++)
      panels[panel + (input >> 2) * 4 * panelOutputs + 4 * lane + (input & 3)] = values[input * n + column];
  });
  return panels;
}

/** Weights `[panels][K][32]`; of bfloat16 in pairs of outputs i and i + 16, each of which is half of a number of 32 bits. */
function halfPanels({ kind, k, n, values }: HalfMatrix, segment: number): Uint16Array {
  const panels = new Uint16Array(numPanels(n, segment, halfPanelOutputs) * halfPanelOutputs * k);
  eachOutput(n, segment, halfPanelOutputs, (column, output) => {
    const lane = output % halfPanelOutputs;
    const half = halfPanelOutputs / 2;
    const place = kind === 'float16' ? lane : 2 * (lane % half) + Math.floor(lane / half);
    const panel = (output - lane) * k + place;
    for (let input = 0; input < k; input++) panels[panel + input * halfPanelOutputs] = values[input * n + column];
  });
  return panels;
}

function dtypeOf(array: Elements): 'int8' | 'float16' | 'int32' | 'float32' {
  if (array instanceof Int8Array) return 'int8';
  if (array instanceof Uint16Array) return 'float16';
  return array instanceof Int32Array ? 'int32' : 'float32';
}
