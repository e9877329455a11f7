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
import { type LayerConfig, modelFromConfig } from '../layer-registry.js';
import { Model } from '../model.js';
import { Functional } from './functional.js';

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
    expect(model.summary()).toMatch(/decoder \(LSTM\) +\[any, any, 6\] +264 {2}embedding, finalState, finalState1\n/);
  });

  it('are outputs, and those of a stack begin another', async () => {
    const [a, b] = [input({ shape: [null, 3] }), input({ shape: [null, 3] })];
    const options = { cell: ['gru', 'lstm'], units: [4, 5] };
    const first = new RNN({ ...options, returnState: true }).apply(a);
    const second = new RNN({ ...options, returnState: true }).apply(b, { initialState: first.states });
    const model = new Functional({
      inputs: [a, b],
      outputs: { end: second, hidden: second.states[0].hidden, cell: second.states[1].cell },
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
      /UNKNOWN_NAME.*GRU.apply: `initialState` names other.*\n {2}expected: { hidden }\n {2}received: { hidden, cell }/,
    );
    expect(await messageAfter(() => new LSTM({ units: 5 }).apply(x3, { initialState: code.states }))).toMatch(
      /SHAPE_MISMATCH.*LSTM: the initial states do not fit.*\n {2}expected: hidden \[batch, 5\], cell \[batch, 5\]\n.*\[any, 4\]/,
    );
    expect(await messageAfter(() => new GRU({ units: 4 }).apply(x3).states)).toMatch(
      /the layer does not return states/,
    );
    const both = new Bidirectional({ layer: new GRU({ units: 4 }) }).apply(x3);
    expect(await messageAfter(() => both.states)).toMatch(/the layer does not return states.*\n.*\n.*Bidirectional/);
    expect(
      await messageAfter(() => new Dense({ units: 1 }).apply(x3 as never, { initialState: code.states } as never)),
    ).toMatch(/a recurrent layer/);
    const begun = new LSTM({ units: 4, returnSequences: true }).apply(x3, { initialState: code.states });
    expect(await messageAfter(() => new Functional({ inputs: x3, outputs: begun }).stream())).toMatch(
      /cannot be run one time step at a time/,
    );
  });

  it.each<[string, (config: Record<string, unknown>) => void]>([
    ['another state', (config) => void (config.state = 'memory')],
    ['what every object has', (config) => void (config.state = 'constructor')],
    ['no cell', (config) => void (config.cell = -1)],
    ['a damaged cell', (config) => void (config.cell = '__proto__')],
    ['another width', (config) => void (config.units = 7)],
  ])('of a file that names %s end in a coded error', async (_name, damage) => {
    const config = JSON.parse(JSON.stringify(translator().getConfig())) as { layers: LayerConfig[] };
    damage(config.layers.find(({ className }) => className === 'FinalState')!.config as Record<string, unknown>);
    const message = await messageAfter(() =>
      (modelFromConfig({ className: 'Functional', config: config as never }) as Model<Tensor>).apply([
        x.source,
        x.target,
      ]),
    );
    expect(message).toMatch(/^\[(USAGE|SHAPE_MISMATCH|OUT_OF_RANGE)\]/);
  });
});
