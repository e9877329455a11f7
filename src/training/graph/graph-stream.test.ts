import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { asynchronousReference, onBothReferences } from '../../../test/support/asynchronous.js';
import { expectClose } from '../../../test/support/close.js';
import { normals } from '../../../test/support/random.js';
import { currentBackend, useBackend } from '../../kernels/select.js';
import { Add } from '../../layers/add.js';
import { Bidirectional } from '../../layers/bidirectional.js';
import { Concatenate } from '../../layers/concatenate.js';
import { Dense } from '../../layers/dense.js';
import { Dot } from '../../layers/dot.js';
import { Embedding } from '../../layers/embedding.js';
import { GRU } from '../../layers/gru.js';
import { LSTM } from '../../layers/lstm.js';
import { RepeatVector } from '../../layers/repeat-vector.js';
import { Softmax } from '../../layers/softmax.js';
import { input } from '../../layers/symbolic-tensor.js';
import { TimeDistributed } from '../../layers/time-distributed.js';
import { Random } from '../../random.js';
import * as ops from '../../tensor/index.js';
import { type Tensor, tensor } from '../../tensor/tensor.js';
import { Sequential } from '../sequential.js';
import { Functional } from './functional.js';

const random = new Random(6);
const source = [
  [3, 4, 5],
  [6, 2, 0],
];
const target = [
  [1, 5, 4, 3],
  [1, 2, 6, 2],
];

/** An attention of a decoder, which begins with the states of an encoder, over what that encoder gave. */
function translator() {
  const [words, text] = [new Embedding({ inputDim: 7, outputDim: 3, maskZero: true }), input({ shape: [null] })];
  const inner = new LSTM({ units: 3, returnState: true });
  const read = new Bidirectional({ layer: inner }).apply(words.apply(text));
  const side = (state: 'hidden' | 'cell') => new Concatenate().apply([read.forward[0][state], read.backward[0][state]]);
  const written = input({ shape: [null] });
  const decoder = new LSTM({ units: 6, returnSequences: true, returnState: true });
  const begin = { hidden: side('hidden'), cell: side('cell') };
  const { output, states } = decoder.apply(words.apply(written), { initialState: begin });
  const memory = new Dense({ units: 6 }).apply(words.apply(text)); // not zero at padding
  const shares = new Softmax({ name: 'shares' }).apply(new Dot({ axes: 2 }).apply([output, memory]));
  const found = new Dot({ axes: [2, 1] }).apply([shares, memory]);
  const next = new Dense({ units: 7, activation: 'softmax' }).apply(new Concatenate().apply([output, found]));
  return { text, written, begin, memory, states, outputs: { next, shares } };
}

/** The last step of `[batch, time, features]`. */
function lastStep(whole: Tensor): number[] {
  const [, time] = whole.shape;
  return [...ops.slice(whole, 1, time - 1, time).dataSync()];
}

const upTo = (rows: readonly (readonly number[])[], end: number): Tensor =>
  tensor(rows.map((row) => row.slice(0, end)));

describe.each(['reference', 'wasm'] as const)('a stream of a graph on %s', (backend) => {
  beforeAll(() => void useBackend(backend));
  afterAll(() => void useBackend('wasm'));

  it('writes a translation step by step: the encoder runs once, the decoder begins with its states', () => {
    const { text, written, outputs } = translator();
    const model = new Functional({ inputs: { text, written }, outputs });
    const stream = model.stream({ fixed: { text: source } });
    expect(stream.batchSize).toBe(2);
    const check = (from: number[][], name: string): void => {
      for (let t = 1; t <= 4; t++) {
        const step = stream.step(target.map((row) => row[t - 1]));
        const whole = model.apply([tensor(from), upTo(target, t)]);
        expectClose(step.next, lastStep(whole.next), 2e-6, `${name}, step ${t}`);
        expectClose(step.shares, lastStep(whole.shares), 2e-6, `shares of ${name}, step ${t}`);
      }
    };
    check(source, 'first');
    stream.reset();
    check(source, 'again');
    const longer = [
      [2, 2, 6, 1, 5],
      [4, 0, 0, 0, 0],
    ];
    stream.reset({ fixed: { text: longer } });
    check(longer, 'longer');
    const shorter = source.map((row) => row.slice(0, 2));
    stream.reset({ fixed: { text: shorter } });
    check(shorter, 'shorter');
    expect([...stream.getState().keys()]).toEqual(['lstm/state/hidden', 'lstm/state/cell']);
  });

  it('spreads to other rows, and into a stream that is there; others with as many ids have another mask', () => {
    const { text, written, outputs } = translator();
    const model = new Functional({ inputs: { text, written }, outputs });
    const read = model.stream({ fixed: { text: source } });
    const padded = [
      [3, 0, 0],
      [5, 2, 0],
    ];
    let spread: ReturnType<typeof read.spread> | undefined;
    for (const from of [source, padded, source]) {
      read.reset({ fixed: { text: from } });
      read.step([1, 1]);
      spread = read.spread([1, 1, 0], spread);
      expect(spread.batchSize).toBe(3);
      const ways = [
        [1, 5, 4],
        [1, 2, 6],
        [1, 3, 3],
      ];
      for (let t = 2; t <= 3; t++) {
        const step = spread.step(ways.map((way) => way[t - 1]));
        const whole = model.apply([tensor([from[1], from[1], from[0]]), upTo(ways, t)]);
        expectClose(step.next, lastStep(whole.next), 2e-6, `step ${t}`);
        expectClose(step.shares, lastStep(whole.shares), 2e-6, `shares of step ${t}`);
      }
      // The one that it came from goes on as before.
      const whole = model.apply([tensor(from), upTo(target, 2)]);
      expectClose(read.step(target.map((row) => row[1])).next, lastStep(whole.next), 2e-6, 'before');
    }
    spread!.reset();
    const whole = model.apply([tensor([source[1], source[1], source[0]]), upTo([[1], [1], [1]], 1)]);
    expectClose(spread!.step([1, 1, 1]).next, lastStep(whole.next), 2e-6, 'reset');
    expect(() => read.spread([0, 2])).toThrow(/OUT_OF_RANGE.*stream.spread/);
    expect(() => read.spread([0, 1], spread)).toThrow(/SHAPE_MISMATCH.*stream.spread[\s\S]*3 rows from 0 to 1/);
    spread!.dispose();
    expect(() => spread!.step([1, 1, 1])).toThrow('after dispose()');
  });

  it('gives all memory back', () => {
    const { text, written, outputs } = translator();
    const model = new Functional({ inputs: { text, written }, outputs });
    const ids = new Functional({
      inputs: written,
      outputs: new Embedding({ inputDim: 7, outputDim: 300 }).apply(written),
    });
    const chain = new Sequential([
      new Embedding({ inputDim: 7, outputDim: 300, inputShape: [null] }),
      new Dense({ units: 2 }),
    ]);
    const use = (): void => {
      const stream = model.stream({ fixed: { text: source } });
      stream.step([1, 1]);
      const spread = stream.spread([1, 1, 0]);
      spread.step([1, 2, 3]);
      for (const one of [stream, spread]) one.dispose();
      for (const one of [ids.stream(), chain.stream()]) {
        one.step(3);
        one.dispose();
      }
    };
    use();
    const { persistentBytes } = currentBackend().memory();
    for (let i = 0; i < 200; i++) use();
    expect(currentBackend().memory().persistentBytes).toBe(persistentBytes);
  });

  it('spreads only into streams of the same model with the same fixed inputs', () => {
    const streams = [1, 2].map(() => {
      const { text, written, outputs } = translator();
      return new Functional({ inputs: { text, written }, outputs }).stream({ fixed: { text: source } });
    });
    expect(() => streams[0].spread([1, 0], streams[1])).toThrow(/USAGE.*stream.spread: `into` is a stream of another/);
    const [one, two] = ['one', 'two'].map((name) => input({ shape: [1, 3], name }));
    const sum = new Functional({ inputs: { one, two }, outputs: new Add().apply([one, two]) });
    const numbers = [[[1, 2, 3]], [[4, 5, 6]]];
    const [first, second] = ['one', 'two'].map((name) => sum.stream({ fixed: { [name]: numbers } }));
    expect(() => first.spread([1, 0], second)).toThrow(/USAGE.*stream.spread[\s\S]*with other fixed inputs/);
  });

  it('changes nothing where a spread fails midway', () => {
    const { text, written, outputs } = translator();
    const stream = new Functional({ inputs: { text, written }, outputs }).stream({ fixed: { text: source } });
    stream.step([1, 1]);
    const into = stream.spread([0, 1]);
    const second = [...into.step([5, 2]).next];
    const states = into.getState();
    const others = [
      [2, 2, 6, 1],
      [4, 1, 1, 1],
    ];
    stream.reset({ fixed: { text: others } });
    const gather = vi.spyOn(currentBackend(), 'gatherRows');
    stream.spread([1, 0]);
    // Each state, and each thing that is kept of the text.
    const numCalls = gather.mock.calls.length;
    expect(numCalls).toBeGreaterThan(3);
    for (let last = 1; last <= numCalls; last++) {
      let count = 0;
      gather.mockImplementation(() => {
        if (++count === last) throw new Error('full');
      });
      expect(() => stream.spread([1, 0], into)).toThrow('full');
    }
    gather.mockRestore();
    expect(into.getState()).toEqual(states);
    into.reset();
    into.step([1, 1]);
    expectClose(into.step([5, 2]).next, second, 1e-12, 'as before');
  });

  it('of a decoder by itself begins with states and reads a memory that it is given', async () => {
    const { text, written, begin, memory, outputs } = translator();
    const whole = new Functional({ inputs: { text, written }, outputs: outputs.next });
    const encoder = new Functional({ inputs: text, outputs: { memory, ...begin } });
    const decoder = new Functional({ inputs: { memory, written, ...begin }, outputs: outputs.next });
    const short = [
      [3, 4, 5],
      [6, 2, 1],
    ]; // without padding: masks stay behind where a model begins inside
    const stream = decoder.stream({ fixed: await encoder.predict(tensor(short)) });
    for (let t = 1; t <= 4; t++) {
      const expected = lastStep(whole.apply([tensor(short), upTo(target, t)]));
      expectClose(stream.step({ written: target.map((row) => row[t - 1]) }), expected, 2e-6, `step ${t}`);
    }
  });

  it('takes several inputs and gives several outputs, by name or in lists, states of now among them', () => {
    const [a, b] = [input({ shape: [null, 3], name: 'a' }), input({ shape: [null], name: 'b' })];
    const words = new Embedding({ inputDim: 5, outputDim: 2 }).apply(b);
    const { output, states } = new LSTM({ units: 4, returnSequences: true, returnState: true }).apply(
      new Concatenate().apply([a, words]),
    );
    const [{ hidden, cell }] = states;
    const last = new LSTM({ units: 3 }).apply(output);
    const parts = [output, cell, new Dense({ units: 2 }).apply(last), new Add().apply([a, last])];
    const byName = new Functional({ inputs: { a, b }, outputs: { output, hidden, cell, sum: parts[3] } });
    const listed = new Functional({ inputs: [a, b], outputs: parts });
    const [x, y] = [normals([1, 4, 3], random), [2, 0, 4, 2]];
    const [named, list] = [byName.stream(), listed.stream()];
    for (let t = 1; t <= 4; t++) {
      const values = [...ops.slice(x, 1, t - 1, t).dataSync()];
      const whole = listed.apply([ops.slice(x, 1, 0, t), upTo([y], t)]);
      const given = named.step({ b: y[t - 1], a: values });
      const steps = list.step([values, y[t - 1]]);
      expectClose(given.output, lastStep(whole[0]), 1e-6, `output ${t}`);
      expectClose(given.cell, [...whole[1].dataSync()], 1e-6, `cell ${t}`);
      expectClose(given.sum, lastStep(whole[3]), 1e-6, `sum ${t}`);
      expectClose(steps[2], [...whole[2].dataSync()], 1e-6, `dense ${t}`);
      expect([...steps[0]]).toEqual([...given.output]);
      expect([...given.hidden]).toEqual([...given.output]);
    }
    const values = [...ops.slice(x, 1, 0, 1).dataSync()];
    const state = list.getState();
    list.reset();
    const begun = list.step([values, y[0]])[0];
    expectClose(begun, lastStep(listed.apply([ops.slice(x, 1, 0, 1), upTo([y], 1)])[0]), 1e-6, 'reset');
    list.setState(state);
    expect([...list.step([values, y[0]])[0]]).toEqual([...named.step({ a: values, b: y[0] }).output]);
  });

  it('of a model with models inside, which read words and what stays', () => {
    const { text, written, outputs } = translator();
    const inside = new Functional({ inputs: [text, written], outputs });
    const [one, other] = [input({ shape: [null] }), input({ shape: [null] })];
    const both = inside.apply([one, other]);
    const code = new GRU({ units: 2 }).apply(both.next);
    const last = new Sequential([new GRU({ units: 2, returnSequences: true })]).apply(both.next);
    const model = new Functional({ inputs: { one, other }, outputs: { code, last } });
    const stream = model.stream({ fixed: { one: source } });
    for (let t = 1; t <= 4; t++) {
      const whole = model.apply([tensor(source), upTo(target, t)]);
      const step = stream.step(target.map((row) => row[t - 1]));
      expectClose(step.code, [...whole.code.dataSync()], 2e-6, `code ${t}`);
      expectClose(step.last, lastStep(whole.last), 2e-6, `last ${t}`);
    }
    expect([...stream.getState().keys()]).toEqual([
      'functional/lstm/state/hidden',
      'functional/lstm/state/cell',
      'gru/state/hidden',
      'sequential/gru/state/hidden',
    ]);
  });

  it('computes with weights as they are, and goes on from a state of another stream', () => {
    const { text, written, outputs } = translator();
    const model = new Functional({ inputs: { text, written }, outputs: { next: outputs.next } });
    const [first, second] = [1, 2].map(() => model.stream({ fixed: { text: source } }));
    first.step([1, 1]);
    second.setState(first.getState());
    const dense = model.weights[model.weights.length - 2];
    dense.assign(new Float32Array(dense.size));
    const bias = model.weights[model.weights.length - 1];
    bias.assign(Float32Array.from({ length: 7 }, (_, i) => i / 2));
    const { next } = first.step([5, 2]);
    expectClose([...second.step([5, 2]).next], [...next], 1e-7, 'next');
    expectClose(next, [...ops.softmax(ops.add(bias, tensor(new Float32Array(14), [2, 7]))).dataSync()], 1e-6, 'shares');
  });

  it('computes what depends on the last step alone anew at each step', () => {
    const [x, side] = [input({ shape: [null, 3] }), input({ shape: [2, 4] })];
    const last = new GRU({ units: 4 }).apply(x);
    const again = new LSTM({ units: 2 }).apply(new RepeatVector({ n: 3 }).apply(last));
    const seen = new Dot({ axes: [1, 2] }).apply([last, side]);
    const model = new Functional({ inputs: { x, side }, outputs: new Concatenate().apply([again, seen]) });
    const [values, whole] = [normals([1, 4, 3], random), normals([1, 2, 4], random)];
    const stream = model.stream({ fixed: { side: whole } });
    for (let t = 1; t <= 4; t++) {
      const step = stream.step([...ops.slice(values, 1, t - 1, t).dataSync()]);
      expectClose(step, [...model.apply([ops.slice(values, 1, 0, t), whole]).dataSync()], 1e-6, `step ${t}`);
    }
  });
});

it('a stream of a graph gives the same bits on a device that is read asynchronously only', async () => {
  useBackend(asynchronousReference);
  const [one, other] = await onBothReferences(async () => {
    const { text, written, outputs } = translator();
    const stream = new Functional({ inputs: { text, written }, outputs }).stream({ fixed: { text: source } });
    const steps = [await stream.stepAsync({ written: [1, 1] }), await stream.stepAsync([5, 2])];
    return steps.map(({ next, shares }) => [[...next], [...shares]]);
  });
  expect(one).toEqual(other);
  useBackend('wasm');
});

describe('a stream of a graph refuses', () => {
  const x = input({ shape: [null, 3], name: 'x' });
  const y = input({ shape: [null, 3], name: 'y' });
  const pair = new Functional({ inputs: { x, y }, outputs: new Add().apply([x, y]) });
  const text = translator();
  const graph = new Functional({ inputs: { text: text.text, written: text.written }, outputs: text.outputs });

  it.each<[string, () => unknown, RegExp]>([
    ['an unknown option', () => pair.stream({ fixd: {} } as never), /UNKNOWN_NAME.*did you mean `fixed`/],
    ['an unknown input', () => pair.stream({ fixed: { z: [[1]] } }), /UNKNOWN_NAME.*unknown input `z`/],
    ['an array that is no object', () => pair.stream({ fixed: [[1]] as never }), /USAGE.*which inputs it is for/],
    [
      'all inputs',
      () => pair.stream({ fixed: { x: normals([1, 2, 3], random), y: normals([1, 2, 3], random) } }),
      /USAGE.*every input is fixed/,
    ],
    [
      'another number of rows',
      () => graph.stream({ batchSize: 3, fixed: { text: source } }),
      /SHAPE_MISMATCH.*Functional.stream: `fixed.text` has the wrong shape[\s\S]*expected: \[batch = 3, axis 1\]/,
    ],
    [
      'another shape',
      () => pair.stream({ fixed: { x: [[[1, 2]]] } }),
      /SHAPE_MISMATCH.*Functional.stream: `fixed.x` .*\n {2}expected: \[batch = 1, axis 1, axis 2 = 3\]/,
    ],
    ['what is not finite', () => pair.stream({ fixed: { x: [[[1, NaN, 2]]] } }), /NOT_FINITE.*`fixed.x`/],
    [
      'steps beside steps that stay',
      () => pair.stream({ fixed: { x: normals([1, 2, 3], random) } }),
      /layer `add` \(Add\): .*\n {2}expected: one step .*\n {2}received: steps beside 2 that stay/,
    ],
    [
      'products over time',
      () =>
        new Functional({ inputs: { x, y }, outputs: new Dot({ axes: 1 }).apply([x, y]) }).stream({
          fixed: { y: normals([1, 1, 3], random) },
        }),
      /Dot.*cannot be run one time step at a time/,
    ],
    [
      'states from a layer that goes along',
      () => {
        const { states } = new GRU({ units: 2, returnState: true }).apply(x);
        const outputs = new GRU({ units: 2 }).apply(y, { initialState: states });
        return new Functional({ inputs: { x, y }, outputs }).stream();
      },
      /layer `gru1` \(GRU\).*[\s\S]*received: initial states from a layer that goes along/,
    ],
    [
      'a recurrent layer over steps that change later',
      () => {
        const sum = new Add().apply([x, new GRU({ units: 3 }).apply(x)]);
        return new Functional({ inputs: x, outputs: new GRU({ units: 2 }).apply(sum) }).stream();
      },
      /layer `gru1` \(GRU\).*[\s\S]*received: what a layer gives at the last step/,
    ],
    [
      'the same behind a model',
      () => {
        const [z, last] = [input({ shape: [null, 3] }), new GRU({ units: 3 })];
        const inside = new Functional({ inputs: z, outputs: new Dense({ units: 3 }).apply(z) });
        const sum = inside.apply(new Add().apply([x, last.apply(x)]));
        return new Functional({ inputs: x, outputs: new GRU({ units: 2 }).apply(sum) }).stream();
      },
      /layer `gru1` \(GRU\).*[\s\S]*received: what a layer gives at the last step/,
    ],
    [
      'the same behind a chain',
      () => {
        const chain = new Sequential([new GRU({ units: 3 }), new Dense({ units: 3 })], { inputShape: [null, 3] });
        const sum = new Add().apply([x, chain.apply(x)]);
        return new Functional({ inputs: x, outputs: new GRU({ units: 2 }).apply(sum) }).stream();
      },
      /layer `gru` \(GRU\).*[\s\S]*received: what a layer gives at the last step/,
    ],
    ['a step without an input', () => pair.stream().step({ x: [1, 2, 3] }), /expected: { x, y }\n {2}received: { x }/],
    ['one step of two', () => pair.stream().step([[1, 2, 3]]), /expected: 2: x, y\n {2}received: 1\n/],
    ['a number for two', () => pair.stream().step(3), /expected: 2: x, y\n {2}received: 3\n/],
    ['a short step', () => pair.stream().step({ x: [1, 2], y: [1, 2, 3] }), /expected: 3 numbers for \[1, 3\]/],
    [
      'a step with NaN',
      () => pair.stream().step({ x: [1, 2, 3], y: [1, NaN, 3] }),
      /NOT_FINITE.*: the input `y` holds NaN, at 1; the state/,
    ],
    ['a step of what stays', () => graph.stream({ fixed: { text: source } }).step({ text: [1, 1] }), /{ written }/],
    [
      'a reset to other inputs',
      () => graph.stream({ fixed: { text: source } }).reset({ fixed: { written: source } }),
      /UNKNOWN_NAME.*other inputs than the stream began with[\s\S]*expected: { text }/,
    ],
    [
      'a reset of a stream without them',
      () => pair.stream().reset({ fixed: { x: [[[1, 2, 3]]] } }),
      /other inputs than the stream began with/,
    ],
  ])('%s', (_, work, message) => {
    expect(work).toThrow(message);
  });

  it('but steps inside of steps do not hinder a recurrent layer', () => {
    const inside = new TimeDistributed({ layer: new Sequential([new GRU({ units: 2 })]) });
    const pages = input({ shape: [null, 4, 3] });
    const model = new Functional({ inputs: pages, outputs: new GRU({ units: 3 }).apply(inside.apply(pages)) });
    const values = normals([1, 2, 4, 3], random);
    const stream = model.stream();
    stream.step([...ops.slice(values, 1, 0, 1).dataSync()]);
    const last = stream.step([...ops.slice(values, 1, 1, 2).dataSync()]);
    expectClose(last, [...model.apply(values).dataSync()], 1e-6, 'output');
  });
});
