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
import { Activation } from '../../layers/activation.js';
import { BatchNormalization } from '../../layers/batch-normalization.js';
import { Bidirectional } from '../../layers/bidirectional.js';
import { GRU } from '../../layers/gru.js';
import type { Layer } from '../../layers/layer.js';
import { LSTM } from '../../layers/lstm.js';
import { RNN } from '../../layers/rnn.js';
import { Sequential } from '../../training/sequential.js';
import type { DecodedTensor } from '../safetensors.js';
import { modelFromStateDict } from './model-from-state-dict.js';
import { stateDictOf } from './state-dict-of.js';

const { recurrent, models } = JSON.parse(
  readFileSync(new URL('../../../test/vectors/pytorch/models.json', import.meta.url), 'utf8'),
) as {
  recurrent: { name: string; file: string; runs: Run[] }[];
  models: { name: string; file: string; x: Numbers; output: Numbers }[];
};
describe('a model of a state dict', () => {
  it.each(recurrent.map((entry) => [entry.name, entry] as const))(
    'computes what PyTorch computes: %s',
    async (name, { file, runs }) => {
      const state = await stateOf(file);
      const { model, matched, leftOver } = modelFromStateDict(
        state,
        name === 'rnn relu' ? { layers: [{ module: '', activation: 'relu' }] } : {},
      );
      expect(leftOver).toEqual([]);
      expect(matched[0].tensors).toEqual([...state.keys()]);
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

  it('is a chain where names and shapes allow one', async () => {
    const { file, x, output } = models.find(({ name }) => name === 'chain')!;
    const { model, matched } = modelFromStateDict(await stateOf(file));
    expect(matched.map(({ source, kind, layers }) => [source, kind, layers])).toEqual([
      ['words', 'Embedding', ['words']],
      ['lstm', 'LSTM', ['lstm']],
      ['norm', 'LayerNorm', ['norm']],
      ['head', 'Linear', ['head']],
    ]);
    expectNear((await model.predict(tensorOf(x))).dataSync(), output);
  });

  it('has the order, activations and layers without weights that are named', async () => {
    const { file, x, output } = models.find(({ name }) => name === 'deep')!;
    const state = await stateOf(file);
    const { model } = modelFromStateDict(state, { layers: [{ module: '0', activation: 'relu' }, '2'] });
    expectNear((await model.predict(tensorOf(x))).dataSync(), output);
    const layered = modelFromStateDict(state, { layers: ['0', new Activation({ activation: 'relu' }), '2'] });
    expectNear((await layered.model.predict(tensorOf(x))).dataSync(), output);
    const first = modelFromStateDict(state, { layers: ['0'] });
    expect(first.leftOver).toEqual(['2.weight', '2.bias']);
  });

  it('gives the last states alone where that is asked for', async () => {
    const { file } = models.find(({ name }) => name === 'chain')!;
    const { model } = modelFromStateDict(await stateOf(file), { returnSequences: false });
    expect((await model.predict([[1, 2, 3]])).shape).toEqual([1, 3]);
  });
});

describe('what a state dict leaves open is a fault', () => {
  const zeros = (...shape: number[]): DecodedTensor => ({
    dtype: 'F32',
    storedDtype: 'F32',
    shape,
    data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
  });
  const linear = (name: string, rows: number, columns: number): [string, DecodedTensor][] => [
    [`${name}.weight`, zeros(rows, columns)],
    [`${name}.bias`, zeros(rows)],
  ];

  it('what stands where a number is missing', async () => {
    const { file } = models.find(({ name }) => name === 'deep')!;
    const state = await stateOf(file);
    const message = await messageAfter(() => modelFromStateDict(state));
    expect(message).toContain('something without weights stands before `2`, such as an activation.');
    expect(message).toContain('received: 0 (Linear), 2 (Linear)');
    expect(message).toMatch(/fix: write layers: \['0', '2'\], in their order, with .* where they have any\.$/);
  });

  it.each<[string, [string, DecodedTensor][], string]>([
    [
      'an activation between two matrices',
      [...linear('first', 4, 3), ...linear('second', 2, 4)],
      'an activation may stand behind `first`',
    ],
    ['an order', [...linear('first', 3, 3), ...linear('second', 3, 3)], 'more than one order'],
    ['a chain', [...linear('first', 4, 3), ...linear('second', 2, 5)], 'no chain'],
    ['what a matrix is', [['rows.weight', zeros(4, 3)]], 'more than one order'],
    [
      'how a convolution moves',
      [['conv.weight', zeros(4, 3, 2)], ...linear('head', 2, 4)],
      'stride, padding and dilation of `conv` are not in it',
    ],
    ['a convolution of images', [['conv.weight', zeros(4, 3, 2, 2)]], 'conv.weight [4, 3, 2, 2]'],
    [
      'the heads of an attention',
      [
        ['a.in_proj_weight', zeros(18, 6)],
        ['a.out_proj.weight', zeros(6, 6)],
      ],
      'the heads of `a` are not in it',
    ],
    [
      'statistics without a variance',
      [...linear('head', 2, 4), ['norm.weight', zeros(4)], ['norm.bias', zeros(4)], ['norm.running_mean', zeros(4)]],
      'norm.running_mean',
    ],
    [
      'an activation behind batch normalisation',
      [['norm.running_mean', zeros(4)], ['norm.running_var', zeros(4)], ...linear('head', 2, 4)],
      'an activation may stand behind `norm`',
    ],
    [
      'an attention with rows of its own for keys',
      [
        ['a.in_proj_weight', zeros(18, 6)],
        ['a.out_proj.weight', zeros(6, 6)],
        ['a.bias_k', zeros(1, 1, 6)],
      ],
      'a.bias_k',
    ],
    [
      'a recurrent module without a tensor',
      [
        ['rnn.weight_ih_l0', zeros(5, 3)],
        ['rnn.weight_hh_l0', zeros(5, 5)],
        ['rnn.bias_ih_l0', zeros(5)],
      ],
      'rnn.weight_ih_l0',
    ],
    ['an activation in a list', [...linear('mlp.0', 4, 3), ...linear('mlp.1', 2, 4)], 'may stand behind `mlp.0`'],
    ['nothing', [], 'no chain'],
  ])('%s', async (_, tensors, said) => {
    const message = await messageAfter(() => modelFromStateDict(new Map(tensors)));
    expect(message).toMatch(/^\[USAGE\] modelFromStateDict/);
    expect(message).toContain(said);
  });

  it('names and kinds that there are not', async () => {
    const state = new Map(linear('first', 4, 3));
    expect(await messageAfter(() => modelFromStateDict(state, { layers: ['frist'] }))).toContain(
      'did you mean `first`',
    );
    expect(
      await messageAfter(() => modelFromStateDict(state, { layers: [{ module: 'first', kind: 'GRU' }] })),
    ).toContain('[UNKNOWN_NAME]');
    const gru = new Map([
      ['weight_ih_l0', zeros(15, 3)],
      ['weight_hh_l0', zeros(15, 5)],
    ]);
    expect(
      await messageAfter(() => modelFromStateDict(gru, { layers: [{ module: '', activation: 'relu' }] })),
    ).toContain('no activation to choose');
    expect(await messageAfter(() => modelFromStateDict({} as never))).toContain('[USAGE]');
  });
});

describe('the state dict of a model', () => {
  it.each(recurrent.map((entry) => [entry.name, entry] as const))(
    'is the one that it was made of, but for added biases: %s',
    async (name, { file }) => {
      const named = new Map([...(await stateOf(file))].map(([key, value]) => [`rnn.${key}`, value]));
      const { model } = modelFromStateDict(named);
      const written = await stateDictOf(model);
      expect([...written.keys()].sort()).toEqual([...named.keys()].sort());
      for (const [key, { shape, data }] of written) {
        expect(shape, key).toEqual(named.get(key)!.shape);
        if (!key.includes('bias') || name.startsWith('gru')) expect(data, key).toEqual(named.get(key)!.data);
        else if (key.includes('bias_ih')) {
          const [input, hidden] = ['ih', 'hh'].map((role) => named.get(key.replace('ih', role))!.data as Float32Array);
          expect(data, key).toEqual(input.map((value, i) => value + hidden[i]));
        } else expect(new Set(data as Float32Array)).toEqual(new Set([0]));
      }
    },
  );

  it('of a chain is the one that it was made of', async () => {
    const state = await stateOf(models.find(({ name }) => name === 'chain')!.file);
    const written = await stateDictOf(modelFromStateDict(state).model);
    expect([...written.keys()].sort()).toEqual([...state.keys()].sort());
    for (const key of [
      'words.weight',
      'norm.weight',
      'norm.bias',
      'head.weight',
      'head.bias',
      'lstm.weight_hh_l0_reverse',
    ])
      expect(written.get(key), key).toEqual(state.get(key));
  });

  it('keeps layers apart that are no one module of PyTorch', async () => {
    const model = new Sequential(
      [
        new GRU({ name: 'a_l0', units: 4, returnSequences: true, inputShape: [null, 3] }),
        new GRU({ name: 'a_l1', units: 5 }),
        new RNN({ name: 'stack', cell: ['lstm', 'lstm'], units: 2, returnSequences: true, inputShape: [null, 3] }),
      ].slice(0, 2),
    );
    expect([...(await stateDictOf(model)).keys()].filter((key) => key.includes('weight'))).toEqual([
      'a_l0.weight_ih_l0',
      'a_l0.weight_hh_l0',
      'a_l1.weight_ih_l0',
      'a_l1.weight_hh_l0',
    ]);
    const stack = new Sequential([new RNN({ name: 'stack', cell: ['lstm', 'lstm'], units: 2, inputShape: [null, 3] })]);
    expect(modelFromStateDict(await stateDictOf(stack)).matched[0].layers).toEqual(['stack_l0', 'stack_l1']);
  });

  it.each<[string, Layer, string]>([
    ['another cell', new RNN({ cell: 'minGRU', units: 3 }), 'the cell minGRU'],
    ['another form of GRU', new GRU({ units: 3, resetAfter: false }), 'the cell gruResetBefore'],
    ['another activation', new LSTM({ units: 3, activation: 'relu' }), 'its activation'],
    [
      'another recurrent activation',
      new GRU({ units: 3, recurrentActivation: 'hardSigmoid' }),
      'its recurrentActivation',
    ],
    ['time turned round', new LSTM({ units: 3, goBackwards: true }), 'goBackwards'],
    ['a low rank', new LSTM({ units: 6, recurrentRank: 2 }), 'the weight'],
    [
      'summed directions',
      new Bidirectional({ layer: new GRU({ units: 3 }), mergeMode: 'sum' }) as Layer,
      'mergeMode sum',
    ],
    ['a scale alone', new BatchNormalization({ center: false }), 'it has one of scale and center alone'],
  ])('is refused where PyTorch has no such module: %s', async (_, layer, said) => {
    const message = await messageAfter(() => stateDictOf(new Sequential([layer], { inputShape: [4, 6] })));
    expect(message).toMatch(/^\[USAGE\] stateDictOf/);
    expect(message).toContain(said);
  });
});
