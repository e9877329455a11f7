import { expect, it, vi } from 'vitest';
import { expectClose } from '../../test/support/close.js';
import { normals } from '../../test/support/random.js';
import { useBackend } from '../kernels/select.js';
import { Activation } from '../layers/activation.js';
import { ActivationPenalty } from '../layers/activation-penalty.js';
import { AdaptiveSoftmax } from '../layers/adaptive-softmax.js';
import { Add } from '../layers/add.js';
import { AdditiveAttention } from '../layers/additive-attention.js';
import { AlphaDropout } from '../layers/alpha-dropout.js';
import { Attention } from '../layers/attention.js';
import { AttentionPooling1D } from '../layers/attention-pooling-1d.js';
import { AttentionRNN } from '../layers/attention-rnn.js';
import { Average } from '../layers/average.js';
import { AveragePooling1D } from '../layers/average-pooling-1d.js';
import { AveragePooling2D } from '../layers/average-pooling-2d.js';
import { BatchNormalization } from '../layers/batch-normalization.js';
import { Bidirectional } from '../layers/bidirectional.js';
import { CategoryEncoding } from '../layers/category-encoding.js';
import { Concatenate } from '../layers/concatenate.js';
import { Conv1D } from '../layers/conv-1d.js';
import { Conv2D } from '../layers/conv-2d.js';
import { CRF } from '../layers/crf.js';
import { Cropping1D } from '../layers/cropping-1d.js';
import { Dense } from '../layers/dense.js';
import { Dot } from '../layers/dot.js';
import { Dropout } from '../layers/dropout.js';
import { Embedding } from '../layers/embedding.js';
import { Flatten } from '../layers/flatten.js';
import { GaussianNoise } from '../layers/gaussian-noise.js';
import { GlobalAveragePooling1D } from '../layers/global-average-pooling-1d.js';
import { GlobalAveragePooling2D } from '../layers/global-average-pooling-2d.js';
import { GlobalMaxPooling1D } from '../layers/global-max-pooling-1d.js';
import { GlobalMaxPooling2D } from '../layers/global-max-pooling-2d.js';
import { GroupNormalization } from '../layers/group-normalization.js';
import { GRU } from '../layers/gru.js';
import { InputLayer } from '../layers/input-layer.js';
import { type CallOptions, type Json, Layer, type OpenShape, singleInput } from '../layers/layer.js';
import { LayerNormalization } from '../layers/layer-normalization.js';
import { LeakyReLU } from '../layers/leaky-relu.js';
import { LSTM } from '../layers/lstm.js';
import { maskOf, setMask, weighted } from '../layers/mask.js';
import { Masking } from '../layers/masking.js';
import { MaxPooling1D } from '../layers/max-pooling-1d.js';
import { MaxPooling2D } from '../layers/max-pooling-2d.js';
import { Maximum } from '../layers/maximum.js';
import { Minimum } from '../layers/minimum.js';
import { MultiHeadAttention } from '../layers/multi-head-attention.js';
import { Multiply } from '../layers/multiply.js';
import { Permute } from '../layers/permute.js';
import { PointerGenerator } from '../layers/pointer-generator.js';
import { PReLU } from '../layers/prelu.js';
import { RepeatVector } from '../layers/repeat-vector.js';
import { Reshape } from '../layers/reshape.js';
import { RNN } from '../layers/rnn.js';
import { SampledSoftmax } from '../layers/sampled-softmax.js';
import { SequencePooling1D } from '../layers/sequence-pooling-1d.js';
import { SimpleRNN } from '../layers/simple-rnn.js';
import { Softmax } from '../layers/softmax.js';
import { SpatialDropout1D } from '../layers/spatial-dropout-1d.js';
import { Subtract } from '../layers/subtract.js';
import { input as graphInput } from '../layers/symbolic-tensor.js';
import { TiedDense } from '../layers/tied-dense.js';
import { TimeDistributed } from '../layers/time-distributed.js';
import { UpSampling1D } from '../layers/up-sampling-1d.js';
import { WordFeatures } from '../layers/word-features.js';
import { ZeroPadding1D } from '../layers/zero-padding-1d.js';
import { Random, setSeed } from '../random.js';
import * as ops from '../tensor/index.js';
import { valueAndGradients } from '../tensor/tape.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import { Functional } from './graph/functional.js';
import { libraryLayerNames } from './layer-registry.js';
import { Sequential } from './sequential.js';

/** A gap, an end and a beginning that are padding, and a sequence of padding alone. */
const [gap, end, start, none] = [
  [1, 0, 1, 1],
  [1, 1, 1, 0],
  [0, 0, 1, 1],
  [0, 0, 0, 0],
];
const given = Uint8Array.from([gap, end, start, none].flat());
const steps = normals([4, 4, 6], new Random(7));
const indices = [
  [3, 0, 1, 1],
  [2, 0, 4, 1],
  [1, 0, 2, 3],
  [1, 1, 1, 1],
];
const words = tensor(indices);
const spelled = tensor(indices.map((row) => row.map((word) => [word, 2, 3])));
const marked = tensor(indices.map((row) => row.map((word) => (word === 0 ? [9, 9] : [9, word]))));
const graphStart = graphInput({ shape: [4, 6] });
const vectors = normals([4, 6], new Random(8));
/** Of four rows each, which the mask counts or hides. */
const images = normals([4, 4, 3, 2], new Random(6));
const inRows = (rows: readonly (readonly number[])[], width: number): number[] =>
  rows.flatMap((row) => row.flatMap((counts) => new Array<number>(width).fill(counts)));

/** The mask as it came. */
const goesOn = given;
/** No mask: the steps that count were made into one vector, or there were no steps. */
const ends = undefined;
/** The mask as it came, without the second steps, which the layer hides. */
const withoutSecond = Uint8Array.from([[1, 0, 1, 1], [1, 0, 1, 0], [0, 0, 1, 1], none].flat());

/** What becomes of the mask of `[4, 4, 6]`, or of another input, at every layer: a new layer takes a stand here. */
const table: readonly (readonly [
  layer: Layer<unknown>,
  mask: readonly number[] | Uint8Array | undefined,
  input?: Tensor,
])[] = [
  [new Activation({ activation: 'tanh' }), goesOn],
  [new ActivationPenalty({ size: 1 }), goesOn],
  [new AdaptiveSoftmax({ units: 11, cutoffs: [3, 7] }), goesOn],
  [new AdditiveAttention(), goesOn],
  [new AlphaDropout({ rate: 0.5 }), goesOn],
  [new Attention({ dropout: 0.1 }), goesOn],
  [new MultiHeadAttention({ numHeads: 2, keyDim: 3, useCausalMask: true, slidingWindow: 2 }), goesOn],
  [new AttentionPooling1D({ units: 3 }), ends],
  [new AttentionRNN({ cell: 'gru', units: 3 }), goesOn],
  [new BatchNormalization(), goesOn],
  [new Bidirectional({ layer: new LSTM({ units: 3, returnSequences: true }) }), goesOn],
  [new Bidirectional({ layer: new LSTM({ units: 3 }) }), ends],
  [new CategoryEncoding({ numTokens: 5, outputMode: 'oneHot' }), goesOn, words],
  [new CategoryEncoding({ numTokens: 5 }), ends, words],
  [new Concatenate(), goesOn],
  [new Conv1D({ filters: 3, kernelSize: 2, padding: 'causal' }), goesOn],
  [new Conv1D({ filters: 3, kernelSize: 3, padding: 'same' }), goesOn],
  [
    new Conv1D({ filters: 3, kernelSize: 2 }),
    [
      [0, 0, 1],
      [1, 1, 0],
      [0, 0, 1],
      [0, 0, 0],
    ].flat(),
  ],
  [
    new Conv1D({ filters: 3, kernelSize: 2, dilationRate: 2 }),
    [
      [1, 0],
      [1, 0],
      [0, 0],
      [0, 0],
    ].flat(),
  ],
  [
    new Conv1D({ filters: 3, kernelSize: 2, padding: 'causal', strides: 3 }),
    [
      [1, 1],
      [1, 0],
      [0, 1],
      [0, 0],
    ].flat(),
  ],
  // Windows of steps 0 to 2 and 2 to 4, of which 1 and 3 are the middle.
  [
    new Conv1D({ filters: 3, kernelSize: 3, padding: 'same', strides: 2 }),
    [
      [0, 1],
      [1, 0],
      [0, 1],
      [0, 0],
    ].flat(),
  ],
  [new Conv2D({ filters: 3, kernelSize: [3, 2], padding: 'same' }), inRows([gap, end, start, none], 3), images],
  [
    new Conv2D({ filters: 3, kernelSize: 2 }),
    inRows(
      [
        [0, 0, 1],
        [1, 1, 0],
        [0, 0, 1],
        [0, 0, 0],
      ],
      2,
    ),
    images,
  ],
  [new CRF(), goesOn],
  [new Dense({ units: 3 }), goesOn],
  [new Dropout({ rate: 0.5 }), goesOn],
  [new Embedding({ inputDim: 5, outputDim: 3 }), goesOn, words],
  [new Embedding({ inputDim: 5, outputDim: 3, maskZero: true }), withoutSecond, words],
  [new Flatten(), ends],
  [new Add(), goesOn],
  [new Average(), goesOn],
  [
    new AveragePooling1D({ poolSize: 2 }),
    [
      [1, 1],
      [1, 1],
      [0, 1],
      [0, 0],
    ].flat(),
  ],
  [
    new AveragePooling2D({ poolSize: [2, 1] }),
    inRows(
      [
        [1, 1],
        [1, 1],
        [0, 1],
        [0, 0],
      ],
      3,
    ),
    images,
  ],
  [
    new MaxPooling2D({ poolSize: 3, strides: 2, padding: 'same' }),
    inRows(
      [
        [1, 1],
        [1, 1],
        [1, 1],
        [0, 0],
      ],
      2,
    ),
    images,
  ],
  [
    new Cropping1D({ cropping: [0, 1] }),
    [
      [1, 0, 1],
      [1, 1, 1],
      [0, 0, 1],
      [0, 0, 0],
    ].flat(),
  ],
  [new GaussianNoise({ stddev: 1 }), goesOn],
  [new LeakyReLU(), goesOn],
  [
    new MaxPooling1D({ poolSize: 2, strides: 1, padding: 'same' }),
    [
      [1, 1, 1, 1],
      [1, 1, 1, 0],
      [0, 1, 1, 1],
      [0, 0, 0, 0],
    ].flat(),
  ],
  [new Maximum(), goesOn],
  [new Minimum(), goesOn],
  [new Multiply(), goesOn],
  [new Permute({ dims: [2, 1] }), ends],
  [new Permute({ dims: [1, 2] }), goesOn],
  [new PReLU(), goesOn],
  [new Softmax(), goesOn],
  [new Softmax({ axis: 1 }), goesOn],
  [
    new UpSampling1D(),
    [
      [1, 1, 0, 0, 1, 1, 1, 1],
      [1, 1, 1, 1, 1, 1, 0, 0],
      [0, 0, 0, 0, 1, 1, 1, 1],
      [...none, ...none],
    ].flat(),
  ],
  [
    new ZeroPadding1D({ padding: [1, 0] }),
    [
      [0, 1, 0, 1, 1],
      [0, 1, 1, 1, 0],
      [0, 0, 0, 1, 1],
      [0, 0, 0, 0, 0],
    ].flat(),
  ],
  [new Functional({ inputs: graphStart, outputs: new Dense({ units: 3 }).apply(graphStart) }), goesOn],
  [new GlobalAveragePooling1D(), ends],
  [new GlobalMaxPooling1D({ keepdims: true }), ends],
  [new GlobalAveragePooling2D(), ends, images],
  [new GlobalMaxPooling2D(), ends, images],
  [new GroupNormalization({ groups: 3 }), goesOn],
  [new GRU({ units: 3 }), ends],
  [
    new GRU({ units: 3, returnSequences: true, goBackwards: true }),
    [[1, 1, 0, 1], [0, 1, 1, 1], [1, 1, 0, 0], none].flat(),
  ],
  [new GRU({ units: 3, returnSequences: true, goBackwards: true, reverseMask: false }), goesOn],
  [new InputLayer({ shape: [null, 6] }), goesOn],
  [new LSTM({ units: 3, returnSequences: true }), goesOn],
  [new LayerNormalization(), goesOn],
  [new Masking({ maskValue: 9 }), withoutSecond, marked],
  [new RepeatVector({ n: 3 }), ends, vectors],
  [
    new Reshape({ targetShape: [8, 3] }),
    [
      [1, 1, 0, 0, 1, 1, 1, 1],
      [1, 1, 1, 1, 1, 1, 0, 0],
      [0, 0, 0, 0, 1, 1, 1, 1],
      [...none, ...none],
    ].flat(),
  ],
  [
    new Reshape({ targetShape: [2, 12] }),
    [
      [1, 1],
      [1, 1],
      [0, 1],
      [0, 0],
    ].flat(),
  ],
  [new Reshape({ targetShape: [4, 2, 3] }), goesOn],
  [new Reshape({ targetShape: [2, 2, 6] }), goesOn],
  [new Reshape({ targetShape: [3, 8] }), ends],
  [new Reshape({ targetShape: [24] }), ends],
  [new RNN({ cell: 'mgu', units: 3, returnSequences: true }), goesOn],
  [new SampledSoftmax({ units: 11, numSampled: 4 }), goesOn],
  [new Sequential([new Dense({ units: 3 }), new LSTM({ units: 2, returnSequences: true })]), goesOn],
  [new SequencePooling1D(), ends],
  [new SimpleRNN({ units: 3, returnSequences: true }), goesOn],
  [new SpatialDropout1D({ rate: 0.5 }), goesOn],
  [new TiedDense({ embedding: new Embedding({ inputDim: 5, outputDim: 6 }) }), goesOn],
  [new TimeDistributed({ layer: new Dense({ units: 3 }) }), goesOn],
  [new WordFeatures({ words: 5, wordUnits: 3, characters: 5 }), withoutSecond, spelled],
];

it.each(table.map((row, i) => [row[0].className, i, row] as const))(
  'what becomes of a mask at %s (row %i)',
  (_name, _i, [layer, expected, input = steps]) => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    for (const training of [false, true]) {
      const mask = maskOf(layer.apply(input, { mask: given, training }) as Tensor);
      expect(mask && [...mask]).toEqual(expected && [...expected]);
    }
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  },
);

/** A layer of a user's own that doubles its input, and does with the mask what `handling` says. */
class Twice extends Layer {
  override readonly className = 'Twice';
  protected override readonly passesMask: boolean;

  readonly #handling: 'nothing' | 'passes' | 'reads' | 'sends' | 'gives on';

  constructor(handling: 'nothing' | 'passes' | 'reads' | 'sends' | 'gives on') {
    super('twice', handling === 'nothing' ? { name: 'forgetful' } : {}, []);
    this.#handling = handling;
    this.passesMask = handling === 'passes';
  }

  override build(): void {}

  override call(inputs: Tensor | readonly Tensor[], options: CallOptions): Tensor {
    const input = singleInput(this.name, inputs);
    const output = ops.mul(input, 2);
    if (this.#handling === 'reads') return weighted(output, options.mask ?? new Uint8Array(16).fill(1));
    if (this.#handling === 'sends') setMask(output, maskOf(input));
    return this.#handling === 'gives on' ? new Activation({ activation: 'tanh' }).apply(output, options) : output;
  }

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    return inputShape;
  }

  override getConfig(): Record<string, Json | undefined> {
    return this.baseConfig();
  }
}

it('says once of a layer of your own that it loses the mask, at its first run with one and in the summary', () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  const model = new Sequential([
    new Embedding({ inputDim: 5, outputDim: 6, maskZero: true }),
    new Twice('nothing'),
    new GRU({ units: 3 }),
  ]);
  for (let run = 0; run < 3; run++) model.apply(words);
  expect(warn.mock.calls.map(([line]) => String(line))).toEqual([
    expect.stringMatching(/^Twice forgetful: the mask of its input ends here.*passesMask/),
  ]);
  expect(model.summary()).toMatch(/forgetful \(Twice\) loses the mask/);
  const heeding = (['passes', 'reads', 'sends', 'gives on'] as const).map((handling) => new Twice(handling));
  const masked = tensor(steps.dataSync(), steps.shape);
  setMask(masked, given);
  for (const layer of [...heeding, new Twice('nothing')]) layer.apply(masked);
  expect(warn).toHaveBeenCalledTimes(2);
  warn.mockRestore();
});

/** Layers of several inputs: two that have the mask both, or one that has it and others. */
const ofSeveral: readonly (readonly [
  layer: Layer<unknown>,
  mask: Uint8Array | undefined,
  others?: readonly Tensor[],
])[] = [
  [new Dot({ axes: 2 }), ends],
  [new Subtract(), goesOn],
  [
    new PointerGenerator(),
    goesOn,
    [
      [4, 4, 3],
      [4, 3, 6],
      [4, 4, 1],
    ].map((shape) => normals(shape, new Random(9))),
  ],
];

it.each(ofSeveral.map(([layer, expected, others]) => [layer.className, layer, expected, others] as const))(
  'what becomes of the masks at %s, and of what masked steps hold',
  (_name, layer, expected, others) => {
    const values = [0, NaN].map((hidden) => {
      const inputs = [1, 2].map((factor) => {
        const numbers = Float64Array.from(steps.dataSync(), (x, i) =>
          given[Math.floor(i / 6)] === 0 ? hidden : factor * x,
        );
        const input = tensor(numbers, steps.shape);
        setMask(input, given);
        return input;
      });
      const output = layer.apply(others === undefined ? inputs : [inputs[0], ...others]) as Tensor;
      expect(maskOf(output)).toEqual(expected);
      return [...output.dataSync()];
    });
    expect(values[1]).toEqual(values[0]);
    expect(values[1].every(Number.isFinite)).toBe(true);
  },
);

it('says what becomes of a mask at every layer of the library', () => {
  const told = [...table.map(([layer]) => layer), ...ofSeveral.map(([layer]) => layer)];
  expect([...new Set(told.map((layer) => layer.className))].sort()).toEqual(libraryLayerNames().sort());
});

it('no value that counts depends on what a masked step holds', () => {
  for (const [layer, expected, input = steps] of table) {
    if (input !== steps && input !== images) continue;
    const hidden = Float64Array.from(input.dataSync());
    const step = input.size / given.length;
    given.forEach((counts, i) => (counts === 0 ? hidden.fill(NaN, step * i, step * i + step) : undefined));
    const values = (of: Tensor): number[] => {
      const numbers = [...(layer.apply(of, { mask: given }) as Tensor).dataSync()];
      const width = expected === undefined ? 1 : numbers.length / expected.length;
      return numbers.filter((_, i) => expected === undefined || expected[Math.floor(i / width)] === 1);
    };
    expect(values(tensor(hidden, input.shape)), layer.className).toEqual(values(input));
  }
});

it('joins masks: hidden before stays hidden, and what one input of several hides gives zeros', () => {
  const [first, second] = [tensor([[[5], [0], [7]]]), tensor([[[NaN], [3], [4]]])];
  setMask(first, Uint8Array.from([0, 1, 1]));
  setMask(second, Uint8Array.from([0, 1, 0]));
  expect([...maskOf(new Masking().apply(first))!]).toEqual([0, 0, 1]);
  const joined = new Concatenate().apply([first, second]);
  expect([...joined.dataSync()]).toEqual([0, 0, 0, 3, 7, 0]);
  expect([...maskOf(joined)!]).toEqual([0, 1, 1]);
  const documents = tensor([
    [
      [1, 2],
      [3, 0],
    ],
    [
      [4, 2],
      [1, 1],
    ],
  ]);
  const embedding = new TimeDistributed({ layer: new Embedding({ inputDim: 5, outputDim: 3, maskZero: true }) });
  expect([...maskOf(embedding.apply(documents, { mask: Uint8Array.from([1, 1, 1, 0]) }))!]).toEqual([
    1, 1, 1, 0, 1, 1, 0, 0,
  ]);
});

it.each(['same', 'causal', 'valid'] as const)(
  'padding changes nothing for a %s convolution before an LSTM, nor for its gradients',
  (padding) => {
    useBackend('reference');
    setSeed(3);
    const model = new Sequential(
      [
        new Conv1D({ filters: 4, kernelSize: 3, padding, activation: 'tanh', biasInitializer: 'ones' }),
        new LSTM({ units: 5 }),
      ],
      { inputShape: [null, 6] },
    );
    const short = normals([2, 5, 6], new Random(9));
    const paddingStep = tensor(new Float64Array(12).fill(NaN), [2, 1, 6]);
    const results = [[], [-1], [5, 6]].map((places) => {
      const atStart = places.filter((place) => place < 0).map(() => paddingStep);
      const atEnd = places.filter((place) => place > 0).map(() => paddingStep);
      const row = [...atStart.map(() => 0), 1, 1, 1, 1, 1, ...atEnd.map(() => 0)];
      const x = ops.concatenate([...atStart, short, ...atEnd], 1);
      setMask(x, Uint8Array.from([...row, ...row]));
      const { value, gradients } = valueAndGradients(() => ops.sum(ops.square(model.apply(x))), model.weights);
      return [...value.dataSync(), ...gradients.flatMap((gradient) => [...gradient.dataSync()])];
    });
    for (const padded of results.slice(1)) expectClose(padded, results[0], 1e-12, padding);
    useBackend('wasm');
  },
);

it('the penalty of activations is that of the steps that count', () => {
  const layer = new ActivationPenalty({ size: 0.5, change: 2 });
  const [b0, b1] = [0, 1].map((b) => ops.slice(steps, 0, b, b + 1));
  const penaltyOf = (x: Tensor, mask?: readonly number[]): number[] => [
    ...valueAndGradients(
      () => ops.sum(layer.apply(x, { training: true, mask: mask && Uint8Array.from(mask) })),
      [x],
    ).gradients[0].dataSync(),
  ];
  const alone = penaltyOf(ops.slice(b1, 1, 0, 3));
  expectClose(penaltyOf(b1, end).slice(0, 18), alone, 1e-6, 'an end');
  expect(penaltyOf(b1, end).slice(18)).toEqual(new Array(6).fill(1));
  const joined = penaltyOf(ops.concatenate([ops.slice(b0, 1, 0, 1), ops.slice(b0, 1, 2)], 1));
  expectClose(
    penaltyOf(b0, gap).filter((_, i) => i < 6 || i >= 12),
    joined,
    1e-6,
    'a gap',
  );
  expect(penaltyOf(b0, none)).toEqual(new Array(24).fill(1));
});
