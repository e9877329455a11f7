import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { messageOf } from '../../test/support/central-differences.js';
import { expectClose } from '../../test/support/close.js';
import { normals } from '../../test/support/random.js';
import { bytesOf } from '../dtype.js';
import type { Backend } from '../kernels/contract.js';
import { createReferenceBackend } from '../kernels/reference/backend.js';
import { backendNames, useBackend } from '../kernels/select.js';
import { createWasmBackend } from '../kernels/wasm/backend.js';
import { bernoulli } from '../layers/dropout-mask.js';
import { currentRandom, Random, setSeed } from '../random.js';
import { assignTensor } from './accumulate.js';
import * as ops from './index.js';
import { valueAndGradients, withoutTape } from './tape.js';
import { scope, type Tensor, tensor } from './tensor.js';
import { Variable } from './variable.js';

const numbersOf = (tensors: readonly Tensor[]): number[] => tensors.flatMap((value) => [...value.dataSync()]);

/** Two dense layers with dropout, on 3 rows of 7 features. */
function network(): { x: Tensor; variables: Variable[]; layer: (x: Tensor, which: number) => Tensor } {
  const random = new Random(21);
  const x = normals([3, 7], random);
  const variables = [[7, 5], [5], [5, 7], [7]].map(
    (shape, i) => new Variable(shape, normals(shape, random).dataSync(), `w${i}`),
  );
  const layer = (input: Tensor, which: number): Tensor => {
    const y = ops.tanh(ops.add(ops.matmul(input, variables[2 * which]), variables[2 * which + 1]));
    return ops.mul(y, bernoulli(y.shape, 0.7, 1 / 0.7));
  };
  return { x, variables, layer };
}

describe.each(backendNames)('checkpoint on %s', (backend) => {
  beforeEach(() => void useBackend(backend));
  afterEach(() => void useBackend('wasm'));

  /** Loss and gradients by the input and all variables, and the generator's next draw, from the same seed. */
  function stepOf(through: (work: (x: Tensor) => Tensor, x: Tensor) => Tensor): number[] {
    const { x, variables, layer } = network();
    setSeed(5);
    const loss = (): Tensor => {
      const code = through((input) => layer(layer(input, 0), 1), x);
      return ops.mean(ops.square(ops.mul(layer(code, 0), ops.sum(variables[1]))));
    };
    const { value, gradients } = valueAndGradients(loss, [x, ...variables]);
    return [...numbersOf([value, ...gradients]), currentRandom().uint32()];
  }

  it('has the value and the gradients of the work itself, by its input and by variables, with the same dropout', () => {
    const expected = stepOf((work, x) => work(x));
    expect(stepOf((work, x) => ops.checkpoint(work, [x]))).toEqual(expected);
    expect(stepOf((work, x) => ops.checkpoint(() => work(x), []))).toEqual(expected);
  });

  it('may be nested', () => {
    const nested = stepOf((work, x) => ops.checkpoint((input) => ops.checkpoint(work, [input]), [x]));
    expect(nested).toEqual(stepOf((work, x) => work(x)));
  });

  it('takes and gives several tensors, with gradients by each, also where the loss uses but one', () => {
    const random = new Random(4);
    const [a, b] = [normals([3, 5], random), normals([3, 5], random)];
    const work = (p: Tensor, q: Tensor): Tensor[] => [ops.mul(p, q), ops.exp(ops.add(p, ops.mul(q, 2))), q];
    const stepWith = (run: () => readonly Tensor[], loss: (results: readonly Tensor[]) => Tensor): number[] => {
      const { value, gradients } = valueAndGradients(() => loss(run()), [a, b]);
      return numbersOf([value, ...gradients]);
    };
    const losses = [
      ([x, y, z]: readonly Tensor[]) => ops.sum(ops.mul(ops.add(x, z), y)),
      ([x]: readonly Tensor[]) => ops.sum(ops.square(x)),
      ([, , z]: readonly Tensor[]) => ops.sum(ops.square(z)),
    ];
    // What reaches b by two ways is added up in another order.
    const tolerance = backend === 'reference' ? 1e-14 : 1e-6;
    for (const loss of losses)
      expectClose(
        stepWith(() => ops.checkpoint(work, [a, b]), loss),
        stepWith(() => work(a, b), loss),
        tolerance,
        'step',
      );
  });

  it('follows nothing that the work keeps from the tape, and asks nothing of what is not watched', () => {
    const [x, y] = [tensor([1, 2]), tensor([3, 5])];
    const { gradients } = valueAndGradients(
      () =>
        ops.sum(
          ops.checkpoint(
            (a) =>
              ops.mul(
                withoutTape(() => ops.mul(a, y)),
                a,
              ),
            [x],
          ),
        ),
      [x, y],
    );
    expect(gradients.map((gradient) => gradient.array())).toEqual([
      [3, 10],
      [0, 0],
    ]);
  });

  it('runs outside of derivatives and scopes too', () => {
    expect(ops.checkpoint((a) => ops.mul(a, 3), [tensor([1, 2])]).array()).toEqual([3, 6]);
    expect(
      scope(() =>
        ops.add(
          ops.checkpoint((a) => ops.mul(a, 3), [tensor([1, 2])]),
          1,
        ),
      ).array(),
    ).toEqual([4, 7]);
  });

  it('draws once where nobody asks for derivatives', () => {
    const { x, layer } = network();
    setSeed(8);
    ops.checkpoint((input) => layer(input, 0), [x]);
    const after = currentRandom().uint32();
    setSeed(8);
    layer(x, 0);
    expect(currentRandom().uint32()).toBe(after);
  });
});

describe.each<[string, () => Backend]>([
  ['reference', createReferenceBackend],
  ['wasm', createWasmBackend],
])('memory of checkpoint on %s', (_, make) => {
  let backend: Backend;
  let persistentBytes: number;
  beforeEach(() => {
    useBackend((backend = make()));
    scope(() => ops.sum(ops.exp(tensor([1]))));
    ({ persistentBytes } = backend.memory());
  });
  afterEach(() => void useBackend('wasm'));

  const deep = (x: Tensor, weight: Tensor): Tensor => {
    let y = x;
    for (let i = 0; i < 10; i++) y = ops.tanh(ops.matmul(y, weight));
    return y;
  };
  const peakOf = (through: (x: Tensor, weight: Tensor) => Tensor): number => {
    const random = new Random(6);
    const [x, weight] = [
      normals([32, 32], random),
      new Variable([32, 32], normals([32, 32], random, 0.1).dataSync(), 'weight'),
    ];
    valueAndGradients(() => {
      let y: Tensor = x;
      for (let i = 0; i < 10; i++) y = through(y, weight);
      return ops.sum(y);
    }, [weight]);
    return backend.memory().peakBytes;
  };

  it('gives back what the first run computed before anything else runs', () => {
    const x = tensor(new Float32Array(1000).fill(0.5));
    scope(() => {
      const results = [ops.checkpoint((a) => ops.exp(ops.exp(ops.exp(a))), [x])];
      const after = backend.memory().temporaryBytes;
      results.push(ops.checkpoint((a) => ops.exp(ops.exp(ops.exp(a))), [x]));
      // One result and the re-uploaded input; not the two intermediate results.
      expect(backend.memory().temporaryBytes - after).toBeLessThan(2.2 * 1000 * bytesOf[backend.floatType]);
      expect(results[0].array()).toEqual(results[1].array());
    });
    expect(backend.memory()).toMatchObject({ temporaryBytes: 0, persistentBytes });
  });

  it('keeps results alone: ten times ten layers need a fraction', () => {
    const checkpointed = peakOf((x, weight) => ops.checkpoint(deep, [x, weight]));
    useBackend((backend = make()));
    expect(peakOf(deep)).toBeGreaterThan(4 * checkpointed);
  });

  it('gives everything back where the work fails, the first time or the second', () => {
    const x = tensor([1, 2, 3]);
    let runs = 0;
    const failing =
      (failsAt: number) =>
      (a: Tensor): Tensor => {
        const y = ops.exp(a);
        if (++runs === failsAt) throw new Error('no result');
        return y;
      };
    for (const failsAt of [1, 2]) {
      runs = 0;
      setSeed(1);
      expect(() => valueAndGradients(() => ops.sum(ops.checkpoint(failing(failsAt), [x])), [x])).toThrow('no result');
      expect(backend.memory()).toMatchObject({ temporaryBytes: 0, persistentBytes });
      expect(valueAndGradients(() => ops.sum(x), [x]).gradients[0].array()).toEqual([1, 1, 1]);
    }
  });
});

describe('checkpoint', () => {
  const x = tensor([1, 2, 3]);

  it('refuses work that returns no tensors, is asynchronous, or changes a variable', () => {
    const variable = new Variable([3], [0, 0, 0], 'state');
    expect(messageOf(() => ops.checkpoint((() => 3) as unknown as () => Tensor, []))).toBe(
      '[USAGE] checkpoint: the work returns something other than tensors.\n  expected: a tensor, or an array of ' +
        'tensors\n  received: 3\n  fix: return what later steps need, as tensors.',
    );
    expect(() => ops.checkpoint((async () => x) as unknown as () => Tensor, [])).toThrow(/USAGE.*asynchronous/);
    expect(messageOf(() => ops.checkpoint((a) => (assignTensor(variable, a), a), [x]))).toBe(
      '[USAGE] checkpoint: the variable `state` is changed by work that may run twice.\n  expected: work that ' +
        'only reads variables\n  fix: change it outside; run a stateful layer outside too, or give it ' +
        '`recomputeSteps` instead.',
    );
    expect(() => ops.checkpoint((a) => (variable.assign([1, 2, 3]), a), [x])).toThrow(/USAGE/);
    variable.assign([1, 2, 3]);
    expect(variable.array()).toEqual([1, 2, 3]);
  });

  it('refuses work that does something else the second time', () => {
    let isBuilt = false;
    const builds = (a: Tensor): Tensor => {
      if (!isBuilt) currentRandom().normal();
      isBuilt = true;
      return ops.mul(a, bernoulli(a.shape, 0.5, 2));
    };
    expect(() => valueAndGradients(() => ops.sum(ops.checkpoint(builds, [x])), [x])).toThrow(
      /USAGE.*did not do the same/,
    );
    let length = 4;
    const shrinks = (a: Tensor): Tensor => ops.slice(ops.exp(a), 0, 0, --length);
    expect(() => valueAndGradients(() => ops.sum(ops.checkpoint(shrinks, [x])), [x])).toThrow(/results of shape \[2\]/);
  });

  it('says what became of a tensor that the work let out by another way', () => {
    let kept: Tensor | undefined;
    scope(() => {
      ops.checkpoint((a) => ops.exp((kept = ops.exp(a))), [x]);
      expect(() => kept!.dataSync()).toThrow(/USAGE.*used after the step that computed it has ended/);
    });
  });
});
