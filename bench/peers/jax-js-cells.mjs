/**
 * Recurrent layers in jax-js: the product of all steps with the input is one, then a loop over the steps, which `jit` unrolls.
 * Functions take over the references they are given, as jax-js asks; what is used again is passed as `.ref`.
 */
import { nn, numpy as np } from '@jax-js/jax';

/** Columns `[from * units, to * units)` of `[batch, gates * units]`. */
const gate = (gates, units, from, to = from + 1) => gates.slice([], [from * units, to * units]);

/** `(1 - z) a + z b`. */
const between = (z, a, b) => a.ref.add(z.mul(b.sub(a)));

/**
 * By cell: how many gates and states it has, and `step(gates, recurrent, states, units)`, which gives the next states, the
 * first being the output. `gates` `[batch, gates * units]` is the part of the input; `recurrent` are the weights.
 */
export const cells = {
  lstm: {
    numGates: 4,
    numStates: 2,
    step(input, [kernel], [hidden, cell], units) {
      const gates = input.add(np.matmul(hidden, kernel.ref));
      const [i, f, o] = [0, 1, 3].map((index) => nn.sigmoid(gate(gates.ref, units, index)));
      const next = f.mul(cell).add(i.mul(np.tanh(gate(gates, units, 2))));
      return [o.mul(np.tanh(next.ref)), next];
    },
  },
  coupledLSTM: {
    numGates: 3,
    numStates: 2,
    step(input, [kernel], [hidden, cell], units) {
      const gates = input.add(np.matmul(hidden, kernel.ref));
      const [i, o] = [0, 2].map((index) => nn.sigmoid(gate(gates.ref, units, index)));
      const next = between(i, cell, np.tanh(gate(gates, units, 1)));
      return [o.mul(np.tanh(next.ref)), next];
    },
  },
  gru: {
    numGates: 3,
    numStates: 1,
    hasRecurrentBias: true,
    step(input, [kernel, bias], [hidden], units) {
      const recurrent = np.matmul(hidden.ref, kernel.ref).add(bias.ref);
      const zr = nn.sigmoid(gate(input.ref, units, 0, 2).add(gate(recurrent.ref, units, 0, 2)));
      const r = gate(zr.ref, units, 1);
      const candidate = np.tanh(gate(input, units, 2).add(r.mul(gate(recurrent, units, 2))));
      return [between(gate(zr, units, 0), candidate, hidden)];
    },
  },
  gruResetBefore: {
    numGates: 3,
    numStates: 1,
    step(input, [kernel], [hidden], units) {
      const zr = nn.sigmoid(gate(input.ref, units, 0, 2).add(np.matmul(hidden.ref, gate(kernel.ref, units, 0, 2))));
      const r = gate(zr.ref, units, 1);
      const candidate = np.tanh(gate(input, units, 2).add(np.matmul(r.mul(hidden.ref), gate(kernel.ref, units, 2))));
      return [between(gate(zr, units, 0), candidate, hidden)];
    },
  },
  simple: {
    numGates: 1,
    numStates: 1,
    step: (input, [kernel], [hidden]) => [np.tanh(input.add(np.matmul(hidden, kernel.ref)))],
  },
  minGRU: {
    numGates: 2,
    numStates: 1,
    isDiagonal: true,
    step: (input, _, [hidden], units) => [
      between(nn.sigmoid(gate(input.ref, units, 0)), hidden, gate(input, units, 1)),
    ],
  },
};

/** Takes the weights of one direction off the front of the list. */
function takeWeights(cell, weights) {
  const { isDiagonal = false, hasRecurrentBias = false } = cells[cell];
  const kernel = weights.shift();
  const recurrent = isDiagonal ? [] : [weights.shift()];
  const bias = weights.shift();
  if (!hasRecurrentBias) return { kernel, recurrent, bias };
  return { kernel, recurrent: [...recurrent, bias.ref.slice(1)], bias: bias.slice(0) };
}

/** One direction of a layer. Input `[time, batch, features]`. @returns the outputs of the steps, and the last states */
function runLayer({ cell, batch, timesteps, units }, x, { kernel, recurrent, bias }, states, isReversed) {
  const { numGates, numStates, step } = cells[cell];
  const features = x.shape[2];
  const gates = np
    .matmul(x.reshape([timesteps * batch, features]), kernel)
    .add(bias)
    .reshape([timesteps, batch, numGates * units]);
  let current = states ?? Array.from({ length: numStates }, () => np.zeros([batch, units]));
  const outputs = new Array(timesteps);
  for (let i = 0; i < timesteps; i++) {
    const t = isReversed ? timesteps - 1 - i : i;
    current = step(gates.ref.slice(t), recurrent, current, units);
    outputs[t] = current[0].ref;
  }
  for (const array of [gates, ...recurrent]) array.dispose();
  return { outputs, states: current };
}

/** All layers of a case. @returns `[time, batch, columns]`: the output, or the logits of the words; and the last states */
export function forward(benchCase, weights, x, states) {
  const rest = [...weights];
  let output = x;
  let last;
  for (let i = 0; i < benchCase.layers; i++) {
    const directions = benchCase.bidirectional ? [false, true] : [false];
    const results = directions.map((isReversed, d) => {
      const own = takeWeights(benchCase.cell, rest);
      return runLayer(benchCase, d === directions.length - 1 ? output : output.ref, own, states, isReversed);
    });
    const stacked = results.map(({ outputs }) => np.stack(outputs));
    output = stacked.length === 1 ? stacked[0] : np.concatenate(stacked, -1);
    for (const { states: ended } of results) {
      if (states === undefined) ended.forEach((state) => state.dispose());
      else last = ended;
    }
  }
  if (benchCase.numWords !== undefined) {
    const { batch, timesteps, numWords } = benchCase;
    const columns = output.shape[2];
    output = np
      .matmul(output.reshape([timesteps * batch, columns]), rest.shift())
      .add(rest.shift())
      .reshape([timesteps, batch, numWords]);
  }
  return { output, states: last };
}
