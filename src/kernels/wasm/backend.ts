import { RondoError } from '../../errors.js';
import type {
  Backend,
  Buffer,
  Capability,
  GatherCall,
  MatmulCall,
  MemoryReport,
  PackCall,
  PackedMatrix,
  PointwiseCall,
  Recording,
  RecurrentBackwardCall,
  RecurrentForwardCall,
  Support,
  View,
  WorkItem,
} from '../contract.js';
import { asSteps, matricesOf } from '../matmul-batch.js';
import { runInOrder } from '../run-in-order.js';
import { recurrentBackward, recurrentForward } from '../sequence/sequence.js';
import type { Accelerator } from './accelerator.js';
import { cutBatch, writeRange } from './batched-matmul.js';
import { hasRelaxedSimd, hasSimd } from './features.js';
import { KernelRunner } from './kernel-runner.js';
import { MatmulKernels, type MatmulStrategy } from './matmul.js';
import { chooseTiles, standardTiles, type TileChoice } from './matmul-choice.js';
import type { TileFamily } from './matmul-tiles.js';
import { WasmMemory } from './memory.js';
import { defaultThreads, isolationFix, requireOptions, requireThreads, type WasmBackendOptions } from './options.js';
import { PointwiseKernels } from './pointwise.js';
import { RowKernels } from './rows.js';
import { hostThreads } from './threads/host.js';

/** Work of about 20 us for one thread; less is not shared, since telling another thread takes a few microseconds. */
const sharedOperations = 1e6;
const sharedElements = 1 << 15;
/** What one element of a cell's pointwise program costs, the activations of some gates included. */
const operationsOfElement = 100;
/**
 * Work of several milliseconds is cut finer than there are threads, so that one that is put aside delays the others
 * little.
 */
const fineOperations = 2e8;
/**
 * A program that multiplies no more than this is done before the probe of the tiles would have paid. Some 20 ms for one
 * thread.
 */
const operationsBeforeProbe = 4e8;

/** The contract in float32, by WebAssembly written at run time. */
export class WasmBackend implements Backend {
  readonly name = 'wasm';
  readonly elementBytes = 4;
  /** Whether results are the same bits on every processor. */
  readonly isDeterministic: boolean;
  /** Computes the products that it takes instead of the kernels here; see `useBlas` of `rondo/node`. */
  accelerator: Accelerator | undefined;
  readonly #isRelaxed: boolean;
  readonly #memory: WasmMemory;
  readonly #runner: KernelRunner;
  #matmul: MatmulKernels;
  #tileChoice: TileChoice | undefined;
  /** What tiles have multiplied before one family was chosen. */
  #operationsOfTiles = 0;
  readonly #rows: RowKernels;
  readonly #pointwise: PointwiseKernels;

  /** @param family the tiles to multiply with, instead of those that are the fastest here */
  constructor(options: WasmBackendOptions = {}, family?: TileFamily) {
    const { deterministic = false, threads = defaultThreads(), sharedMemory = hostThreads().canShare } = options;
    this.isDeterministic = deterministic;
    this.#isRelaxed = !deterministic && hasRelaxedSimd();
    this.#memory = new WasmMemory({ shared: sharedMemory });
    this.#runner = new KernelRunner(this.#memory, threads);
    const { modules } = this.#runner;
    this.#matmul = new MatmulKernels(this.#memory, modules, family ?? standardTiles({ deterministic }));
    if (family !== undefined) this.#tileChoice = { family, measured: [], elapsedMs: 0 };
    this.#rows = new RowKernels(this.#memory, modules);
    this.#pointwise = new PointwiseKernels(modules, { relaxed: this.#isRelaxed });
  }

  /**
   * Which tile family multiplies matrices from now on, and what each candidate was measured to reach. Asking for it
   * measures, unless that has been done; so does computing, once there were enough products. No result depends on the
   * family.
   */
  chooseTiles(): TileChoice {
    if (this.#tileChoice === undefined) {
      this.#tileChoice = chooseTiles({ deterministic: this.isDeterministic });
      const { family } = this.#tileChoice;
      if (family !== this.#matmul.family) this.#matmul = new MatmulKernels(this.#memory, this.#runner.modules, family);
    }
    return this.#tileChoice;
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
        return this.#supportsThreads();
    }
  }

  #supportsThreads(): Support {
    const { failure, numWanted, numServing } = this.#runner.pool;
    if (failure !== undefined) return { supported: false, reason: `a worker could not start: ${failure}` };
    if (numWanted > 1)
      return { supported: true, reason: `the work is shared by ${numWanted} threads, of which ${numServing} run.` };
    return {
      supported: false,
      reason: this.#memory.isShared
        ? 'the backend was asked for one thread.'
        : hostThreads().canShare
          ? 'the backend was made for one thread.'
          : hostThreads().reason,
    };
  }

  get numThreads(): number {
    return this.#runner.pool.numServing;
  }

  get numBarrierThreads(): number {
    const { pool, isRecording, isNotingAlone } = this.#runner;
    if (isRecording) return isNotingAlone ? 1 : pool.numServing;
    return pool.numPunctual;
  }

  /**
   * Changes how many threads compute, the caller's included.
   *
   * @throws OUT_OF_RANGE; BACKEND_UNAVAILABLE where the memory cannot be shared
   */
  setThreads(threads: number): void {
    requireThreads('setThreads', threads);
    if (threads > 1 && !this.#memory.isShared) {
      const { canShare, reason } = hostThreads();
      throw new RondoError('BACKEND_UNAVAILABLE', {
        where: 'setThreads',
        what: 'the backend cannot use more than one thread.',
        received: canShare ? 'a backend with memory of its own' : reason,
        fix: canShare ? 'make it with createWasmBackend({ threads }).' : isolationFix,
      });
    }
    this.#runner.pool.resize(threads);
  }

  allocate(size: number): Buffer {
    return this.#memory.allocate(size);
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

  temporary(size: number): Buffer {
    return this.#memory.temporary(size);
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
    this.#memory.floats.set(data, first);
  }

  read(view: View, size: number): Promise<Float32Array> {
    return Promise.resolve(this.readNow(view, size));
  }

  readNow(view: View, size: number): Float32Array {
    const first = this.#firstElement(view, size);
    this.#requireNoRecording();
    return this.#memory.floats.slice(first, first + size);
  }

  readInto(view: View, target: Float32Array | Float64Array): void {
    const first = this.#firstElement(view, target.length);
    this.#requireNoRecording();
    const { floats } = this.#memory;
    for (let i = 0; i < target.length; i++) target[i] = floats[first + i];
  }

  record(work: () => void): Recording {
    return this.#runner.record(work);
  }

  fill(view: View, size: number, value: number): void {
    this.#runner.run((writer) => this.#rows.writeFill(writer, view, size, value));
  }

  pointwise(call: PointwiseCall): void {
    if (this.#sharesWork(call.rows * call.columns, sharedElements)) {
      const cut = this.#pointwise.cut(call, this.numThreads);
      if (cut !== undefined)
        return this.#runner.runAtOnce(
          cut.map((item) => (writer, workspace) => this.#pointwise.write(writer, item, workspace)),
        );
    }
    this.#runner.run((writer, workspace) => this.#pointwise.write(writer, call, workspace));
  }

  matmul(given: MatmulCall): void {
    const { m, n, k, batch } = given;
    const count = batch?.count ?? 1;
    if (m === 0 || n === 0 || count === 0) return;
    if (k === 0) return this.#multiplyNothing(given);
    if (this.accelerator?.takes(given) === true && !this.#runner.isRecording)
      return this.#accelerate(given, this.accelerator);
    const { strategy, call } = this.#matmul.wayOf(batch === undefined ? given : asSteps(given, batch));
    const operations = 2 * m * n * k * count;
    this.#countOperations(strategy, operations);
    const isShared = this.#sharesWork(operations, sharedOperations) && call.packed === undefined;
    const parts = isShared ? this.numThreads * (operations > fineOperations ? 2 : 1) : 1;
    if (count > 1 || isShared)
      return this.#runner.parallelFor(
        cutBatch(this.#matmul, { call, count }, strategy, parts).map(
          (range) => (writer, workspace) => writeRange(writer, this.#matmul, range, strategy, workspace),
        ),
      );
    this.#runner.run((writer, workspace) => this.#matmul.write(writer, call, strategy, workspace));
  }

  /** A product over no inner axis. */
  #multiplyNothing(given: MatmulCall): void {
    if (given.accumulate === true) return;
    for (const { m, n, c } of matricesOf(given))
      for (let row = 0; row < m; row++) this.fill({ ...c, offset: c.offset + row * c.rowStride }, n, 0);
  }

  #accelerate(given: MatmulCall, accelerator: Accelerator): void {
    const memory = this.#memory;
    for (const call of matricesOf(given)) {
      const [a, b, c] = [call.a, call.b, call.c].map((view) => memory.byteAddress(view));
      accelerator.multiply({ call, a, b, c, memory: memory.floats });
    }
  }

  gatherRows(call: GatherCall): void {
    const { columns, indices } = call;
    const count = indices.length;
    if (columns === 0 || count === 0) return;
    this.#memory.openScope();
    const address = this.#rows.place(indices);
    if (this.#sharesWork(columns * count, sharedElements) && count >= this.numThreads) {
      const each = Math.ceil(count / this.numThreads);
      const firsts = Array.from({ length: Math.ceil(count / each) }, (_, i) => i * each);
      this.#runner.runAtOnce(
        firsts.map(
          (first) => (writer) => this.#rows.writeGather(writer, call, address, first, Math.min(each, count - first)),
        ),
      );
    } else this.#runner.run((writer) => this.#rows.writeGather(writer, call, address, 0, count));
    this.#memory.closeScope();
  }

  scatterAddRows(call: GatherCall): void {
    if (call.columns === 0 || call.indices.length === 0) return;
    this.#memory.openScope();
    const address = this.#rows.place(call.indices);
    this.#runner.run((writer) => this.#rows.writeScatterAdd(writer, call, address));
    this.#memory.closeScope();
  }

  pack(call: PackCall): PackedMatrix | undefined {
    if (this.#acceleratesSteps(call)) return undefined;
    const packed = this.#matmul.packPlace(call);
    if (packed !== undefined) this.#runner.run((writer) => this.#matmul.writePack(writer, call, packed));
    return packed;
  }

  recurrentForward(calls: readonly RecurrentForwardCall[]): void {
    recurrentForward(this, calls);
    this.#runner.noteAlone(() => recurrentForward(this, calls));
  }

  recurrentBackward(calls: readonly RecurrentBackwardCall[]): void {
    recurrentBackward(this, calls);
  }

  parallelFor(items: readonly WorkItem[], { usesBarriers = false } = {}): void {
    const { pool } = this.#runner;
    if (!pool.isStarted && operationsOf(items) >= sharedOperations) pool.start();
    if (
      items.some((item) =>
        item.some(({ calls }) => calls.some((step) => step.kind === 'matmul' && this.#acceleratesSteps(step.call))),
      )
    )
      return runInOrder(this, items);
    this.#runner.parallelFor(
      items.map((loops) => (writer, workspace) => {
        writer.beginItem(loops.length);
        for (const { numSteps, calls } of loops) {
          writer.beginLoop(numSteps);
          for (const step of calls) {
            if (step.kind === 'barrier') writer.barrier();
            else if (step.kind === 'pointwise') this.#pointwise.write(writer, step.call, workspace);
            else {
              const { m, n, k } = step.call;
              const { strategy } = this.#matmul.wayOf(step.call);
              this.#countOperations(strategy, 2 * m * n * k * numSteps);
              this.#matmul.write(writer, step.call, strategy, workspace);
            }
          }
          writer.endLoop();
        }
      }),
      usesBarriers,
    );
  }

  /**
   * Whether the steps' products go to the accelerator: only where one thread was asked for, because threads know none.
   */
  #acceleratesSteps(call: Pick<MatmulCall, 'm' | 'n' | 'k'>): boolean {
    return (
      this.accelerator !== undefined &&
      !this.#runner.isRecording &&
      this.#runner.pool.numWanted === 1 &&
      this.accelerator.takes(call)
    );
  }

  /** Chooses the tiles once they have multiplied enough for it to pay. */
  #countOperations(strategy: MatmulStrategy, operations: number): void {
    if (this.#tileChoice !== undefined || strategy !== 'blocked') return;
    this.#operationsOfTiles += operations;
    if (this.#operationsOfTiles > operationsBeforeProbe) this.chooseTiles();
  }

  /** Whether work of some size is worth sharing, and there is somebody to share it with. */
  #sharesWork(size: number, least: number): boolean {
    if (size < least) return false;
    this.#runner.pool.start();
    return this.#runner.pool.numServing > 1;
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
    return address / 4;
  }
}

/** What items compute, counted as the split of a run counts it. */
function operationsOf(items: readonly WorkItem[]): number {
  let operations = 0;
  for (const { numSteps, calls } of items.flat()) {
    for (const step of calls) {
      if (step.kind === 'matmul') operations += 2 * step.call.m * step.call.n * step.call.k * numSteps;
      else if (step.kind === 'pointwise')
        operations += operationsOfElement * step.call.rows * step.call.columns * numSteps;
    }
  }
  return operations;
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
