import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectClose } from '../../../test/support/close.js';
import { normals } from '../../../test/support/random.js';
import { useBackend } from '../../kernels/select.js';
import { Add } from '../../layers/add.js';
import { AttentionPooling1D } from '../../layers/attention-pooling-1d.js';
import { Concatenate } from '../../layers/concatenate.js';
import { Dense } from '../../layers/dense.js';
import { Dropout } from '../../layers/dropout.js';
import { Embedding } from '../../layers/embedding.js';
import { GRU } from '../../layers/gru.js';
import { LSTM } from '../../layers/lstm.js';
import { PReLU } from '../../layers/prelu.js';
import { Softmax } from '../../layers/softmax.js';
import { input, type SymbolicTensor } from '../../layers/symbolic-tensor.js';
import { Random } from '../../random.js';
import { type Tensor, tensor } from '../../tensor/tensor.js';
import { Functional } from './functional.js';

describe.each(['reference', 'wasm'] as const)('a graph run one time step at a time on %s', (backend) => {
  beforeAll(() => void useBackend(backend));
  afterAll(() => void useBackend('wasm'));

  /** Every step of the stream against the last step of the model on all steps so far. */
  function expectSame(model: Functional<SymbolicTensor>, x: Tensor, numbers: readonly (readonly number[])[]): void {
    const whole = model.apply(x);
    const [, time, width] = whole.shape;
    const values = [...whole.dataSync()];
    const stream = model.stream();
    for (const runs of [1, 2]) {
      for (let t = 0; t < time; t++)
        expectClose(stream.step(numbers[t]), values.slice(t * width, (t + 1) * width), 1e-6, `run ${runs}, step ${t}`);
      stream.reset();
    }
  }

  it('gives what it gives for whole sequences: residuals, branches, a layer with states of its own in each place', () => {
    const x = input({ shape: [null, 3] });
    const shared = new LSTM({ units: 3, returnSequences: true });
    const first = shared.apply(new Dropout({ rate: 0.5 }).apply(x));
    const second = shared.apply(new Add().apply([x, first]));
    const joined = new Concatenate().apply([second, new GRU({ units: 2, returnSequences: true }).apply(first)]);
    const scores = new PReLU({ sharedAxes: [1] }).apply(new Dense({ units: 4 }).apply(joined));
    const model = new Functional({ inputs: x, outputs: new Softmax().apply(scores) });
    const numbers = normals([6, 3], new Random(2)).array() as number[][];
    expectSame(model, tensor([numbers]), numbers);
    expect([...model.stream().getState().keys()]).toEqual([
      'lstm/state/hidden',
      'lstm/state/cell',
      'lstm#2/state/hidden',
      'lstm#2/state/cell',
      'gru/state/hidden',
    ]);
  });

  it('reads indices where embeddings stand at the input', () => {
    const x = input({ shape: [null] });
    const [narrow, wide] = [new Embedding({ inputDim: 7, outputDim: 2 }), new Embedding({ inputDim: 7, outputDim: 3 })];
    const words = new Concatenate().apply([narrow.apply(x), wide.apply(x)]);
    const model = new Functional({ inputs: x, outputs: new GRU({ units: 4, returnSequences: true }).apply(words) });
    expectSame(model, tensor([[3, 0, 6, 3, 1]]), [[3], [0], [6], [3], [1]]);
  });
});

describe('a graph that cannot be run one time step at a time says why', () => {
  const x = input({ shape: [null, 3] });
  it.each<[string, () => Functional, RegExp]>([
    [
      'a layer that sees all steps',
      () => new Functional({ inputs: x, outputs: new AttentionPooling1D({ units: 2 }).apply(x) }),
      /AttentionPooling1D.*the layer cannot be run one time step/,
    ],
    [
      'steps that are joined',
      () => new Functional({ inputs: x, outputs: new Concatenate({ axis: 1 }).apply([x, x]) }),
      /Concatenate.*the layer cannot be run one time step/,
    ],
    [
      'indices from a layer',
      () =>
        new Functional({
          inputs: x,
          outputs: new Embedding({ inputDim: 5, outputDim: 2 }).apply(new Dense({ units: 1 }).apply(x)),
        }),
      /layer `embedding` \(Embedding\).*\n.*\n {2}received: indices from another layer/,
    ],
    [
      'an input of two kinds',
      () => {
        const one = input({ shape: [null, 1] });
        const embedded = new Embedding({ inputDim: 5, outputDim: 2 });
        return new Functional({
          inputs: one,
          outputs: new Add().apply([embedded.apply(one), new Dense({ units: 2 }).apply(one)]),
        });
      },
      /as indices by one layer and as numbers by another/,
    ],
  ])('%s', (_, make, message) => {
    expect(() => make().stream()).toThrow(message);
  });
});
