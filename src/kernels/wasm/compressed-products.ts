import {
  type BlockSparseMatrix,
  blockOutputs,
  type CompressedMatrix,
  numPanels,
  type QuantizedMatrix,
} from '../compressed-matrix.js';
import type { PlacedMatrix } from '../contract.js';
import type { StepStridedCompressedCall } from '../sequence/loop-host.js';
import { edgeBytes, writeBlockProduct } from './block-products.js';
import type { CallWriter, Workspace } from './call-writer.js';
import { hasRelaxedDot } from './features.js';
import { panelOutputs, roundedBytes, writeInt8Product } from './int8-products.js';
import { type KernelModules, LazyKernels } from './kernel-modules.js';
import type { TileFamily } from './matmul-tiles.js';
import type { WasmBuffer, WasmMemory } from './memory.js';

/** A matrix in the order in which the kernels read it. */
interface PlacedInWasm extends PlacedMatrix {
  readonly buffers: readonly WasmBuffer[];
}

/** Products with compressed matrices, in one memory. */
export class CompressedProducts {
  readonly #memory: WasmMemory;
  readonly #kernels: LazyKernels<'int8_product' | 'block_product'>;

  /** @param relaxedDot whether 8-bit products use the relaxed dot product; sums are the same without it. */
  constructor(memory: WasmMemory, modules: KernelModules, madd: TileFamily['madd'], relaxedDot = hasRelaxedDot()) {
    this.#memory = memory;
    this.#kernels = new LazyKernels(modules, {
      int8_product: (module) => writeInt8Product(module, relaxedDot),
      block_product: (module) => writeBlockProduct(module, madd),
    });
  }

  /** Lays a matrix out in memory that lasts until its buffers are freed. */
  place(matrix: CompressedMatrix, segment: number): PlacedMatrix {
    const arrays = matrix.kind === 'int8' ? panelsOf(matrix, segment) : blocksOf(matrix);
    const buffers: WasmBuffer[] = [];
    for (const array of arrays) {
      const buffer = this.#taken(array, buffers);
      new Uint8Array(this.#memory.memory.buffer, buffer.address, array.byteLength).set(
        new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
      );
      buffers.push(buffer);
    }
    return { matrix, segment, buffers };
  }

  /** Memory for an array; what was taken before is given back where there is none. @throws OUT_OF_MEMORY */
  #taken(array: Int8Array | Int32Array | Float32Array, before: readonly WasmBuffer[]): WasmBuffer {
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
    const { matrix, segment, buffers } = call.matrix as PlacedInWasm;
    const { k } = matrix;
    const [first, second, third] = buffers.map(({ address }) => address);
    const segments = n / segment;
    const panelsBefore = (width: number): number => (firstColumn / segment) * Math.ceil(segment / width);
    writer.beginCall(this.#kernels.numberOf(matrix.kind === 'int8' ? 'int8_product' : 'block_product'));
    writer.int(m);
    if (matrix.kind === 'int8') writer.int(k);
    writer.int(segments);
    writer.int(segment);
    writer.address(a);
    writer.int(4 * a.rowStride);
    if (matrix.kind === 'int8') {
      const outputs = panelsBefore(panelOutputs) * panelOutputs;
      for (const word of [first + outputs * 4 * Math.ceil(k / 4), second + 4 * outputs, third + 4 * outputs])
        writer.int(word);
    } else for (const word of [first + 4 * panelsBefore(blockOutputs), second, third]) writer.int(word);
    writer.address(c);
    writer.int(4 * c.rowStride);
    writer.int(Number(accumulate));
    writer.int(workspace.take(matrix.kind === 'int8' ? roundedBytes(m, k) : edgeBytes));
    writer.endCall();
  }
}

/** Weights `[panels][K / 4][32][4]`, scales and sums of weights `[panels * 32]`. */
function panelsOf(matrix: QuantizedMatrix, segment: number): [Int8Array, Float32Array, Int32Array] {
  const { k, n, values, scales } = matrix;
  const quads = Math.ceil(k / 4);
  const outputs = numPanels(n, segment, panelOutputs) * panelOutputs;
  const panels = new Int8Array(outputs * quads * 4);
  const placedScales = new Float32Array(outputs);
  const sums = new Int32Array(outputs);
  const paddedSegment = Math.ceil(segment / panelOutputs) * panelOutputs;
  for (let column = 0; column < n; column++) {
    const output = Math.floor(column / segment) * paddedSegment + (column % segment);
    const lane = output % panelOutputs;
    const panel = ((output - lane) / panelOutputs) * quads * 4 * panelOutputs;
    placedScales[output] = scales[column];
    for (let input = 0; input < k; input++) {
      const value = values[input * n + column];
      panels[panel + (input >> 2) * 4 * panelOutputs + 4 * lane + (input & 3)] = value;
      sums[output] += value;
    }
  }
  return [panels, placedScales, sums];
}

function blocksOf({ starts, inputs, values }: BlockSparseMatrix): [Int32Array, Int32Array, Float32Array] {
  return [starts, inputs.map((input) => 4 * input), values];
}

function dtypeOf(array: Int8Array | Int32Array | Float32Array): 'int8' | 'int32' | 'float32' {
  if (array instanceof Int8Array) return 'int8';
  return array instanceof Int32Array ? 'int32' : 'float32';
}
