import { afterAll, describe, expect, it } from 'vitest';
import { expectClose } from '../../test/support/close.js';
import { backendNames, useBackend } from '../kernels/select.js';
import { RNN } from '../layers/rnn.js';
import * as ops from '../tensor/index.js';
import { valueAndGradients } from '../tensor/tape.js';
import { tensor } from '../tensor/tensor.js';
import type { CellName } from './registry.js';

/** A layer of one unit whose gates are the numbers of its input. */
function gatesFromInput(cell: CellName, numGates: number, vectors: Readonly<Record<string, number>> = {}): RNN {
  const layer = new RNN({ cell, units: 1, returnSequences: true });
  layer.ensureBuilt([null, null, numGates]);
  for (const weight of layer.weights) {
    const name = weight.name.split('/').at(-1)!;
    const identity = Array.from({ length: numGates ** 2 }, (_, i) => Number(i % (numGates + 1) === 0));
    weight.assign(name === 'kernel' ? identity : new Array<number>(weight.size).fill(vectors[name] ?? 0));
  }
  return layer;
}

const run = (layer: RNN, steps: readonly (readonly number[])[]): { output: number[]; gradients: number[][] } => {
  const input = tensor(steps.flat(), [1, steps.length, steps[0].length]);
  let output: number[] = [];
  const { gradients } = valueAndGradients(() => {
    const result = layer.apply(input);
    output = [...result.dataSync()];
    return ops.sum(result);
  }, [input, ...layer.weights]);
  return { output, gradients: gradients.map((gradient) => [...gradient.dataSync()]) };
};

describe.each(backendNames)('on %s', (backend) => {
  afterAll(() => void useBackend('wasm'));

  it('sLSTM is the mean of what was written, weighed by its exponential gates', () => {
    useBackend(backend);
    const steps = [
      [-3, 0.4, 0.5, 1],
      [2, -0.7, -0.8, 0.3],
      [1, 2.5, 0.2, -1],
    ];
    // Without a stabiliser, which cancels.
    let [c, n] = [0, 0];
    const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
    const expected = steps.map(([i, f, z, o]) => {
      c = sigmoid(f) * c + Math.exp(i) * Math.tanh(z);
      n = sigmoid(f) * n + Math.exp(i);
      return (sigmoid(o) * c) / n;
    });
    expectClose(run(gatesFromInput('sLSTM', 4), steps).output, expected, 1e-6, 'output');
  });

  it.each([
    ['sLSTM', 4, {}],
    ['rgLRU', 3, { decay: 6 }],
  ] as const)('%s stays finite for gates of up to 500, and so do its gradients', (cell, numGates, vectors) => {
    useBackend(backend);
    const layer = gatesFromInput(cell, numGates, vectors);
    for (let i = 0; i < 2 ** numGates; i++) {
      const extreme = Array.from({ length: numGates }, (_, gate) => ((i >> gate) & 1 ? 500 : -500));
      const steps = [extreme, extreme.map((value) => -value), extreme, new Array<number>(numGates).fill(0)];
      const { output, gradients } = run(layer, steps);
      for (const values of [output, ...gradients])
        expect(
          values.every((value) => Number.isFinite(value)),
          `${extreme}`,
        ).toBe(true);
    }
  });

  it('rgLRU keeps the digits of sqrt(1 - a^2) where a is near 1', () => {
    useBackend(backend);
    const [recurrence, decay] = [-3, 8.5];
    const log = -8 * (1 / (1 + Math.exp(-recurrence))) * Math.log1p(Math.exp(-decay));
    const expected = Math.sqrt(-Math.expm1(2 * log)) * 0.5 * 2;
    const { output } = run(gatesFromInput('rgLRU', 3, { decay }), [[recurrence, 0, 2]]);
    expectClose(output, [expected], 1e-8, 'output');
  });
});
