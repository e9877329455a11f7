import { expect, it } from 'vitest';
import { messageOf } from '../../test/support/central-differences.js';
import { normals, randomise } from '../../test/support/random.js';
import { useBackend } from '../kernels/select.js';
import { Random, setSeed } from '../random.js';
import { Functional } from '../training/graph/functional.js';
import { Bidirectional } from './bidirectional.js';
import { GRU } from './gru.js';
import { LSTM, type LSTMOptions } from './lstm.js';
import { RNN } from './rnn.js';
import { SimpleRNN } from './simple-rnn.js';
import { input } from './symbolic-tensor.js';

const made = (options: object): LSTM => new LSTM(options as LSTMOptions);

it('an LSTM takes no width but that of its projection', () => {
  expect(messageOf(() => made({ units: 4, projectionUnits: 3, widths: { projection: 2 } }))).toMatch(
    /^\[UNKNOWN_NAME\] LSTM: .*`widths`[^]*projectionUnits/,
  );
  expect(messageOf(() => made({ units: 4, widths: { foo: 2 } }))).toMatch(/^\[USAGE\] LSTM: `lstm` has no width/);
  for (const layer of [new LSTM({ units: 4, projectionUnits: 3 }), new GRU({ units: 4, resetAfter: false })])
    expect(() => new Bidirectional({ layer })).not.toThrow();
});

it('layers of one cell take no other', () => {
  const makers: Record<string, (options: never) => unknown> = {
    LSTM: (options) => new LSTM(options),
    GRU: (options) => new GRU(options),
    SimpleRNN: (options) => new SimpleRNN(options),
  };
  for (const [name, make] of Object.entries(makers))
    expect(messageOf(() => make({ units: 4, name: 'own', cell: 'minGRU' } as never))).toMatch(
      new RegExp(`^\\[UNKNOWN_NAME\\] ${name}: unknown option \`cell\``),
    );
});

it('a Bidirectional of a layer that is made in place has its states', () => {
  const x = normals([2, 3, 4], new Random(1));
  const both = new Bidirectional({ layer: new LSTM({ units: 5, returnState: true }) }).apply(x);
  expect([both.output.shape, both.forward[0].hidden.shape, both.backward[0].cell.shape]).toEqual([
    [2, 10],
    [2, 5],
    [2, 5],
  ]);
  expect(new Bidirectional({ layer: new GRU({ units: 5 }) }).apply(x).shape).toEqual([2, 10]);
});

it('widths are named', () => {
  for (const wrong of [5, null])
    expect(
      messageOf(() => new RNN({ cell: 'lstmp', units: 4, widths: wrong as unknown as Record<string, number> })),
    ).toMatch(/^\[USAGE\] RNN.widths/);
});

it('an input without a shape, and a graph without anything, are refused', () => {
  for (const given of [undefined, {}, [null, 7]])
    expect(messageOf(() => input(given as unknown as Parameters<typeof input>[0]))).toMatch(
      /^\[USAGE\] input: the shape of a sample is missing/,
    );
  expect(messageOf(() => new Functional(undefined as unknown as ConstructorParameters<typeof Functional>[0]))).toMatch(
    /^\[USAGE\]|^\[UNKNOWN_NAME\]/,
  );
});

it('cells of a stack may have options of their own: the layer is those of each above each other', () => {
  useBackend('reference');
  const cells = [
    { cell: 'lstmp', units: 6, widths: { projection: 2 }, kernelInitializer: 'heNormal' },
    { cell: 'gru', activation: 'relu' },
    'minGRU',
  ] as const;
  const common = { units: 5, returnSequences: true };
  const stack = new RNN({ cell: cells, ...common });
  const apart = cells.map((own) => new RNN({ ...common, ...(typeof own === 'string' ? { cell: own } : own) }));
  const x = normals([3, 4, 7], new Random(2));
  randomise((stack.ensureBuilt(x.shape), stack), new Random(3));
  const [...values] = stack.weights;
  const output = apart.reduce((input, layer) => {
    layer.ensureBuilt(input.shape);
    for (const weight of layer.weights) weight.assign(values.shift()!);
    return layer.apply(input);
  }, x);
  expect(stack.apply(x).array()).toEqual(output.array());
  expect(stack.units).toEqual([6, 5, 5]);
  const both = new Bidirectional({
    layer: new RNN({
      cell: [
        { cell: 'gru', units: 4 },
        { cell: 'lstm', units: 3 },
      ],
    }),
  });
  expect(both.computeOutputShape([null, 4, 7])).toEqual([null, 6]);
  expect(both.apply(x).shape).toEqual([3, 6]);
  useBackend('wasm');
});

it('an own option of undefined hides no option of the layer', () => {
  const own = { cell: 'lstm' as const, units: 3, dropout: undefined, useBias: undefined };
  const layer = new RNN({ cell: ['gru', own, own], units: [5, 2, 7], dropout: 0.5, useBias: false });
  const stored = JSON.parse(JSON.stringify(layer.getConfig()));
  expect(layer.units).toEqual([5, 3, 3]);
  expect(new RNN({ cell: ['gru', { ...own, units: undefined }], units: [5, 2] }).units).toEqual([5, 2]);
  expect(layer.getConfig()).toEqual(stored);
  const x = normals([2, 6, 1], new Random(3));
  const outputs = [layer, new RNN(stored)].map((each) => {
    setSeed(11);
    return [true, false].map((training) => each.apply(x, { training }).array());
  });
  expect(outputs[0][0]).not.toEqual(outputs[0][1]);
  expect(outputs[0]).toEqual(outputs[1]);
  expect(layer.weights.some(({ name }) => name.endsWith('bias'))).toBe(false);
});

it.each([
  [[{ cell: 'gru' }, 'lstm'], '`units` is missing.'],
  [[{ cell: 'gru', units: 3, unit: 2 }], 'unknown option `unit`'],
  [[{ cell: 'gru', units: 3, returnSequences: true }], 'unknown option `returnSequences`'],
  [
    [
      { cell: 'gru', units: 3, unitForgetBias: true },
      { cell: 'lstm', units: 2 },
    ],
    '`gru` has no use for',
  ],
  [[{ cell: null, units: 3 }], 'this is no cell.'],
  [
    [
      { cell: 'gru', units: 3 },
      { cell: 'lstm', units: 2, useBias: 'false' },
    ],
    '`useBias` is neither true nor false.',
  ],
  [
    [
      { cell: 'gru', units: 3 },
      { cell: 'lstm', units: 2, unitForgetBias: 'false' },
    ],
    '`unitForgetBias` is neither true nor false.',
  ],
] as const)('refuses own options of cells that cannot be: %j', (cell, message) => {
  expect(() => new RNN({ cell: cell as never })).toThrow(message);
});
