import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RondoError } from '../errors.js';
import type { Backend } from '../kernels/contract.js';
import { createReferenceBackend } from '../kernels/reference/backend.js';
import { useBackend } from '../kernels/select.js';
import { Dense } from '../layers/dense.js';
import { LSTM } from '../layers/lstm.js';
import { scope } from '../tensor/tensor.js';
import { Variable } from '../tensor/variable.js';
import { Sequential } from './sequential.js';

/** A backend whose memory ends after some bytes of variables. */
function smallBackend(mostBytes: number): Backend {
  const backend = createReferenceBackend();
  const { allocate } = backend;
  backend.allocate = (size) => {
    const { persistentBytes } = backend.memory();
    if (persistentBytes + 8 * size <= mostBytes) return allocate.call(backend, size);
    throw new RondoError('OUT_OF_MEMORY', {
      where: 'small',
      what: 'the memory is full.',
      expected: `at most ${mostBytes} bytes`,
      received: `${8 * size} more`,
      fix: 'use a smaller batch.',
    });
  };
  return backend;
}

let backend: Backend;
beforeEach(() => void useBackend((backend = smallBackend(40_000))));
afterEach(() => void useBackend('wasm'));

const build = (): Sequential =>
  new Sequential([new LSTM({ units: 5, stateful: true, inputShape: [4, 3] }), new Dense({ units: 2 })]);

describe('dispose', () => {
  it('lets a loop that never awaits make any number of models', () => {
    const makeMany = (isDisposing: boolean): void => {
      for (let i = 0; i < 100; i++) {
        const model = build();
        if (isDisposing) model.dispose();
      }
    };
    expect(() => makeMany(true)).not.toThrow();
    expect(backend.memory().persistentBytes).toBe(0);
    expect(() => makeMany(false)).toThrow(
      new RegExp(
        String.raw`^\[OUT_OF_MEMORY\] Variable (lstm|dense|cell)[^]*: the memory is full\.\n[^]*\n {2}fix: use fewer units\. ` +
          String.raw`In a loop that makes and drops many models, call dispose\(\) of each, or await something: ` +
          String.raw`the memory of what was dropped comes back between tasks only\.$`,
      ),
    );
  });

  it('gives back weights, the optimizer and carried states, once', async () => {
    const model = build();
    model.compile({ optimizer: 'adam', loss: 'mse' });
    await model.fit(
      Array.from({ length: 8 }, () => Array.from({ length: 4 }, () => [1, 2, 3])),
      Array.from({ length: 8 }, () => [0, 1]),
      { batchSize: 4 },
    );
    expect(backend.memory().persistentBytes).toBeGreaterThan(3 * 8 * model.countParams());
    model.dispose();
    model.dispose();
    expect(backend.memory().persistentBytes).toBe(0);
  });

  it('says so where the model is used afterwards', async () => {
    const model = build();
    model.dispose();
    await expect(
      model.predict([
        [
          [1, 2, 3],
          [1, 2, 3],
          [1, 2, 3],
          [1, 2, 3],
        ],
      ]),
    ).rejects.toThrow(
      /^\[USAGE\] Variable .*: the variable is used after dispose\(\)\.\n {2}fix: make the layer or model anew\.$/,
    );
    expect(() => model.getWeights()).toThrow(/USAGE/);
    expect(backend.memory().temporaryBytes).toBe(0);
  });

  it('is refused inside of a step, which may use the variable still', () => {
    const variable = new Variable([2], [1, 2], 'w');
    expect(() => scope(() => variable.dispose())).toThrow(
      /^\[USAGE\] Variable w: a variable is disposed of inside of a step/,
    );
    expect(variable.array()).toEqual([1, 2]);
  });
});
