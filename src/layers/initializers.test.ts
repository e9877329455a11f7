import { describe, expect, it } from 'vitest';
import { Random } from '../random.js';
import { type Shape, sizeOf } from '../shape.js';
import { chrono } from './chrono.js';
import * as initializers from './initializers.js';
import { orthonormalColumns } from './orthogonal.js';

const { initializerNamed } = initializers;
const draw = (given: initializers.InitializerLike, shape: Shape, seed = 1): Float64Array =>
  initializerNamed(given).values(shape, new Random(seed));

function moments(values: Float64Array): { mean: number; stddev: number; largest: number } {
  const mean = values.reduce((a, b) => a + b) / values.length;
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length;
  return {
    mean,
    stddev: Math.sqrt(variance),
    largest: values.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0),
  };
}

/** The largest element of `A' A - I`. */
function departure(a: Float64Array, m: number, n: number): number {
  let worst = 0;
  for (let i = 0; i < n; i++) {
    for (let j = i; j < n; j++) {
      let sum = i === j ? -1 : 0;
      for (let k = 0; k < m; k++) sum += a[k * n + i] * a[k * n + j];
      worst = Math.max(worst, Math.abs(sum));
    }
  }
  return worst;
}

function transposed(a: Float64Array, m: number, n: number): Float64Array {
  return Float64Array.from({ length: m * n }, (_, at) => a[(at % m) * n + Math.floor(at / m)]);
}

describe('initializers', () => {
  it('draw equal values from equal seeds, and others from others', () => {
    for (const name of initializers.initializerNames) {
      const given = name === 'chrono' ? chrono({ maxTimesteps: 50 }) : initializerNamed(name);
      const values = (seed: number): Float64Array =>
        given.values(name === 'chrono' ? [12] : [4, 5], new Random(seed), {
          gates: ['input', 'forget', 'candidate', 'output'],
        });
      expect(values(3), name).toEqual(values(3));
      const isRandom = !['zeros', 'ones', 'constant', 'identity'].includes(name);
      expect(String(values(3)) !== String(values(4)), name).toBe(isRandom);
    }
  });

  it('fill with constants', () => {
    expect([...draw('zeros', [2])]).toEqual([0, 0]);
    expect([...draw('ones', [2])]).toEqual([1, 1]);
    expect([...draw(initializers.constant({ value: -0.5 }), [2])]).toEqual([-0.5, -0.5]);
    expect([...draw(initializers.identity({ gain: 2 }), [2, 3])]).toEqual([2, 0, 0, 0, 2, 0]);
    expect([...draw(initializers.identity({ gain: 2 }), [3, 2])]).toEqual([2, 0, 0, 2, 0, 0]);
  });

  // 40000 draws: the mean is off by 0.005 standard deviations, the standard deviation by 0.4 %; five times that is
  // allowed.
  const shape = [100, 400];
  const glorot = Math.sqrt(2 / 500);
  const cutOff = 2 / 0.87962566103423978;
  it.each([
    ['randomUniform', 0.1 / Math.sqrt(12), 0.05],
    ['randomNormal', 0.05, Infinity],
    ['truncatedNormal', 0.05 * 0.87962566103423978, 0.1],
    ['glorotUniform', glorot, glorot * Math.sqrt(3)],
    ['glorotNormal', glorot, glorot * cutOff],
    ['heUniform', Math.sqrt(2 / 100), Math.sqrt(6 / 100)],
    ['heNormal', Math.sqrt(2 / 100), Math.sqrt(2 / 100) * cutOff],
    ['lecunUniform', 0.1, Math.sqrt(3 / 100)],
    ['lecunNormal', 0.1, 0.1 * cutOff],
  ] as const)('%s has the spread of its definition', (name, stddev, limit) => {
    const found = moments(draw(name, shape));
    expect(Math.abs(found.mean)).toBeLessThan(0.025 * stddev);
    expect(Math.abs(found.stddev / stddev - 1)).toBeLessThan(0.02);
    expect(found.largest).toBeLessThanOrEqual(limit);
    if (limit < Infinity) expect(found.largest).toBeGreaterThan(0.98 * limit);
  });

  it('take the fan of a convolution from its receptive field, and of a vector from its length', () => {
    expect(moments(draw('heNormal', [5, 20, 400])).stddev / Math.sqrt(2 / 100)).toBeCloseTo(1, 1);
    expect(moments(draw('glorotUniform', [5, 20, 80])).stddev / Math.sqrt(2 / 500)).toBeCloseTo(1, 1);
    expect(moments(draw('lecunUniform', [40000])).stddev / Math.sqrt(1 / 40000)).toBeCloseTo(1, 1);
  });

  it.each([[[7, 7]], [[5, 20]], [[20, 5]], [[33, 132]], [[1, 6]], [[6, 1]], [[1, 1]], [[3, 4, 9]], [[64, 256]]])(
    'orthogonal %j has orthonormal rows or columns',
    (given: Shape) => {
      const n = given.at(-1)!;
      const m = sizeOf(given.slice(0, -1));
      const values = draw(initializers.orthogonal(), given);
      // float64 sums of at most 256 products; reflections do not amplify rounding.
      expect(m >= n ? departure(values, m, n) : departure(transposed(values, m, n), n, m)).toBeLessThan(5e-14);
      const doubled = draw(initializers.orthogonal({ gain: 2 }), given);
      expect([...doubled]).toEqual([...values].map((x) => 2 * x));
    },
  );

  it('orthogonal matrices are spread evenly: each element has mean 0 and variance 1 / m', () => {
    const [m, n, count] = [6, 4, 3000];
    const sums = new Float64Array(m * n);
    const squares = new Float64Array(m * n);
    const random = new Random(8);
    for (let i = 0; i < count; i++)
      orthonormalColumns(m, n, random).forEach((x, at) => ((sums[at] += x), (squares[at] += x * x)));
    // Standard errors 0.0075 and 0.004.
    for (let at = 0; at < m * n; at++) {
      expect(Math.abs(sums[at] / count), `mean of ${at}`).toBeLessThan(0.035);
      expect(Math.abs(squares[at] / count - 1 / m), `variance of ${at}`).toBeLessThan(0.02);
    }
  });

  it.each([
    [40, 40],
    [70, 66],
    [300, 33],
  ])('gives the same bits %i x %i with and without vector instructions', (m, n) => {
    expect(orthonormalColumns(m, n, new Random(2), 'vector')).toEqual(
      orthonormalColumns(m, n, new Random(2), 'scalar'),
    );
  });

  it('starts IndRNN weights within the bound of the time span', () => {
    const values = draw(initializers.recurrentUniform({ timesteps: 10 }), [5000]);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(2 ** 0.1);
    expect(Math.max(...values)).toBeGreaterThan(1.06);
    expect(
      Math.min(...draw(initializers.recurrentUniform({ timesteps: 10, longMemory: true }), [5000])),
    ).toBeGreaterThan(0.5 ** 0.1);
    expect(Math.max(...draw('recurrentUniform', [5000]))).toBeLessThan(1);
  });

  it('spreads forget gates over time spans', () => {
    const gates = ['input', 'forget', 'candidate', 'output'];
    const bias = chrono({ maxTimesteps: 100 }).values([4 * 1000], new Random(4), { gates });
    const [input, forget, candidate, output] = gates.map((_, gate) => bias.slice(gate * 1000, (gate + 1) * 1000));
    expect([...input]).toEqual([...forget].map((x) => -x));
    expect([...candidate, ...output].every((x) => x === 0)).toBe(true);
    expect(Math.min(...forget)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...forget)).toBeLessThan(Math.log(99));
    expect(forget.reduce((sum, x) => sum + Math.exp(x), 0) / 1000).toBeGreaterThan(47);
    const gru = chrono({ maxTimesteps: 100, forgetGates: ['update'] }).values([2, 3 * 5], new Random(4), {
      gates: ['update', 'reset', 'candidate'],
    });
    expect(gru.slice(0, 5).every((x) => x > 0)).toBe(true);
    expect(gru.slice(5).every((x) => x === 0)).toBe(true);
  });

  it('are stored and made again by name and options', () => {
    const chosen = [
      initializers.randomNormal({ stddev: 0.2 }),
      initializers.orthogonal({ gain: 1.5 }),
      initializers.recurrentUniform({ timesteps: 7, longMemory: true }),
      initializers.constant({ value: 3 }),
    ];
    for (const initializer of chosen) {
      const stored = JSON.parse(JSON.stringify(initializer.getConfig())) as initializers.InitializerLike;
      expect(draw(stored, [4, 5])).toEqual(draw(initializer, [4, 5]));
    }
    expect(initializerNamed(chosen[0])).toBe(chosen[0]);
  });

  it('refuse what they cannot use, and say what would do', () => {
    expect(() => initializerNamed('glorot_uniform', 'LSTM.kernel')).toThrow(
      /^\[UNKNOWN_NAME\] LSTM.kernel: unknown initializer `glorot_uniform`; did you mean `glorotUniform`/,
    );
    expect(() => initializerNamed(3 as unknown as string)).toThrow(
      /^\[USAGE\] initializer: what is given is no initializer\./,
    );
    expect(() => initializerNamed('toString')).toThrow(/^\[UNKNOWN_NAME\]/);
    expect(() => draw('orthogonal', [4])).toThrow(/^\[SHAPE_MISMATCH\] orthogonal/);
    expect(() => draw('identity', [2, 2, 2])).toThrow(/^\[SHAPE_MISMATCH\] identity/);
    expect(() => initializers.randomUniform({ minval: 1 })).toThrow(/`maxval`/);
    expect(() => initializers.randomNormal({ stddev: -1 })).toThrow(/`stddev`/);
    expect(() => initializers.recurrentUniform({ longMemory: true })).toThrow(/^\[USAGE\]/);
    expect(() => initializerNamed('chrono')).toThrow(/needs the longest dependence/);
    expect(() => chrono({ maxTimesteps: 9 }).values([8], new Random(1))).toThrow(/has no gates/);
    expect(() =>
      chrono({ maxTimesteps: 9, forgetGates: ['forgot'] }).values([8], new Random(1), { gates: ['input', 'forget'] }),
    ).toThrow(/unknown gate `forgot`; did you mean `forget`/);
  });
});
