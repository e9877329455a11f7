import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { currentBackend, useBackend } from '../../src/kernels/select.js';
import { Random } from '../../src/random.js';
import type { Shape } from '../../src/shape.js';
import { checkGradients } from '../../src/tensor/check-gradients.js';
import type { DotProductAttentionOptions } from '../../src/tensor/dot-product-attention.js';
import * as ops from '../../src/tensor/index.js';
import { valueAndGradients } from '../../src/tensor/tape.js';
import { scope, type Tensor, tensor } from '../../src/tensor/tensor.js';
import { expectClose } from '../support/close.js';
import { conformanceBackends } from '../support/conformance-backends.js';
import { normals } from '../support/random.js';
import { threadedBackend } from '../support/threads.js';
import { readVectors, type VectorTensor } from '../support/vectors.js';

interface AttentionVector {
  readonly config: { readonly scale?: number; readonly isCausal?: boolean };
  readonly inputs: Record<'query' | 'key' | 'value', VectorTensor> & { readonly mask?: VectorTensor };
  readonly cotangents: { readonly output: VectorTensor };
  readonly expected: {
    readonly output: VectorTensor;
    readonly gradients: Record<'query' | 'key' | 'value', VectorTensor>;
  };
}

const vectors = readVectors<AttentionVector>('attention');
const tensorOf = ({ data, shape }: VectorTensor): Tensor => tensor(Float64Array.from(data), shape);

interface Sizes {
  readonly batch: number;
  readonly heads: number;
  readonly queries: number;
  readonly keys: number;
  readonly depth: number;
  readonly valueDepth: number;
}
const small: Sizes = { batch: 3, heads: 2, queries: 5, keys: 7, depth: 6, valueDepth: 9 };
/** Several blocks of queries. */
const long: Sizes = { batch: 1, heads: 2, queries: 131, keys: 173, depth: 6, valueDepth: 5 };
/** Fewer keys than queries, in several blocks. */
const narrow: Sizes = { batch: 1, heads: 1, queries: 409, keys: 87, depth: 3, valueDepth: 2 };

function inputsOf({ batch, heads, queries, keys, depth, valueDepth }: Sizes, scale = 1): [Tensor, Tensor, Tensor] {
  const random = new Random(23);
  return [
    normals([batch, queries, heads, depth], random, scale),
    normals([batch, keys, heads, depth], random, scale),
    normals([batch, keys, heads, valueDepth], random),
  ];
}

/** 0 and 1; the first key is always seen. */
function maskOf(shape: Shape, values: readonly [number, number] = [0, 1]): Tensor {
  const random = new Random(29);
  const keys = shape[shape.length - 1];
  const size = shape.reduce((product, axis) => product * axis, 1);
  return tensor(
    Float64Array.from({ length: size }, (_, i) => values[i % keys === 0 || random.uniform() < 0.6 ? 1 : 0]),
    shape,
  );
}

/** Attention step by step. */
function composed(query: Tensor, key: Tensor, value: Tensor, options: DotProductAttentionOptions): Tensor {
  const { mask, isCausal = false, scale = 1 / Math.sqrt(query.shape[3]), dropoutMask } = options;
  const [q, k, v] = [query, key, value].map((x) => ops.transpose(x, [0, 2, 1, 3]));
  const hidden: Tensor[] = mask === undefined ? [] : [ops.sub(1, mask)];
  if (isCausal) {
    const [queries, keys] = [q.shape[2], k.shape[2]];
    hidden.push(
      tensor(
        Float64Array.from({ length: queries * keys }, (_, i) => (i % keys > Math.floor(i / keys) ? 1 : 0)),
        [queries, keys],
      ),
    );
  }
  const products = ops.mul(ops.matmul(q, k, { transposeB: true }), scale);
  const scores = hidden.reduce((sum, unseen) => ops.add(sum, ops.mul(unseen, -1e9)), products);
  const weights = ops.softmax(scores);
  const kept = dropoutMask === undefined ? weights : ops.mul(weights, dropoutMask);
  return ops.transpose(ops.matmul(kept, v), [0, 2, 1, 3]);
}

type Attention = typeof composed;

async function outputAndGradients(
  attention: Attention,
  inputs: readonly [Tensor, Tensor, Tensor],
  options: DotProductAttentionOptions,
): Promise<ArrayLike<number>[]> {
  let output!: Tensor;
  const { gradients } = valueAndGradients(() => {
    output = attention(...inputs, options);
    return ops.sum(ops.mul(output, normals(output.shape, new Random(31))));
  }, inputs);
  const alone = scope(() => attention(...inputs, options));
  return Promise.all([alone, ...gradients].map((value) => value.data()));
}

const names = ['output', 'dQuery', 'dKey', 'dValue'];

describe.each(conformanceBackends)('attention on $title', ({ make, name }) => {
  beforeEach(() => void useBackend(make()));
  afterEach(() => void useBackend('wasm'));
  // Float32 rounds some dozens of sums of numbers around 1.
  const tolerance = name === 'reference' ? 1e-12 : 2e-5;

  async function expectSame(sizes: Sizes, options: DotProductAttentionOptions): Promise<void> {
    const inputs = inputsOf(sizes);
    const expected = await outputAndGradients(composed, inputs, options);
    const actual = await outputAndGradients(ops.dotProductAttention, inputs, options);
    names.forEach((label, i) => expectClose(actual[i], expected[i], tolerance, label));
  }

  it.each(vectors)('has the numbers of PyTorch: $file', async ({ config, inputs, cotangents, expected }) => {
    const { query, key, value } = inputs;
    const all = [query, key, value].map(tensorOf);
    const mask = inputs.mask && tensorOf(inputs.mask);
    let output!: Promise<ArrayLike<number>>;
    const { gradients } = valueAndGradients(() => {
      const result = ops.dotProductAttention(all[0], all[1], all[2], { ...config, mask });
      output = result.data();
      return ops.sum(ops.mul(result, tensorOf(cotangents.output)));
    }, all);
    expectClose(await output, expected.output.data, tolerance, 'output');
    const { query: dQuery, key: dKey, value: dValue } = expected.gradients;
    for (const [i, gradient] of [dQuery, dKey, dValue].entries())
      expectClose(await gradients[i].data(), gradient.data, tolerance, names[i + 1]);
  });

  it.each([
    { sizes: small },
    { sizes: long },
    { sizes: narrow },
    { sizes: small, isCausal: true },
    { sizes: long, isCausal: true },
    { sizes: narrow, isCausal: true },
    { sizes: small, scale: 0.3 },
  ])('is the softmax of products, times values: $sizes $isCausal $scale', ({ sizes, ...options }) =>
    expectSame(sizes, options),
  );

  it.each<{ shape: Shape; isCausal?: boolean; sizes?: Sizes }>([
    { shape: [5, 7] },
    { shape: [7] },
    { shape: [3, 1, 1, 7] },
    { shape: [2, 1, 7] },
    { shape: [3, 2, 5, 7] },
    { shape: [3, 1, 5, 7], isCausal: true },
    { shape: [1, 2, 1, 7], isCausal: true },
    { shape: [1, 1, 131, 173], isCausal: true, sizes: long },
    { shape: [2, 1, 173], sizes: long },
  ])('leaves out what a mask $shape hides, causal: $isCausal', ({ shape, isCausal, sizes = small }) =>
    expectSame(sizes, { mask: maskOf(shape), isCausal }),
  );

  it.each<{ shape: Shape; isCausal?: boolean; sizes?: Sizes }>([
    { shape: [3, 2, 5, 7] },
    { shape: [1, 1, 7], isCausal: true },
    { shape: [3, 2, 5, 1] },
    { shape: [2, 131, 173], isCausal: true, sizes: long },
  ])('drops weights by a mask $shape, causal: $isCausal', ({ shape, isCausal, sizes = small }) =>
    expectSame(sizes, { dropoutMask: maskOf(shape, [0, 1.7]), isCausal }),
  );

  it('gives zeros to queries that see no key, and no gradient', async () => {
    const inputs = inputsOf(small);
    // Of 5 queries the second and the last see nothing.
    const mask = tensor([1, 0, 1, 1, 0], [5, 1]);
    const [output, ...gradients] = await outputAndGradients(ops.dotProductAttention, inputs, { mask });
    const rowsOf = (values: ArrayLike<number>, query: number): number[][] =>
      [0, 1, 2].map((b) => {
        const width = values.length / 15;
        return Array.from(values).slice((b * 5 + query) * width, (b * 5 + query + 1) * width);
      });
    for (const query of [1, 4]) {
      expect(
        rowsOf(output, query)
          .flat()
          .every((value) => value === 0),
      ).toBe(true);
      expect(
        rowsOf(gradients[0], query)
          .flat()
          .every((value) => value === 0),
      ).toBe(true);
    }
    for (const query of [0, 2, 3])
      expect(
        rowsOf(output, query)
          .flat()
          .every((value) => value !== 0),
      ).toBe(true);
    expect(gradients.every((values) => Array.from(values).every(Number.isFinite))).toBe(true);
    const seen = await outputAndGradients(ops.dotProductAttention, inputs, {});
    expectClose(rowsOf(output, 2).flat(), rowsOf(seen[0], 2).flat(), tolerance, 'a query that sees all');
  });

  it('is right where scores are hundreds apart', async () => {
    const inputs = inputsOf(small, 15);
    const expected = await outputAndGradients(composed, inputs, {});
    const actual = await outputAndGradients(ops.dotProductAttention, inputs, {});
    // A score of 500 is rounded by 3e-5, and so is the logarithm of its weight; gradients by it are as large as inputs.
    const relaxed = name === 'reference' ? 1e-11 : 2e-3;
    names.forEach((label, i) => expectClose(actual[i], expected[i], relaxed, label));
  });

  it('gives back all memory', () => {
    const inputs = inputsOf(small);
    const backend = currentBackend();
    const step = (): void =>
      scope(() => {
        const options = { isCausal: true, dropoutMask: maskOf([5, 7]) };
        valueAndGradients(() => ops.sum(ops.dotProductAttention(...inputs, options)), inputs);
      });
    step();
    const before = backend.memory();
    for (let i = 0; i < 20; i++) step();
    expect(backend.memory()).toEqual(before);
  });

  it('computes the same inside of a checkpoint', async () => {
    const inputs = inputsOf(small);
    const checkpointed: Attention = (query, key, value, options) =>
      ops.checkpoint((q) => ops.dotProductAttention(q, key, value, options), [query]);
    expect(await outputAndGradients(checkpointed, inputs, {})).toEqual(
      await outputAndGradients(ops.dotProductAttention, inputs, {}),
    );
  });

  it('derives what is asked for alone', async () => {
    const inputs = inputsOf(small);
    const loss = (): Tensor => {
      const output = ops.dotProductAttention(...inputs);
      return ops.sum(ops.mul(output, normals(output.shape, new Random(31))));
    };
    const [, ...all] = await outputAndGradients(ops.dotProductAttention, inputs, {});
    for (const [i, input] of inputs.entries())
      expect(await valueAndGradients(loss, [input]).gradients[0].data()).toEqual(all[i]);
  });
});

describe('attention', () => {
  it.each<DotProductAttentionOptions>([
    {},
    { isCausal: true, scale: 0.8 },
    { mask: maskOf([5, 7]), dropoutMask: maskOf([2, 1, 7], [0, 1.25]) },
  ])('has the derivatives that central differences have: %o', (options) => {
    const { passed, summary } = checkGradients(
      (...[q, k, v]) => ops.dotProductAttention(q, k, v, options),
      inputsOf(small),
    );
    expect(passed, summary).toBe(true);
  });

  it('has the same bits on any number of threads', async () => {
    const results: ArrayLike<number>[][] = [];
    for (const threads of [1, 2, 3]) {
      useBackend(await threadedBackend(threads));
      for (const sizes of [long, { ...small, batch: 7, heads: 5, queries: 41, keys: 43 }])
        results.push(
          await outputAndGradients(ops.dotProductAttention, inputsOf(sizes), {
            isCausal: true,
            mask: maskOf([sizes.keys]),
          }),
        );
    }
    useBackend('wasm');
    for (const i of [2, 4]) expect(results.slice(i, i + 2)).toEqual(results.slice(0, 2));
  });
});
