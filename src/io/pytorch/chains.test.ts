import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { messageAfter } from '../../../test/support/message-after.js';
import {
  expectNear,
  type Numbers,
  type Run,
  runLayers,
  stateOf,
  tensorOf,
  withStates,
} from '../../../test/support/torch-runs.js';
import { Conv1D } from '../../layers/conv-1d.js';
import { Dense } from '../../layers/dense.js';
import { Flatten } from '../../layers/flatten.js';
import { MultiHeadAttention } from '../../layers/multi-head-attention.js';
import { input } from '../../layers/symbolic-tensor.js';
import { Functional } from '../../training/graph/functional.js';
import { modelFromConfig } from '../../training/layer-registry.js';
import { Sequential } from '../../training/sequential.js';
import type { DecodedTensor } from '../safetensors.js';
import { chainFromJson } from './chain-from-json.js';
import { type ModelFromStateDictOptions, modelFromStateDict } from './model-from-state-dict.js';
import { setStateDict } from './set-state-dict.js';
import { stateDictOf } from './state-dict-of.js';

interface Chain {
  readonly name: string;
  readonly file: string;
  readonly layers: unknown[] | null;
  readonly options: ModelFromStateDictOptions;
  readonly runs: { readonly x: Numbers; readonly output: Numbers }[];
}
interface Cross {
  readonly name: string;
  readonly numHeads: number;
  readonly width: number;
  readonly bias: boolean;
  readonly file: string;
  readonly runs: Record<'query' | 'key' | 'value' | 'output', Numbers>[];
}
const { chains, crosses, recurrent } = JSON.parse(
  readFileSync(new URL('../../../test/vectors/pytorch/chains.json', import.meta.url), 'utf8'),
) as { chains: Chain[]; crosses: Cross[]; recurrent: { name: string; file: string; runs: Run[] }[] };

const chainOf = async ({ file, layers, options }: Chain) =>
  modelFromStateDict(await stateOf(file, true), {
    ...(layers !== null && { layers: chainFromJson(JSON.stringify(layers), 'chain.json') }),
    ...options,
  });

/** But for biases that PyTorch adds up, of which another test tells, and counts of batches. */
function expectSameTensors(
  written: ReadonlyMap<string, DecodedTensor>,
  state: ReadonlyMap<string, DecodedTensor>,
): void {
  expect([...written.keys()].sort()).toEqual([...state.keys()].sort());
  for (const [key, { shape, data }] of written) {
    const read = state.get(key)!;
    expect(shape, key).toEqual(read.shape);
    if (!/bias_[ih]h_l|num_batches_tracked/.test(key)) expect(data, key).toEqual(read.data);
  }
}

describe('a chain of modules', () => {
  it.each(chains.map((entry) => [entry.name, entry] as const))(
    'computes what PyTorch computes: %s',
    async (_, entry) => {
      const { model, leftOver } = await chainOf(entry);
      expect(leftOver).toEqual([]);
      for (const { x, output } of entry.runs) {
        const given = await model.predict(tensorOf(x));
        expect(given.shape).toEqual(output.shape);
        expectNear(given.dataSync(), output);
      }
    },
  );

  it.each(chains.map((entry) => [entry.name, entry] as const))('gives its state dict back: %s', async (_, entry) => {
    const state = await stateOf(entry.file, true);
    expectSameTensors(await stateDictOf((await chainOf(entry)).model), state);
  });

  it.each(chains.map((entry) => [entry.name, entry] as const))(
    'is what a model made in code is, with its state dict: %s',
    async (_, entry) => {
      const { model } = await chainOf(entry);
      const twin = modelFromConfig({ className: model.className, config: model.getConfig() });
      const [{ x, output }] = entry.runs;
      if (!twin.isBuilt) await twin.predict(tensorOf(x));
      setStateDict(twin, await stateOf(entry.file, true));
      expectNear(((await twin.predict(tensorOf(x))) as ReturnType<typeof tensorOf>).dataSync(), output);
    },
  );

  it.each(recurrent.map((entry) => [entry.name, entry] as const))(
    'computes what PyTorch computes from initial states: %s',
    async (_, { file, runs }) => {
      const { model } = modelFromStateDict(await stateOf(file, true));
      for (const run of runs) {
        const { output, finals } = runLayers(model.layers.map(withStates), run);
        expectNear(output.dataSync(), run.output);
        run.final.forEach((expected, i) =>
          expectNear(
            finals.flatMap((final) => [...final[['hidden', 'cell'][i]].dataSync()]),
            expected,
          ),
        );
      }
    },
  );
});

describe('a state dict put into a model made in code', () => {
  const crossOf = ({ numHeads, width, bias, runs: [{ query, key, value }] }: Cross) => {
    const [q, k, v] = [query, key, value].map(({ shape }) => input({ shape: [null, shape[2]] }));
    const layer = new MultiHeadAttention({ name: 'attention', numHeads, keyDim: width / numHeads, useBias: bias });
    return new Functional({ inputs: { q, k, v }, outputs: layer.apply([q, v, k]) });
  };

  it.each(crosses.map((entry) => [entry.name, entry] as const))('attends as PyTorch does: %s', async (_, entry) => {
    const model = crossOf(entry);
    const state = await stateOf(entry.file, true);
    setStateDict(model, state);
    for (const { query, key, value, output } of entry.runs) {
      const given = await model.predict({ q: tensorOf(query), k: tensorOf(key), v: tensorOf(value) });
      expectNear(given.dataSync(), output);
    }
    expectSameTensors(await stateDictOf(model), state);
  });

  it('is refused whole where a tensor does not fit', async () => {
    const model = crossOf(crosses[1]);
    const before = await stateDictOf(model);
    const message = await messageAfter(async () => setStateDict(model, await stateOf(crosses[0].file, true)));
    expect(message).toMatch(/^\[SHAPE_MISMATCH\] setStateDict: the state dict is of another model/);
    expect(message).toContain('`attention.q_proj_weight` is missing');
    expect(message).toContain('`attention.in_proj_weight` has no layer');
    expect(await stateDictOf(model)).toEqual(before);
    const turned = new Sequential([new Dense({ name: 'head', units: 2, inputShape: [3] })]);
    const odd = new Map(await stateDictOf(turned));
    odd.set('head.weight', { ...odd.get('head.weight')!, shape: [3, 2] });
    expect(await messageAfter(() => setStateDict(turned, odd))).toContain('`head.weight` is [3, 2] and not [2, 3]');
  });
});

describe('a list of modules in JSON', () => {
  it.each<[string, string, string]>([
    ['no JSON', '[', 'is not JSON'],
    ['no list', '{}', 'no list of modules'],
    ['nothing', '[]', 'no list of modules'],
    ['a number', '[3]', 'neither a module nor a layer'],
    ['another field', '[{"module": "a", "stride": 2}]', 'unknown option `stride`'],
    ['an unknown kind', '[{"module": "a", "kind": "Conv2d"}]', 'did you mean `Conv1d`'],
    ['a kind that no text can be made of', '[{"module": "a", "kind": {"toString": 1, "valueOf": 1}}]', 'unknown kind'],
    ['an unknown activation', '[{"module": "a", "activation": "rleu"}]', 'did you mean `relu`'],
    ['a layer with weights', '[{"layer": "Dense", "options": {"units": 3}}]', 'layer without weights'],
    ['an option that a layer has not', '[{"layer": "Dropout", "options": {"rat": 0.5}}]', 'unknown option `rat`'],
    ['an impossible option', '[{"layer": "Dropout", "options": {"rate": 2}}]', 'chain.json, entry 1'],
    ['options in a list', '[{"layer": "Dropout", "options": [1]}]', 'neither a module nor a layer'],
  ])('with %s is refused', async (_, text, said) => {
    expect(await messageAfter(() => chainFromJson(text, 'chain.json'))).toContain(said);
  });

  const file = (name: string): string => chains.find((entry) => entry.name === name)!.file;

  it('says what modules need, and refuses what they have not', async () => {
    const attention = await stateOf(file('attention'), true);
    expect(await messageAfter(() => modelFromStateDict(attention, { layers: ['attention'] }))).toContain(
      'how many heads an attention has',
    );
    const refused = async (options: object, said: string): Promise<void> => {
      const layers = [{ module: 'attention', options }];
      expect(await messageAfter(() => modelFromStateDict(attention, { layers }))).toContain(said);
    };
    await refused({ num_heads: 4 }, 'the heads do not divide the features');
    await refused({ num_heads: 2, stride: 2 }, 'unknown option `stride`');
    await refused({ num_heads: 2.5 }, '`num_heads` is out of range');
    const conv = await stateOf(file('conv, stride and padding'), true);
    const padded = [{ module: 'conv', options: { stride: 3, padding: 'same' } as const }];
    expect(await messageAfter(() => modelFromStateDict(conv, { layers: padded }))).toContain('where the stride is 1');
  });

  it('refuses what was made for another width, and what may be of two kinds', async () => {
    const state = await stateOf(file('matrices and batch norm'), true);
    const message = await messageAfter(() =>
      modelFromStateDict(state, { layers: [{ module: 'fc2' }, 'bn', new Dense({ units: 7 })] }),
    );
    expect(message).toMatch(/^\[SHAPE_MISMATCH\] bn: the module was made for another width/);
    expect(message).toContain('`bn.weight` is [7] and not [2]');
    expect(await messageAfter(() => modelFromStateDict(state, { layers: ['fc1'] }))).toContain(
      '`fc1` has a matrix without a bias, and may be one of two kinds',
    );
    expect(modelFromStateDict(state, { layers: ['fc1', 'bn'] }).matched[0].kind).toBe('Linear');
  });

  it('refuses to flatten a convolution in another order than PyTorch does', async () => {
    const state = await stateOf(file('convolution, flattened'), true);
    const layers = [{ module: 'conv', options: { stride: 2 } }, new Flatten(), 'head'];
    expect(await messageAfter(() => modelFromStateDict(state, { layers, timesteps: 7 }))).toContain(
      'in another order than PyTorch',
    );
  });

  it('keeps a convolution that is padded at one end apart in the model alone', async () => {
    const model = new Sequential([
      new Conv1D({ name: 'conv', filters: 3, kernelSize: 2, padding: 'causal', inputShape: [null, 5] }),
    ]);
    expect([...(await stateDictOf(model))].map(([name, { shape }]) => [name, shape])).toEqual([
      ['conv.weight', [3, 5, 2]],
      ['conv.bias', [3]],
    ]);
  });
});
