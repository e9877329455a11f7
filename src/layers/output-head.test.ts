import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { expectClose } from '../../test/support/close.js';
import { useBackend } from '../kernels/select.js';
import { setSeed } from '../random.js';
import * as ops from '../tensor/index.js';
import { scope, type Tensor, tensor } from '../tensor/tensor.js';
import { Sequential } from '../training/sequential.js';
import { Dense } from './dense.js';
import { Dropout } from './dropout.js';
import { headOf, lazyHead } from './output-head.js';
import { SampledSoftmax } from './sampled-softmax.js';
import { Softmax } from './softmax.js';

beforeEach(() => void useBackend('reference'));
afterEach(() => {
  vi.restoreAllMocks();
  useBackend('wasm');
});

describe('the forms of an output', () => {
  it('are computed when they are asked for, once, and can be taken apart', () => {
    const made = {
      values: vi.fn((known?: Tensor) => ops.softmax(known!)),
      logits: vi.fn(() => tensor([[0, Math.log(3)]])),
    };
    const { values, logits } = lazyHead({ shape: [1, 2], mask: undefined, activation: 'softmax', ...made });
    expect([made.values.mock.calls, made.logits.mock.calls]).toEqual([[], []]);
    scope(() => {
      expect(logits()).toBe(logits());
      expectClose(values().dataSync(), [0.25, 0.75], 1e-15, 'the softmax of the logits');
      expect(values()).toBe(values());
      expect(made.values.mock.calls).toEqual([[logits()]]);
    });
    expect([made.values.mock.calls.length, made.logits.mock.calls.length]).toEqual([1, 1]);
  });

  it('are the output itself where it ends in nothing that can be left out', () => {
    const output = tensor([1, 2, 3]);
    const { values, logits } = headOf(output);
    expect([values(), logits()]).toEqual([output, output]);
    const { values: mine, logits: same } = new Dense({ units: 3 }).applyHead(tensor([[1, 2]]));
    expect(same()).toBe(mine());
  });

  it('are those of the layer also after its logits were asked for, where a row is hidden', () => {
    const layer = new Softmax();
    const x = tensor([
      [1, 2, 3],
      [4, 5, 7],
    ]);
    const options = { mask: Uint8Array.of(0, 0, 0, 1, 1, 0) };
    scope(() => {
      const { values, logits } = layer.applyHead(x, options);
      logits();
      expect([...values().dataSync()]).toEqual([...layer.apply(x, options).dataSync()]);
      expect([...values().dataSync().slice(0, 3)]).toEqual([0, 0, 0]);
    });
  });

  it('draw nothing before labels are scored', () => {
    const dropped = (head: boolean): number[] => {
      setSeed(4);
      const layer = new SampledSoftmax({ units: 11, numSampled: 5 });
      const dropout = new Dropout({ rate: 0.5 });
      const x = tensor([[1, 2, 3, 4, 5, 6, 7]]);
      layer.ensureBuilt([null, 7]);
      if (head) scope(() => void layer.applyHead(x, { training: true }).values());
      return [...dropout.apply(x, { training: true }).dataSync()];
    };
    expect(dropped(true)).toEqual(dropped(false));
  });

  it('are exact only for metrics that look at them', async () => {
    const exact = vi.fn();
    const callHead = SampledSoftmax.prototype.callHead;
    vi.spyOn(SampledSoftmax.prototype, 'callHead').mockImplementation(function (this: SampledSoftmax, ...given) {
      const head = callHead.apply(this, given);
      const { exactScore } = head;
      return exactScore === undefined ? head : { ...head, exactScore: (...asked) => (exact(), exactScore(...asked)) };
    });
    for (const metrics of [[], ['accuracy']] as const) {
      const model = new Sequential([new SampledSoftmax({ units: 11, numSampled: 5, inputShape: [3] })]);
      model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy', metrics });
      await model.fit(
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
        [3, 7],
      );
      expect(exact).toHaveBeenCalledTimes(metrics.length);
    }
  });
});
