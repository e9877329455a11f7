import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { messageAfter } from '../../../test/support/message-after.js';
import { normals } from '../../../test/support/random.js';
import { deserializeModel, serializeModel } from '../../io/checkpoint.js';
import { useBackend } from '../../kernels/select.js';
import { Bidirectional } from '../../layers/bidirectional.js';
import { Dense } from '../../layers/dense.js';
import { Embedding } from '../../layers/embedding.js';
import { GRU } from '../../layers/gru.js';
import type { CallOptions } from '../../layers/layer.js';
import { LSTM } from '../../layers/lstm.js';
import { RNN } from '../../layers/rnn.js';
import { input } from '../../layers/symbolic-tensor.js';
import { Random, setSeed } from '../../random.js';
import { type Tensor, tensor } from '../../tensor/tensor.js';
import { modelFromConfig } from '../layer-registry.js';
import { Model } from '../model.js';
import { Functional } from './functional.js';
import type { StoredFunctional } from './functional-from-config.js';

beforeAll(() => void useBackend('reference'));
afterAll(() => void useBackend('wasm'));

/** Encoder and decoder with a `call`; the weights are made in the order of the graph below. */
class Written extends Model<Tensor> {
  override readonly inputNames = ['source', 'target'];
  embed = new Embedding({ inputDim: 9, outputDim: 4, maskZero: true });
  encoder = new LSTM({ units: 6, returnState: true });
  decoder = new LSTM({ units: 6, returnSequences: true });
  words = new Dense({ units: 1, activation: 'tanh' });

  override call([source, target]: readonly Tensor[], options: CallOptions): Tensor {
    const read = this.embed.apply(target);
    const { states } = this.encoder.apply(this.embed.apply(source), options);
    return this.words.apply(this.decoder.apply(read, { training: options.training, initialState: states }));
  }
}

function translator() {
  const [source, target] = [input({ shape: [null] }), input({ shape: [null] })];
  const embed = new Embedding({ inputDim: 9, outputDim: 4, maskZero: true });
  const code = new LSTM({ units: 6, returnState: true, name: 'encoder' }).apply(embed.apply(source));
  const decoder = new LSTM({ units: 6, returnSequences: true, name: 'decoder' });
  const decoded = decoder.apply(embed.apply(target), { initialState: code.states });
  return new Functional({
    inputs: { source, target },
    outputs: new Dense({ units: 1, activation: 'tanh' }).apply(decoded),
  });
}

const x = {
  source: tensor([
    [3, 4, 5],
    [6, 2, 0],
    [7, 0, 0],
  ]),
  target: tensor([
    [1, 5, 4, 3],
    [1, 2, 6, 0],
    [1, 7, 0, 0],
  ]),
};
const next = tensor([
  [[5], [4], [3], [2]],
  [[2], [6], [2], [0]],
  [[7], [2], [0], [0]],
]);

describe('states in a graph', () => {
  it('go from an encoder to a decoder: the numbers of a model whose call does the same, masks too', async () => {
    setSeed(3);
    const [graph, written] = [translator(), new Written()];
    await written.predict(x);
    written.weights.forEach((weight, i) => weight.assign(graph.weights[i].dataSync()));
    const results = [];
    for (const model of [graph, written] as readonly Model<Tensor>[]) {
      model.compile({ optimizer: 'adam', loss: 'meanSquaredError', metrics: ['mae'] });
      const { metrics } = await model.fit(x, next, { epochs: 4, shuffle: false });
      results.push([metrics, [...(await model.predict(x)).dataSync()]]);
    }
    expect(results[0]).toEqual(results[1]);
  });

  it('come back from a file', async () => {
    const model = translator();
    const { model: loaded } = deserializeModel(serializeModel(model));
    expect([...(await loaded.predict(x)).dataSync()]).toEqual([...(await model.predict(x)).dataSync()]);
    expect(loaded.summary()).toBe(model.summary());
    const rows = model.summary().split('\n');
    expect(rows).toContainEqual(
      expect.stringMatching(/^encoder \(LSTM\) +\[any, 6\], \[any, 6\], \[any, 6\] +264 {2}embedding#2$/),
    );
    expect(rows).toContainEqual(
      expect.stringMatching(/^decoder .* {2}embedding, encoder\/states\/0\/hidden, encoder\/states\/0\/cell$/),
    );
  });

  it('are outputs, and those of a stack begin another', async () => {
    const [a, b] = [input({ shape: [null, 3] }), input({ shape: [null, 3] })];
    const options = { cell: ['gru', 'lstm'], units: [4, 5] } as const;
    const first = new RNN({ ...options, returnState: true }).apply(a);
    const second = new RNN({ ...options, returnState: true }).apply(b, { initialState: first.states });
    const model = new Functional({
      inputs: [a, b],
      outputs: { end: second.output, hidden: second.states[0].hidden, cell: second.states[1].cell },
    });
    const [one, two] = [normals([2, 4, 3], new Random(1)), normals([2, 3, 3], new Random(2))];
    const [before, after] = model.layers.filter((layer) => layer instanceof RNN);
    const expected = after.apply(two, {
      initialState: (before.apply(one) as never as { states: never }).states,
    }) as never as {
      output: Tensor;
      states: Record<string, Tensor>[];
    };
    const given = model.apply([one, two]);
    expect([...given.end.dataSync()]).toEqual([...expected.output.dataSync()]);
    expect([...given.hidden.dataSync()]).toEqual([...expected.states[0].hidden.dataSync()]);
    expect([...given.cell.dataSync()]).toEqual([...expected.states[1].cell.dataSync()]);
  });

  it('that do not fit are refused, with the layer and what it received', async () => {
    const x3 = input({ shape: [null, 3] });
    const code = new LSTM({ units: 4, returnState: true }).apply(x3);
    expect(await messageAfter(() => new GRU({ units: 4 }).apply(x3, { initialState: code.states }))).toMatch(
      /UNKNOWN_NAME.*GRU.apply: `initialState` names other.*\n {2}expected: 0\/hidden\n {2}received: 0\/hidden, 0\/cell/,
    );
    expect(await messageAfter(() => new LSTM({ units: 5 }).apply(x3, { initialState: code.states }))).toMatch(
      /SHAPE_MISMATCH.*LSTM: the initial states do not fit.*\n {2}expected: hidden \[batch, 5\], cell \[batch, 5\]\n.*\[any, 4\]/,
    );
    const both = new Bidirectional({ layer: new GRU({ units: 4 }) });
    expect(await messageAfter(() => both.apply(x3, { initialState: { forward: code.states } as never }))).toMatch(
      /other states.*\n {2}expected: forward\/0\/hidden, backward\/0\/hidden\n {2}received: forward\/0\/hidden, forward\/0\/cell/,
    );
    expect(
      await messageAfter(() => new Dense({ units: 1 }).apply(x3 as never, { initialState: code.states } as never)),
    ).toMatch(/a recurrent layer/);
    expect(await messageAfter(() => new LSTM({ units: 4 }).apply(x3, { initialState: 3 as never }))).toMatch(
      /received: no symbolic tensors/,
    );
    const begun = new LSTM({ units: 4, returnSequences: true }).apply(x3, { initialState: code.states });
    expect(await messageAfter(() => new Functional({ inputs: x3, outputs: begun }).stream())).toMatch(
      /cannot be run one time step at a time/,
    );
  });

  it('of an earlier file are layers of their own there, and come back as parts of the layer that ends in them', async () => {
    const model = translator();
    const { layers, nodes, ...ends } = JSON.parse(JSON.stringify(model.getConfig())) as StoredFunctional;
    const earlier = {
      ...ends,
      layers: [
        ...layers.slice(0, 4),
        { className: 'FinalState', config: { name: 'finalState', cell: 0, state: 'hidden', units: 6 } },
        { className: 'FinalState', config: { name: 'finalState1', cell: 0, state: 'cell', units: 6 } },
        ...layers.slice(4),
      ],
      nodes: [
        ...nodes.filter(({ layer }) => !['decoder', 'dense'].includes(layer)),
        { name: 'finalState', layer: 'finalState', inputs: ['encoder'] },
        { name: 'finalState1', layer: 'finalState1', inputs: ['encoder'] },
        { name: 'decoder', layer: 'decoder', inputs: ['embedding', 'finalState', 'finalState1'] },
        nodes.at(-1),
      ],
    };
    const restored = modelFromConfig({ className: 'Functional', config: earlier as never }) as Model<Tensor>;
    expect(JSON.stringify(restored.getConfig())).toBe(JSON.stringify(model.getConfig()));
    restored.setWeights(model.getWeights());
    expect([...(await restored.predict(x)).dataSync()]).toEqual([...(await model.predict(x)).dataSync()]);
  });

  it.each<[string, string]>([
    ['another state', 'encoder/states/0/memory'],
    ['what every object has', 'encoder/states/0/constructor'],
    ['no cell', 'encoder/states/-1/cell'],
    ['what the layer does not give', 'inputLayer/states/0/cell'],
    ['no path', 'encoder/'],
    ['a node that is not there', '/states/0/cell'],
  ])('of a file that names %s end in a coded error', async (_name, reference) => {
    const config = JSON.parse(JSON.stringify(translator().getConfig())) as { nodes: { inputs: string[] }[] };
    config.nodes.find(({ inputs }) => inputs.length === 3)!.inputs[2] = reference;
    const message = await messageAfter(() => modelFromConfig({ className: 'Functional', config: config as never }));
    expect(message).toMatch(/^\[FILE_FORMAT\]/);
  });
});
