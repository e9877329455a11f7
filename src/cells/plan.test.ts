import { describe, expect, it } from 'vitest';
import { unusualCells } from '../../test/support/unusual-cells.js';
import { add, mul, sigmoid, tanh } from '../expression/build.js';
import { formatExpression } from '../expression/interpret.js';
import type { Cell, EquationOptions } from './cell.js';
import { defineCell } from './define-cell.js';
import { type CellPlan, planCell, type Stage } from './plan.js';
import { cellNamed, libraryCells } from './registry.js';

const unusual = (name: string): Cell => unusualCells.find((cell) => cell.name === name)!;
const planOf = (name: string, options?: EquationOptions): CellPlan => planCell(cellNamed(name), options);

/** What each stage computes, as far as it is a value of its own: gate products left out. */
const outputsOf = (stages: readonly Stage[]): string[][] =>
  stages.map(({ programs }) => programs.flatMap(({ program }) => program.outputs.map(({ name }) => name)));
const productsOf = (stages: readonly Stage[]): number[] => stages.map(({ products }) => products.length);
/** The expressions of the outputs whose name starts so. */
/** Without the guard against traces that gradients wear. */
const bare = (formula: string): string =>
  /^select\(greater\(1e-30, abs\((?<gradient>.*)\)\), 0, \k<gradient>\)$/.exec(formula)?.groups?.gradient ?? formula;
const formulas = (stages: readonly Stage[], prefix: string): string[] =>
  stages.flatMap(({ programs }) =>
    programs.flatMap(({ program }) =>
      program.outputs
        .filter(({ name }) => name.startsWith(prefix))
        .map(({ expression }) => bare(formatExpression(expression))),
    ),
  );

describe('a plan', () => {
  it('multiplies all gates of an LSTM in one product, and has one pointwise stage behind it', () => {
    const plan = planOf('lstm');
    expect(plan.products).toEqual([{ state: 'hidden', firstGate: 0, numGates: 4 }]);
    expect(productsOf(plan.trainingStages)).toEqual([1, 0]);
    expect(outputsOf(plan.inferenceStages)).toEqual([[], ['next.hidden', 'next.cell']]);
    expect(plan.operands).toEqual([]);
    expect(plan.outputState).toBe('hidden');
  });

  it('keeps exactly the four activated gates of an LSTM, over the input products', () => {
    const plan = planOf('lstm');
    const gate = (activation: string, name: string): string =>
      `${activation}(add(add(input.${name}, bias.${name}), recurrent.${name}))`;
    expect(formulas(plan.trainingStages, 'saved.').sort()).toEqual([
      gate('sigmoid', 'forget'),
      gate('sigmoid', 'input'),
      gate('sigmoid', 'output'),
      gate('tanh', 'candidate'),
    ]);
    expect([...plan.savedSlots].sort()).toEqual([0, 1, 2, 3]);
    expect(plan.gateSlots).toBe(4);
    expect(plan.gradientOverSaved).toBe(true);
    expect(formulas(plan.inferenceStages, 'saved.')).toEqual([]);
  });

  it('keeps nothing of a simple cell, whose derivative is written with its state', () => {
    const plan = planOf('simple');
    expect(plan.savedSlots).toEqual([]);
    expect(formulas(plan.backward(true).stages, 'dInput.')).toEqual([
      'mul(add(dNext.hidden, dOutput), sub(1, mul(next.hidden, next.hidden)))',
    ]);
  });

  it('keeps what the reset gate of a reset-after GRU multiplies, behind three activated gates', () => {
    const plan = planOf('gru');
    expect(plan.gateSlots).toBe(4);
    expect(formulas(plan.trainingStages, 'saved.')).toContain('add(recurrent.candidate, recurrentBias.candidate)');
    expect(plan.sharedGateGradient).toBe(false);
    expect(plan.hasRecurrentBias).toBe(true);
  });

  it('gives a reset-before GRU two products, the second with what the first computed', () => {
    const plan = planOf('gruResetBefore');
    expect(plan.products).toEqual([
      { state: 'hidden', firstGate: 0, numGates: 2 },
      { operand: 0, firstGate: 2, numGates: 1 },
    ]);
    expect(productsOf(plan.inferenceStages)).toEqual([1, 1, 0]);
    expect(outputsOf(plan.inferenceStages)).toEqual([[], ['operand.0'], ['next.hidden']]);
    expect(productsOf(plan.backward(true).stages)).toEqual([1, 0]);
    expect(plan.gradientOverSaved).toBe(false);
    expect(plan.sharedGateGradient).toBe(true);
  });

  it('of a cell whose gates see only the input has no product and one stage, unless it has kernels of its own', () => {
    const cells = libraryCells.filter(
      ({ recurrent, kernels }) => recurrent === 'none' && Object.keys(kernels).length === 0,
    );
    expect(cells.length).toBeGreaterThan(5);
    for (const cell of cells) {
      const plan = planCell(cell);
      expect(
        [
          plan.products,
          plan.operands,
          plan.trainingStages.length,
          plan.backward(true).stages.length,
          plan.backward(true).stateProducts,
        ],
        cell.name,
      ).toEqual([[], [], 1, 1, []]);
    }
  });

  it('gains one stage by recurrent dropout, where the state is masked before the product', () => {
    const plan = planOf('lstm', { recurrentDropout: true });
    expect(plan.trainingStages).toHaveLength(planOf('lstm').trainingStages.length);
    expect(outputsOf(plan.inferenceStages)).toEqual([['operand.0'], ['next.hidden', 'next.cell']]);
    expect(formulas(plan.inferenceStages, 'operand.')).toEqual(['mul(state.hidden, mask.recurrent)']);
    expect(plan.products).toEqual([{ operand: 0, firstGate: 0, numGates: 4 }]);
    expect(plan.masks).toEqual(['mask.recurrent']);
    expect([plan.backward(true).stages.length, planOf('lstm').backward(true).stages.length]).toEqual([2, 1]);
    expect(formulas(plan.backward(true).stages, 'dState.hidden')).toEqual(['mul(dOperand.0, mask.recurrent)']);
  });

  it('masks each thing that is multiplied, once', () => {
    const plan = planOf('gruResetBefore', { recurrentDropout: true });
    expect(plan.operands).toHaveLength(2);
    expect(plan.products.map(({ operand }) => operand)).toEqual([0, 1]);
  });

  it('mixes the old state in by zoneout: by a mask for each step in training, by the rate otherwise', () => {
    const mask = planOf('lstm', { zoneout: { kind: 'mask', states: ['cell'] } });
    expect([mask.masks, mask.scalars]).toEqual([['mask.zoneout.cell'], []]);
    const mean = planOf('lstm', { zoneout: { kind: 'mean', states: ['hidden', 'cell'] } });
    expect([mean.masks, [...mean.scalars].sort()]).toEqual([[], ['zoneout.cell', 'zoneout.hidden']]);
  });

  it('has no bias where none is asked for', () => {
    const plan = planOf('gru', { useBias: false });
    expect([plan.hasBias, plan.hasRecurrentBias]).toEqual([false, false]);
    const leaves = plan.trainingStages.flatMap(({ programs }) =>
      programs.flatMap(({ program }) => program.inputs.map(({ name }) => name)),
    );
    expect(leaves.filter((name) => name.toLowerCase().includes('bias'))).toEqual([]);
    expect(leaves).toContain('recurrent.candidate');
  });

  it('stores an output that is no state by itself', () => {
    const plan = planCell(unusual('anchored'));
    expect(plan.outputState).toBeUndefined();
    expect(outputsOf(plan.inferenceStages).at(-1)).toEqual(['next.hidden', 'next.anchor', 'output']);
  });

  it('copies a state that never changes, and passes its gradient on', () => {
    const plan = planCell(unusual('anchored'));
    expect(formulas(plan.trainingStages, 'next.anchor')).toEqual(['state.anchor']);
    expect(formulas(plan.backward(true).stages, 'dState.anchor')[0]).toMatch(/^add\(dNext\.anchor, /);
  });

  it('reads and writes states that change places in one stage, since each lies over the gradient of the other', () => {
    const { stages } = planCell(unusual('exchanging')).backward(false);
    expect(stages).toHaveLength(1);
    expect([formulas(stages, 'dState.hidden'), formulas(stages, 'dState.earlier')]).toEqual([
      ['dNext.earlier'],
      ['dNext.hidden'],
    ]);
  });

  it('does not join gates over different operands, or gates that are not neighbours', () => {
    expect(planCell(unusual('apart')).products).toEqual([
      { state: 'hidden', firstGate: 0, numGates: 1 },
      { operand: 0, firstGate: 1, numGates: 1 },
      { state: 'hidden', firstGate: 2, numGates: 1 },
    ]);
    expect(planCell(unusual('partlyRecurrent')).products).toEqual([
      { state: 'hidden', firstGate: 0, numGates: 1 },
      { state: 'hidden', firstGate: 2, numGates: 1 },
    ]);
    expect(planCell(unusual('otherState')).products.map(({ state }) => state)).toEqual(['hidden', 'memory']);
  });

  it('has as many rounds of products as one waits for another', () => {
    const plan = planCell(unusual('chained'));
    expect(productsOf(plan.trainingStages)).toEqual([1, 1, 1, 0]);
    expect(productsOf(plan.backward(true).stages)).toEqual([1, 1, 0]);
  });

  it('computes equal operands once, however they are written', () => {
    const twice = defineCell({
      name: 'twice',
      gates: ['reset', 'one', 'other'],
      states: ['hidden'],
      step({ gates, input, states, product }) {
        const reset = sigmoid(gates.reset);
        const one = tanh(add(input.one, product('one', mul(reset, states.hidden))));
        return { hidden: add(one, tanh(add(input.other, product('other', mul(states.hidden, reset, 1))))) };
      },
    });
    expect(planCell(twice).products).toEqual([
      { state: 'hidden', firstGate: 0, numGates: 1 },
      { operand: 0, firstGate: 1, numGates: 2 },
    ]);
  });

  it('writes gradients of states in the last stage alone, where nothing reads them any more', () => {
    for (const cell of [...libraryCells, ...unusualCells]) {
      for (const options of [{}, cell.recurrent === 'full' ? { recurrentDropout: true } : {}]) {
        const { stages } = planCell(cell, options).backward(true);
        const written = stages.map(({ programs }) =>
          programs.some(({ program }) => program.outputs.some(({ name }) => name.startsWith('dState.'))),
        );
        expect(written.slice(0, -1), cell.name).not.toContain(true);
      }
    }
  });

  it('reads back only what is stored: states, operands, saved values and parameters', () => {
    for (const cell of [...libraryCells, ...unusualCells]) {
      const plan = planCell(cell);
      for (const hasOutput of [true, false]) {
        const leaves = plan
          .backward(hasOutput)
          .stages.flatMap(({ programs }) => programs.flatMap(({ program }) => program.inputs.map(({ name }) => name)));
        expect(
          leaves.filter(
            (name) =>
              !/^(state|next|operand|saved|dNext|dOperand|vector|mask|bias|recurrentBias)\.|^dOutput$/.test(name),
          ),
          cell.name,
        ).toEqual([]);
        expect(leaves.includes('dOutput')).toBe(hasOutput);
      }
    }
  });

  it('is the same for the same cell and options', () => {
    const keys = (plan: CellPlan): string[] =>
      [...plan.trainingStages, ...plan.inferenceStages, ...plan.backward(true).stages].flatMap(({ programs }) =>
        programs.map(({ program }) => program.key),
      );
    for (const cell of libraryCells) expect(keys(planCell(cell))).toEqual(keys(planCell(cell)));
  });

  it('takes the activations of the options', () => {
    const plan = planOf('minGRU', { activation: 'relu', recurrentActivation: 'hardSigmoid' });
    expect(formulas(plan.inferenceStages, 'next.')[0]).toMatch(/relu\(add\(input\.candidate/);
    expect(() => planOf('lstm', { activation: 'tan' as 'tanh' })).toThrow(
      /unknown activation `tan`; did you mean `tanh`/,
    );
  });

  it('of a cell with a gate that is not used gives it a gradient of 0', () => {
    const plan = planCell(unusual('forgetful'));
    expect(formulas(plan.backward(true).stages, 'dInput.unused')).toEqual(['0']);
    expect(plan.products).toEqual([{ state: 'hidden', firstGate: 0, numGates: 1 }]);
  });
});
