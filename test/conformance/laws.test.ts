import { afterAll, describe, expect, it } from 'vitest';
import { libraryCells } from '../../src/cells/registry.js';
import { createReferenceBackend } from '../../src/kernels/reference/backend.js';
import { useBackend } from '../../src/kernels/select.js';
import { createWasmBackend } from '../../src/kernels/wasm/backend.js';
import { Bidirectional } from '../../src/layers/bidirectional.js';
import type { NamedStates, OutputAndState, RecurrentCallOptions } from '../../src/layers/recurrent-layer.js';
import { RNN, type RNNOptions } from '../../src/layers/rnn.js';
import { Random, setSeed } from '../../src/random.js';
import * as ops from '../../src/tensor/index.js';
import { valueAndGradients } from '../../src/tensor/tape.js';
import { scope, type Tensor, tensor } from '../../src/tensor/tensor.js';
import { expectClose } from '../support/close.js';
import { lawBackends } from '../support/conformance-backends.js';
import { normals, randomise } from '../support/random.js';
import { stateWidth, usualWidth } from '../support/widths.js';

const [BATCH, TIME, FEATURES, UNITS] = [3, 5, 7, 5];

/**
 * The order of sums may differ with the number of rows: float64 and float32 rounding over 5 steps of at most 12
 * products.
 */
const tolerances = { reference: 1e-13, wasm: 2e-6 };

/** What a mask hides must not be read: not even a value that is no number. */
const HIDDEN = NaN;

const pairs = lawBackends.flatMap((backend) =>
  libraryCells.map((cell) => [cell.name, backend.title, cell, backend] as const),
);

describe.each(pairs)('laws of %s on %s', (_, _title, cell, { name: backend, make }) => {
  afterAll(() => void useBackend('wasm'));
  const tolerance = tolerances[backend];
  const random = new Random(23, cell.name);

  const layerOf = (options: Partial<RNNOptions> = {}): RNN<true> => {
    useBackend(make());
    const layer = new RNN({ cell, units: UNITS, returnSequences: true, ...options, returnState: true });
    layer.ensureBuilt([null, TIME, FEATURES]);
    randomise(layer, new Random(29, cell.name));
    return layer;
  };
  const statesFor = (batch: number): NamedStates =>
    Object.fromEntries(cell.states.map((state) => [state, normals([batch, stateWidth(cell, state, UNITS)], random)]));
  const input = normals([BATCH, TIME, FEATURES], random);
  const initialState = statesFor(BATCH);
  const run = (layer: RNN<true>, x: Tensor = input, options: RecurrentCallOptions = {}): OutputAndState =>
    layer.apply(x, { initialState, ...options });
  const expectEqual = async (actual: Tensor, expected: Tensor, label: string): Promise<void> => {
    expect(actual.shape, label).toEqual(expected.shape);
    expectClose(await actual.data(), await expected.data(), tolerance, label);
  };
  const expectEqualStates = async (actual: OutputAndState, expected: OutputAndState): Promise<void> => {
    for (const state of cell.states)
      await expectEqual(actual.states[0][state], expected.states[0][state], `final ${state}`);
  };

  it('a sequence cut anywhere, with its state carried over, gives the same output', async () => {
    const layer = layerOf();
    const whole = run(layer);
    for (let cut = 1; cut < TIME; cut++) {
      const first = run(layer, ops.slice(input, 1, 0, cut));
      const second = run(layer, ops.slice(input, 1, cut), { initialState: first.states[0] });
      await expectEqual(ops.concatenate([first.output, second.output], 1), whole.output, `cut at ${cut}`);
      await expectEqualStates(second, whole);
    }
  });

  it('permuting the batch permutes the output', async () => {
    const layer = layerOf();
    const order = [2, 0, 1];
    const mask = Uint8Array.from([1, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0]);
    const permuted = <T extends Tensor>(x: T): Tensor =>
      ops.concatenate(
        order.map((row) => ops.slice(x, 0, row, row + 1)),
        0,
      );
    const plain = run(layer, input, { mask });
    const other = run(layer, permuted(input), {
      mask: Uint8Array.from(order.flatMap((row) => [...mask.subarray(row * TIME, (row + 1) * TIME)])),
      initialState: Object.fromEntries(cell.states.map((state) => [state, permuted(initialState[state])])),
    });
    await expectEqual(other.output, permuted(plain.output), 'output');
    for (const state of cell.states)
      await expectEqual(other.states[0][state], permuted(plain.states[0][state]), `final ${state}`);
  });

  /** By padding: for each step of the padded sequence the step of the input, -1 for padding. */
  const paddings = { right: [0, 1, 2, 3, 4, -1, -1], left: [-1, -1, 0, 1, 2, 3, 4], gaps: [0, -1, 1, 2, -1, -1, 3, 4] };

  it.each(Object.entries(paddings))('padding (%s) changes nothing', async (_name, steps) => {
    const layer = layerOf();
    const plain = run(layer);
    const { x, mask } = padded(input, steps);
    const result = run(layer, x, { mask });
    const real = (y: Tensor): Tensor =>
      ops.concatenate(
        steps.flatMap((step, t) => (step < 0 ? [] : [ops.slice(y, 1, t, t + 1)])),
        1,
      );
    await expectEqual(real(result.output), plain.output, 'output at the real steps');
    await expectEqualStates(result, plain);
    const last = layerOf({ returnSequences: false });
    await expectEqual(run(last, x, { mask }).output, run(last).output, 'last output');
  });

  it('padding does not reach the gradients', async () => {
    const layer = layerOf();
    const loss = ({ states }: OutputAndState): Tensor =>
      cell.states.map((state) => ops.sum(states[0][state])).reduce((a, b) => ops.add(a, b));
    const plain = valueAndGradients(() => loss(run(layer)), layer.weights);
    const { x, mask } = padded(input, paddings.gaps);
    const result = valueAndGradients(() => loss(run(layer, x, { mask })), layer.weights);
    for (const [i, { name }] of layer.weights.entries())
      expectClose(await result.gradients[i].data(), await plain.gradients[i].data(), 4 * tolerance, name);
  });

  it('the output at t ignores x after t', async () => {
    const layer = layerOf();
    const whole = run(layer).output;
    for (let t = 0; t < TIME - 1; t++) {
      const changed = ops.concatenate(
        [ops.slice(input, 1, 0, t + 1), normals([BATCH, TIME - t - 1, FEATURES], random)],
        1,
      );
      await expectEqual(
        ops.slice(run(layer, changed).output, 1, 0, t + 1),
        ops.slice(whole, 1, 0, t + 1),
        `steps up to ${t}`,
      );
    }
  });

  it('a backward layer is flip, then forward; in a Bidirectional flip, forward, flip', async () => {
    const forward = run(layerOf(), ops.reverse(input, 1));
    const backward = run(layerOf({ goBackwards: true }));
    await expectEqual(backward.output, forward.output, 'goBackwards');
    await expectEqualStates(backward, forward);
    const mask = Uint8Array.from([1, 0, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0, 1, 0, 1]);
    const flippedMask = Uint8Array.from(
      Array.from(mask, (_value, i) => mask[Math.floor(i / TIME) * TIME + TIME - 1 - (i % TIME)]),
    );
    const zeroed = run(layerOf({ goBackwards: true, zeroOutputForMask: true }), input, { mask });
    await expectEqual(
      zeroed.output,
      run(layerOf({ zeroOutputForMask: true }), ops.reverse(input, 1), { mask: flippedMask }).output,
      'zeroOutputForMask',
    );
    const both = new Bidirectional({ layer: layerOf(), backwardLayer: layerOf(), mergeMode: 'none' });
    const result = both.apply(input, { initialState: { forward: initialState, backward: initialState } });
    await expectEqual((result.output as readonly Tensor[])[1], ops.reverse(forward.output, 1), 'the backward half');
    await expectEqual((result.output as readonly Tensor[])[0], run(layerOf()).output, 'the forward half');
  });

  it('cells above each other are layers above each other, forwards and backwards', async () => {
    const stacked = (goBackwards: boolean): RNN<true> =>
      layerOf({ cell: [cell, 'gru'], units: [UNITS, 6], goBackwards });
    const forward = stacked(false);
    const [lower, upper] = [layerOf(), new RNN({ cell: 'gru', units: 6, returnSequences: true })];
    upper.ensureBuilt([null, TIME, usualWidth(cell, cell.outputWidth, UNITS)]);
    [...lower.weights, ...upper.weights].forEach((variable, i) => variable.assign(forward.weights[i]));
    await expectEqual(forward.apply(input).output, upper.apply(lower.apply(input).output), 'forwards');
    await expectEqual(stacked(true).apply(input).output, forward.apply(ops.reverse(input, 1)).output, 'backwards');
    const last = layerOf({ cell: [cell, 'gru'], units: [UNITS, 6], returnSequences: false });
    await expectEqual(
      last.apply(input).output,
      ops.reshape(ops.slice(forward.apply(input).output, 1, TIME - 1, TIME), [BATCH, 6]),
      'the last step',
    );
  });

  it('a stateful layer over windows is a stateless one over the whole sequence, until its states are reset', async () => {
    const stateless = layerOf();
    const stateful = layerOf({ stateful: true });
    const whole = stateless.apply(input);
    for (let round = 0; round < 2; round++) {
      const windows = [
        [0, 2],
        [2, 3],
        [3, 5],
      ].map(([from, to]) => stateful.apply(ops.slice(input, 1, from, to)));
      await expectEqual(
        ops.concatenate(
          windows.map(({ output }) => output),
          1,
        ),
        whole.output,
        `round ${round}`,
      );
      await expectEqualStates(windows[2], whole);
      stateful.resetStates();
    }
  });

  it('dropout and zoneout at rate 0 are off, in training and outside', async () => {
    const plain = run(layerOf());
    for (const training of [false, true]) {
      const off = run(layerOf({ dropout: 0, recurrentDropout: 0, zoneout: 0 }), input, { training });
      expect(await off.output.data()).toEqual(await plain.output.data());
    }
  });

  it('dropout acts only in training', async () => {
    const plain = run(layerOf());
    const layer = layerOf({ dropout: 0.4, recurrentDropout: cell.recurrent === 'full' ? 0.4 : 0 });
    expect(await run(layer).output.data()).toEqual(await plain.output.data());
    expect(await run(layer, input, { training: true }).output.data()).not.toEqual(await plain.output.data());
  });

  it('zoneout keeps each unit of a state or takes its new value in training, and mixes them outside', async () => {
    const rate = 0.3;
    const step = ops.slice(input, 1, 0, 1);
    const renewed = run(layerOf(), step);
    const layer = layerOf({ zoneout: rate });
    let kept = 0;
    let seen = 0;
    setSeed(3);
    for (let repeat = 0; repeat < 40; repeat++) {
      const zoned = run(layer, step, { training: true });
      for (const state of cell.states) {
        const before = await initialState[state].data();
        const after = await renewed.states[0][state].data();
        (await zoned.states[0][state].data()).forEach((value, i) => {
          const isOld = Math.abs(value - before[i]) <= tolerance;
          expect(
            isOld || Math.abs(value - after[i]) <= tolerance * (1 + Math.abs(after[i])),
            `${state} ${i}: ${value} is neither ${before[i]} nor ${after[i]}`,
          ).toBe(true);
          kept += isOld ? 1 : 0;
          seen++;
        });
      }
    }
    // Binomial: five standard deviations.
    expect(Math.abs(kept / seen - rate)).toBeLessThan(5 * Math.sqrt((rate * (1 - rate)) / seen));
    const mixed = run(layer, step);
    for (const state of cell.states) {
      await expectEqual(
        mixed.states[0][state],
        scope(() => ops.add(ops.mul(initialState[state], rate), ops.mul(renewed.states[0][state], 1 - rate))),
        `mean of ${state}`,
      );
    }
  });

  it('the same seed gives the same bits', async () => {
    const once = (seed: number): Promise<Float32Array | Float64Array> => {
      useBackend(make());
      setSeed(seed);
      const layer = new RNN({
        cell,
        units: UNITS,
        dropout: 0.2,
        recurrentDropout: cell.recurrent === 'full' ? 0.3 : 0,
        zoneout: 0.1,
        returnSequences: true,
      });
      return layer.apply(input, { training: true }).data();
    };
    const first = await once(41);
    expect(await once(41)).toEqual(first);
    expect(await once(42)).not.toEqual(first);
  });

  it('a hundred training steps leave the memory as it was, a thousand of the first cell too', async () => {
    // A backend of its own, so that nothing else is freed meanwhile.
    const readsNow = make().readNow !== undefined;
    const own = useBackend(backend === 'wasm' ? createWasmBackend() : createReferenceBackend({ readsNow }));
    const layer = new RNN({ cell, units: 2, dropout: 0.2, zoneout: 0.1, stateful: true });
    const x = normals([2, 3, 2], random);
    const mask = Uint8Array.from([1, 1, 1, 1, 0, 1]);
    const step = (): void =>
      scope(() => void valueAndGradients(() => ops.sum(layer.apply(x, { mask, training: true })), layer.weights));
    // The first step makes the carried states, the second reaches the peak.
    step();
    step();
    const before = own.memory();
    // What a step leaves behind is there after the next; one cell runs long enough for what adds up slowly.
    const numSteps = cell === libraryCells[0] ? 1000 : 100;
    for (let i = 0; i < numSteps; i++) step();
    expect(own.memory()).toEqual(before);
    expect(before.temporaryBytes).toBe(0);
    expect(layer.weights.length).toBeGreaterThan(0);
  });
});

function padded(input: Tensor, steps: readonly number[]): { x: Tensor; mask: Uint8Array } {
  const [batch, , features] = input.shape;
  const hidden = tensor(new Float64Array(batch * features).fill(HIDDEN), [batch, 1, features]);
  const x = ops.concatenate(
    steps.map((step) => (step < 0 ? hidden : ops.slice(input, 1, step, step + 1))),
    1,
  );
  const row = steps.map((step) => (step < 0 ? 0 : 1));
  return { x, mask: Uint8Array.from(Array.from({ length: batch }, () => row).flat()) };
}
