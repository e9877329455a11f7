import { describe, expect, it } from 'vitest';
import { defineCell } from '../cells/define-cell.js';
import { cellNamed } from '../cells/registry.js';
import { add, mul, sub } from '../expression/build.js';
import { keepingGates } from './keeping-gates.js';
import { longMemoryOptions } from './memory-model.js';

describe('keepingGates', () => {
  it.each([
    ['lstm', ['forget'], []],
    ['gru', ['update'], []],
    ['minGRU', [], ['update']],
    ['coupledLSTM', [], ['input']],
    ['minLSTM', ['forget'], ['input']],
    ['sLSTM', ['forget'], ['input']],
    ['sru', ['forget'], []],
    ['rgLRU', [], ['recurrence']],
    ['layerNormGRU', ['update'], []],
    // The cell only ever adds, one has no gate, and in one the gate is also what is written.
    ['lstm1997', [], []],
    ['simple', [], []],
    ['fastGRNN', [], []],
  ] as const)('finds those of %s in its equations', (name, keep, replace) => {
    expect(keepingGates(cellNamed(name))).toEqual({ keep, replace });
  });

  it('finds those of a cell that a user wrote, whatever they are called', () => {
    const leaky = defineCell({
      name: 'leaky',
      gates: ['what', 'howMuch'],
      states: ['level'],
      step({ gates, states, activation, recurrentActivation }) {
        const share = recurrentActivation(gates.howMuch);
        return { level: add(mul(sub(1, share), states.level), mul(share, activation(gates.what))) };
      },
    });
    expect(keepingGates(leaky)).toEqual({ keep: [], replace: ['howMuch'] });
    expect(longMemoryOptions(leaky, 40).biasInitializer).toMatchObject({ name: 'chrono' });
  });
});

describe('longMemoryOptions', () => {
  const values = (name: 'lstm' | 'minGRU' | 'rgLRU', timesteps: number): number[][] => {
    const cell = cellNamed(name);
    const { biasInitializer } = longMemoryOptions(cell, timesteps) as {
      biasInitializer: { values(shape: number[], random: { uniform(): number }, role: object): ArrayLike<number> };
    };
    const units = 2;
    const all = biasInitializer.values([cell.gates.length * units], { uniform: () => 0.5 }, { gates: cell.gates });
    return cell.gates.map((_, gate) => Array.from(all).slice(gate * units, (gate + 1) * units));
  };
  // With a uniform number of 0.5: log(1 + (102 - 2) / 2).
  const bias = Math.log(51);

  it('opens what keeps the state and closes what replaces it, over the steps that there are', () => {
    expect(values('lstm', 102)).toEqual([
      [-bias, -bias],
      [bias, bias],
      [0, 0],
      [0, 0],
    ]);
    expect(values('minGRU', 102)).toEqual([
      [-bias, -bias],
      [0, 0],
    ]);
    // Its input gate says what is written, and not how much is kept.
    expect(values('rgLRU', 102)).toEqual([
      [-bias, -bias],
      [0, 0],
      [0, 0],
    ]);
  });

  it('leaves cells without such gates as they are', () => {
    expect(longMemoryOptions(cellNamed('simple'), 50)).toEqual({});
  });
});
