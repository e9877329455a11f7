import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MinMaxScaler, type Scaler, StandardScaler, scalerFromJSON } from './scaler.js';

// Columns: a small spread far from 0, a constant that binary fractions cannot hold, an ordinary one.
const rows = Float64Array.of(1e9 + 1, 0.1, -3, 1e9 + 2, 0.1, 5, 1e9 + 6, 0.1, 1);
const columnOf = (values: ArrayLike<number>, column: number): number[] =>
  Array.from(values).filter((_, i) => i % 3 === column);

describe('StandardScaler', () => {
  test('gives each column mean 0 and deviation 1, and a constant column 0', () => {
    const scaled = new StandardScaler().fitTransform(rows, 3);
    for (const column of [0, 2]) {
      const values = columnOf(scaled, column);
      expect(values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 6);
      expect(values.reduce((sum, value) => sum + value * value, 0) / 3).toBeCloseTo(1, 6);
    }
    expect(columnOf(scaled, 1)).toEqual([0, 0, 0]);
  });

  test('divides by the population deviation, as scikit-learn does', () => {
    expect([...new StandardScaler().fitTransform([1, 2, 3, 6])].map((value) => value.toFixed(6))).toEqual([
      '-1.069045',
      '-0.534522',
      '0.000000',
      '1.603567',
    ]);
  });
});

describe('MinMaxScaler', () => {
  test('puts the ends of each column on the ends of the range, and a constant column on the lower end', () => {
    const scaled = new MinMaxScaler({ featureRange: [-1, 3] }).fitTransform(rows, 3);
    expect(columnOf(scaled, 0)).toEqual([-1, Math.fround(-0.2), 3]);
    expect(columnOf(scaled, 1)).toEqual([-1, -1, -1]);
    expect(columnOf(scaled, 2)).toEqual([-1, 3, 1]);
  });

  test('refuses a range that is none', () => {
    for (const featureRange of [
      [1, 0],
      [0, 0],
      [0, NaN],
    ] as const) {
      expect(() => new MinMaxScaler({ featureRange })).toThrow(/OUT_OF_RANGE/);
    }
  });
});

describe.each<[string, () => Scaler]>([
  ['StandardScaler', () => new StandardScaler()],
  ['MinMaxScaler', () => new MinMaxScaler({ featureRange: [-2, 5] })],
])('%s', (_, make) => {
  test('is undone by its inverse', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -1_000_000, max: 1_000_000 }), { minLength: 2, maxLength: 20 }),
        (items) => {
          const values = items.slice(0, items.length - (items.length % 2)).map((item) => item / 7);
          const scaler = make().fit(values, 2);
          const back = scaler.inverse(scaler.transform(values));
          for (const [i, value] of values.entries()) expect(Math.abs(back[i] - value)).toBeLessThan(0.2);
        },
      ),
      { seed: 2 },
    );
  });

  test('gives a constant back exactly', () => {
    const scaler = make().fit([0.1, 0.1, 0.1]);
    expect(scaler.inverse(scaler.transform([0.1]))[0]).toBe(0.1);
  });

  test('is the same after saving and loading as JSON text', () => {
    const scaler = make().fit(rows, 3);
    const restored = scalerFromJSON(JSON.parse(JSON.stringify(scaler)));
    expect(restored).toBeInstanceOf(scaler.constructor);
    expect(restored.transform(rows)).toEqual(scaler.transform(rows));
    expect(restored.fit([5, 7]).toJSON()).toEqual(make().fit([5, 7]).toJSON());
  });

  test('of selected columns scales them as the whole does', () => {
    const scaler = make().fit(rows, 3);
    const [first, , last] = scaler.transform(rows);
    expect(scaler.select([2, 0]).transform([rows[2], rows[0]])).toEqual(Float32Array.of(last, first));
    expect(() => scaler.select([3])).toThrow(/from 0 to 2/);
    expect(() => scaler.select([0.5])).toThrow(/OUT_OF_RANGE/);
  });

  test('refuses values that are not finite or no whole rows, and use before fitting', () => {
    expect(() => make().fit([1, 2, 3, NaN], 2)).toThrow(/NOT_FINITE[^]*row 1, column 1/);
    expect(() => make().fit([-1e308, 1e308])).toThrow(/NOT_FINITE[^]*column 0/);
    expect(() => make().fit([1, 2, 3], 2)).toThrow(/SHAPE_MISMATCH/);
    expect(() => make().fit([])).toThrow(/SHAPE_MISMATCH/);
    expect(() => make().fit(rows, 3).transform([1, 2])).toThrow(/SHAPE_MISMATCH/);
    expect(() => make().transform([1])).toThrow(/fit/);
  });
});

test('A damaged saved scaler is refused', () => {
  const saved = new MinMaxScaler().fit([1, 2]).toJSON();
  for (const damage of [
    { kind: 'robust' },
    { scale: [0] },
    { scale: [1, 1] },
    { offset: [null] },
    { featureRange: [1] },
  ]) {
    expect(() => scalerFromJSON({ ...saved, ...damage })).toThrow(/FILE_FORMAT/);
  }
});
