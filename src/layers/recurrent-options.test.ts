import { expect, it } from 'vitest';
import { messageOf } from '../../test/support/central-differences.js';
import { Functional } from '../training/graph/functional.js';
import { Bidirectional } from './bidirectional.js';
import { GRU } from './gru.js';
import { LSTM, type LSTMOptions } from './lstm.js';
import { RNN } from './rnn.js';
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
