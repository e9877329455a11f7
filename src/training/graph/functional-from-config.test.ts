import { describe, expect, it } from 'vitest';
import { messageAfter } from '../../../test/support/message-after.js';
import { normals } from '../../../test/support/random.js';
import { deserializeModel, serializeModel } from '../../io/checkpoint.js';
import { Concatenate } from '../../layers/concatenate.js';
import { Dense } from '../../layers/dense.js';
import { Dropout } from '../../layers/dropout.js';
import { Embedding } from '../../layers/embedding.js';
import { GRU } from '../../layers/gru.js';
import { LSTM } from '../../layers/lstm.js';
import { input } from '../../layers/symbolic-tensor.js';
import { TiedDense } from '../../layers/tied-dense.js';
import { Random, setSeed } from '../../random.js';
import type { Tensor } from '../../tensor/tensor.js';
import { tensor } from '../../tensor/tensor.js';
import { type LayerConfig, modelFromConfig } from '../layer-registry.js';
import { Functional } from './functional.js';

/** Two inputs, an encoder that reads both, another graph inside, two named outputs. */
function made(dropout = 0.2) {
  const [first, second] = [input({ shape: [null, 7] }), input({ shape: [null, 7], name: 'later' })];
  const encoder = new LSTM({ units: 4 });
  const code = input({ shape: [8] });
  const head = new Functional({
    inputs: code,
    outputs: new Dense({ units: 3, activation: 'softmax' }).apply(new Dropout({ rate: dropout }).apply(code)),
    name: 'head',
  });
  const both = new Concatenate().apply([encoder.apply(first), encoder.apply(second)]);
  return new Functional({
    inputs: { first, second },
    outputs: { kind: head.apply(both), value: new Dense({ units: 1 }).apply(both) },
    name: 'pair',
  });
}

const random = new Random(4);
const x = { first: normals([6, 5, 7], random), second: normals([6, 4, 7], random) };
const y = { kind: tensor([0, 1, 2, 0, 1, 2]), value: normals([6, 1], random) };
const numbersOf = (outputs: Readonly<Record<string, Tensor>>): unknown =>
  Object.entries(outputs).map(([name, output]) => [name, [...output.dataSync()]]);

describe('a file of a graph', () => {
  it('gives the same graph, the same answers and the same further training', async () => {
    setSeed(1);
    const model = made(0);
    model.compile({
      optimizer: 'adam',
      loss: { kind: 'sparseCategoricalCrossentropy', value: 'mse' },
      lossWeights: { value: 0.5 },
      metrics: { kind: ['accuracy'] },
    });
    await model.fit(x, y, { epochs: 2 });
    const loaded = deserializeModel<Readonly<Record<string, Tensor>>>(
      serializeModel(model, { includeOptimizer: true }),
    ).model;
    expect(loaded).toBeInstanceOf(Functional);
    expect(loaded.summary()).toBe(model.summary());
    expect(JSON.stringify(loaded.getConfig())).toBe(JSON.stringify(model.getConfig()));
    expect(numbersOf(await loaded.predict(x))).toEqual(numbersOf(await model.predict(x)));
    const further = [];
    for (const each of [model, loaded]) {
      await each.fit(x, y, { epochs: 2, shuffle: false });
      further.push(await each.evaluate(x, y));
    }
    expect(further[1]).toEqual(further[0]);
  });

  it('is readable: every layer once, nodes with what they read, the names of both ends', () => {
    const config = JSON.parse(JSON.stringify(made().getConfig()));
    expect({
      ...config,
      layers: config.layers.map((layer: LayerConfig) => `${layer.config.name} ${layer.className}`),
    }).toEqual({
      name: 'pair',
      trainable: true,
      layers: [
        'inputLayer InputLayer',
        'later InputLayer',
        'lstm LSTM',
        'concatenate Concatenate',
        'head Functional',
        'dense Dense',
      ],
      nodes: [
        { name: 'inputLayer', layer: 'inputLayer', inputs: [] },
        { name: 'later', layer: 'later', inputs: [] },
        { name: 'lstm', layer: 'lstm', inputs: ['inputLayer'] },
        { name: 'lstm#2', layer: 'lstm', inputs: ['later'] },
        { name: 'concatenate', layer: 'concatenate', inputs: ['lstm', 'lstm#2'] },
        { name: 'head', layer: 'head', inputs: ['concatenate'] },
        { name: 'dense', layer: 'dense', inputs: ['concatenate'] },
      ],
      inputs: { first: 'inputLayer', second: 'later' },
      outputs: { kind: 'head', value: 'dense' },
    });
  });

  it('keeps lists, single ends and tied layers', async () => {
    const words = new Embedding({ inputDim: 9, outputDim: 4 });
    const text = input({ shape: [null] });
    const code = new GRU({ units: 4, returnSequences: true }).apply(words.apply(text));
    const model = new Functional({ inputs: [text], outputs: new TiedDense({ embedding: words }).apply(code) });
    const loaded = deserializeModel(serializeModel(model)).model;
    const read = tensor([[3, 4, 1]]);
    expect([...(await loaded.predict(read)).dataSync()]).toEqual([...(await model.predict(read)).dataSync()]);
    expect(loaded.getConfig()).toEqual(JSON.parse(JSON.stringify(model.getConfig())));
  });
});

describe('a stored graph that is damaged', () => {
  interface Config {
    layers: { className: string; config: Record<string, unknown> }[];
    nodes: { name?: unknown; layer?: unknown; inputs: unknown[] }[];
    inputs: unknown;
    outputs: unknown;
  }
  const good = JSON.stringify(made().getConfig());
  const after = (damage: (config: Config) => void): Promise<string> => {
    const config = JSON.parse(good) as Config;
    damage(config);
    return messageAfter(() => modelFromConfig({ className: 'Functional', config: config as never }));
  };

  it.each<[string, (config: Config) => void, string]>([
    ['nodes in a circle', ({ nodes }) => void (nodes[2].inputs = ['concatenate']), 'which does not stand before it'],
    ['a node that reads itself', ({ nodes }) => void (nodes[2].inputs = ['lstm']), 'which does not stand before it'],
    ['a node out of order', ({ nodes }) => void nodes.reverse(), 'which does not stand before it'],
    ['an edge from nowhere', ({ nodes }) => void (nodes[2].inputs = ['x']), '`lstm` reads a node that the graph lacks'],
    ['a node of no layer', ({ nodes }) => void (nodes[2].layer = 'x'), '`lstm` is of a layer that the graph lacks'],
    ['two nodes of one name', ({ nodes }) => void (nodes[3].name = 'lstm'), 'a node of the graph is not'],
    ['a node without inputs', ({ nodes }) => void (nodes[2].inputs = []), '`lstm` reads nothing, and is no input'],
    ['two layers of one name', ({ layers }) => void (layers[1].config.name = 'inputLayer'), 'no name of its own'],
    ['a missing input', (config) => void (config.inputs = { first: 'inputLayer' }), 'not among the model'],
    ['an input that is none', (config) => void (config.inputs = { first: 'lstm', second: 'later' }), 'a layer gives'],
    ['an unknown output', (config) => void (config.outputs = ['x']), 'the outputs of the graph are not'],
    ['no output', (config) => void (config.outputs = {}), 'the outputs of the graph are not'],
    ['no nodes', (config) => void (config.nodes = undefined as never), 'no lists of layers and nodes'],
  ])('has %s', async (_name, damage, message) => {
    expect(await after(damage)).toContain(message);
  });

  it('names a class that is unknown, and makes no layer before all names are checked', async () => {
    expect(await after(({ layers }) => void (layers[2].className = 'LTSM'))).toMatch(
      /UNKNOWN_NAME.*did you mean `LSTM`/,
    );
    const both = (config: Config): void => {
      config.layers[2].className = 'LTSM';
      config.outputs = ['x'];
    };
    expect(await after(both)).toMatch(/^\[FILE_FORMAT\] Functional: the outputs/);
  });

  it('applies models inside of models again and again: that is refused at once', async () => {
    const nested = (depth: number): LayerConfig => ({
      className: depth === 0 ? 'Activation' : 'Functional',
      config:
        depth === 0
          ? { name: 'inside', activation: 'tanh' }
          : ({
              name: 'inside',
              layers: [{ className: 'InputLayer', config: { name: 'x', shape: [3] } }, nested(depth - 1)],
              nodes: [
                { name: 'x', layer: 'x', inputs: [] },
                ...Array.from({ length: 9 }, (_, i) => ({
                  name: `n${i}`,
                  layer: 'inside',
                  inputs: [i === 0 ? 'x' : `n${i - 1}`],
                })),
              ],
              inputs: 'x',
              outputs: 'n8',
            } as never),
    });
    expect(await messageAfter(() => modelFromConfig(nested(6)))).toMatch(/FILE_FORMAT.*applies its layers too often/);
    expect(modelFromConfig(nested(3)).countParams()).toBe(0);
  });
});
