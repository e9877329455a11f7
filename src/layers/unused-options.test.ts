import { describe, expect, it } from 'vitest';
import { messageOf } from '../../test/support/central-differences.js';
import { defineCell } from '../cells/define-cell.js';
import { cellNamed } from '../cells/registry.js';
import { add, tanh } from '../expression/build.js';
import { layerFromConfig } from '../training/layer-registry.js';
import { Bidirectional } from './bidirectional.js';
import { Dense } from './dense.js';
import { Dropout } from './dropout.js';
import { Embedding } from './embedding.js';
import { GRU } from './gru.js';
import { LSTM } from './lstm.js';
import { RNN } from './rnn.js';
import { SimpleRNN } from './simple-rnn.js';

describe('options that the cell has no use for', () => {
  const unused: Record<string, readonly string[]> = {
    minGRU: ['recurrentInitializer', 'recurrentRegularizer', 'recurrentConstraint', 'unitForgetBias'],
    qrnn: ['recurrentInitializer'],
    sru: ['recurrentInitializer', 'activation'],
    indRNN: ['recurrentInitializer', 'recurrentActivation', 'unitForgetBias'],
    rgLRU: ['recurrentInitializer', 'unitForgetBias'],
    simple: ['recurrentActivation', 'unitForgetBias'],
    fastGRNN: ['unitForgetBias'],
    gru: ['unitForgetBias'],
  };
  const value: Readonly<Record<string, unknown>> = {
    recurrentInitializer: 'orthogonal',
    recurrentRegularizer: 'l2',
    recurrentConstraint: 'nonNeg',
    activation: 'tanh',
    recurrentActivation: 'sigmoid',
    unitForgetBias: true,
  };
  const pairs = Object.entries(unused).flatMap(([cell, options]) => options.map((option) => [cell, option] as const));

  it.each(pairs)('%s refuses %s', (cell, option) => {
    expect(messageOf(() => new RNN({ cell: cellNamed(cell), units: 3, [option]: value[option] }))).toBe(
      `[USAGE] RNN: \`${cell}\` has no use for \`${option}\`.\n  fix: leave it out.`,
    );
  });

  it.each(pairs)('a stored %s with %s is made, and copied', (cell, option) => {
    const stored = { className: 'RNN', config: { cell, units: 3, [option]: value[option] as string } };
    const made = layerFromConfig(stored) as RNN;
    expect(made.getConfig()[option]).toBe(value[option]);
    expect(new Bidirectional({ layer: made }).backwardLayer.getConfig()[option]).toBe(value[option]);
    expect(() => new RNN({ cell: cellNamed(cell), units: 3, [option]: value[option] })).toThrow('[USAGE]');
  });

  it('are refused after a stored layer could not be made', () => {
    expect(() => layerFromConfig({ className: 'RNN', config: { cell: 'minGRU', units: 0 } })).toThrow('OUT_OF_RANGE');
    expect(() => new RNN({ cell: 'minGRU', units: 3, recurrentInitializer: 'orthogonal' })).toThrow('no use for');
  });

  it('are refused by layers of one cell', () => {
    expect(() => new GRU({ units: 3, unitForgetBias: true })).toThrow('`gru` has no use for `unitForgetBias`');
    expect(() => new SimpleRNN({ units: 3, recurrentActivation: 'tanh' })).toThrow('`simple` has no use for');
  });

  it('are taken where one cell of several, or a kernel of its own, uses them, and where they are undefined', () => {
    new LSTM({ units: 3, ...(value as object) });
    new RNN({ cell: ['minGRU', 'lstm'], units: 3, ...(value as object) });
    new RNN({ cell: 'minGRU', units: 3, recurrentInitializer: undefined, activation: 'tanh' });
    const own = defineCell({
      name: 'own',
      gates: ['write'],
      states: ['hidden'],
      recurrent: 'none',
      kernels: { past: { from: 'units', to: 'units' } },
      step: ({ gates, kernels, states }) => ({ hidden: tanh(add(gates.write, kernels.past(states.hidden))) }),
    });
    new RNN({ cell: own, units: 3, recurrentInitializer: 'orthogonal' });
    expect(() => new RNN({ cell: own, units: 3, activation: 'relu' })).toThrow('`own` has no use for `activation`');
  });
});

describe('options that are no true, false or number', () => {
  const wrong: Record<string, [make: () => unknown, message: string]> = {
    'a text as trainable': [
      () => new Dense({ units: 3, trainable: 'false' as never }),
      '`trainable` is neither true nor false',
    ],
    'a number as trainable': [
      () => new LSTM({ units: 3, trainable: 0 as never }),
      '`trainable` is neither true nor false',
    ],
    "any layer's true as a text": [
      () => new Dense({ units: 3, useBias: 'false' as never }),
      '`useBias` is neither true nor false',
    ],
    'a text as maskZero': [
      () => new Embedding({ inputDim: 3, outputDim: 2, maskZero: 'yes' as never }),
      '`maskZero` is neither true nor false',
    ],
    'dropout as null': [() => new LSTM({ units: 3, dropout: null as never }), '`dropout` is no number'],
    'dropout of an embedding as null': [
      () => new Embedding({ inputDim: 3, outputDim: 2, dropout: null as never }),
      '`dropout` is no number',
    ],
    'a rate as null': [() => new Dropout({ rate: null as never }), '`rate` is no number'],
  };
  it.each(Object.keys(wrong))('refuses %s', (name) => {
    const [make, message] = wrong[name];
    expect(messageOf(make)).toContain(message);
  });

  it('lets a layer be named as true', () => {
    expect(new Dense({ units: 3, name: 'true' }).name).toBe('true');
  });
});
