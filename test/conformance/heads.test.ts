import { afterAll, describe, expect, it } from 'vitest';
import { libraryCells } from '../../src/cells/registry.js';
import { deserializeModel, serializeModel } from '../../src/io/checkpoint.js';
import { backendNames, useBackend } from '../../src/kernels/select.js';
import { createWasmBackend } from '../../src/kernels/wasm/backend.js';
import { Bidirectional } from '../../src/layers/bidirectional.js';
import { RNN } from '../../src/layers/rnn.js';
import { Random, setSeed } from '../../src/random.js';
import * as ops from '../../src/tensor/index.js';
import { valueAndGradients } from '../../src/tensor/tape.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import type { Variable } from '../../src/tensor/variable.js';
import { Sequential } from '../../src/training/sequential.js';
import { expectClose } from '../support/close.js';
import { normals, randomise } from '../support/random.js';
import { threadedBackend } from '../support/threads.js';
import { unusualCells } from '../support/unusual-cells.js';

const [BATCH, TIME, FEATURES, UNITS, HEADS] = [3, 5, 7, 15, 3];
const SIZE = UNITS / HEADS;

/** Rounding of sums of at most 15 products in 5 steps; what lies outside of the blocks adds zeros, in another order. */
const tolerances = { reference: 1e-12, wasm: 2e-5 };

const cells = [...libraryCells, ...unusualCells].filter(
  ({ recurrent, recurrentWidth }) => recurrent === 'full' && recurrentWidth === 'units',
);
const mask = Uint8Array.from([1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1]);

const recurrentKernelOf = (layer: RNN<boolean>): Variable =>
  layer.weights.find(({ name }) => name.endsWith('recurrentKernel'))!;

/** The place in a full kernel of each number of a kernel of heads. */
function placesInFull(numGates: number): number[] {
  const places: number[] = [];
  for (let head = 0; head < HEADS; head++)
    for (let row = 0; row < SIZE; row++)
      for (let gate = 0; gate < numGates; gate++)
        for (let column = 0; column < SIZE; column++)
          places.push((head * SIZE + row) * numGates * UNITS + gate * UNITS + head * SIZE + column);
  return places;
}

describe.each(cells.flatMap((cell) => backendNames.map((backend) => [cell.name, backend, cell] as const)))(
  'heads of %s on %s',
  (_, backend, cell) => {
    afterAll(() => void useBackend('wasm'));

    it.each([{}, { recurrentDropout: 0.3, returnSequences: false }, { recomputeSteps: 2 }])(
      'are a full kernel with zeros outside of its blocks: %o',
      (options) => {
        useBackend(backend);
        const make = (heads: number): RNN<true> => {
          const layer = new RNN({ cell, units: UNITS, heads, returnSequences: true, ...options, returnState: true });
          layer.ensureBuilt([null, TIME, FEATURES]);
          randomise(layer, new Random(11, cell.name));
          return layer;
        };
        const [parted, full] = [make(HEADS), make(1)];
        const places = placesInFull(cell.gates.length);
        const blocks = recurrentKernelOf(parted);
        expect(blocks.shape).toEqual([HEADS, SIZE, cell.gates.length * SIZE]);
        for (const weight of full.weights) {
          const same = parted.weights.find(({ name }) => name === weight.name)!;
          if (same !== blocks) weight.assign(same.dataSync());
        }
        const padded = new Float64Array(recurrentKernelOf(full).size);
        const values = blocks.dataSync();
        for (const [i, place] of places.entries()) padded[place] = values[i];
        recurrentKernelOf(full).assign(padded);

        const input = normals([BATCH, TIME, FEATURES], new Random(12));
        const run = (layer: RNN<true>) =>
          valueAndGradients(() => {
            setSeed(5);
            const { output, states } = layer.apply(input, { mask, training: true });
            const parts = Object.values(states[0]).map((state) => ops.sum(ops.tanh(state)));
            return parts.reduce((sum, part) => ops.add(sum, part), ops.sum(ops.square(output)));
          }, [input, ...layer.weights]);
        const [ofHeads, ofFull] = [run(parted), run(full)];
        const tolerance = tolerances[backend];
        expectClose([ofHeads.value.item()], [ofFull.value.item()], tolerance, 'value');
        const at = (gradient: Tensor, i: number): ArrayLike<number> => {
          const all = gradient.dataSync();
          return i > 0 && full.weights[i - 1] === recurrentKernelOf(full) ? places.map((place) => all[place]) : all;
        };
        ofFull.gradients.forEach((gradient, i) =>
          expectClose(ofHeads.gradients[i].dataSync(), at(gradient, i), 4 * tolerance, `gradient ${i}`),
        );
      },
    );
  },
);

describe('heads', () => {
  afterAll(() => void useBackend('wasm'));

  /** Sizes that are split by units and by rows, and heads that such a split cuts. */
  it.each([
    { batch: 1, units: 201, heads: 3 },
    { batch: 37, units: 66, heads: 6 },
  ])('have the same bits on any number of threads: %o', async ({ batch, units, heads }) => {
    const backends = [createWasmBackend({ threads: 1 }), await threadedBackend(2), await threadedBackend(3)];
    for (const cell of ['lstm', 'gruResetBefore', 'sLSTM'] as const) {
      const results = backends.map((backend) => {
        useBackend(backend);
        const layer = new RNN({ cell, units, heads, returnSequences: true });
        layer.ensureBuilt([null, 11, FEATURES]);
        randomise(layer, new Random(13));
        const input = normals([batch, 11, FEATURES], new Random(14));
        const { value, gradients } = valueAndGradients(
          () => ops.mean(ops.square(layer.apply(input))),
          [input, ...layer.weights],
        );
        return [value, ...gradients].map((tensor) => tensor.dataSync());
      });
      for (const result of results.slice(1)) expect(result).toEqual(results[0]);
    }
    for (const backend of backends) backend.threads.resize(1);
  });

  it('start as kernels of their own, each orthogonal, and are counted', () => {
    const layer = new RNN({ cell: 'simple', units: 6, heads: 2 });
    const model = new Sequential([layer], { inputShape: [null, 4] });
    const [first, second] = [0, 9].map((start) => [...recurrentKernelOf(layer).dataSync()].slice(start, start + 9));
    for (const matrix of [first, second]) {
      const products = [0, 1, 2].flatMap((i) =>
        [0, 1, 2].map((j) => [0, 1, 2].reduce((sum, k) => sum + matrix[k * 3 + i] * matrix[k * 3 + j], 0)),
      );
      expectClose(products, [1, 0, 0, 0, 1, 0, 0, 0, 1], 1e-6, 'columns');
    }
    expect(first).not.toEqual(second);
    expect(model.countParams()).toBe(4 * 6 + 2 * 3 * 3 + 6);
  });

  it('come back from a file, and give the same numbers step by step', async () => {
    const layers = [
      new Bidirectional({ layer: new RNN({ cell: 'sLSTM', units: 6, heads: 2, returnSequences: true }) }),
      new RNN({ cell: ['gruResetBefore', 'lstm'], units: [6, 9], heads: 3 }),
    ];
    const model = new Sequential(layers, { inputShape: [null, 4] });
    const input = normals([2, 5, 4], new Random(15));
    const expected = [...(await model.predict(input)).dataSync()];
    const { model: loaded } = deserializeModel(serializeModel(model));
    expect([...(await loaded.predict(input)).dataSync()]).toEqual(expected);

    const streamed = new Sequential([new RNN({ cell: 'sLSTM', units: 6, heads: 2 })], { inputShape: [null, 4] });
    const whole = [...(await streamed.predict(ops.slice(input, 0, 0, 1))).dataSync()];
    const stream = streamed.stream();
    let last: ArrayLike<number> = [];
    for (let t = 0; t < 5; t++) last = [...stream.step(input.dataSync().slice(4 * t, 4 * (t + 1)))];
    expectClose(last, whole, 1e-6, 'the last step');
  });

  it('that do not fit are refused', () => {
    expect(() => new RNN({ cell: 'lstm', units: 6, heads: 4 })).toThrow(/^\[OUT_OF_RANGE\] RNN: .*heads/);
    expect(() => new RNN({ cell: 'lstmp', units: 6, heads: 2 })).toThrow(
      /^\[USAGE\] RNN: the recurrent products of `lstmp` do not multiply units/,
    );
    expect(() => new RNN({ cell: 'minGRU', units: 6, heads: 2 })).toThrow(/^\[USAGE\] RNN: `minGRU` has no recurrent/);
    expect(() => new RNN({ cell: 'lstm', units: 6, heads: 2, recurrentConstraint: 'unitNorm' })).toThrow(
      /^\[USAGE\] RNN: a constraint knows no heads/,
    );
  });
});
