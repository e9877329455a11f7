import type { ProductKernel } from '../product-family.js';
import type { Assembler } from './assembler.js';
import type { Isa } from './processor.js';
import { emitBlocks } from './product-blocks.js';
import { emitDotRows } from './product-dots.js';
import { emitFewRows } from './product-few-rows.js';
import type { Label } from './registers.js';
import { VectorUnit } from './vector-unit.js';

/** Emits one of the kernels of matrix products and those that share code with it. */
type EmitProducts = (code: Assembler, isa: Isa) => Partial<Record<ProductKernel, Label>>;

const blocks: EmitProducts = (code, isa) => emitBlocks(code, new VectorUnit(isa));

/** By kernel, what emits it. Each reads the argument words of its twin of WebAssembly. */
export const productKernels: Readonly<Record<ProductKernel, EmitProducts>> = {
  product: blocks,
  product_packed: blocks,
  pack_all: blocks,
  few_rows: (code, isa) => ({ few_rows: emitFewRows(code, new VectorUnit(isa)) }),
  dot_rows: (code, isa) => ({ dot_rows: emitDotRows(code, new VectorUnit(isa)) }),
};
