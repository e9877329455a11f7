import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { messageAfter } from '../../../test/support/message-after.js';
import { normals } from '../../../test/support/random.js';
import { deserializeModel, serializeModel } from '../../io/checkpoint.js';
import { useBackend } from '../../kernels/select.js';
import { Add } from '../../layers/add.js';
import { Bidirectional } from '../../layers/bidirectional.js';
import { Concatenate } from '../../layers/concatenate.js';
import { Dense } from '../../layers/dense.js';
import { Dropout } from '../../layers/dropout.js';
import { Embedding } from '../../layers/embedding.js';
import { GRU } from '../../layers/gru.js';
import { type CallOptions, type Json, Layer, type OpenShape } from '../../layers/layer.js';
import { LSTM } from '../../layers/lstm.js';
import { input } from '../../layers/symbolic-tensor.js';
import { TiedDense } from '../../layers/tied-dense.js';
import { TimeDistributed } from '../../layers/time-distributed.js';
import { Random } from '../../random.js';
import type { Tensor } from '../../tensor/tensor.js';
import { Model } from '../model.js';
import { Sequential } from '../sequential.js';
import { Functional } from './functional.js';
import { replaceLayers } from './replace-layers.js';

beforeAll(() => void useBackend('reference'));
afterAll(() => void useBackend('wasm'));

const x = normals([5, 4, 3], new Random(1));
const withoutDropout = (layer: Layer<unknown>): Layer<unknown> | null => (layer instanceof Dropout ? null : layer);
const numbers = async (model: Model<Tensor>, given: Tensor = x): Promise<number[]> => [
  ...(await model.predict(given)).dataSync(),
];

/** A chain, a shared layer, a wrapper in a wrapper, a model inside, dropout everywhere. */
function built() {
  const [text, inside] = [input({ shape: [null, 3] }), input({ shape: [null, 5] })];
  const head = new Functional({
    inputs: inside,
    outputs: new Dense({ units: 2 }).apply(new Dropout({ rate: 0.5 }).apply(inside)),
    name: 'head',
  });
  const chain = new Sequential([new Dropout({ rate: 0.3 }), new Dense({ units: 5 }), new Dropout({ rate: 0.2 })]);
  const steps = new TimeDistributed({ layer: chain });
  const both = new Bidirectional({ layer: new LSTM({ units: 5, returnSequences: true }), mergeMode: 'sum' });
  const first = head.apply(both.apply(steps.apply(text)));
  const second = head.apply(steps.apply(new Dropout({ rate: 0.1 }).apply(text)));
  return new Functional({ inputs: { text }, outputs: new Add().apply([first, second]), name: 'whole' });
}

describe('a model whose layers are replaced', () => {
  it('is without dropout the same, with the same weights; the model stays as it was', async () => {
    const model = built();
    const [summary, config] = [model.summary(), JSON.stringify(model.getConfig())];
    const exported = replaceLayers(model, withoutDropout);
    expect(await numbers(exported)).toEqual(await numbers(model));
    expect(exported.weights).toEqual(model.weights);
    expect(exported.weights[0]).toBe(model.weights[0]);
    expect(Object.keys(exported.getWeights())).toEqual(Object.keys(model.getWeights()));
    expect(JSON.stringify(exported.getConfig())).not.toMatch(/Dropout/);
    expect(exported.name).toBe('whole');
    expect(exported.summary()).toMatch(/head#2 \(Functional\).*shared/);
    expect([model.summary(), JSON.stringify(model.getConfig())]).toEqual([summary, config]);
    const { model: loaded } = deserializeModel<Tensor>(serializeModel(exported));
    expect(await numbers(loaded)).toEqual(await numbers(model));
  });

  it('asks for every layer once, by its path; a model or wrapper before what is in it', () => {
    const asked: string[] = [];
    const model = built();
    const same = replaceLayers(model, (layer, path) => {
      asked.push(`${path} ${layer.className}`);
      return layer;
    });
    expect(same).toBe(model);
    expect(asked).toEqual([
      'timeDistributed TimeDistributed',
      'timeDistributed/layer Sequential',
      'timeDistributed/layer/dropout Dropout',
      'timeDistributed/layer/dense Dense',
      'timeDistributed/layer/dropout1 Dropout',
      'bidirectional Bidirectional',
      'bidirectional/forward LSTM',
      'bidirectional/backward LSTM',
      'head Functional',
      'head/dropout Dropout',
      'head/dense Dense',
      'dropout Dropout',
      'add Add',
    ]);
  });

  it('trains with cells of another kind, in wrappers and models inside too', async () => {
    const toGRU = (layer: Layer<unknown>): Layer<unknown> =>
      layer instanceof LSTM
        ? new GRU({ units: layer.units[0], returnSequences: layer.returnSequences, name: `${layer.name}Before` })
        : layer;
    const chain = new Sequential([new LSTM({ units: 4, returnSequences: true }), new LSTM({ units: 2 })], {
      inputShape: [null, 3],
    });
    const other = replaceLayers(chain, toGRU);
    expect(other).toBeInstanceOf(Sequential);
    expect(other.layers.map(({ className, name }) => [className, name])).toEqual([
      ['GRU', 'lstmBefore'],
      ['GRU', 'lstm1Before'],
    ]);
    expect(chain.layers.map(({ className }) => className)).toEqual(['LSTM', 'LSTM']);

    const model = built();
    const graph = replaceLayers(model, toGRU);
    expect(graph.getConfig().layers).toContainEqual(
      expect.objectContaining({
        className: 'Bidirectional',
        config: expect.objectContaining({ name: 'bidirectional', mergeMode: 'sum' }),
      }),
    );
    const backward = Object.keys(graph.getWeights()).filter((name) => name.startsWith('bidirectional/backward/'));
    expect(backward).toHaveLength(3);
    graph.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    const { metrics } = await graph.fit(x, normals([5, 4, 2], new Random(3)), { epochs: 4 });
    expect(metrics.loss[3]).toBeLessThan(metrics.loss[0]);
    const kept = graph.layers.find(({ name }) => name === 'timeDistributed')!;
    expect(kept).toBe(model.layers.find(({ name }) => name === 'timeDistributed'));
  });

  it('keeps an input layer, states on their edges and several outputs', async () => {
    const [source, target] = [input({ shape: [null, 3] }), input({ shape: [null, 3] })];
    const { states } = new LSTM({ units: 4, returnState: true }).apply(new Dropout({ rate: 0.4 }).apply(source));
    const decoded = new LSTM({ units: 4, returnSequences: true }).apply(target, { initialState: states });
    const model = new Functional({ inputs: [source, target], outputs: [decoded, states[0].cell] });
    const other = replaceLayers(model, withoutDropout);
    expect(other.nodes).toHaveLength(4);
    const [one, two] = [await model.predict([x, x]), await other.predict([x, x])];
    expect(two.map((each) => [...each.dataSync()])).toEqual(one.map((each) => [...each.dataSync()]));
  });

  it('goes into a wrapper of the user that says how', () => {
    class Twice extends Layer {
      override readonly className = 'Twice';
      constructor(readonly inner: Layer) {
        super('Twice', {}, []);
      }
      override get sublayers(): ReadonlyMap<string, Layer<unknown>> {
        return new Map([['inner', this.inner]]);
      }
      override withSublayers(inside: ReadonlyMap<string, Layer<unknown>>): Layer<unknown> {
        return new Twice(inside.get('inner') as Layer);
      }
      override build(shape: OpenShape): void {
        this.inner.ensureBuilt(shape);
      }
      override call(given: Tensor | readonly Tensor[], options: CallOptions): Tensor {
        return this.inner.apply(this.inner.apply(given, { training: options.training }));
      }
      override computeOutputShape(shape: OpenShape): OpenShape {
        return this.inner.computeOutputShape(shape);
      }
      override getConfig(): Record<string, Json | undefined> {
        return this.baseConfig();
      }
    }
    const model = new Sequential([new Twice(new Dense({ units: 3 }))], { inputShape: [null, 3] });
    const other = replaceLayers(model, (layer) =>
      layer instanceof Dense ? new Dense({ units: 3, useBias: false }) : layer,
    );
    expect([model.countParams(), other.countParams()]).toEqual([12, 9]);
  });
});

describe('a replacement is refused', () => {
  const chain = new Sequential([new Dropout({ rate: 0.1 }), new LSTM({ units: 4 }), new Dense({ units: 2 })], {
    inputShape: [null, 3],
  });
  const words = new Embedding({ inputDim: 7, outputDim: 3, inputShape: [null] });
  const tied = new Sequential([words, new LSTM({ units: 3 }), new TiedDense({ embedding: words })]);
  class Written extends Model<Tensor> {
    dense = new Dense({ units: 2 });
    override call(given: Tensor): Tensor {
      return this.dense.apply(given);
    }
  }
  const replaced = (kind: string, other: unknown) => (layer: Layer<unknown>) =>
    layer.className === kind ? (other as Layer) : layer;

  it.each<[string, () => unknown, RegExp]>([
    [
      'of another width',
      () => replaceLayers(chain, replaced('LSTM', new GRU({ units: 5 }))),
      /SHAPE_MISMATCH.*layer `lstm`: .*another shape.\n {2}expected: \[any, 4\]\n {2}received: \[any, 5\]/,
    ],
    [
      'of all steps',
      () => replaceLayers(chain, replaced('LSTM', new GRU({ units: 4, returnSequences: true }))),
      /layer `lstm`[\s\S]*received: \[any, any, 4\]/,
    ],
    [
      'with states beside',
      () => replaceLayers(chain, replaced('LSTM', new GRU({ units: 4, returnState: true }))),
      /received: output \[any, 4\], states\/0\/hidden \[any, 4\]/,
    ],
    [
      'by nothing that changes the shape',
      () => replaceLayers(chain, replaced('Dense', null)),
      /layer `dense`.*another/,
    ],
    [
      'that cannot read what comes',
      () => replaceLayers(built(), replaced('Add', new Dense({ units: 2 }))),
      /SHAPE_MISMATCH.*the layer takes one tensor/,
    ],
    [
      'by nothing where tensors meet',
      () => {
        const [a, b] = [input({ shape: [3] }), input({ shape: [3] })];
        const model = new Functional({ inputs: [a, b], outputs: new Add().apply([a, b]) });
        return replaceLayers(model, () => null);
      },
      /layer `add`: the layer cannot be left out.\n {2}expected: a layer that reads one tensor/,
    ],
    [
      'by nothing inside of a wrapper',
      () => replaceLayers(built(), replaced('LSTM', null)),
      /layer `bidirectional\/forward`: the layer cannot be left out.\n {2}expected: a layer of `bidirectional`/,
    ],
    [
      'by what is no layer',
      () => replaceLayers(chain, replaced('LSTM', 3)),
      /USAGE.*layer `lstm`: .*is none[\s\S]*3\n/,
    ],
    [
      'by what a function forgot to return',
      () => replaceLayers(chain, (() => undefined) as never),
      /layer `dropout`: .*is none[\s\S]*received: undefined/,
    ],
    ['without a function', () => replaceLayers(chain, undefined as never), /USAGE.*there is no function/],
    [
      'of a table that another layer uses',
      () => replaceLayers(tied, replaced('Embedding', new Embedding({ inputDim: 7, outputDim: 3 }))),
      /`tiedDense` uses the table of `embedding`/,
    ],
    ['in a model with a call', () => replaceLayers(new Written(), withoutDropout), /USAGE.*the model is no graph/],
    [
      'before there are weights',
      () => replaceLayers(new Sequential([new Dense({ units: 1 })]), withoutDropout),
      /USAGE.*has no weights yet/,
    ],
  ])('%s', async (_, work, message) => {
    expect(await messageAfter(work)).toMatch(message);
  });

  it('but a table and the layer that uses it are replaced together', async () => {
    const other = new Embedding({ inputDim: 7, outputDim: 3 });
    const model = replaceLayers(tied, (layer) =>
      layer instanceof Embedding ? other : layer instanceof TiedDense ? new TiedDense({ embedding: other }) : layer,
    );
    expect(Object.keys(model.getWeights()).filter((name) => name.startsWith('embedding'))).toHaveLength(1);
    expect(model.weights[0]).not.toBe(tied.weights[0]);
  });

  it('but layers that give several tensors are kept in their places', () => {
    const text = input({ shape: [null, 3] });
    const both = new Bidirectional({ layer: new GRU({ units: 2 }), mergeMode: 'none' }).apply(text);
    const model = new Functional({ inputs: text, outputs: new Concatenate().apply([both[1], both[0]]) });
    const other = replaceLayers(model, (layer) => (layer instanceof Concatenate ? new Concatenate() : layer));
    expect(other.getConfig().nodes).toContainEqual(
      expect.objectContaining({ inputs: ['bidirectional/1', 'bidirectional/0'] }),
    );
  });
});
