import { describe, expect, it } from 'vitest';
import { expectClose } from '../../../../test/support/close.js';
import { messageAfter } from '../../../../test/support/message-after.js';
import { RuntimeModel } from '../../../../test/support/onnx-runtime.js';
import { normals, randomise } from '../../../../test/support/random.js';
import { Bidirectional } from '../../../layers/bidirectional.js';
import { Conv1D } from '../../../layers/conv-1d.js';
import { CRF } from '../../../layers/crf.js';
import { Dense } from '../../../layers/dense.js';
import { Embedding } from '../../../layers/embedding.js';
import { GRU } from '../../../layers/gru.js';
import { type CallOptions, Layer, type OpenShape } from '../../../layers/layer.js';
import { LayerNormalization } from '../../../layers/layer-normalization.js';
import { LSTM } from '../../../layers/lstm.js';
import { MultiHeadAttention } from '../../../layers/multi-head-attention.js';
import { SimpleRNN } from '../../../layers/simple-rnn.js';
import { input } from '../../../layers/symbolic-tensor.js';
import { TimeDistributed } from '../../../layers/time-distributed.js';
import { Random } from '../../../random.js';
import type { Tensor } from '../../../tensor/tensor.js';
import { Functional } from '../../../training/graph/functional.js';
import { libraryLayerNames } from '../../../training/layer-registry.js';
import { Model } from '../../../training/model.js';
import { Sequential } from '../../../training/sequential.js';
import { readOnnxFile } from '../onnx-file.js';
import { readOnnx } from '../onnx-model.js';
import { layerWriters } from './layer-writers.js';
import { writeOnnx } from './write-onnx.js';

/** Layers whose computation depends on numbers on the host, or that are for training. */
const refused = ['AdaptiveSoftmax', 'AttentionRNN', 'CRF', 'PointerGenerator', 'WordFeatures'];

/** A layer of a program's own. */
class Twice extends Layer {
  override readonly className = 'Twice';
  override build(): void {}
  override call(inputs: Tensor | readonly Tensor[], _: CallOptions): Tensor {
    return inputs as Tensor;
  }
  override computeOutputShape(shape: OpenShape): OpenShape {
    return shape;
  }
  override getConfig(): Record<string, never> {
    return {};
  }
}

describe('writeOnnx', () => {
  it('gives what readOnnx runs to the same numbers', async () => {
    const steps = [
      new LSTM({ units: 5, returnSequences: true }),
      new Bidirectional({ layer: new GRU({ units: 3, returnSequences: true }) }),
      new LayerNormalization(),
      new Conv1D({ filters: 5, kernelSize: 3, padding: 'same' }),
      new MultiHeadAttention({ numHeads: 2, keyDim: 3 }),
      new SimpleRNN({ units: 7 }),
      new Dense({ units: 2, activation: 'softmax' }),
    ];
    const model = new Sequential(steps, { inputShape: [null, 3] });
    const random = new Random(2);
    randomise(model, random);
    const read = readOnnx(await writeOnnx(model), 'model.onnx');
    for (const [batch, time] of [
      [3, 5],
      [2, 9],
    ]) {
      const x = normals([batch, time, 3], random);
      const { dense } = await read.predict({ input: x });
      expectClose(await dense.data(), await (await model.predict(x)).data(), 1e-5, 'read again');
    }
  });

  it('has a writer for every layer but those that have no counterpart', () => {
    const models = ['Functional', 'Sequential'];
    expect([...layerWriters.keys(), ...models, ...refused].sort()).toEqual(libraryLayerNames().sort());
  });

  it('names inputs, outputs and open axes', async () => {
    const text = input({ shape: [null] });
    const other = input({ shape: [null, 3] });
    const steps = new LSTM({ units: 5, returnSequences: true }).apply(
      new Embedding({ inputDim: 7, outputDim: 3 }).apply(text),
    );
    const model = new Functional({
      inputs: { text, other },
      outputs: { kind: new Dense({ units: 2 }).apply(steps), text: new LSTM({ units: 3 }).apply(other) },
    });
    const { inputs, outputs } = readOnnxFile(await writeOnnx(model), 'model.onnx').graph;
    expect(inputs).toEqual([
      { name: 'text', type: 7, shape: ['batch', 'time'] },
      { name: 'other', type: 1, shape: ['batch', 'other_time', 3] },
    ]);
    expect(outputs).toEqual([
      { name: 'kind', type: 1, shape: ['batch', 'time', 2] },
      { name: 'text_1', type: 1, shape: ['batch', 3] },
    ]);
  });

  it('asks for states where they are wanted, of layers that read forwards', async () => {
    const model = new Sequential(
      [
        new LSTM({ units: 5, returnSequences: true, name: 'lower' }),
        new LSTM({ units: 2, goBackwards: true, returnSequences: true }),
        new Dense({ units: 3 }),
      ],
      { inputShape: [null, 3] },
    );
    randomise(model, new Random(1));
    const runtime = await RuntimeModel.open(await writeOnnx(model, { states: true }));
    expect(runtime.inputNames).toEqual(['input', 'lower_hidden_in', 'lower_cell_in']);
    expect(runtime.outputNames).toEqual(['dense', 'lower_hidden_out', 'lower_cell_out']);
  });

  it('refuses what has no counterpart, by name, and what is no model', async () => {
    const model = (...layers: Layer[]): Sequential => new Sequential(layers, { inputShape: [null, 3] });
    const inside = model(new TimeDistributed({ layer: new Twice('Twice', {}, []) }), new CRF({ name: 'tags' }));
    expect(await messageAfter(() => writeOnnx(inside))).toMatch(
      /USAGE.*ONNX has no counterpart of some layers.*timeDistributed\/layer \(Twice\); tags \(CRF\)/s,
    );
    expect(await messageAfter(() => writeOnnx(new Sequential([new Dense({ units: 2 })])))).toMatch(/no weights yet/);
    expect(await messageAfter(() => writeOnnx(model(new Dense({ units: 2 })), { states: true }))).toMatch(
      /USAGE.*no layer of the model has states/,
    );
    expect(await messageAfter(() => writeOnnx(model(new Dense({ units: 2 })), { state: true } as never))).toMatch(
      /UNKNOWN_NAME.*did you mean `states`/s,
    );
    class Own extends Model {
      override readonly className = 'Own';
      override call(inputs: Tensor | readonly Tensor[]): Tensor {
        return inputs as Tensor;
      }
      override computeOutputShape(shape: OpenShape): OpenShape {
        return shape;
      }
    }
    expect(await messageAfter(() => writeOnnx(new Own()))).toMatch(/USAGE.*the model is no graph/);
    expect(await messageAfter(() => writeOnnx(undefined as never))).toMatch(/USAGE/);
  });
});
