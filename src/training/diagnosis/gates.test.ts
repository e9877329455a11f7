import { describe, expect, it } from 'vitest';
import type { Cell } from '../../cells/cell.js';
import { defineCell } from '../../cells/define-cell.js';
import { libraryCells } from '../../cells/registry.js';
import { gatesOf } from './gates.js';

const written = (cell: Cell, options = {}): string[] =>
  gatesOf(cell, options).map(({ name, activation }) => `${activation}(${name})`);
const named = (name: string): Cell => libraryCells.find((cell) => cell.name === name)!;

describe('the gates of a cell', () => {
  it('are found in the equations of every cell of the library', () => {
    expect(Object.fromEntries(libraryCells.map((cell) => [cell.name, written(cell).join(' ')]))).toEqual({
      simple: 'tanh(candidate)',
      lstm: 'sigmoid(input) sigmoid(forget) tanh(candidate) sigmoid(output) tanh(cell)',
      lstmp: 'sigmoid(input) sigmoid(forget) tanh(candidate) sigmoid(output) tanh(cell)',
      peepholeLSTM: 'sigmoid(input) sigmoid(forget) tanh(candidate) sigmoid(output) tanh(cell)',
      lstm1997: 'sigmoid(input) tanh(candidate) sigmoid(output) tanh(cell)',
      coupledLSTM: 'sigmoid(input) tanh(candidate) sigmoid(output) tanh(cell)',
      indyLSTM: 'sigmoid(input) sigmoid(forget) tanh(candidate) sigmoid(output) tanh(cell)',
      janet: 'sigmoid(forget) sigmoid(forget) tanh(candidate)',
      layerNormLSTM: 'sigmoid(input) sigmoid(forget) tanh(candidate) sigmoid(output) tanh(cell)',
      multiplicativeLSTM: 'sigmoid(input) sigmoid(forget) tanh(candidate) sigmoid(output) tanh(cell)',
      mogrifierLSTM: 'tanh(cell)',
      sLSTM: 'tanh(candidate) sigmoid(output)',
      gru: 'sigmoid(update) sigmoid(reset) tanh(candidate)',
      gruResetBefore: 'sigmoid(update) sigmoid(reset) tanh(candidate)',
      layerNormGRU: 'sigmoid(update) sigmoid(reset) tanh(candidate)',
      mgu: 'sigmoid(update) tanh(candidate)',
      liGRU: 'sigmoid(update) relu(candidate)',
      fastGRNN: 'tanh(shared) sigmoid(shared)',
      minGRU: 'sigmoid(update)',
      minLSTM: 'sigmoid(forget) sigmoid(input)',
      sru: 'sigmoid(forget) sigmoid(reset)',
      indRNN: 'relu(candidate)',
      qrnn: 'tanh(candidate) sigmoid(forget) sigmoid(output)',
      rgLRU: 'sigmoid(recurrence) sigmoid(input)',
    });
  });
  it('follow the activations that a layer chooses', () => {
    expect(written(named('lstm'), { activation: 'softsign', recurrentActivation: 'hardSigmoid' })).toEqual([
      'hardSigmoid(input)',
      'hardSigmoid(forget)',
      'softsign(candidate)',
      'hardSigmoid(output)',
      'softsign(cell)',
    ]);
    expect(written(named('simple'), { activation: 'relu' })).toEqual(['relu(candidate)']);
  });
  it('hide what an activation is made of', () => {
    expect(written(named('simple'), { activation: 'silu' })).toEqual(['silu(candidate)']);
    expect(written(named('simple'), { activation: 'mish' })).toEqual(['mish(candidate)']);
    expect(written(named('simple'), { activation: 'linear' })).toEqual([]);
  });
  it('know which keep the state', () => {
    expect(
      gatesOf(named('lstm'))
        .filter(({ isForgetGate }) => isForgetGate)
        .map(({ name }) => name),
    ).toEqual(['forget']);
    expect(
      gatesOf(named('lstm'))
        .filter(({ isState }) => isState)
        .map(({ name }) => name),
    ).toEqual(['cell']);
  });
  it('are found in cells of the user', () => {
    const cell = defineCell({
      name: 'own',
      gates: ['mix'],
      states: ['hidden'],
      step: ({ gates, recurrentActivation }) => ({ hidden: recurrentActivation(gates.mix) }),
    });
    expect(written(cell)).toEqual(['sigmoid(mix)']);
  });
});
