import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { expectClose } from '../../../test/support/close.js';
import { normals } from '../../../test/support/random.js';
import { useBackend } from '../../kernels/select.js';
import { Concatenate } from '../../layers/concatenate.js';
import { Dense } from '../../layers/dense.js';
import { Dot } from '../../layers/dot.js';
import { GRU } from '../../layers/gru.js';
import { Layer, type OpenShape } from '../../layers/layer.js';
import { LSTM } from '../../layers/lstm.js';
import { RepeatVector } from '../../layers/repeat-vector.js';
import type { Stepper } from '../../layers/stepper.js';
import { input } from '../../layers/symbolic-tensor.js';
import { TimeDistributed } from '../../layers/time-distributed.js';
import { Random } from '../../random.js';
import { assignTensor } from '../../tensor/accumulate.js';
import * as ops from '../../tensor/index.js';
import { scope, type Tensor, tensor } from '../../tensor/tensor.js';
import { Variable } from '../../tensor/variable.js';
import { Sequential } from '../sequential.js';
import { Functional } from './functional.js';

const random = new Random(8);
const source = [
  [
    [0.1, 0.2],
    [0.3, 0.4],
    [0.5, -1],
  ],
];
const steps = [
  [1, 2],
  [0.5, 1],
  [-1, 0.3],
];

/** A decoder that begins with the states of an encoder and attends to what a second one gives. */
function decoderOf(options: { stateful?: boolean } = {}) {
  const [src, tgt] = [input({ shape: [null, 2], name: 'src' }), input({ shape: [null, 2], name: 'tgt' })];
  const encoder = new LSTM({ units: 3, returnState: true, ...options });
  const memory = new GRU({ units: 3, returnSequences: true, ...options }).apply(src);
  const decoder = new LSTM({ units: 3, returnSequences: true });
  const output = decoder.apply(tgt, { initialState: encoder.apply(src).states });
  const found = new Dot({ axes: [2, 1] }).apply([new Dot({ axes: 2 }).apply([output, memory]), memory]);
  return {
    encoder,
    model: new Functional({ inputs: { src, tgt }, outputs: new Concatenate().apply([output, found]) }),
  };
}

/** What a model gives at each of the steps. */
function lastSteps(model: Functional, from: readonly (readonly (readonly number[])[])[]): number[][] {
  return steps.map((_, t) => {
    const whole = scope(() => model.apply([tensor(from), tensor([steps.slice(0, t + 1)])])) as Tensor;
    return [...ops.slice(whole, 1, t, t + 1).dataSync()];
  });
}

describe.each(['reference', 'wasm'] as const)('states of a stream of a graph on %s', (backend) => {
  beforeAll(() => void useBackend(backend));
  afterAll(() => void useBackend('wasm'));
  afterEach(() => void vi.restoreAllMocks());

  it('stay as they are where a reset fails', () => {
    const { model } = decoderOf();
    const stream = model.stream({ fixed: { src: source } });
    const [first, second] = lastSteps(model, source);
    expectClose([...stream.step(steps[0])], first, 1e-6, 'before');
    const wrong = { src: [[[1, 2, 3]]] };
    expect(() => stream.reset({ fixed: wrong })).toThrow(/SHAPE_MISMATCH.*Functional.stream.reset: `fixed.src` has/);
    expectClose([...stream.step(steps[1])], second, 1e-6, 'after');
  });

  it('stay as they are where what stays cannot be computed', () => {
    const [a, b, x] = [2, 3, 2].map((width) => input({ shape: [null, width] }));
    const memory = new GRU({ units: 3 }).apply(new Concatenate().apply([a, b]));
    const states = [{ hidden: memory }];
    const outputs = new GRU({ units: 3, returnSequences: true }).apply(x, { initialState: states });
    const whole = (time: number, width: number): Tensor => normals([1, time, width], random);
    const stream = new Functional({ inputs: { a, b, x }, outputs }).stream({
      fixed: { a: whole(3, 2), b: whole(3, 3) },
    });
    stream.step(steps[0]);
    const before = stream.getState();
    expect(() => stream.reset({ fixed: { a: whole(5, 2), b: whole(6, 3) } })).toThrow(/SHAPE_MISMATCH/);
    expect(stream.getState()).toEqual(before);
    stream.reset();
    expect(stream.getState()).not.toEqual(before);
  });

  it('are apart from those that stateful layers carry, which stay as they are', () => {
    const { encoder, model } = decoderOf({ stateful: true });
    const expected = lastSteps(decoderTwin(model), source);
    scope(() => encoder.apply(normals([3, 2, 2], random)));
    const carried = (): unknown => [...encoder.carriedStates()].map(([name, state]) => [name, [...state.dataSync()]]);
    const before = carried();
    const stream = model.stream({ fixed: { src: source } });
    for (const run of ['first', 'again', 'given again']) {
      steps.forEach((step, t) => void expectClose([...stream.step(step)], expected[t], 1e-6, `${run}, step ${t}`));
      stream.reset(run === 'again' ? { fixed: { src: source } } : {});
    }
    expect(carried()).toEqual(before);
  });

  it('are apart from those of stateful layers behind what the steps so far come to, and inside of steps', () => {
    const pages = input({ shape: [null, 3, 2] });
    const inside = new GRU({ units: 2, stateful: true });
    const read = new TimeDistributed({ layer: new Sequential([inside]) }).apply(pages);
    const last = new GRU({ units: 3 }).apply(read);
    const again = new LSTM({ units: 2, stateful: true });
    const outputs = again.apply(new RepeatVector({ n: 2 }).apply(last));
    const model = new Functional({ inputs: pages, outputs });
    const values = normals([1, 3, 3, 2], random);
    const stream = model.stream();
    for (let t = 1; t <= 3; t++) {
      const step = [...stream.step([...ops.slice(values, 1, t - 1, t).dataSync()])];
      expect([again, inside].map((layer) => layer.carriedStates().size)).toEqual([0, 0]);
      const whole = scope(() => model.apply(ops.slice(values, 1, 0, t)));
      expectClose(step, [...whole.dataSync()], 1e-6, `step ${t}`);
      model.resetStates();
    }
  });

  it('begin at a reset with what stays as the weights of then give it', () => {
    const { encoder, model } = decoderOf();
    const given = Float32Array.from(source.flat(2));
    const stream = model.stream({ fixed: { src: { data: given, shape: [1, 3, 2] } } });
    given.fill(9);
    stream.step(steps[0]);
    for (const weight of encoder.weights) weight.assign(normals(weight.shape, random));
    stream.reset();
    const expected = lastSteps(model, source);
    steps.forEach((step, t) => void expectClose([...stream.step(step)], expected[t], 1e-6, `step ${t}`));
  });

  it('of a layer that takes several inputs are those of its own stepper', () => {
    const [a, b] = [input({ shape: [null, 3], name: 'a' }), input({ shape: [null, 3], name: 'b' })];
    const sums = new RunningSum('RunningSum', {}, []).apply([a, b]);
    const model = new Functional({ inputs: { a, b }, outputs: new Dense({ units: 2 }).apply(sums) });
    const [x, y] = [normals([1, 4, 3], random), normals([1, 4, 3], random)];
    const stream = model.stream();
    for (let t = 1; t <= 4; t++) {
      const [ours, theirs] = [x, y].map((all) => [...ops.slice(all, 1, t - 1, t).dataSync()]);
      const whole = model.apply([ops.slice(x, 1, 0, t), ops.slice(y, 1, 0, t)]);
      const expected = [...ops.slice(whole, 1, t - 1, t).dataSync()];
      expectClose([...stream.step({ a: ours, b: theirs })], expected, 1e-6, `step ${t}`);
    }
    expect([...stream.getState().keys()]).toEqual(['runningSum/sum']);
  });

  it('leave no memory behind that no step reads any more', () => {
    const { model } = decoderOf();
    const stream = model.stream({ fixed: { src: source } });
    const dispose = vi.spyOn(Variable.prototype, 'dispose');
    const longer = [[...source[0], [2, 1]]];
    stream.reset({ fixed: { src: longer } });
    expect(dispose.mock.contexts.map((one) => (one as Variable).shape)).toEqual([[1, 3, 3]]);
    stream.reset({ fixed: { src: longer } });
    stream.reset();
    expect(dispose).toHaveBeenCalledTimes(1);
    expectClose([...stream.step(steps[0])], lastSteps(model, longer)[0], 1e-6, 'longer');
    scope(() => stream.reset({ fixed: { src: source } }));
    expectClose([...stream.step(steps[0])], lastSteps(model, source)[0], 1e-6, 'inside of a scope');
  });
});

/** The same weights in layers that are not stateful. */
function decoderTwin(model: Functional): Functional {
  const { model: twin } = decoderOf();
  model.weights.forEach((weight, i) => void twin.weights[i].assign(weight));
  return twin;
}

/** The sums of all steps so far of two inputs. */
class RunningSum extends Layer {
  readonly className = 'RunningSum';
  override get takesSeveral(): boolean {
    return true;
  }
  override build(): void {}
  override computeOutputShape(shape: OpenShape): OpenShape {
    return shape;
  }
  override call(inputs: Tensor | readonly Tensor[]): Tensor {
    const [a, b] = inputs as readonly Tensor[];
    const numSteps = a.shape[1];
    const earlier = Array.from({ length: numSteps }, (_, t) => Array.from({ length: numSteps }, (_, s) => +(s <= t)));
    return ops.matmul(tensor([earlier]), ops.add(a, b));
  }
  override stepper(batch: number): Stepper {
    const sum = new Variable([batch, 1, 3], new Float32Array(batch * 3), 'sum', false);
    const step = (a: Tensor, b: Tensor): Tensor => {
      assignTensor(sum, ops.add(sum, ops.add(a, b)));
      return sum;
    };
    return { states: new Map([['sum', sum]]), step };
  }
  override getConfig(): Record<string, never> {
    return {};
  }
}
