import type { Cell } from '../../src/cells/cell.js';
import { defineCell } from '../../src/cells/define-cell.js';
import {
  add,
  constant,
  div,
  type Expression,
  mul,
  rowMax,
  rowSum,
  sigmoid,
  sqrt,
  square,
  sub,
  tanh,
} from '../../src/expression/build.js';
import { normalized as normalizedUnits } from '../../src/expression/normalized.js';

/** More than any test has units: `rowSum(1)` counts them, so a cell needs no number of its own. */
function normalized(x: Expression): Expression {
  const count = rowSum(constant(1));
  const centred = sub(x, div(rowSum(x), count));
  return div(centred, sqrt(add(div(rowSum(square(centred)), count), 0.1)));
}

/** Cells that use what no cell of the library does; a user may write each of them. */
export const unusualCells: readonly Cell[] = [
  defineCell({
    name: 'normalising',
    description: 'normalises over the units inside of the step, input and recurrent product apart',
    gates: ['update', 'candidate'],
    states: ['hidden'],
    vectors: { gain: 'ones' },
    step({ gates, input, recurrent, states, vectors }) {
      const update = sigmoid(normalized(gates.update));
      const candidate = tanh(add(input.candidate, mul(vectors.gain, normalized(recurrent.candidate))));
      return { hidden: add(mul(update, states.hidden), mul(sub(1, update), candidate)) };
    },
  }),
  defineCell({
    name: 'softGate',
    description: 'gates by a softmax over the units',
    gates: ['score', 'value'],
    states: ['hidden'],
    step({ gates }) {
      const scores = sub(gates.score, rowMax(gates.score));
      const shares = mul(sigmoid(scores), div(1, rowSum(sigmoid(scores))));
      return { hidden: mul(shares, tanh(gates.value)) };
    },
  }),
  defineCell({
    name: 'anchored',
    description: 'a state that never changes, and an output that is no state',
    gates: ['write', 'read'],
    states: ['hidden', 'anchor'],
    step({ gates, states }) {
      const hidden = tanh(add(gates.write, mul(states.anchor, states.hidden)));
      return { hidden, anchor: states.anchor, output: mul(sigmoid(gates.read), hidden) };
    },
  }),
  defineCell({
    name: 'exchanging',
    description: 'states that change places, so that each is the other one step later',
    gates: ['write'],
    states: ['hidden', 'earlier'],
    step: ({ gates, states }) => ({ hidden: add(states.earlier, tanh(gates.write)), earlier: states.hidden }),
  }),
  defineCell({
    name: 'apart',
    description: 'gates that multiply different things, out of order',
    gates: ['first', 'middle', 'last'],
    states: ['hidden', 'memory'],
    step({ gates, input, states, product }) {
      const reset = sigmoid(gates.first);
      const memory = tanh(add(input.middle, product('middle', mul(reset, states.hidden))));
      return { hidden: mul(tanh(add(gates.last, states.memory)), reset), memory };
    },
  }),
  defineCell({
    name: 'chained',
    description: 'products of products of products',
    gates: ['one', 'two', 'three'],
    states: ['hidden'],
    recurrentBias: true,
    step({ gates, input, states, product }) {
      const one = tanh(gates.one);
      const two = sigmoid(add(input.two, product('two', one)));
      const three = tanh(add(input.three, product('three', mul(two, one))));
      return { hidden: add(mul(0.5, states.hidden), mul(two, three)) };
    },
  }),
  defineCell({
    name: 'otherState',
    description: 'a product with a state that is not the first',
    gates: ['write', 'look'],
    states: ['hidden', 'memory'],
    step({ gates, input, states, product }) {
      const look = sigmoid(add(input.look, product('look', states.memory)));
      return { hidden: mul(look, tanh(gates.write)), memory: add(mul(0.9, states.memory), mul(look, states.hidden)) };
    },
  }),
  defineCell({
    name: 'forgetful',
    description: 'a state that is set to one number, and a gate that is not used',
    gates: ['write', 'unused'],
    states: ['hidden', 'constant'],
    step: ({ gates, states }) => ({ hidden: tanh(add(gates.write, states.constant)), constant: constant(0.25) }),
  }),
  defineCell({
    name: 'partlyRecurrent',
    description: 'recurrent biases, and a gate that sees only the input',
    gates: ['update', 'bypass', 'candidate'],
    states: ['hidden'],
    recurrentBias: true,
    step({ gates, input, states }) {
      const update = sigmoid(gates.update);
      return {
        hidden: add(mul(update, states.hidden), mul(sub(1, update), tanh(gates.candidate), sigmoid(input.bypass))),
      };
    },
  }),
  defineCell({
    name: 'partlyRecurrentAfter',
    description: 'the same, with a product that is scaled before it is added',
    gates: ['scale', 'bypass', 'candidate'],
    states: ['hidden'],
    recurrentBias: true,
    step: ({ gates, input, recurrent }) => ({
      hidden: mul(tanh(add(input.candidate, mul(sigmoid(gates.scale), recurrent.candidate))), sigmoid(input.bypass)),
    }),
  }),
  defineCell({
    name: 'writeOnly',
    description: 'states that no later step reads: one is an output, one is only wanted at the end',
    gates: ['write', 'trace'],
    states: ['hidden', 'shown', 'trace'],
    step({ gates, states }) {
      const hidden = add(mul(0.5, states.hidden), tanh(gates.write));
      return { hidden, shown: mul(hidden, hidden), trace: sigmoid(gates.trace) };
    },
  }),
  defineCell({
    name: 'biasApart',
    description: 'a bias that is not added to its product as it comes, and one that is used alone',
    gates: ['scale', 'write'],
    states: ['hidden'],
    gateVectors: { gain: 'ones' },
    step({ inputProduct, input, recurrent, bias, states, gateVectors }) {
      const write = tanh(add(mul(gateVectors.gain.write, inputProduct.write), bias.write, recurrent.write));
      const scale = sigmoid(mul(gateVectors.gain.scale, add(input.scale, recurrent.scale)));
      return { hidden: add(mul(scale, states.hidden), mul(write, sigmoid(bias.scale))) };
    },
  }),
  defineCell({
    name: 'ofThreeWidths',
    description: 'states of three widths, and kernels from each to the next',
    gates: ['write', 'keep'],
    states: ['hidden', 'narrow', 'wide'],
    widths: { narrow: (units) => units - 1, wide: (units) => units + 2 },
    stateWidths: { narrow: 'narrow', wide: 'wide' },
    kernels: {
      down: { from: 'units', to: 'narrow' },
      across: { from: 'narrow', to: 'wide' },
      up: { from: 'wide', to: 'units' },
    },
    step({ gates, states, kernels }) {
      const hidden = add(mul(sigmoid(gates.keep), states.hidden), mul(tanh(gates.write), kernels.up(states.wide)));
      const narrow = tanh(add(kernels.down(hidden), mul(0.5, states.narrow)));
      const wide = sigmoid(sub(normalizedUnits(kernels.across(narrow), 0.1), states.wide));
      return { hidden: tanh(hidden), narrow, wide, output: add(narrow, mul(0.5, states.narrow)) };
    },
  }),
  defineCell({
    name: 'narrowlyRecurrent',
    description: 'gates that multiply a computed value of another width',
    gates: ['write', 'keep'],
    states: ['hidden'],
    widths: { narrow: (units) => units - 1 },
    kernels: { down: { from: 'units', to: 'narrow' } },
    recurrentBias: true,
    step({ input, states, product, kernels }) {
      const narrow = tanh(kernels.down(states.hidden));
      const keep = sigmoid(add(input.keep, product('keep', narrow)));
      return { hidden: add(mul(keep, states.hidden), tanh(add(input.write, product('write', narrow)))) };
    },
  }),
];
