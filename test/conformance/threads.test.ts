import { afterAll, describe, expect, it } from 'vitest';
import { libraryCells } from '../../src/cells/registry.js';
import type { Backend } from '../../src/kernels/contract.js';
import { useBackend } from '../../src/kernels/select.js';
import { createWasmBackend } from '../../src/kernels/wasm/backend.js';
import { Bidirectional } from '../../src/layers/bidirectional.js';
import { RNN } from '../../src/layers/rnn.js';
import { Random } from '../../src/random.js';
import * as ops from '../../src/tensor/index.js';
import { valueAndGradients } from '../../src/tensor/tape.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { normals, randomise } from '../support/random.js';
import { threadedBackend } from '../support/threads.js';
import { unusualCells } from '../support/unusual-cells.js';
import { stateWidth } from '../support/widths.js';

/**
 * Sizes that are split in every way: few rows (units are split, and threads meet), many rows, a kernel beyond the
 * second-level cache. None is a multiple of 4, none equals another.
 */
const sizes = [
  { name: 'one row', batch: 1, time: 23, features: 11, units: 201, masked: false },
  { name: 'few rows', batch: 7, time: 13, features: 9, units: 131, masked: true },
  { name: 'many rows', batch: 41, time: 5, features: 19, units: 67, masked: true },
  { name: 'a large kernel', batch: 59, time: 2, features: 6, units: 523, masked: false },
];

const threads = [2, 3];
const backends: [name: string, backend: Backend][] = [['1', createWasmBackend({ threads: 1 })]];
for (const count of threads) backends.push([`${count}`, await threadedBackend(count)]);

afterAll(() => {
  for (const [, backend] of backends) (backend as ReturnType<typeof createWasmBackend>).threads.resize(1);
  useBackend('wasm');
});

/** Cells whose units depend on the whole row, which units that are shared out would not see. */
const reducing = unusualCells.filter(({ name }) =>
  ['normalising', 'softGate', 'ofThreeWidths', 'narrowlyRecurrent'].includes(name),
);

describe.each(sizes)('threads change no bit: $name', ({ batch, time, features, units, masked }) => {
  const cells = batch <= 7 ? [...libraryCells, ...reducing] : libraryCells;

  it.each(cells.map((cell) => [cell.name, cell] as const))('of %s', (_, cell) => {
    const random = new Random(31, cell.name);
    const input = normals([batch, time, features], random);
    const initialState = Object.fromEntries(
      cell.states.map((state) => [state, normals([batch, stateWidth(cell, state, units)], random)]),
    );
    const mask = masked
      ? Uint8Array.from({ length: batch * time }, (_unused, i) => Number(i % time < 1 + (((i / time) | 0) % time)))
      : undefined;
    const results = backends.map(([, backend]) => {
      useBackend(backend);
      const layer = new RNN({ cell, units, returnSequences: true, returnState: true });
      layer.ensureBuilt([null, time, features]);
      randomise(layer, new Random(37, cell.name));
      const by: Tensor[] = [input, ...Object.values(initialState), ...layer.weights];
      const { value, gradients } = valueAndGradients(() => {
        const { output, states } = layer.apply(input, { initialState, mask });
        const parts = [
          ops.mean(ops.square(output)),
          ...Object.values(states[0]).map((state) => ops.mean(ops.mul(state, state))),
        ];
        return parts.reduce((sum, part) => ops.add(sum, part));
      }, by);
      return [value, ...gradients].map((tensor) => tensor.dataSync());
    });
    for (let i = 1; i < results.length; i++) {
      results[i].forEach((values, j) =>
        expect(
          values.every((bits, k) => Object.is(bits, results[0][j][k])),
          `array ${j} on ${backends[i][0]} threads`,
        ).toBe(true),
      );
    }
    expect(results[0][0][0]).toBeGreaterThan(0);
  });
});

describe('threads', () => {
  it.each([1, 5, 40])('change no bit of two directions that run at the same time, in a batch of %s', (batch) => {
    const input = normals([batch, 9, 13], new Random(41));
    const results = backends.map(([, backend]) => {
      useBackend(backend);
      const make = (): RNN => new RNN({ cell: ['peepholeLSTM', 'gru'], units: [71, 67], returnSequences: true });
      const layer = new Bidirectional({ layer: make(), backwardLayer: make() });
      layer.ensureBuilt([null, 9, 13]);
      randomise(layer, new Random(43));
      const { value, gradients } = valueAndGradients(
        () => ops.mean(ops.square(layer.apply(input))),
        [input, ...layer.weights],
      );
      return [value, ...gradients].map((tensor) => tensor.dataSync());
    });
    for (const result of results.slice(1))
      result.forEach((values, j) =>
        expect(
          values.every((bits, k) => Object.is(bits, results[0][j][k])),
          `array ${j}`,
        ).toBe(true),
      );
  });

  it('hold no more memory after thousands of runs than after some', () => {
    const backend = backends[1][1];
    useBackend(backend);
    const layer = new RNN({ cell: 'lstm', units: 67, returnSequences: true });
    layer.ensureBuilt([null, 5, 19]);
    const input = normals([41, 5, 19], new Random(3));
    const step = (): void => void valueAndGradients(() => ops.mean(layer.apply(input)), layer.weights);
    for (let i = 0; i < 20; i++) step();
    const before = backend.memory();
    for (let i = 0; i < 2000; i++) step();
    expect(backend.memory()).toEqual(before);
  });

  it('can be changed, and say what is there', async () => {
    const backend = await threadedBackend(2);
    expect(backend.supports('threads')).toMatchObject({
      supported: true,
      reason: 'the work is shared by 2 threads, of which 2 run.',
    });
    backend.threads.resize(1);
    expect(backend.threads.numServing).toBe(1);
    expect(backend.supports('threads')).toEqual({ supported: false, reason: 'the backend was asked for one thread.' });
    expect(() => backend.threads.resize(0)).toThrow(
      /^\[OUT_OF_RANGE\] setThreads: `threads` is not a number of threads/,
    );
    expect(() => createWasmBackend({ threads: 1, sharedMemory: false }).threads.resize(2)).toThrow(
      /^\[BACKEND_UNAVAILABLE\] setThreads/,
    );
    expect(() => createWasmBackend({ threads: 2, sharedMemory: false })).toThrow(
      /^\[BACKEND_UNAVAILABLE\] createWasmBackend: threads need a memory/,
    );
  });
});
