import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectClose } from '../../test/support/close.js';
import { normals } from '../../test/support/random.js';
import type { Cell, CellDefinition } from '../cells/cell.js';
import { defineCell } from '../cells/define-cell.js';
import { registerCell } from '../cells/registry.js';
import { add, mul, sub, tanh } from '../expression/build.js';
import { useBackend } from '../kernels/select.js';
import { createWasmBackend } from '../kernels/wasm/backend.js';
import { Random, setSeed, withRandom } from '../random.js';
import * as ops from '../tensor/index.js';
import { valueAndGradients } from '../tensor/tape.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import { Functional } from '../training/graph/functional.js';
import { layerFromConfig } from '../training/layer-registry.js';
import { adam } from '../training/optimizers/adam.js';
import type { OutputAndScores } from './attention-layer.js';
import { AttentionRNN, type AttentionRNNOptions } from './attention-rnn.js';
import { Dense } from './dense.js';
import { Embedding } from './embedding.js';
import { GRU } from './gru.js';
import { setMask } from './mask.js';
import { input } from './symbolic-tensor.js';

const source = [
  [3, 4, 5],
  [6, 2, 0],
  [1, 0, 0],
];
const target = [
  [1, 5, 4, 3],
  [1, 2, 6, 2],
  [2, 2, 1, 5],
];
type Choice = Pick<AttentionRNNOptions, 'cell' | 'score' | 'inputFeeding'>;
const choices: readonly Choice[] = [
  { cell: 'gru', score: 'additive', inputFeeding: false },
  { cell: 'lstm', score: 'additive', inputFeeding: true },
  { cell: 'gru', score: 'dot', inputFeeding: false },
  { cell: 'lstm', score: 'dot', inputFeeding: true },
  { cell: 'minGRU', score: 'additive', inputFeeding: true },
];
const titled = choices.map((choice) => [Object.values(choice).join(' '), choice] as const);

/** An encoder-decoder whose decoder begins with what the encoder ends with. */
function translating({ cell, ...attention }: Choice) {
  const words = new Embedding({ inputDim: 7, outputDim: 5, maskZero: true });
  const [text, written] = [input({ shape: [null] }), input({ shape: [null] })];
  const { output: memory, states } = new GRU({ units: 6, returnSequences: true, returnState: true }).apply(
    words.apply(text),
  );
  const keys = new Dense({ units: 6, useBias: false }).apply(memory);
  const { hidden } = states[0];
  const { output, scores } = new AttentionRNN({
    cell,
    units: 6,
    ...attention,
    returnAttentionScores: true,
    name: 'decoder',
  }).apply([words.apply(written), memory, keys], {
    initialState: cell === 'lstm' ? { hidden, cell: hidden } : { hidden },
  });
  return new Functional({
    inputs: { text, written },
    outputs: { next: new Dense({ units: 7, activation: 'softmax' }).apply(output), scores },
  });
}

describe.each(['reference', 'wasm'] as const)('AttentionRNN in an encoder-decoder, on %s', (backend) => {
  beforeAll(() => void useBackend(backend));
  afterAll(() => void useBackend('wasm'));

  it.each(titled)('of %s gives at each step of a stream what it gives of whole sequences', (_, choice) => {
    const model = translating(choice);
    const stream = model.stream({ fixed: { text: source } });
    const check = (from: number[][]): void => {
      const whole = model.apply([tensor(from), tensor(target)]);
      for (let t = 0; t < 4; t++) {
        const step = stream.step(target.map((row) => row[t]));
        expectClose(step.next, ops.slice(whole.next, 1, t, t + 1).dataSync(), 2e-6, `step ${t + 1}`);
        expectClose(step.scores, ops.slice(whole.scores, 1, t, t + 1).dataSync(), 2e-6, `shares ${t + 1}`);
      }
    };
    check(source);
    const others = source.map((row) => [...row, 4].reverse()); // other masks, and another length
    stream.reset({ fixed: { text: others } });
    check(others);
  });
});

it.each(titled)('a recorded step of %s has the bits of one that is not', (_, choice) => {
  const model = translating(choice);
  const [recorded, plain] = [true, false].map((isRecording) => {
    const backend = createWasmBackend({ threads: 1 });
    if (!isRecording) Object.defineProperty(backend, 'record', { value: undefined });
    useBackend(backend);
    const stream = model.stream({ fixed: { text: source } });
    return [0, 1, 2, 3].map((t) => [...stream.step(target.map((row) => row[t])).next]);
  });
  useBackend('wasm');
  expect(recorded).toEqual(plain);
  expect(new Set(recorded.map(([first]) => first)).size).toBe(4);
});

it('learns, and is what its file says', async () => {
  setSeed(5);
  const model = translating(choices[1]);
  // What each step should attend to may be taught as well: shares have a derivative.
  const loss = { next: 'sparseCategoricalCrossentropy', scores: 'meanSquaredError' } as const;
  const aligned = target.map((row) => row.map((_, step) => [0, 1, 2].map((key) => Number(key === step % 2))));
  model.compile({ optimizer: adam({ learningRate: 0.02 }), loss });
  const inputs = { text: source, written: target };
  const { metrics } = await model.fit(inputs, { next: target, scores: aligned }, { epochs: 30 });
  expect(metrics.loss.at(-1)!).toBeLessThan(0.5 * metrics.loss[0]);
  const copy = layerFromConfig(
    JSON.parse(JSON.stringify({ className: 'Functional', config: model.getConfig() })),
  ) as unknown as typeof model;
  copy.weights.forEach((weight, i) => weight.assign(model.weights[i].dataSync()));
  const results = [model, copy].map((of) => [...of.apply([tensor(source), tensor(target)]).next.dataSync()]);
  expect(results[1]).toEqual(results[0]);
});

it.each([
  { cell: 'lstm', recurrentDropout: 0.3, inputFeeding: true },
  { cell: 'gru', zoneout: 0.3 },
] as const)('with dropout and %o, what stands in padding changes no training', (own) => {
  const layer = new AttentionRNN({ ...own, units: 6, dropout: 0.3 });
  const [steps, keys] = [Uint8Array.from([1, 1, 0, 1, 1, 1]), Uint8Array.from([1, 1, 1, 0, 1, 1, 0, 0])];
  const numbersOf = (padding: number, training: boolean): number[] => {
    const [x, memory] = [steps, keys].map((mask, i) => {
      const values = Float32Array.from(normals([mask.length, 5], new Random(1 + i)).dataSync());
      const padded = tensor(
        values.map((value, at) => (mask[Math.floor(at / 5)] === 0 ? padding : value)),
        [2, mask.length / 2, 5],
      );
      setMask(padded, mask);
      return padded;
    });
    layer.ensureBuilt(x.shape, memory.shape);
    return withRandom(new Random(7), () => {
      const { value, gradients } = valueAndGradients(() => {
        const output = layer.apply([x, memory], { training });
        return ops.sum(ops.mul(output, output));
      }, layer.weights);
      return [value, ...gradients].flatMap((one) => [...one.dataSync()]);
    });
  };
  const [some, others, undropped] = [numbersOf(3, true), numbersOf(-70, true), numbersOf(3, false)];
  expect(some.every(Number.isFinite)).toBe(true);
  expect(others).toEqual(some);
  expect(undropped).not.toEqual(some);
});

it('masked keys have no share in a step, whose shares come to 1', () => {
  const { scores } = translating(choices[0]).apply([tensor(source), tensor(target)]);
  const shares = scores.array() as number[][][];
  expect(scores.shape).toEqual([3, 4, 3]);
  shares.forEach((steps, b) =>
    steps.forEach((step) => {
      expectClose([step.reduce((sum, share) => sum + share, 0)], [1], 1e-6, 'sum');
      source[b].forEach((id, key) => expect(step[key] === 0).toBe(id === 0));
    }),
  );
});

it('begins with the states that it is given, and with zeros', () => {
  const layer = new AttentionRNN({ cell: 'lstm', units: 5 });
  const [x, memory, state] = [normals([2, 1, 3], new Random(1)), normals([2, 4, 6], new Random(2)), ops.ones([2, 5])];
  const outputOf = (initialState?: Readonly<Record<string, Tensor>>): number[] => [
    ...layer.apply([x, memory], initialState && { initialState }).dataSync(),
  ];
  const zeros = ops.zeros([2, 5]);
  expect(outputOf({ hidden: zeros, cell: zeros })).toEqual(outputOf());
  expect(outputOf({ hidden: state, cell: zeros })).not.toEqual(outputOf());
  expect(() => layer.apply([x, memory], { initialState: { hidden: state } })).toThrow(
    /UNKNOWN_NAME.*AttentionRNN[\s\S]*expected: { hidden, cell }/,
  );
  expect(() => layer.apply([x, memory], { initialState: { hidden: state, cell: ops.zeros([2, 4]) } })).toThrow(
    /SHAPE_MISMATCH.*AttentionRNN/,
  );
});

it("runs a cell of one's own, which its file names", () => {
  const own = defineCell({
    name: 'attendingOwn',
    gates: ['update', 'candidate'],
    states: ['hidden'],
    step({ gates, states, activation, recurrentActivation }) {
      const kept = recurrentActivation(gates.update);
      return { hidden: add(mul(kept, states.hidden), mul(sub(1, kept), activation(gates.candidate))) };
    },
  });
  registerCell(own);
  const layer = new AttentionRNN({ cell: own, units: 5, zoneout: 0.1, inputFeeding: true });
  const given = [normals([2, 4, 3], new Random(1)), normals([2, 4, 6], new Random(2))];
  expect(layer.apply(given).shape).toEqual([2, 4, 11]);
  const copy = layerFromConfig(
    JSON.parse(JSON.stringify({ className: layer.className, config: layer.getConfig() })),
  ) as AttentionRNN;
  copy.ensureBuilt(given[0].shape, given[1].shape);
  copy.weights.forEach((weight, i) => weight.assign(layer.weights[i].dataSync()));
  expect(copy.apply(given).array()).toEqual(layer.apply(given).array());
});

describe('AttentionRNN whose weights are made refuses', () => {
  const sized = (...shape: number[]): Tensor => normals(shape, new Random(1));
  const [x, value, key] = [sized(2, 3, 7), sized(2, 4, 6), sized(2, 4, 8)];
  it.each<[string, readonly Tensor[], readonly Tensor[], RegExp]>([
    ['other features of inputs', [x, value], [sized(2, 3, 9), value], /features = 7[\s\S]*\[2, 3, 9\]/],
    ['other features of values', [x, value], [x, key], /features = 6[\s\S]*\[2, 4, 8\]/],
    ['other features of keys', [x, value, key], [x, value, value], /features = 8[\s\S]*\[2, 4, 6\]/],
    ['an input without values', [value, value], [value], /made for 2 inputs/],
    ['values where there were none', [value], [value, value], /made for 1 inputs/],
    ['values without their keys', [x, value, value], [x, value], /made for 3 inputs/],
    ['values of another batch', [x, value], [x, sized(3, 4, 6)], /do not fit together/],
    ['keys of another batch', [x, value, key], [x, value, sized(1, 4, 8)], /do not fit together/],
    ['states of another batch', [x, value], [x, value, sized(1, 5)], /do not fit together/],
    ['no keys', [x, value], [x, ops.zeros([2, 0, 6])], /no keys to attend to/],
  ])('%s', (_, made, given, message) => {
    const layer = new AttentionRNN({ cell: 'gru', units: 5 });
    layer.apply(made);
    expect(() => layer.apply(given)).toThrow(message);
    expect(() => layer.apply(given)).toThrow(/SHAPE_MISMATCH.*AttentionRNN/);
    expect(layer.apply(made).shape).toEqual([2, made[0].shape[1], 5 + (made[1] ?? made[0]).shape[2]]);
  });
});

it('makes the kernel of queries as `recurrentInitializer` says, of cells without recurrent products too', () => {
  const layer = new AttentionRNN({ cell: 'minGRU', units: 5, recurrentInitializer: 'zeros' });
  layer.apply([normals([2, 3, 7], new Random(1)), normals([2, 4, 6], new Random(2))]);
  const named = new Map([...layer.namedWeights()].map(([path, { variable }]) => [path.split('/').at(-1), variable]));
  expect(new Set(named.get('queryKernel')!.dataSync())).toEqual(new Set([0]));
  expect(new Set(named.get('contextKernel')!.dataSync()).size).toBeGreaterThan(1);
});

/** A cell of one's own, with parts that it has no use for. */
function ownCell(parts: Pick<CellDefinition, 'vectors' | 'widths' | 'kernels'>): Cell {
  return defineCell({
    name: 'attendingTaken',
    gates: ['candidate'],
    states: ['hidden'],
    ...parts,
    step({ gates, vectors, kernels, states }) {
      const multiplied = Object.values(kernels).map((multiply) => multiply(states.hidden));
      return { hidden: add(tanh(gates.candidate), ...Object.values(vectors), ...multiplied) };
    },
  });
}

describe('AttentionRNN refuses', () => {
  const [x, memory] = [normals([2, 3, 7], new Random(1)), normals([2, 4, 6], new Random(2))];
  it.each<[string, () => unknown, RegExp]>([
    ['another score', () => new AttentionRNN({ cell: 'gru', units: 5, score: 'cosine' as never }), /unknown.*`cosine`/],
    [
      'keys that are not as wide as the state',
      () => new AttentionRNN({ cell: 'gru', units: 5, score: 'dot' }).apply([x, memory]),
      /SHAPE_MISMATCH.*AttentionRNN: keys are not as wide as the state, 5/,
    ],
    [
      'another number of keys than of values',
      () => new AttentionRNN({ cell: 'gru', units: 5 }).apply([x, memory, x]),
      /SHAPE_MISMATCH.*do not fit together/,
    ],
    ...(
      [
        ['a vector', 'vector `scale`', { vectors: { scale: 1 } }],
        ['a vector', 'vector `queryKernel`', { vectors: { queryKernel: 1 } }],
        ['a vector', 'vector `contextKernel`', { vectors: { contextKernel: 1 } }],
        ['a width', 'width `memoryKey`', { widths: { memoryKey: () => 3 } }],
        ['a width', 'width `memoryValue`', { widths: { memoryValue: () => 3 } }],
        ['a kernel', 'kernel `query`', { kernels: { query: { from: 'units', to: 'units' } } }],
      ] as const
    ).map(([what, name, parts]): [string, () => unknown, RegExp] => [
      `a cell with ${what} that is a name of its own, ${name}`,
      () => new AttentionRNN({ cell: ownCell(parts), units: 5 }),
      new RegExp(`USAGE.*has a ${name} of its own`),
    ]),
    [
      'several cells',
      () => new AttentionRNN({ cell: ['gru', 'lstm'] as never, units: 5 }),
      /USAGE.*AttentionRNN: `cell` is a list[\s\S]*one cell, or its name/,
    ],
    [
      'a cell with options of its own',
      () => new AttentionRNN({ cell: { cell: 'gru', dropout: 0.5 } as never, units: 5 }),
      /USAGE.*AttentionRNN: `cell` is a list, or has options/,
    ],
    [
      'zoneout of what it attended to',
      () => new AttentionRNN({ cell: 'gru', units: 5, zoneout: { context: 0.9 } }),
      /UNKNOWN_NAME.*AttentionRNN: unknown state `context`[\s\S]*one of `hidden`\n/,
    ],
    [
      'widths that follow from keys',
      () => new AttentionRNN({ cell: 'lstmp', units: 5, widths: { memoryKey: 99 } }),
      /UNKNOWN_NAME.*AttentionRNN: unknown width `memoryKey`[\s\S]*one of `projection`\n/,
    ],
    [
      'widths of a cell that has none',
      () => new AttentionRNN({ cell: 'gru', units: 5, widths: { memoryKey: 99 } }),
      /USAGE.*AttentionRNN: `gru` has no width besides its units/,
    ],
    [
      'options of a query that has no kernel',
      () => new AttentionRNN({ cell: 'minGRU', units: 5, score: 'dot', recurrentInitializer: 'zeros' }),
      /USAGE.*AttentionRNN: `minGRU` has no use for `recurrentInitializer`/,
    ],
    [
      'initial states given twice',
      () => {
        const hidden = ops.zeros([2, 5]);
        return new AttentionRNN({ cell: 'gru', units: 5 }).apply([x, memory, hidden], { initialState: { hidden } });
      },
      /USAGE.*AttentionRNN: there are two sets of initial states/,
    ],
    [
      'options of a layer along time',
      () => new AttentionRNN({ cell: 'gru', units: 5, stateful: true } as never),
      /stateful/,
    ],
    [
      'a stream whose keys go along',
      () => {
        const [query, keys] = [input({ shape: [null, 7] }), input({ shape: [null, 6] })];
        const outputs = new AttentionRNN({ cell: 'gru', units: 5 }).apply([query, keys]);
        return new Functional({ inputs: { query, keys }, outputs }).stream();
      },
      /USAGE.*AttentionRNN[\s\S]*values, keys and initial states that stay/,
    ],
  ])('%s', (_, work, message) => {
    expect(work).toThrow(message);
  });
});

it('gives output and shares beside each other', () => {
  const layer = new AttentionRNN({ cell: 'gru', units: 5, returnAttentionScores: true });
  const given: OutputAndScores = layer.apply([normals([2, 3, 7], new Random(1)), normals([2, 4, 6], new Random(2))]);
  expect([given.output.shape, given.scores.shape]).toEqual([
    [2, 3, 11],
    [2, 3, 4],
  ]);
});
