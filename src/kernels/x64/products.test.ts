import { describe, it } from 'vitest';
import { machineCodes } from '../../../test/support/machine-code.js';
import { describeProducts } from '../../../test/support/product-checks.js';
import { machineProductsOn } from '../../../test/support/x64-products-on.js';
import { WasmMemory } from '../wasm/memory.js';

const memory = new WasmMemory();

for (const { isa, code, reason } of machineCodes) {
  const name = `matrix products by machine code for ${isa}`;
  if (code === undefined) describe(name, () => it.skip(`not run: ${reason}`));
  else describeProducts(name, { memory, products: machineProductsOn(memory, code) });
}
