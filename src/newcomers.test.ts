import { describe, expect, it, vi } from 'vitest';
import * as rondo from './index.js';
import { instantiate } from './kernels/wasm/assembler.js';

const {
  Dense,
  Dropout,
  EarlyStopping,
  Embedding,
  LSTM,
  RepeatVector,
  Sequential,
  losses,
  ops,
  optimizers,
  setSeed,
  tensor,
} = rondo;

const x = [
  [[1], [2], [3]],
  [[2], [3], [4]],
];
const y = [[4], [5]];
/** What types refuse, and plain JavaScript says. */
type Loose = (...given: unknown[]) => unknown;
const loose = (made: unknown): Loose => made as Loose;
const make = (LayerClass: unknown, ...given: unknown[]): unknown =>
  new (LayerClass as new (...given: unknown[]) => unknown)(...given);

const model = (compile: unknown = { optimizer: 'adam', loss: 'mse' }): rondo.Sequential => {
  const made = new Sequential([new LSTM({ units: 3, inputShape: [null, 1] }), new Dense({ units: 1 })]);
  if (compile !== null) made.compile(compile as rondo.CompileOptions);
  return made;
};
const fit = (options: unknown, data: readonly unknown[] = [x, y]): unknown =>
  loose((...all: unknown[]) => (model().fit as Loose).apply(model(), all))(...data, options);

const mistakes: [string, () => unknown, RegExp][] = [
  ['verbose: 1', () => fit({ verbose: 1 }), /USAGE.*`verbose` is no function[\s\S]*verbose: console.log/],
  ['verbose: false', () => fit({ verbose: false }), /USAGE.*`verbose`/],
  ['options by position', () => fit(3), /USAGE.*not given as one object[\s\S]*received: 3\n/],
  ['a callback that is a function', () => fit({ callbacks: () => 0 }), /USAGE.*no list of callbacks/],
  [
    'the object of callbacks of TensorFlow.js',
    () => fit({ callbacks: { onEpochEnd: () => 0 } }),
    /USAGE.*no list of callbacks[\s\S]*received: an object/,
  ],
  [
    'a callback that is a class',
    () => fit({ callbacks: [EarlyStopping] }),
    /USAGE[\s\S]*a list that holds the function or class EarlyStopping/,
  ],
  [
    'val_loss without validation',
    () => fit({ callbacks: [new EarlyStopping()] }),
    /UNKNOWN_NAME[\s\S]*Give fit validationData or validationSplit/,
  ],
  [
    'a string for a number',
    () => make(LSTM, { units: '4' }),
    /OUT_OF_RANGE.*`units` is no number[\s\S]*received: "4" \(a string\)/,
  ],
  [
    'a bigint for a number',
    () => make(LSTM, { units: 4n }),
    /OUT_OF_RANGE.*`units` is no number[\s\S]*received: 4n \(a bigint\)/,
  ],
  [
    'a callback in the style of Python',
    () => fit({ callbacks: [{ on_epoch_end: () => undefined }] }),
    /UNKNOWN_NAME.*unknown method `on_epoch_end`; did you mean `onEpochEnd`/,
  ],
  [
    'units of LSTM by position',
    () => make(rondo.LSTM, 64),
    /USAGE.*LSTM: the options are not given as one object[\s\S]*units[\s\S]*received: 64\n/,
  ],
  [
    'units of GRU by position',
    () => make(rondo.GRU, 64),
    /USAGE.*GRU: the options are not given as one object[\s\S]*units[\s\S]*received: 64\n/,
  ],
  [
    'units of SimpleRNN by position',
    () => make(rondo.SimpleRNN, 64),
    /USAGE.*SimpleRNN: the options are not given as one object[\s\S]*units[\s\S]*received: 64\n/,
  ],
  ['no units', () => make(Dense, {}), /OUT_OF_RANGE.*`units` is missing/],
  ['a rate by position', () => make(Dropout, 0.5), /USAGE.*not given as one object/],
  ['a table by position', () => make(Embedding, 100, 16), /USAGE.*not given as one object/],
  [
    'a text for true',
    () => make(LSTM, { units: 4, returnSequences: 'false' }),
    /USAGE.*`returnSequences` is neither true nor false/,
  ],
  ['layers in an object', () => make(Sequential, { layers: [] }), /USAGE.*the layers of the model/],
  [
    'layers by position',
    () => make(Sequential, new Dense({ units: 1 }), new Dense({ units: 2 })),
    /USAGE.*the layers of the model[\s\S]*received: a Dense/,
  ],
  [
    'a dataset that makes a number',
    () => loose((data: unknown) => model().fit(data as never))(() => 3),
    /DATA_FORMAT.*no list of batches[\s\S]*received: 3/,
  ],
  [
    'a dataset that makes nothing',
    () => loose((data: unknown) => model().fit(data as never))(() => undefined),
    /DATA_FORMAT.*no list of batches[\s\S]*received: undefined/,
  ],
  [
    'a dataset that promises batches',
    () => loose((data: unknown) => model().fit(data as never))(async () => []),
    /DATA_FORMAT.*no list of batches[\s\S]*received: a Promise/,
  ],
  [
    'layers that are classes',
    () => make(Sequential, [Dense]),
    /USAGE.*the entry 0[\s\S]*received: the function or class Dense/,
  ],
  ['layers that are missing', () => make(Sequential, [undefined]), /USAGE.*the entry 0/],
  ['a number as inputShape', () => make(LSTM, { units: 3, inputShape: 5 }), /OUT_OF_RANGE.*`inputShape`/],
  [
    'an inputShape below 1',
    () => make(Sequential, [new Dense({ units: 1 })], { inputShape: [-5] }),
    /OUT_OF_RANGE.*`inputShape`[\s\S]*received: \[-5\]/,
  ],
  [
    'an array for a tensor',
    () => loose((input: unknown) => new Dense({ units: 2 }).apply(input as rondo.Tensor))([[1, 2]]),
    /USAGE.*a layer is applied to tensors/,
  ],
  [
    'a misspelt option of apply',
    () => new LSTM({ units: 2 }).apply(tensor(x), { trainng: true } as never),
    /UNKNOWN_NAME.*LSTM.apply: unknown option `trainng`; did you mean `training`/,
  ],
  [
    'states for a layer that has none',
    () => new Dense({ units: 2 }).apply(tensor(x), { initialState: {} } as never),
    /UNKNOWN_NAME.*Dense.apply: unknown option `initialState`/,
  ],
  [
    'a misspelt option of apply in a model',
    () => model().apply(tensor(x), { mark: undefined } as never),
    /UNKNOWN_NAME.*Sequential.apply: unknown option `mark`; did you mean `mask`/,
  ],
  ['a number for a name', () => make(Dense, { units: 1, name: 5 }), /USAGE.*`name` is no name[\s\S]*received: 5\n/],
  ['an empty name', () => make(Dense, { units: 1, name: '' }), /USAGE.*`name` is no name/],
  ['a name of a model that is a path', () => make(Sequential, [], { name: 'a/b' }), /USAGE.*`name` is no name/],
  [
    'compile by position',
    () => loose((...all: unknown[]) => (model(null).compile as Loose)(...all))('adam', 'mse'),
    /USAGE.*not given as one object/,
  ],
  [
    'compile without options',
    () => loose(() => (model(null).compile as Loose)())(),
    /USAGE.*not given as one object[\s\S]*received: undefined/,
  ],
  [
    'a metric that is no list',
    () => model({ optimizer: 'adam', loss: 'mse', metrics: 'mae' }),
    /USAGE.*metrics are not given as a list/,
  ],
  [
    'an optimizer that was not called',
    () => model({ optimizer: optimizers.adam, loss: 'mse' }),
    /USAGE.*no optimizer[\s\S]*call it: adam/,
  ],
  [
    'a loss that was not called',
    () => model({ optimizer: 'adam', loss: losses.meanSquaredError }),
    /USAGE.*no loss[\s\S]*call it: meanSquaredError/,
  ],
  [
    'a rate as the only argument',
    () => loose(optimizers.adam)(0.01),
    /USAGE.*not given as one object[\s\S]*learningRate/,
  ],
  ['a bigint rate', () => loose(optimizers.adam)({ learningRate: 1n }), /received: .*bigint/],
  ['a bigint seed', () => loose(setSeed)(1n), /OUT_OF_RANGE.*`seed` is no number/],
  [
    'bigints as data',
    () => model().predict([[[1n]]] as never),
    /DATA_FORMAT[\s\S]*received: 1n \(a bigint\)[\s\S]*Number\(value\)/,
  ],
  ['a typed array of bigints', () => model().predict(new BigInt64Array(3) as never), /DATA_FORMAT[\s\S]*bigint/],
  [
    'a typed array of bigints with a shape',
    () => model().predict({ data: new BigInt64Array(3), shape: [1, 3, 1] } as never),
    /DATA_FORMAT[\s\S]*BigInt64Array/,
  ],
  [
    'a bigint in a stream',
    () =>
      model()
        .stream()
        .step([1n] as never),
    /NOT_FINITE[\s\S]*1n \(a bigint\)/,
  ],
  ['one number as data', () => model().predict(3), /DATA_FORMAT[\s\S]*a single number/],
  ['undefined in data', () => fit({}, [[[[1], [undefined]]], [[1]]]), /DATA_FORMAT[\s\S]*undefined/],
  ['fit before compile', () => model(null).fit(x, y), /USAGE.*not compiled/],
  ['a size for a shape', () => loose(tensor)([1, 2, 3], 3), /SHAPE_MISMATCH/],
  [
    'units of LSTM by position',
    () => make(rondo.LSTM, 64),
    /USAGE.*LSTM: the options are not given as one object[\s\S]*units[\s\S]*received: 64\n/,
  ],
  [
    'units of GRU by position',
    () => make(rondo.GRU, 64),
    /USAGE.*GRU: the options are not given as one object[\s\S]*units[\s\S]*received: 64\n/,
  ],
  [
    'units of SimpleRNN by position',
    () => make(rondo.SimpleRNN, 64),
    /USAGE.*SimpleRNN: the options are not given as one object[\s\S]*units[\s\S]*received: 64\n/,
  ],
  ['huge units', () => new Sequential([new Dense({ units: 1e9 })], { inputShape: [1e6] }), /OUT_OF_MEMORY/],
  [
    'units beyond whole numbers',
    () => new Sequential([new Dense({ units: 1e300 })], { inputShape: [3] }),
    /OUT_OF_MEMORY/,
  ],
  [
    'a huge recurrent kernel',
    () => new Sequential([new LSTM({ units: 200_000 })], { inputShape: [null, 3] }),
    /OUT_OF_MEMORY/,
  ],
  [
    'a huge vocabulary',
    () => new Sequential([new Embedding({ inputDim: 1e15, outputDim: 1e4 })], { inputShape: [3] }),
    /OUT_OF_MEMORY/,
  ],
  [
    'endless steps',
    () => new Sequential([new RepeatVector({ n: 2 ** 40 })], { inputShape: [3] }).predict([[1, 2, 3]]),
    /OUT_OF_MEMORY/,
  ],
  ['a huge stream', () => model().stream({ batchSize: 1e12 }), /OUT_OF_MEMORY/],
];

describe('a mistake of a newcomer has a coded answer', () => {
  it.each(mistakes)('%s', async (_, run, answer) => {
    const message = await Promise.resolve()
      .then(run)
      .then(
        () => 'nothing was thrown',
        (error: unknown) => `${(error as Error).name}: ${(error as Error).message}`,
      );
    expect(message).toMatch(/^RondoError/);
    expect(message).toMatch(answer);
  });

  it('and other spellings of optimizers work', () => {
    for (const name of optimizers.optimizerNames) {
      const spelled = name === 'rmsprop' ? 'RMSprop' : name === 'sgd' ? 'SGD' : name[0].toUpperCase() + name.slice(1);
      expect(
        (make(optimizers[spelled as keyof typeof optimizers], { learningRate: 0.01 }) as rondo.optimizers.Optimizer)
          .name,
      ).toBe(name);
    }
    expect(ops.add(tensor([1]), 2).item()).toBe(3);
  });
});

describe('a page whose policy forbids to compile WebAssembly', () => {
  it.each([
    "WebAssembly.Module(): Refused to compile or instantiate WebAssembly module because 'unsafe-eval' is not an " +
      'allowed source of script in the following Content Security Policy directive: "script-src \'self\'"',
    'call to WebAssembly.Module() blocked by CSP',
  ])('hears of the directive that allows it: %s', (text) => {
    const refused = vi.spyOn(WebAssembly, 'Module').mockImplementation(function () {
      throw new WebAssembly.CompileError(text);
    });
    try {
      expect(() => instantiate(new Uint8Array(8), new WebAssembly.Memory({ initial: 1 }))).toThrow(
        new RegExp(
          String.raw`^\[BACKEND_UNAVAILABLE\] useBackend: the security policy[\s\S]*'wasm-unsafe-eval'[\s\S]*` +
            String.raw`fix: send Content-Security-Policy: script-src 'self' 'wasm-unsafe-eval'`,
        ),
      );
    } finally {
      refused.mockRestore();
    }
  });
});
