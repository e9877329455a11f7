import { RondoError, refuseUnknownOptions } from '../../errors.js';
import type {
  Backend,
  Buffer,
  Capability,
  GatherCall,
  MatmulCall,
  MemoryReport,
  PointwiseCall,
  RecurrentBackwardCall,
  RecurrentForwardCall,
  Support,
  View,
} from '../contract.js';
import { recurrentBackward, recurrentForward } from '../sequence.js';
import type { Accelerator } from './accelerator.js';
import { hasRelaxedSimd, hasSimd } from './features.js';
import { MatmulKernels } from './matmul.js';
import { chooseTiles, type TileChoice } from './matmul-choice.js';
import { WasmMemory } from './memory.js';
import { PointwiseKernels } from './pointwise.js';
import { RowKernels } from './rows.js';

export interface WasmBackendOptions {
  /** The same bits on every processor: products and sums are rounded separately, which is slower. Default false. */
  deterministic?: boolean;
  /** A memory that worker threads can share. Default false, because browsers allow it only in isolated pages. */
  sharedMemory?: boolean;
}

/** The contract in float32, by WebAssembly written at run time. */
export class WasmBackend implements Backend {
  readonly name = 'wasm';
  readonly elementBytes = 4;
  /** Which tile family multiplies matrices, and what each candidate was measured to reach. */
  readonly tileChoice: TileChoice;
  /** Whether results are the same bits on every processor. */
  readonly isDeterministic: boolean;
  /** Computes the products that it takes instead of the kernels here; see `useBlas` of `rondo/node`. */
  accelerator: Accelerator | undefined;
  readonly #isRelaxed: boolean;
  readonly #memory: WasmMemory;
  readonly #matmul: MatmulKernels;
  readonly #rows: RowKernels;
  readonly #pointwise: PointwiseKernels;

  constructor({ deterministic = false, sharedMemory = false }: WasmBackendOptions = {}) {
    this.tileChoice = chooseTiles({ deterministic });
    this.isDeterministic = deterministic;
    this.#isRelaxed = !deterministic && hasRelaxedSimd();
    this.#memory = new WasmMemory({ shared: sharedMemory });
    this.#matmul = new MatmulKernels(this.#memory, this.tileChoice.family);
    this.#rows = new RowKernels(this.#memory);
    this.#pointwise = new PointwiseKernels(this.#memory, { relaxed: this.#isRelaxed });
  }

  supports(capability: Capability): Support {
    switch (capability) {
      case 'readNow':
        return { supported: true, reason: 'the host sees WebAssembly memory.' };
      case 'relaxedSimd':
        if (this.#isRelaxed) return { supported: true, reason: 'the host accepts relaxed SIMD.' };
        return { supported: false, reason: hasRelaxedSimd() ? 'the backend was made deterministic.' : 'the host does not accept relaxed SIMD.' };
      case 'float64':
        return { supported: false, reason: 'the kernels compute in float32.' };
      case 'threads':
        return { supported: false, reason: 'this backend runs on the thread that calls it.' };
    }
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
    return this.#memory.floats.slice(first, first + size);
  }

  fill(view: View, size: number, value: number): void {
    this.#rows.fill(view, size, value);
  }

  pointwise(call: PointwiseCall): void {
    this.#pointwise.run(call);
  }

  matmul(call: MatmulCall): void {
    const { accelerator } = this;
    if (accelerator === undefined || !accelerator.takes(call)) {
      this.#matmul.run(call);
      return;
    }
    const memory = this.#memory;
    accelerator.multiply({ call, a: memory.byteAddress(call.a), b: memory.byteAddress(call.b), c: memory.byteAddress(call.c), memory: memory.floats });
  }

  gatherRows(call: GatherCall): void {
    this.#rows.gather(call);
  }

  scatterAddRows(call: GatherCall): void {
    this.#rows.scatterAdd(call);
  }

  recurrentForward(call: RecurrentForwardCall): void {
    recurrentForward(this, call);
  }

  recurrentBackward(call: RecurrentBackwardCall): void {
    recurrentBackward(this, call);
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

/**
 * Makes the WebAssembly backend.
 *
 * @throws UNKNOWN_NAME for an unknown option; BACKEND_UNAVAILABLE where the host has no WebAssembly SIMD
 */
export function createWasmBackend(options: WasmBackendOptions = {}): WasmBackend {
  refuseUnknownOptions('createWasmBackend', options, ['deterministic', 'sharedMemory']);
  if (!hasSimd()) {
    throw new RondoError('BACKEND_UNAVAILABLE', {
      where: 'createWasmBackend',
      what: 'the host has no WebAssembly SIMD.',
      fix: 'use Node 20.19 or later, or a browser of 2023 or later.',
    });
  }
  return new WasmBackend(options);
}
