import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectDerivative, messageOf } from '../../test/support/central-differences.js';
import { expectClose } from '../../test/support/close.js';
import { normals, randomise } from '../../test/support/random.js';
import { useBackend } from '../kernels/select.js';
import { Random } from '../random.js';
import * as ops from '../tensor/index.js';
import { valueAndGradients } from '../tensor/tape.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import { Dense } from './dense.js';
import { Embedding } from './embedding.js';
import { TiedDense, type TiedDenseOptions } from './tied-dense.js';

beforeEach(() => void useBackend('reference'));
afterEach(() => void useBackend('wasm'));

const [rows, timesteps, units, classes] = [3, 5, 7, 11];

function pair(options: Partial<TiedDenseOptions> = {}): { embedding: Embedding; tied: TiedDense; input: Tensor } {
  const random = new Random(6);
  const embedding = new Embedding({ inputDim: classes, outputDim: units });
  const tied = new TiedDense({ embedding, ...options });
  for (const layer of [embedding, tied]) layer.ensureBuilt([null, timesteps, units]);
  for (const layer of [embedding, tied]) randomise(layer, random);
  return { embedding, tied, input: normals([rows, timesteps, units], random) };
}

describe('TiedDense', () => {
  it.each(['linear', 'softmax', 'tanh'] as const)(
    'is a Dense layer with the transposed table, with %s',
    (activation) => {
      const { embedding, tied, input } = pair({ activation });
      const dense = new Dense({ units: classes, activation });
      dense.ensureBuilt(input.shape);
      dense.weights[0].assign(ops.transpose(embedding.table).dataSync());
      dense.weights[1].assign(tied.weights[0].dataSync());
      expect(tied.computeOutputShape([null, null, units])).toEqual([null, null, classes]);
      expectClose(tied.apply(input).dataSync(), dense.apply(input).dataSync(), 1e-15, 'output');
      expectDerivative(([x]) => tied.apply(x), [input]);
    },
  );

  it('adds the gradients of both uses of the table', () => {
    const { embedding, tied } = pair();
    const indices = tensor([
      [1, 4, 1],
      [0, 4, 9],
    ]);
    const labels = Int32Array.of(3, 4, 10, 0, 1, 4);
    const options = { weights: labels.map((label) => 1 + label), predicted: false };
    const whole = (): Tensor => ops.sum(ops.mul(tied.apply(embedding.apply(indices)), 0.25));
    const fused = (): Tensor => tied.applyHead(ops.tanh(embedding.apply(indices))).score!(labels, options).total;
    for (const loss of [whole, fused]) {
      const { table } = embedding;
      const { gradients } = valueAndGradients(loss, [table, ...tied.weights]);
      const values = table.dataSync();
      const numeric = values.map((value, i) => {
        const moved = (by: number): number => {
          table.assign(values.map((other, j) => (j === i ? value + by : other)));
          return loss().item();
        };
        return (moved(1e-5) - moved(-1e-5)) / 2e-5;
      });
      table.assign(values);
      expectClose(gradients[0].dataSync(), numeric, 1e-7, 'by the table');
    }
  });

  it('has no weights but its bias', () => {
    const { embedding, tied } = pair();
    expect(tied.weights.map(({ shape }) => shape)).toEqual([[classes]]);
    expect(new TiedDense({ embedding, useBias: false }).weights).toEqual([]);
  });

  it('refuses inputs of another width than the table, naming it', () => {
    const { tied } = pair();
    expect(messageOf(() => tied.apply(normals([2, 5], new Random(1))))).toContain(
      '[SHAPE_MISMATCH] TiedDense: the input has the wrong shape.\n  expected: [batch, ..., features = 7]',
    );
  });

  it('refuses an embedding that is none, or not to be found', () => {
    expect(messageOf(() => new TiedDense({ embedding: 5 as unknown as string }))).toBe(
      '[USAGE] TiedDense: `embedding` is no embedding.\n  expected: an Embedding, or its name in a Sequential\n' +
        '  received: 5\n  fix: give the layer whose table is to be used.',
    );
    expect(messageOf(() => new TiedDense({ embedding: 'words' }).apply(normals([2, 5], new Random(1))))).toContain(
      '[USAGE] TiedDense: `words` is the name of an embedding, but the layer is in no Sequential that has it.',
    );
  });
});
