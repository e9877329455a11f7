import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { messageOf } from '../../test/support/central-differences.js';
import { normals, randomise } from '../../test/support/random.js';
import { defineCell } from '../cells/define-cell.js';
import { registerCell } from '../cells/registry.js';
import { add, mul, sigmoid, tanh } from '../expression/build.js';
import { deserializeModel, serializeModel } from '../io/checkpoint.js';
import { useBackend } from '../kernels/select.js';
import { Random, setSeed } from '../random.js';
import { Sequential } from '../training/sequential.js';
import { AttentionRNN } from './attention-rnn.js';
import { Bidirectional } from './bidirectional.js';
import { GRU } from './gru.js';
import type { Layer } from './layer.js';
import { LSTM } from './lstm.js';
import { RNN } from './rnn.js';
import { SimpleRNN } from './simple-rnn.js';

const mixing = defineCell({
  name: 'mixingForLowRank',
  gates: ['keep', 'write', 'echo'],
  states: ['hidden'],
  step({ gates, input, states, product }) {
    const keep = sigmoid(gates.keep);
    const echo = tanh(add(input.echo, product('echo', mul(keep, states.hidden))));
    return { hidden: add(mul(keep, states.hidden), mul(tanh(gates.write), echo)) };
  },
});

function shapesOf(layer: Layer<unknown>): Record<string, readonly number[]> {
  layer.ensureBuilt([null, 5, 7]);
  return Object.fromEntries(layer.weights.map(({ name, shape }) => [name.split('/').at(-1), shape]));
}

describe('recurrentRank and kernelRank', () => {
  beforeAll(() => {
    setSeed(3);
    registerCell(mixing);
  });
  afterAll(() => void useBackend('wasm'));

  it('part both kernels into two', () => {
    expect(shapesOf(new LSTM({ units: 6, recurrentRank: 2, kernelRank: 3 }))).toEqual({
      inputProjectionKernel: [7, 3],
      kernel: [3, 24],
      recurrentProjectionKernel: [6, 2],
      recurrentKernel: [2, 24],
      bias: [24],
    });
    expect(shapesOf(new SimpleRNN({ units: 6, kernelRank: 1 }))).toEqual({
      inputProjectionKernel: [7, 1],
      kernel: [1, 6],
      recurrentKernel: [6, 6],
      bias: [6],
    });
  });

  it('part the kernel of each value that gates multiply', () => {
    const shapes = { recurrentProjectionKernel: [6, 2], recurrentProjection2Kernel: [6, 2], recurrentKernel: [2, 18] };
    expect(shapesOf(new GRU({ units: 6, resetAfter: false, recurrentRank: 2 }))).toMatchObject(shapes);
    expect(shapesOf(new RNN({ cell: mixing, units: 6, recurrentRank: 2 }))).toMatchObject(shapes);
    expect(shapesOf(new GRU({ units: 6, recurrentRank: 2 }))).not.toHaveProperty('recurrentProjection2Kernel');
    expect(shapesOf(new LSTM({ units: 6, projectionUnits: 4, recurrentRank: 3 }))).toMatchObject({
      recurrentProjectionKernel: [4, 3],
      recurrentKernel: [3, 24],
    });
  });

  it('start as options of their kernels say', () => {
    const layer = new LSTM({ units: 6, recurrentRank: 3, kernelRank: 2, kernelInitializer: 'ones' });
    layer.ensureBuilt([null, null, 7]);
    const valuesOf = (name: string): number[] => [
      ...layer.weights.find((weight) => weight.name.endsWith(`/${name}`))!.dataSync(),
    ];
    expect(new Set(['inputProjectionKernel', 'kernel'].flatMap(valuesOf))).toEqual(new Set([1]));
    // Three rows, or columns, of length 1 each.
    for (const name of ['recurrentProjectionKernel', 'recurrentKernel'])
      expect(Math.hypot(...valuesOf(name))).toBeCloseTo(Math.sqrt(3), 5);
  });

  it('train, carry states, read both ways and come back from a file with the same numbers', async () => {
    const model = new Sequential(
      [
        new Bidirectional({ layer: new GRU({ units: 5, recurrentRank: 2, kernelRank: 1, returnSequences: true }) }),
        new RNN({
          cell: [
            { cell: mixing, units: 6, recurrentRank: 3 },
            { cell: 'minGRU', units: 4, kernelRank: 2 },
          ],
          returnSequences: true,
        }),
        new LSTM({ units: 7, recurrentRank: 3, stateful: true, zoneout: 0.1, recurrentDropout: 0.2 }),
      ],
      { inputShape: [6, 3] },
    );
    model.compile({ optimizer: 'adam', loss: 'mse' });
    const [x, y] = [normals([4, 6, 3], new Random(2)), normals([4, 7], new Random(3), 0.3)];
    const { metrics } = await model.fit(x, y, { epochs: 8, batchSize: 4, shuffle: false });
    expect(metrics.loss[7]).toBeLessThan(metrics.loss[0]);
    model.resetStates();
    const expected = (await model.predict(x)).dataSync();
    const loaded = deserializeModel(serializeModel(model)).model;
    expect(loaded.countParams()).toBe(model.countParams());
    loaded.resetStates();
    expect((await loaded.predict(x)).dataSync()).toEqual(expected);
  });

  it('hold for a cell that attends', () => {
    const layer = new AttentionRNN({ cell: 'gru', units: 6, recurrentRank: 2, kernelRank: 3 });
    expect(shapesOf(layer)).toMatchObject({ inputProjectionKernel: [7, 3], recurrentProjectionKernel: [6, 2] });
    randomise(layer, new Random(5));
    expect(layer.apply(normals([2, 5, 7], new Random(6))).shape).toEqual([2, 5, 13]);
  });

  it.each([
    [{ recurrentRank: 7 }, 'a whole number from 1 to 6', '7'],
    [{ recurrentRank: 0 }, 'a whole number from 1 to 6', '0'],
    [{ recurrentRank: 2.5 }, 'a whole number from 1 to 6', '2.5'],
    [{ kernelRank: 25 }, 'a whole number from 1 to 24', '25'],
    [{ kernelRank: 0 }, 'a whole number from 1 to 24', '0'],
  ])('refuse %o', (options, expected, received) => {
    const [name] = Object.keys(options);
    expect(messageOf(() => new LSTM({ units: 6, ...options }))).toBe(
      `[OUT_OF_RANGE] LSTM: \`${name}\` is out of range.\n  expected: ${expected}\n  received: ${received}\n` +
        `  fix: give \`${name}\` ${expected}.`,
    );
  });

  it('refuse more than the narrower side of a kernel', () => {
    expect(messageOf(() => new LSTM({ units: 6, kernelRank: 8 }).ensureBuilt([null, null, 7]))).toMatch(
      /^\[OUT_OF_RANGE\] LSTM: `kernelRank` is out of range\.\n {2}expected: a whole number from 1 to 7/,
    );
    expect(messageOf(() => new LSTM({ units: 6, projectionUnits: 4, recurrentRank: 5 }))).toContain('from 1 to 4');
  });

  it('refuse cells without recurrent products, and heads', () => {
    expect(messageOf(() => new RNN({ cell: 'minGRU', units: 6, recurrentRank: 2 }))).toBe(
      '[USAGE] RNN: `minGRU` has no use for `recurrentRank`.\n  fix: leave it out.',
    );
    expect(messageOf(() => new RNN({ cell: ['lstm', 'minGRU'], units: 6, recurrentRank: 2 }))).toBe(
      '[USAGE] RNN: `minGRU` has no recurrent product that could have a low rank.\n  received: recurrentRank 2\n' +
        '  fix: use kernelRank; in a list of cells, give `recurrentRank` to those that have such products.',
    );
    expect(messageOf(() => new LSTM({ units: 6, heads: 2, recurrentRank: 2 }))).toBe(
      '[USAGE] LSTM: a recurrent kernel of several heads has no low rank.\n  received: recurrentRank 2\n' +
        '  fix: leave `heads` or `recurrentRank` out: both make the kernel smaller.',
    );
  });

  it('refuse cells that have a weight of the same name', () => {
    const cellWith = (kernel: string) =>
      defineCell({
        name: 'taking',
        gates: ['write'],
        states: ['hidden'],
        kernels: { [kernel]: { from: 'units', to: 'units' } },
        step: ({ gates, states, kernels }) => ({ hidden: tanh(add(gates.write, kernels[kernel](states.hidden))) }),
      });
    expect(messageOf(() => new RNN({ cell: cellWith('recurrentProjection'), units: 6, recurrentRank: 2 }))).toBe(
      '[USAGE] cell taking, with a low rank: the cell has a kernel `recurrentProjection` of its own.\n' +
        '  fix: give it another name.',
    );
    expect(messageOf(() => new RNN({ cell: cellWith('inputProjection'), units: 6, kernelRank: 2 }))).toBe(
      '[USAGE] cell taking, with kernelRank: the cell has a kernel `inputProjectionKernel` of its own.\n' +
        '  fix: give it another name.',
    );
  });
});
