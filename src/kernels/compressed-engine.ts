import type { compressedProduct } from './reference/compressed-product.js';
import type { CompressedProducts } from './wasm/compressed-products.js';

/** What backends multiply compressed matrices with. */
export interface CompressedEngine {
  readonly wasm: typeof CompressedProducts;
  readonly reference: typeof compressedProduct;
}

let engine: CompressedEngine | undefined;

/** Called by whoever makes the first compressed matrix, so that a page without any carries nothing of it. */
export function provideCompressedEngine(given: CompressedEngine): void {
  engine = given;
}

export function compressedEngine(): CompressedEngine {
  if (engine === undefined) throw new TypeError('a compressed matrix is there without what multiplies with it');
  return engine;
}
