import { afterAll, describe, expect, it } from 'vitest';
import type { CellName } from '../../src/cells/registry.js';
import type { Backend } from '../../src/kernels/contract.js';
import { createReferenceBackend } from '../../src/kernels/reference/backend.js';
import { useBackend } from '../../src/kernels/select.js';
import { createWasmBackend } from '../../src/kernels/wasm/backend.js';
import { RNN } from '../../src/layers/rnn.js';
import { Random } from '../../src/random.js';
import * as ops from '../../src/tensor/index.js';
import { valueAndGradients } from '../../src/tensor/tape.js';
import { expectClose } from '../support/close.js';
import { wasmOfEveryFamily } from '../support/conformance-backends.js';
import { normals, randomise } from '../support/random.js';

/**
 * Layers whose sums need several blocks of k, with enough rows and steps that kernels are packed for them. The vectors
 * of Keras and PyTorch are small, so the reference backend, which they check, says here what is right.
 */
const [BATCH, TIME, FEATURES, UNITS] = [5, 4, 259, 261];

/**
 * Weights of 0.05 keep sums of up to 783 products near 1: 2^-24 each, their rounding about its root, through four steps
 * and back.
 */
const TOLERANCE = 2e-5;

const cells = ['lstm', 'gru', 'gruResetBefore'] as const;

function run(cell: CellName, backend: Backend): Record<string, ArrayLike<number>> {
  useBackend(backend);
  const random = new Random(61, cell);
  const layer = new RNN({ cell, units: UNITS, returnSequences: true, returnState: true });
  layer.ensureBuilt([null, TIME, FEATURES]);
  randomise(layer, random, 0.05);
  const input = normals([BATCH, TIME, FEATURES], random);
  const mask = Uint8Array.from([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 0]);
  const cotangent = normals([BATCH, TIME, UNITS], random, 0.05);
  let output: ArrayLike<number> = [];
  const { gradients } = valueAndGradients(() => {
    const result = layer.apply(input, { mask });
    output = result.output.dataSync().slice();
    return ops.add(ops.sum(ops.mul(result.output, cotangent)), ops.mean(ops.square(result.states[0].hidden)));
  }, [input, ...layer.weights]);
  return {
    output,
    ...Object.fromEntries(
      ['input', ...layer.weights.map(({ name }) => name)].map((name, i) => [
        `gradient of ${name}`,
        gradients[i].dataSync(),
      ]),
    ),
  };
}

const expected = new Map(cells.map((cell) => [cell, run(cell, createReferenceBackend())]));

describe.each(wasmOfEveryFamily)('layers of large kernels on $title', ({ make }) => {
  afterAll(() => void useBackend('wasm'));

  it.each(cells)('have the outputs and gradients of the reference: %s', (cell) => {
    const actual = run(cell, make());
    expect(Object.keys(actual).length).toBeGreaterThan(3);
    for (const [name, values] of Object.entries(expected.get(cell)!))
      expectClose(actual[name], values, TOLERANCE, name);
  });
});

/** Many runs of steps: more calls than fit at first, shares of rows that end at different times, and steps back. */
describe('sequences of many different lengths', () => {
  afterAll(() => void useBackend('wasm'));

  it.each(['lstm', 'peepholeLSTM', 'gruResetBefore'] as const)(
    'have the outputs and gradients of the reference: %s',
    (cell) => {
      const [batch, time, features, units] = [83, 79, 3, 5];
      const run = (backend: Backend): ArrayLike<number>[] => {
        useBackend(backend);
        const random = new Random(67, cell);
        const layer = new RNN({ cell, units, returnSequences: true });
        layer.ensureBuilt([null, time, features]);
        randomise(layer, random);
        const input = normals([batch, time, features], random);
        const mask = Uint8Array.from({ length: batch * time }, (_, i) =>
          Number(i % time < 1 + ((29 * Math.floor(i / time)) % time)),
        );
        const cotangent = normals([batch, time, units], random, 0.1);
        const { value, gradients } = valueAndGradients(
          () => ops.sum(ops.mul(layer.apply(input, { mask }), cotangent)),
          [input, ...layer.weights],
        );
        return [value, ...gradients].map((tensor) => tensor.dataSync());
      };
      const expected = run(createReferenceBackend());
      // Sums over some 3000 rows: 2^-24 each, about its root and a factor for growth.
      run(createWasmBackend({ threads: 1 })).forEach((values, i) =>
        expectClose(values, expected[i], 2e-4, `array ${i}`),
      );
    },
  );
});
