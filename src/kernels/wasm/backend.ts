import { bytesOf, type DType, whole } from '../../dtype.js';
import { RondoError } from '../../errors.js';
import { leaf } from '../../expression/build.js';
import { pointwiseProgram } from '../../expression/program.js';
import type { AcceleratedBackend } from '../acceleration.js';
import { compressedEngine } from '../compressed-engine.js';
import type { CompressedMatrix } from '../compressed-matrix.js';
import type {
  Buffer,
  Capability,
  CompressedMatmulCall,
  GatherCall,
  MatmulCall,
  MemoryReport,
  PlacedMatrix,
  PointwiseCall,
  Recording,
  RecurrentBackwardCall,
  RecurrentForwardCall,
  Strided,
  Support,
  View,
} from '../contract.js';
import { convert } from '../convert.js';
import { inScope } from '../in-scope.js';
import { type MachineCode, machineCode } from '../machine-code.js';
import type { LoopingBackend } from '../sequence/loop-host.js';
import { recurrentBackward, recurrentForward } from '../sequence/sequence.js';
import type { CompressedProducts } from './compressed-products.js';
import { hasRelaxedSimd, hasSimd } from './features.js';
import { KernelRunner } from './kernel-runner.js';
import { WasmLoopHost } from './loop-host.js';
import type { TileFamily } from './matmul-tiles.js';
import { WasmMemory } from './memory.js';
import { defaultThreads, requireOptions, type WasmBackendOptions } from './options.js';
import { PointwiseKernels } from './pointwise.js';
import { sharedOperations, WasmProducts } from './products.js';
import { RowKernels } from './rows.js';
import { WasmThreadControl } from './thread-control.js';
import { hostThreads } from './threads/host.js';

/** Fewer elements are not shared, since telling another thread takes a few microseconds. */
const sharedElements = 1 << 15;

const wholeArrays = { int32: Int32Array, uint8: Uint8Array, int8: Int8Array } as const;
const fillProgram = pointwiseProgram('fill', [{ name: 'filled', expression: leaf('value', 'scalar') }]);

/** Fewer numbers are copied one by one in less time than it takes to describe them as an array. */
const fewElements = 64;

/** The contract in float32, by WebAssembly written at run time. */
export class WasmBackend implements AcceleratedBackend, LoopingBackend {
  readonly name = 'wasm';
  readonly floatType = 'float32';
  readonly threads: WasmThreadControl;
  /** Where the products are; a library can be given large ones, see `useBlas` of `rondo/node`. */
  readonly acceleration: WasmProducts;
  readonly #isRelaxed: boolean;
  readonly #memory: WasmMemory;
  readonly #runner: KernelRunner;
  readonly #rows: RowKernels;
  readonly #pointwise: PointwiseKernels;
  #compressed: CompressedProducts | undefined;
  readonly loops: WasmLoopHost;

  /**
   * @param family the tiles to multiply with, instead of those that are the fastest here
   * @param code the machine code to use, instead of what is offered
   */
  constructor(options: WasmBackendOptions = {}, family?: TileFamily, code?: MachineCode) {
    const { deterministic = false, threads = defaultThreads(), sharedMemory = hostThreads().canShare } = options;
    const usesMachineCode = !deterministic && (options.machineCode ?? true);
    this.#isRelaxed = !deterministic && hasRelaxedSimd();
    this.#memory = new WasmMemory({ shared: sharedMemory });
    const machine = usesMachineCode ? (code ?? machineCode())?.bind(this.#memory.memory) : undefined;
    this.#runner = new KernelRunner(this.#memory, threads, machine);
    const { modules } = this.#runner;
    this.threads = new WasmThreadControl(this.#runner.pool, this.#memory);
    this.#rows = new RowKernels(this.#memory, modules);
    this.#pointwise = new PointwiseKernels(modules, { relaxed: this.#isRelaxed });
    this.acceleration = new WasmProducts(this.#memory, this.#runner, this.#rows, { deterministic, family });
    this.loops = new WasmLoopHost(this, {
      runner: this.#runner,
      products: this.acceleration,
      compressed: () => this.#compressedProducts(),
      pointwise: this.#pointwise,
    });
  }

  supports(capability: Capability): Support {
    switch (capability) {
      case 'readNow':
        return { supported: true, reason: 'the host sees WebAssembly memory.' };
      case 'relaxedSimd':
        if (this.#isRelaxed) return { supported: true, reason: 'the host accepts relaxed SIMD.' };
        return {
          supported: false,
          reason: hasRelaxedSimd() ? 'the backend was made deterministic.' : 'the host does not accept relaxed SIMD.',
        };
      case 'float64':
        return { supported: false, reason: 'the kernels compute in float32.' };
      case 'threads':
        return this.threads.support();
      case 'halfWeights':
        return this.#runner.modules.machineCode === undefined
          ? { supported: false, reason: 'WebAssembly has no instructions that read floats of 16 bits.' }
          : { supported: true, reason: 'machine code reads floats of 16 bits.' };
    }
  }

  allocate(size: number, dtype?: DType): Buffer {
    return this.#memory.allocate(size, dtype);
  }

  free(buffer: Buffer): void {
    this.#memory.free(buffer);
  }

  openScope(): void {
    this.#memory.openScope();
  }

  closeScope(): void {
    this.#memory.closeScope();
  }

  temporary(size: number, dtype?: DType): Buffer {
    return this.#memory.temporary(size, dtype);
  }

  memory(): MemoryReport {
    return this.#memory.report();
  }

  /** What the memory can grow to, as far as the host knows. */
  get memoryLimitBytes(): number {
    return this.#memory.maximumPages * 65536;
  }

  write(view: View, data: ArrayLike<number>): void {
    const first = this.#firstElement(view, data.length);
    const { dtype } = view.buffer;
    const memory = this.#memory.memory.buffer;
    if (dtype === 'float32') this.#memory.floats.set(data, first);
    else if (dtype === 'float64') new Float64Array(memory).set(data, first);
    else if (dtype === 'float16' || dtype === 'bfloat16')
      this.#throughSingles(data.length, (singles) => {
        this.write(singles, data);
        convert(this, data.length, singles, view);
      });
    else {
      const elements = new wholeArrays[dtype](memory);
      for (let i = 0; i < data.length; i++) elements[first + i] = whole(dtype, data[i]);
    }
  }

  read(view: View, size: number): Promise<Float32Array | Float64Array> {
    return Promise.resolve(this.readNow(view, size));
  }

  readNow(view: View, size: number): Float32Array | Float64Array {
    const first = this.#firstElement(view, size);
    this.#requireNoRecording();
    const { dtype } = view.buffer;
    const memory = this.#memory.memory.buffer;
    // Copied by their constructors, which spares filling them with zeros first.
    if (dtype === 'float32') return new Float32Array(this.#memory.floats.subarray(first, first + size));
    if (dtype === 'float64') return new Float64Array(new Float64Array(memory, 8 * first, size));
    if (dtype === 'float16' || dtype === 'bfloat16')
      return this.#throughSingles(size, (singles) => {
        convert(this, size, view, singles);
        return this.readNow(singles, size);
      });
    const elements = new wholeArrays[dtype](memory).subarray(first, first + size);
    return dtype === 'int32' ? new Float64Array(elements) : new Float32Array(elements);
  }

  /** Kernels convert 16-bit floats; the host has no array of them. */
  #throughSingles<T>(size: number, work: (singles: View) => T): T {
    return inScope(this.#memory, () => work({ buffer: this.temporary(size), offset: 0 }));
  }

  readInto(view: View, target: Float32Array | Float64Array): void {
    if (view.buffer.dtype !== 'float32') return target.set(this.readNow(view, target.length));
    const first = this.#firstElement(view, target.length);
    this.#requireNoRecording();
    const { floats } = this.#memory;
    const { length } = target;
    if (length < fewElements) for (let i = 0; i < length; i++) target[i] = floats[first + i];
    else target.set(floats.subarray(first, first + length));
  }

  record(work: () => void): Recording {
    return this.#runner.record(work);
  }

  fill(view: View, size: number, value: number): void {
    if (view.buffer.dtype !== 'float32') {
      const filled = { ...view, rowStride: size };
      const call = { program: fillProgram, rows: 1, columns: size, inputs: {}, outputs: { filled } };
      return this.pointwise({ ...call, scalars: { value } });
    }
    this.#runner.run((writer) => this.#rows.writeFill(writer, view, size, value));
  }

  pointwise(call: PointwiseCall): void {
    if (this.#runner.sharesWork(call.rows * call.columns, sharedElements)) {
      const cut = this.#pointwise.cut(call, this.threads.numServing);
      if (cut !== undefined)
        return this.#runner.runAtOnce(
          cut.map((item) => (writer, workspace) => this.#pointwise.write(writer, item, workspace)),
        );
    }
    this.#runner.run((writer, workspace) => this.#pointwise.write(writer, call, workspace));
  }

  matmul(call: MatmulCall): void {
    this.acceleration.matmul(call);
  }

  placeMatrix(matrix: CompressedMatrix, segment: number): PlacedMatrix {
    return this.#compressedProducts().place(matrix, segment);
  }

  compressedMatmul(call: CompressedMatmulCall): void {
    const { m, n } = call;
    if (m === 0 || n === 0) return;
    const products = this.#compressedProducts();
    const isShared = m > 1 && this.#runner.sharesWork(m * n * call.matrix.matrix.k, sharedOperations);
    const each = isShared ? Math.ceil(m / this.threads.numServing) : m;
    const parts = Array.from({ length: Math.ceil(m / each) }, (_, i) => rowsOfProduct(call, i * each, each));
    if (parts.length === 1) this.#runner.run((writer, workspace) => products.write(writer, call, workspace));
    else this.#runner.runAtOnce(parts.map((part) => (writer, workspace) => products.write(writer, part, workspace)));
  }

  #compressedProducts(): CompressedProducts {
    this.#compressed ??= new (compressedEngine().wasm)(
      this.#memory,
      this.#runner.modules,
      this.#isRelaxed ? 'relaxed' : 'plain',
    );
    return this.#compressed;
  }

  gatherRows(call: GatherCall): void {
    const { columns, indices } = call;
    const count = indices.length;
    if (columns === 0 || count === 0) return;
    inScope(this.#memory, () => this.#gather(call, this.#rows.place(indices)));
  }

  #gather(call: GatherCall, address: number): void {
    const { columns, indices } = call;
    const count = indices.length;
    if (this.#runner.sharesWork(columns * count, sharedElements) && count >= this.threads.numServing) {
      const each = Math.ceil(count / this.threads.numServing);
      const firsts = Array.from({ length: Math.ceil(count / each) }, (_, i) => i * each);
      this.#runner.runAtOnce(
        firsts.map(
          (first) => (writer) => this.#rows.writeGather(writer, call, address, first, Math.min(each, count - first)),
        ),
      );
    } else this.#runner.run((writer) => this.#rows.writeGather(writer, call, address, 0, count));
  }

  scatterAddRows(call: GatherCall): void {
    if (call.columns === 0 || call.indices.length === 0) return;
    inScope(this.#memory, () => {
      const address = this.#rows.place(call.indices);
      this.#runner.run((writer) => this.#rows.writeScatterAdd(writer, call, address));
    });
  }

  recurrentForward(calls: readonly RecurrentForwardCall[]): void {
    recurrentForward(this.loops, calls);
    this.#runner.noteAlone(() => recurrentForward(this.loops, calls));
  }

  recurrentBackward(calls: readonly RecurrentBackwardCall[]): void {
    recurrentBackward(this.loops, calls);
  }

  /** What is read while recording would be the same in every later run. */
  #requireNoRecording(): void {
    if (!this.#runner.isRecording) return;
    throw new RondoError('USAGE', {
      where: 'wasm backend',
      what: 'a step that is recorded reads its numbers back.',
      expected: 'operations on tensors alone',
      fix: 'compute with `ops`, or leave `isPointwiseInTime` of the layer false.',
    });
  }

  #firstElement(view: View, size: number): number {
    const address = this.#memory.byteAddress(view);
    if (view.offset + size > view.buffer.size) {
      throw new RondoError('INTERNAL', {
        where: 'wasm backend',
        what: 'a transfer runs over the end of its buffer.',
        expected: `at most ${view.buffer.size - view.offset} elements`,
        received: String(size),
      });
    }
    return address / bytesOf[view.buffer.dtype];
  }
}

/** At most `most` rows of a product, from one on. */
function rowsOfProduct(call: CompressedMatmulCall, first: number, most: number): CompressedMatmulCall {
  const from = (view: Strided): Strided => ({ ...view, offset: view.offset + first * view.rowStride });
  return { ...call, m: Math.min(most, call.m - first), a: from(call.a), c: from(call.c) };
}

/**
 * Makes the WebAssembly backend.
 *
 * @throws UNKNOWN_NAME for an unknown option; OUT_OF_RANGE for an impossible number of threads; BACKEND_UNAVAILABLE
 *   where the host has no WebAssembly SIMD, or threads are asked for and workers cannot share memory
 */
export function createWasmBackend(options: WasmBackendOptions = {}): WasmBackend {
  requireOptions('createWasmBackend', options);
  if (!hasSimd()) {
    throw new RondoError('BACKEND_UNAVAILABLE', {
      where: 'createWasmBackend',
      what: 'the host has no WebAssembly SIMD.',
      fix: 'use Node 20.19 or later, or a browser of 2023 or later.',
    });
  }
  return new WasmBackend(options);
}
