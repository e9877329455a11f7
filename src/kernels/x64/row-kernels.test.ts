import { expect, it } from 'vitest';
import { describeMachineCode } from '../../../test/support/describe-machine-code.js';
import { Random } from '../../random.js';
import type { View } from '../contract.js';
import { createWasmBackend, WasmBackend } from '../wasm/backend.js';

const webAssembly = createWasmBackend({ threads: 1, machineCode: false });

const types = ['float32', 'float64', 'int8', 'uint8', 'bfloat16'] as const;

describeMachineCode('rows by index as machine code of $isa', (code) => {
  it('have the bits of WebAssembly, and touch nothing beside the rows', () => {
    for (const name of ['gather', 'gather_bytes', 'scatter_add', 'fill']) expect(code.kernel(name)).toBeGreaterThan(0);
    const backend = new WasmBackend({ threads: 1 }, undefined, code);
    const random = new Random(2);
    for (let run = 0; run < 300; run++) {
      const upTo = (most: number): number => 1 + Math.floor(random.uniform() * most);
      const [columns, numRows, count] = [upTo(run % 2 === 0 ? 20 : 70), upTo(9), upTo(12)];
      const dtype = run % 3 === 0 ? 'float32' : types[run % types.length];
      // Rows that are absent too.
      const indices = Int32Array.from({ length: count }, () => Math.floor(random.uniform() * (numRows + 1)) - 1);
      const [sourceValues, targetValues] = [numRows, count].map((rows) =>
        Float32Array.from({ length: rows * columns + 6 }, () => 100 * random.normal()),
      );
      const [expected, received] = [webAssembly, backend].map((each) => {
        each.openScope();
        const place = (values: Float32Array): View => {
          const view = { buffer: each.temporary(values.length, dtype), offset: 0 };
          each.write(view, values);
          return { ...view, offset: 3 };
        };
        const [source, target] = [place(sourceValues), place(targetValues)];
        if (run % 3 === 0) each.scatterAddRows({ columns, indices, source, target });
        else each.gatherRows({ columns, indices, source, target });
        if (run % 5 === 0) each.fill({ ...target, offset: 4 }, count * columns - 1, 7);
        const all = [source, target].map(({ buffer }) => each.readNow({ buffer, offset: 0 }, buffer.size));
        each.closeScope();
        return all;
      });
      expect(received, `${count} of ${numRows} rows of ${columns}, ${dtype}`).toEqual(expected);
    }
  });
});
