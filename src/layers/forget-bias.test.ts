import { describe, expect, it } from 'vitest';
import { libraryCells } from '../cells/registry.js';
import { RNN } from './rnn.js';

const UNITS = 3;

/** By cell whose forget gate starts open: the bias of each of its gates, in their order. */
const expected: Readonly<Record<string, readonly (readonly [gate: string, bias: number])[]>> = {
  lstm: [
    ['input', 0],
    ['forget', 1],
    ['candidate', 0],
    ['output', 0],
  ],
  peepholeLSTM: [
    ['input', 0],
    ['forget', 1],
    ['candidate', 0],
    ['output', 0],
  ],
  indyLSTM: [
    ['input', 0],
    ['forget', 1],
    ['candidate', 0],
    ['output', 0],
  ],
  lstmp: [
    ['input', 0],
    ['forget', 1],
    ['candidate', 0],
    ['output', 0],
  ],
  layerNormLSTM: [
    ['input', 0],
    ['forget', 1],
    ['candidate', 0],
    ['output', 0],
  ],
  multiplicativeLSTM: [
    ['multiplier', 0],
    ['input', 0],
    ['forget', 1],
    ['candidate', 0],
    ['output', 0],
  ],
  sLSTM: [
    ['input', 0],
    ['forget', 1],
    ['candidate', 0],
    ['output', 0],
  ],
  janet: [
    ['forget', 1],
    ['candidate', 0],
  ],
  minLSTM: [
    ['forget', 1],
    ['input', 0],
    ['candidate', 0],
  ],
  qrnn: [
    ['candidate', 0],
    ['forget', 1],
    ['output', 0],
  ],
  sru: [
    ['candidate', 0],
    ['forget', 1],
    ['reset', 0],
    ['highway', 0],
  ],
};

const biasOf = (cell: (typeof libraryCells)[number], unitForgetBias?: boolean): number[] => {
  const layer = new RNN({ cell, units: UNITS, unitForgetBias });
  layer.ensureBuilt([null, null, 5]);
  return [...layer.weights.find(({ name }) => name.endsWith('bias'))!.dataSync()];
};

describe('the bias at the start', () => {
  it.each(libraryCells.filter(({ forgetGates }) => forgetGates.length > 0).map((cell) => [cell.name, cell] as const))(
    'is 1 for the forget gate of %s and 0 for its other gates',
    (name, cell) => {
      const gates = expected[name];
      expect(cell.gates).toEqual(gates.map(([gate]) => gate));
      expect(biasOf(cell)).toEqual(gates.flatMap(([, bias]) => Array<number>(UNITS).fill(bias)));
      expect(biasOf(cell, false)).toEqual(Array<number>(UNITS * gates.length).fill(0));
    },
  );

  it('of FastGRNN is 0, its zeta starts at 1 and its nu at -4, for every unit', () => {
    const layer = new RNN({ cell: 'fastGRNN', units: UNITS });
    layer.ensureBuilt([null, null, 5]);
    const startOf = (name: string): number[] => [
      ...layer.weights.find((weight) => weight.name.endsWith(name))!.dataSync(),
    ];
    const starts = Object.fromEntries(['bias', 'candidateBias', 'zeta', 'nu'].map((name) => [name, startOf(name)]));
    expect(starts).toEqual({ bias: [0, 0, 0], candidateBias: [0, 0, 0], zeta: [1, 1, 1], nu: [-4, -4, -4] });
  });

  it('of rgLRU: a unit keeps 0.9 to 0.999 of its state where its recurrence gate is open', () => {
    const layer = new RNN({ cell: 'rgLRU', units: 500 });
    layer.ensureBuilt([null, null, 5]);
    const decays = [...layer.weights.find((weight) => weight.name.endsWith('decay'))!.dataSync()];
    const kept = decays.map((decay) => (1 / (1 + Math.exp(-decay))) ** 8);
    expect(Math.min(...kept)).toBeGreaterThan(0.899);
    expect(Math.min(...kept)).toBeLessThan(0.905);
    expect(Math.max(...kept)).toBeLessThan(0.9995);
    expect(Math.max(...kept)).toBeGreaterThan(0.994);
  });

  it('is 0 for cells without such a gate', () => {
    const others = libraryCells.filter(({ forgetGates }) => forgetGates.length === 0);
    expect(others.map(({ name }) => name)).toContain('gru');
    for (const cell of others) expect(new Set(biasOf(cell)), cell.name).toEqual(new Set([0]));
  });
});
