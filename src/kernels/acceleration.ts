import type { Backend, MatmulCall } from './contract.js';

/** A product whose matrices have been found in the memory. */
export interface PlacedProduct {
  readonly call: MatmulCall;
  /** Where the matrices start, in bytes from the start of the memory. */
  readonly a: number;
  readonly b: number;
  readonly c: number;
  /** The whole memory; another array after each time that it has grown. */
  readonly memory: Float32Array;
}

/** Something outside WebAssembly that multiplies matrices where they lie. */
export interface Accelerator {
  /** What it is, for reports. */
  readonly name: string;
  /** Whether it takes a product of these sizes; it depends on nothing else, so that a run repeats. */
  takes(sizes: Pick<MatmulCall, 'm' | 'n' | 'k'>): boolean;
  multiply(product: PlacedProduct): void;
}

/** Where a backend hands large products to an {@link Accelerator}. */
export interface Acceleration {
  /** What computes the products that it takes instead of the backend's kernels. */
  accelerator: Accelerator | undefined;
  /** Whether results are the same bits on every processor, which a library's are not. */
  readonly isDeterministic: boolean;
  /** Settles on the fastest kernels, so that they can be compared. */
  chooseTiles(): unknown;
}

/** A backend that can hand its large products on. */
export interface AcceleratedBackend extends Backend {
  readonly acceleration: Acceleration;
}

export function canAccelerate(backend: Backend): backend is AcceleratedBackend {
  return 'acceleration' in backend;
}
