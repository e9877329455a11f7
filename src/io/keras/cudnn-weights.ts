import type { RecurrentSlots } from './weight-slots.js';

/** Whether a bias is that of CuDNNLSTM or CuDNNGRU: one row with both biases of every gate. */
export function isCudnnBias({ kind, units }: RecurrentSlots, shape: readonly number[]): boolean {
  return shape.length === 1 && shape[0] === 2 * units * numGates(kind);
}

/**
 * Weights of CuDNNLSTM and CuDNNGRU as those of LSTM, and of GRU with `resetAfter`. Each gate's kernel is a matrix `[units, features]`
 * that was stored as the numbers of one of `[features, units]`, recurrent ones are transposed; an LSTM adds its two biases. Keras 2,
 * `_convert_rnn_weights`.
 *
 * @param weights kernel `[features, gates * units]`, recurrent kernel `[units, gates * units]`, bias `[2 * gates * units]`.
 */
export function fromCudnn(
  { kind, units }: RecurrentSlots,
  [kernel, recurrent, bias]: readonly ArrayLike<number>[],
): [kernel: Float64Array, recurrentKernel: Float64Array, bias: Float64Array] {
  const gates = numGates(kind);
  const width = gates * units;
  const features = kernel.length / width;
  const inputs = new Float64Array(kernel.length);
  const states = new Float64Array(recurrent.length);
  for (let gate = 0; gate < gates; gate++)
    for (let unit = 0; unit < units; unit++) {
      for (let feature = 0; feature < features; feature++) {
        // The place of the number in the block of its gate, row by row.
        const at = unit * features + feature;
        const from = Math.floor(at / units) * width + gate * units + (at % units);
        inputs[feature * width + gate * units + unit] = kernel[from];
      }
      for (let state = 0; state < units; state++)
        states[state * width + gate * units + unit] = recurrent[unit * width + gate * units + state];
    }
  const both = Float64Array.from(bias);
  const added = kind === 'LSTM' ? both.slice(0, width).map((value, i) => value + both[width + i]) : both;
  return [inputs, states, added];
}

function numGates(kind: RecurrentSlots['kind']): number {
  return kind === 'LSTM' ? 4 : 3;
}
