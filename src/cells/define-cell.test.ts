import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectDerivative, messageOf } from '../../test/support/central-differences.js';
import { expectClose } from '../../test/support/close.js';
import { normals } from '../../test/support/random.js';
import { unusualCells } from '../../test/support/unusual-cells.js';
import { stateWidth, usualWidth } from '../../test/support/widths.js';
import { add, type Expression, mul, sigmoid, sub, tanh } from '../expression/build.js';
import { backendNames, useBackend } from '../kernels/select.js';
import { Random } from '../random.js';
import * as ops from '../tensor/index.js';
import { type RecurrentResult, recurrent } from '../tensor/recurrent.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Cell } from './cell.js';
import { defineCell, requireRate } from './define-cell.js';
import { planCell } from './plan.js';

afterEach(() => void useBackend('wasm'));

describe('defineCell', () => {
  it('fills in what a definition leaves open', () => {
    const cell = defineCell({
      name: 'plain',
      gates: ['write'],
      states: ['hidden'],
      step: ({ gates }) => ({ hidden: tanh(gates.write) }),
    });
    const { equations: _, ...rest } = cell;
    expect(rest).toEqual({
      name: 'plain',
      gates: ['write'],
      states: ['hidden'],
      vectors: {},
      widths: {},
      stateWidths: { hidden: 'units' },
      recurrentWidth: 'units',
      droppedWidth: 'units',
      outputWidth: 'units',
      kernels: {},
      recurrent: 'full',
      recurrentBias: false,
      forgetGates: [],
      activation: 'tanh',
      recurrentActivation: 'sigmoid',
      description: '',
    });
  });

  const step = ({ gates }: { gates: Readonly<Record<string, Expression>> }): Record<string, Expression> => ({
    hidden: tanh(gates.write),
  });
  const base = { name: 'mine', gates: ['write', 'other'], states: ['hidden'], step };
  const narrow = {
    ...base,
    states: ['hidden', 'small'],
    widths: { small: (units: number) => units - 1 },
    stateWidths: { small: 'small' },
  };
  const kernelFix =
    'fix: give the cell a kernel from one width to the other, kernels: { name: { from, to } }, and multiply by it.';
  const wrong: Record<string, [definition: Parameters<typeof defineCell>[0], message: string]> = {
    'no state': [
      { ...base, states: [] },
      "[USAGE] defineCell(mine): a cell needs at least one state.\n  fix: name it, for example states: ['hidden'].",
    ],
    'a gate twice': [
      { ...base, gates: ['write', 'write'] },
      '[USAGE] defineCell(mine): a gate is named twice.\n  fix: give each gate its own name.',
    ],
    'a state twice': [
      { ...base, states: ['hidden', 'hidden'] },
      '[USAGE] defineCell(mine): a state is named twice.\n  fix: give each state its own name.',
    ],
    'a gate with a dot': [
      { ...base, gates: ['write.now'] },
      '[USAGE] defineCell(mine): `write.now` cannot name a gate.\n  fix: use letters and digits, starting with ' +
        'a letter.',
    ],
    'a state that starts with a digit': [
      { ...base, states: ['2nd'] },
      '[USAGE] defineCell(mine): `2nd` cannot name a state.\n  fix: use letters and digits, starting with a letter.',
    ],
    'a forget gate that is none': [
      { ...base, forgetGates: ['wrte'] },
      '[UNKNOWN_NAME] defineCell(mine): unknown gate `wrte`; did you mean `write`?\n  expected: one of `write`, ' +
        '`other`\n  received: `wrte`\n  fix: use `write`.',
    ],
    'no next value for a state': [
      { ...base, states: ['hidden', 'cell'] },
      '[USAGE] cell mine: step returns no next value for state `cell`.\n  fix: return { hidden, cell }.',
    ],
    'a product without recurrent kernels': [
      { ...base, recurrent: 'none', step: ({ product, states }) => ({ hidden: product('write', states.hidden) }) },
      "[USAGE] cell mine: gate `write` has no recurrent kernel.\n  fix: remove `recurrent: 'none'`, or write " +
        'the gate from `input` alone.',
    ],
    'a recurrent part without recurrent kernels': [
      { ...base, recurrent: 'none', step: ({ recurrent: part }) => ({ hidden: part.write }) },
      "[USAGE] cell mine: gate `write` has no recurrent kernel.\n  fix: remove `recurrent: 'none'`, or write " +
        'the gate from `input` alone.',
    ],
    'a product with two operands': [
      {
        ...base,
        step: ({ gates, product, states }) => ({ hidden: add(gates.write, product('write', tanh(states.hidden))) }),
      },
      '[USAGE] cell mine: the recurrent product of gate `write` is used with two different operands.\n  fix: ' +
        'add a gate or a kernel, so that each product has a kernel of its own.',
    ],
    'a product of an unknown gate': [
      { ...base, step: ({ product, states }) => ({ hidden: product('wite', states.hidden) }) },
      '[UNKNOWN_NAME] cell mine: unknown gate `wite`; did you mean `write`?\n  expected: one of `write`, ' +
        '`other`\n  received: `wite`\n  fix: use `write`.',
    ],
    'an equation of two widths': [
      {
        ...narrow,
        step: ({ gates, states }) => ({ hidden: tanh(gates.write), small: mul(states.small, gates.write) }),
      },
      '[USAGE] defineCell(mine): an equation combines values of different widths.\n  expected: one width\n  ' +
        `received: small and units\n  ${kernelFix}`,
    ],
    'a state of the wrong width': [
      { ...narrow, step: ({ gates }) => ({ hidden: tanh(gates.write), small: tanh(gates.other) }) },
      '[USAGE] defineCell(mine): the next value of state `small` has the wrong width.\n  expected: small\n  ' +
        `received: units\n  ${kernelFix}`,
    ],
    'a kernel that multiplies the wrong width': [
      {
        ...narrow,
        kernels: { up: { from: 'small', to: 'units' } },
        step: ({ gates, states, kernels }) => ({ hidden: kernels.up(tanh(gates.write)), small: states.small }),
      },
      '[USAGE] defineCell(mine): what kernel `up` multiplies has the wrong width.\n  expected: small\n  ' +
        `received: units\n  ${kernelFix}`,
    ],
    'a kernel that is not used': [
      { ...base, kernels: { up: { from: 'units', to: 'units' } } },
      '[USAGE] cell mine: kernel `up` is not used.\n  fix: write kernels.up(...) in the step, or leave it out.',
    ],
    'a width that is not named': [
      { ...narrow, stateWidths: { small: 'smal' } },
      '[UNKNOWN_NAME] defineCell(mine): unknown width `smal`; did you mean `small`?\n  expected: one of `units`, ' +
        '`small`\n  received: `smal`\n  fix: use `small`.',
    ],
    'an operand that is undefined': [
      { ...base, step: ({ gates }) => ({ hidden: tanh(gates.wrong) }) },
      '[USAGE] expression: an operand is neither an expression nor a number.\n  received: undefined\n  fix: ' +
        'combine gates, states and parameters with add, mul, sigmoid and the other `expressions`.',
    ],
    'an activation that does not exist': [
      { ...base, activation: 'tangent' as 'tanh' },
      '[UNKNOWN_NAME] cell mine: unknown activation `tangent`.\n  expected: one of `linear`, `relu`, `sigmoid`, ' +
        '`tanh`, `softmax`, `softplus`, `softsign`, `elu`, `selu`, `gelu`, `silu`, `swish`, `mish`, ' +
        '`exponential`, `hardSigmoid`, `hardSigmoidTheano`, `leakyRelu`, `relu6`\n  received: `tangent`\n  fix: choose one of the 18 ' +
        'known names. An equation of your own goes into a cell (defineCell) or a layer of your own.',
    ],
  };
  it.each(Object.keys(wrong))('refuses %s', (name) => {
    const [definition, message] = wrong[name];
    expect(messageOf(() => defineCell(definition))).toBe(message);
  });

  const mistyped: Record<string, [definition: unknown, what: string]> = {
    nothing: [undefined, 'options are not given as one object'],
    'another recurrence': [{ ...base, recurrent: 'non' }, 'unknown recurrent `non`; did you mean `none`?'],
    'no recurrence as false': [{ ...base, recurrent: false }, 'unknown recurrent `false`'],
    'a text in the place of true': [{ ...base, recurrentBias: 'yes' }, '`recurrentBias` is neither true nor false'],
    'a start that is no initializer': [{ ...base, vectors: { gain: 'one' } }, 'unknown starting value `one`'],
    "a start of the gates' that is no initializer": [
      { ...base, gateVectors: { gain: 'zero' } },
      'defineCell(mine), gainWrite: unknown starting value `zero`; did you mean `zeros`?',
    ],
    'a start that is not finite': [{ ...base, vectors: { gain: Number.NaN } }, '`gain` is out of range'],
    'a start that is null': [{ ...base, vectors: { gain: null } }, 'unknown starting value `null`'],
    'a text as gates': [{ ...base, gates: 'abc' }, 'the gates are no list'],
    'no gates': [{ ...base, gates: undefined }, 'the gates are no list'],
    'no states': [{ ...base, states: undefined }, 'the states are no list'],
    'a gate that is null': [{ ...base, gates: [null] }, '`null` cannot name a gate'],
    'a text as forget gates': [{ ...base, forgetGates: 'write' }, 'the forget gates are no list'],
    'no step': [{ ...base, step: undefined }, '`step` is no function'],
  };
  it.each(Object.keys(mistyped))('refuses what types forbid: %s', (name) => {
    const [definition, what] = mistyped[name];
    const message = messageOf(() => defineCell(definition as typeof base));
    expect(message).toMatch(/^\[(USAGE|UNKNOWN_NAME|OUT_OF_RANGE)\]/);
    expect(message).toContain(what);
  });

  it('allows a product that is used twice with one operand', () => {
    const cell = defineCell({
      ...base,
      step: ({ gates, recurrent: part }) => ({ hidden: mul(tanh(gates.write), sigmoid(part.write)) }),
    });
    expect([...cell.equations().operands.keys()]).toEqual(['write']);
  });
});

describe('requireRate', () => {
  it.each([-0.1, 1, 1.5, NaN, Infinity])('refuses %d', (rate) => {
    expect(messageOf(() => requireRate('LSTM', 'dropout', rate))).toMatch(
      /^\[OUT_OF_RANGE\] LSTM: `dropout` is out of range\.\n {2}expected: a number of at least 0 and less than 1/,
    );
  });
  it.each([0, 0.5, 0.999])('accepts %d', (rate) => expect(() => requireRate('LSTM', 'dropout', rate)).not.toThrow());
});

/** B batch, T time, F features, U units. */
const [B, T, F, U] = [3, 5, 7, 5];

/** Runs a user's cell over random sequences, two of which end early. */
function runOf(cell: Cell): { inputs: Tensor[]; run: (inputs: readonly Tensor[]) => RecurrentResult } {
  const random = new Random(107, cell.name);
  const plan = planCell(cell);
  const G = cell.gates.length;
  const vectorNames = Object.keys(cell.vectors);
  const inputs = [
    [B, T, F],
    [F, G * U],
    [usualWidth(cell, cell.recurrentWidth, U), G * U],
    [G * U],
    [G * U],
    ...vectorNames.map(() => [U]),
    ...cell.states.map((state) => [B, stateWidth(cell, state, U)]),
    ...Object.values(cell.kernels).map(({ from, to }) => [usualWidth(cell, from, U), usualWidth(cell, to, U)]),
  ].map((shape) => normals(shape, random, 0.6));
  const mask = Uint8Array.from([1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 0, 1, 1, 0, 1]);
  const run = ([input, kernel, recurrentKernel, bias, recurrentBias, ...others]: readonly Tensor[]): RecurrentResult =>
    recurrent({
      plan,
      units: U,
      widths: Object.fromEntries(Object.entries(cell.widths).map(([name, usual]) => [name, usual(U)])),
      input,
      mask,
      kernel,
      recurrentKernel,
      bias,
      recurrentBias: plan.hasRecurrentBias ? recurrentBias : undefined,
      kernels: Object.fromEntries(
        Object.keys(cell.kernels).map((name, i) => [name, others[vectorNames.length + cell.states.length + i]]),
      ),
      vectors: Object.fromEntries(vectorNames.map((name, i) => [name, others[i]])),
      initialStates: Object.fromEntries(cell.states.map((state, i) => [state, others[vectorNames.length + i]])),
      masks: {},
      scalars: {},
      reverse: false,
      outputOrder: 'time',
      returnSequences: true,
      training: true,
    });
  return { inputs, run };
}

describe("a user's cell", () => {
  beforeEach(() => void useBackend('reference'));
  const withLayerNorm = unusualCells.filter(({ name }) => name === 'normalising' || name === 'softGate');

  it.each(withLayerNorm.map((cell) => [cell.name, cell] as const))(
    'with reductions over the units inside has the derivative of its equations: %s',
    (_, cell) => {
      const { inputs, run } = runOf(cell);
      expectDerivative((at) => run(at).output, inputs, 'output', 1e-6);
      expectDerivative((at) => run(at).finalStates.hidden, inputs, 'final state', 1e-6);
    },
  );

  it.each(unusualCells.map((cell) => [cell.name, cell] as const))(
    'computes the same on every backend: %s',
    (_, cell) => {
      const { inputs, run } = runOf(cell);
      const results = backendNames.map((backend) => {
        useBackend(backend);
        const { output, finalStates } = run(inputs);
        return [output, ...Object.values(finalStates)].map((result) => result.dataSync());
      });
      results[0].forEach((values, i) => expectClose(values, results[1][i], 2e-5, `result ${i}`));
    },
  );

  it('with layer normalisation does not change when its gate is scaled and shifted', () => {
    const cell = unusualCells.find(({ name }) => name === 'normalising')!;
    const { inputs, run } = runOf(cell);
    const before = run(inputs).output;
    const shifted = inputs.map((input, i) => (i === 3 ? ops.add(input, tensorOfUpdate(1.5)) : input));
    expectClose(run(shifted).output.dataSync(), before.dataSync(), 1e-12, 'a shift of the update gate');
    expect(run(inputs.map((input, i) => (i === 3 ? ops.mul(input, 2) : input))).output.dataSync()).not.toEqual(
      before.dataSync(),
    );
  });

  /** The same shift for every unit of the first gate. */
  function tensorOfUpdate(by: number): Tensor {
    return ops.concatenate([ops.mul(ops.ones([U]), by), ops.zeros([U])], 0);
  }

  it('is its own equations at one step', () => {
    const cell = defineCell({
      name: 'leaky',
      gates: ['leak', 'write'],
      states: ['hidden'],
      step({ gates, states }) {
        const leak = sigmoid(gates.leak);
        return { hidden: add(mul(leak, states.hidden), mul(sub(1, leak), tanh(gates.write))) };
      },
    });
    const { inputs, run } = runOf(cell);
    const [x, kernel, recurrentKernel, bias, , hidden] = inputs;
    const preact = ops.add(
      ops.add(ops.matmul(ops.reshape(ops.slice(x, 1, 0, 1), [B, F]), kernel), bias),
      ops.matmul(hidden, recurrentKernel),
    );
    const leak = ops.sigmoid(ops.slice(preact, 1, 0, U));
    const expected = ops.add(ops.mul(leak, hidden), ops.mul(ops.sub(1, leak), ops.tanh(ops.slice(preact, 1, U))));
    // The third sequence is masked at its first step.
    expectClose(
      ops.slice(ops.slice(run(inputs).output, 1, 0, 1), 0, 0, 2).dataSync(),
      ops.slice(expected, 0, 0, 2).dataSync(),
      1e-14,
      'first step',
    );
  });

  it.each<[string, (gate: number) => unknown]>([
    ['gate * 2', (gate) => gate * 2],
    ['gate + 1', (gate) => gate + 1],
    ['Math.tanh(gate)', (gate) => Math.tanh(gate)],
    ['gate > 0 ? a : b', (gate) => (gate > 0 ? 1 : 0)],
    ['-gate', (gate) => -gate],
  ])('refuses JavaScript in place of equations, %s', (_, wrong) => {
    const define = () =>
      defineCell({
        name: 'slip',
        gates: ['write'],
        states: ['hidden'],
        step: ({ gates, states }) => ({
          hidden: add(states.hidden, wrong(gates.write as unknown as number) as number),
        }),
      });
    expect(define).toThrow(
      /^\[USAGE\] expression: a symbol of an equation was used as a number[\s\S]*mul\(gate, 2\)[\s\S]*tanh\(gate\) for `Math.tanh\(gate\)`/,
    );
  });
});
