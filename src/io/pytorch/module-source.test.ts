import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runPython, testWithTorch } from '../../../test/support/installed-torch.js';
import { messageAfter } from '../../../test/support/message-after.js';
import { Activation } from '../../layers/activation.js';
import { Add } from '../../layers/add.js';
import { BatchNormalization } from '../../layers/batch-normalization.js';
import { Bidirectional } from '../../layers/bidirectional.js';
import { Concatenate } from '../../layers/concatenate.js';
import { Conv1D } from '../../layers/conv-1d.js';
import { Dense } from '../../layers/dense.js';
import { Dropout } from '../../layers/dropout.js';
import { Embedding } from '../../layers/embedding.js';
import { Flatten } from '../../layers/flatten.js';
import { GlobalAveragePooling1D } from '../../layers/global-average-pooling-1d.js';
import { GRU } from '../../layers/gru.js';
import { LayerNormalization } from '../../layers/layer-normalization.js';
import { LSTM } from '../../layers/lstm.js';
import { MaxPooling1D } from '../../layers/max-pooling-1d.js';
import { MultiHeadAttention } from '../../layers/multi-head-attention.js';
import { RNN } from '../../layers/rnn.js';
import { SimpleRNN } from '../../layers/simple-rnn.js';
import { input } from '../../layers/symbolic-tensor.js';
import { ZeroPadding1D } from '../../layers/zero-padding-1d.js';
import { setSeed } from '../../random.js';
import { type Tensor, tensor } from '../../tensor/tensor.js';
import { Functional } from '../../training/graph/functional.js';
import type { Model } from '../../training/model.js';
import { Sequential } from '../../training/sequential.js';
import { encodeSafetensors } from '../safetensors.js';
import { torchModuleSource } from './module-source.js';
import { stateDictOf } from './state-dict-of.js';

type Shape = readonly number[];

/** Models with the shapes of their inputs; `words` reads numbers below 7. */
const made: readonly (readonly [name: string, make: () => Model, ...shapes: Shape[]])[] = [
  [
    'words, both directions, last step',
    () =>
      new Sequential([
        new Embedding({ name: 'words', inputDim: 7, outputDim: 5, inputShape: [null] }),
        new Bidirectional({ name: 'lstm', layer: new LSTM({ units: 3, projectionUnits: 2 }) }),
        new Dropout({ rate: 0.5 }),
        new Dense({ name: 'head', units: 2, activation: 'softmax' }),
      ]),
    [3, 5],
  ],
  [
    'one module of two layers',
    () =>
      new Sequential([
        new GRU({ name: 'gru_l0', units: 5, returnSequences: true, inputShape: [null, 3] }),
        new GRU({ name: 'gru_l1', units: 5, returnSequences: true }),
        new LayerNormalization({ name: 'norm' }),
        new Dense({ name: 'enc.0', units: 2, useBias: false, activation: 'gelu' }),
      ]),
    [3, 5, 3],
  ],
  [
    'a stack of cells that relu',
    () =>
      new Sequential([
        new RNN({ name: 'rnn', cell: ['simple', 'simple'], activation: 'relu', units: 3, inputShape: [null, 2] }),
      ]),
    [3, 5, 2],
  ],
  [
    'convolutions of every padding',
    () =>
      new Sequential([
        new Conv1D({ name: '0', filters: 6, kernelSize: 2, padding: 'same', activation: 'silu', inputShape: [11, 3] }),
        new Conv1D({ name: '1', filters: 9, kernelSize: 3, padding: 'same', strides: 2, groups: 3 }),
        new BatchNormalization({ name: 'norm', momentum: 0.9 }),
        new Conv1D({ name: 'causal', filters: 5, kernelSize: 3, padding: 'causal', dilationRate: 2, useBias: false }),
        new ZeroPadding1D({ padding: [1, 2] }),
        new MaxPooling1D({ poolSize: 3, strides: 2 }),
        new Flatten(),
        new Dense({ name: 'head', units: 2, activation: 'leakyRelu' }),
      ]),
    [3, 11, 3],
  ],
  [
    'attention to earlier steps',
    () =>
      new Sequential([
        new MultiHeadAttention({
          name: 'self',
          numHeads: 3,
          keyDim: 2,
          useCausalMask: true,
          inputShape: [null, 6],
        }) as never,
        new Activation({ activation: 'softsign' }),
        new GlobalAveragePooling1D(),
      ]),
    [3, 5, 6],
  ],
  [
    'a graph',
    () => {
      const [series, side] = [input({ shape: [null, 3], name: 'series' }), input({ shape: [null, 4], name: 'side' })];
      const read = new LSTM({ name: 'read', units: 6, returnSequences: true }).apply(series);
      const seen = new MultiHeadAttention({ name: 'cross', numHeads: 2, keyDim: 3 }).apply([read, side]);
      const both = new Add().apply([read, seen]);
      const joined = new Concatenate().apply([both, new Dense({ name: 'narrow', units: 2 }).apply(read)]);
      return new Functional({
        inputs: { series, side },
        outputs: { steps: joined, mean: new GlobalAveragePooling1D().apply(both) },
      }) as unknown as Model;
    },
    [3, 5, 3],
    [3, 7, 4],
  ],
];

function filled(shape: Shape, seed: number): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  const isWords = shape.length === 2;
  return tensor(
    Float32Array.from({ length: size }, (_, i) => (isWords ? (i * 5 + seed) % 7 : Math.sin(i * 1.7 + seed))),
    shape,
  );
}

/** Random numbers in place of the zeros and ones that offsets and scales begin with. */
function shaken(model: Model): Model {
  let seed = 0;
  for (const [name, { variable }] of model.namedWeights()) {
    seed += 1;
    const isVariance = name.includes('Variance');
    const values = variable.dataSync().map((v, i) => v + 0.3 * Math.sin(i * 2.3 + seed));
    variable.assign(isVariance ? values.map(Math.abs) : values);
  }
  return model;
}

describe('a module of PyTorch', () => {
  testWithTorch('takes the state dict and gives the same numbers', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rondo-torch-'));
    setSeed(5);
    const models = made.map(([, make]) => shaken(make()));
    for (const [i, model] of models.entries()) {
      writeFileSync(join(folder, `m${i}.py`), await torchModuleSource(model, { className: `Net${i}` }));
      writeFileSync(join(folder, `m${i}.safetensors`), encodeSafetensors(await stateDictOf(model), { format: 'pt' }));
      const given = made[i].slice(2).map((shape, at) => filled(shape as Shape, at).array());
      writeFileSync(join(folder, `m${i}.json`), JSON.stringify(given));
    }
    const program = `
import importlib, json, sys
import safetensors.torch, torch
sys.path.insert(0, sys.argv[1])
results = []
for i in range(${models.length}):
    model = getattr(importlib.import_module(f"m{i}"), f"Net{i}")().eval()
    model.load_state_dict(safetensors.torch.load_file(f"{sys.argv[1]}/m{i}.safetensors"))
    with torch.no_grad():
        given = model(*[torch.tensor(x, dtype=torch.float32) for x in json.load(open(f"{sys.argv[1]}/m{i}.json"))])
    results.append({k: v.tolist() for k, v in (given if isinstance(given, dict) else {"output": given}).items()})
print(json.dumps(results))
`;
    const results = JSON.parse(runPython(program, [folder])) as Record<string, unknown[]>[];
    rmSync(folder, { recursive: true });
    for (const [i, model] of models.entries()) {
      const shapes = made[i].slice(2) as Shape[];
      const x =
        shapes.length === 1
          ? filled(shapes[0], 0)
          : Object.fromEntries(['series', 'side'].map((name, at) => [name, filled(shapes[at], at)]));
      const value = (await model.predict(x)) as Tensor | Record<string, Tensor>;
      const outputs = 'shape' in value ? { output: value as Tensor } : value;
      for (const [name, expected] of Object.entries(outputs)) {
        const received = tensor(results[i][name] as number[]);
        expect(received.shape, made[i][0]).toEqual(expected.shape);
        const [a, b] = [received.dataSync(), expected.dataSync()];
        expect(Math.max(...a.map((v, at) => Math.abs(v - b[at]))), made[i][0]).toBeLessThan(1e-5);
      }
    }
  });

  it('is readable Python', async () => {
    const source = await torchModuleSource(made[0][1](), { className: 'Tagger' });
    expect(source.slice(source.indexOf('class'))).toMatchInlineSnapshot(`
      "class Tagger(nn.Module):
          def __init__(self):
              super().__init__()
              self.words = nn.Embedding(7, 5)
              self.lstm = nn.LSTM(5, 3, batch_first=True, bidirectional=True, proj_size=2)
              self.head = nn.Linear(4, 2)

          def forward(self, x):
              y1 = self.words(x.long())
              y2 = _ends(self.lstm(y1)[0], 2)
              y3 = F.dropout(y2, 0.5, self.training)
              y4 = torch.softmax(self.head(y3), -1)
              return y4
      "
    `);
  });

  const refused = (model: Model): Promise<string> => messageAfter(() => torchModuleSource(model));
  it('refuses by layer what PyTorch does not compute', async () => {
    const masked = [
      new Embedding({ inputDim: 7, outputDim: 3, maskZero: true, inputShape: [null] }),
      new GRU({ units: 2 }),
    ];
    expect(await refused(new Sequential(masked))).toContain('embedding (Embedding): maskZero');
    const held = [new LSTM({ units: 2, zoneout: 0.5, inputShape: [null, 3] })];
    expect(await refused(new Sequential(held))).toContain('lstm (LSTM): zoneout');
    const named = [new Dense({ name: 'forward', units: 2, inputShape: [3] })];
    expect(await refused(new Sequential(named))).toContain('PyTorch takes no module of this name');
    const apart = [
      new GRU({ name: 'a_l0', units: 3, returnSequences: true, inputShape: [null, 3] }),
      new LayerNormalization({ name: 'norm' }),
      new GRU({ name: 'a_l1', units: 3 }),
    ];
    expect(await refused(new Sequential(apart))).toContain('`a_l1` does not follow at once');
    const two = (first: { activation?: 'relu'; zoneout?: number }): Promise<string> =>
      refused(
        new Sequential([
          new SimpleRNN({ name: 'b_l0', units: 3, returnSequences: true, inputShape: [null, 3], ...first }),
          new SimpleRNN({ name: 'b_l1', units: 3 }),
        ]),
      );
    expect(await two({ activation: 'relu' })).toContain('b_l0 (SimpleRNN): another activation than `b_l1`');
    expect(await two({ zoneout: 0.25 })).toContain('b_l0 (SimpleRNN): zoneout');
    const pooled = [new MaxPooling1D({ padding: 'same', inputShape: [null, 3] }), new Dense({ units: 2 })];
    expect(await refused(new Sequential(pooled))).toContain('maxPooling1D');
    expect(await messageAfter(() => torchModuleSource(made[0][1](), { className: 'a b' }))).toContain(
      'no name of a class',
    );
  });

  it('holds names as texts that Python reads', async () => {
    const odd = new Sequential([new Dense({ name: 'a"\\\n.b', units: 2, inputShape: [3] })]);
    const source = await torchModuleSource(odd);
    expect(source).toContain('_add(self, "a\\"\\\\\\n.b", nn.Linear(3, 2))');
  });
});
