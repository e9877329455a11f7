import type { MatmulCall } from '../contract.js';

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
