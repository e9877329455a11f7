import type { ProductKernel } from '../product-family.js';
import type { Assembler } from './assembler.js';
import type { Isa } from './processor.js';
import { emitBlocks } from './product-blocks.js';
import { emitDotRows } from './product-dots.js';
import { emitFewRows } from './product-few-rows.js';
import type { Label } from './registers.js';
import { VectorUnit } from './vector-unit.js';

/** Emits the kernels of matrix products. Each reads the argument words of its twin of WebAssembly. */
export function emitProducts(code: Assembler, isa: Isa): Record<ProductKernel, Label> {
  const unit = new VectorUnit(isa);
  return { ...emitBlocks(code, unit), few_rows: emitFewRows(code, unit), dot_rows: emitDotRows(code, unit) };
}
