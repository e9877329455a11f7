import { expect, it } from 'vitest';
import { Random } from '../random.js';
import { checkGradients } from '../tensor/check-gradients.js';
import { tensor } from '../tensor/tensor.js';
import { PointerGenerator } from './pointer-generator.js';

// Two ids of the source are the same word, so that their shares add up.
const generated = [[[0.1, 0.2, 0.3, 0.4]]];
const scores = [[[0.5, 0.3, 0.2]]];
const places = [
  [
    [0, 0, 1, 0],
    [0, 1, 0, 0],
    [0, 0, 1, 0],
  ],
];

it('mixes what is generated with what is copied, as the equation says', () => {
  const layer = new PointerGenerator();
  const mix = layer.apply([generated, scores, places, [[[0.25]]]].map((input) => tensor(input)));
  const expected = [0.25 * 0.1, 0.25 * 0.2 + 0.75 * 0.3, 0.25 * 0.3 + 0.75 * 0.7, 0.25 * 0.4];
  (mix.array() as number[][][])[0][0].forEach((p, id) => void expect(p).toBeCloseTo(expected[id], 6));
});

it('has the derivative of its equation', () => {
  const random = new Random(4);
  const normals = (b: number, t: number, n: number): number[][][] =>
    Array.from({ length: b }, () => Array.from({ length: t }, () => Array.from({ length: n }, () => random.normal())));
  const inputs = [normals(3, 5, 7), normals(3, 5, 2), normals(3, 2, 7), normals(3, 5, 1)];
  const layer = new PointerGenerator();
  expect(checkGradients((...given) => layer.apply(given), inputs).passed).toBe(true);
});

it('refuses scores of several heads, and inputs that are missing', () => {
  const layer = new PointerGenerator();
  const given = [generated, scores, places, [[[0.25]]]].map((input) => tensor(input));
  expect(() => layer.apply(given.slice(0, 3))).toThrow(/SHAPE_MISMATCH.*do not go together/);
  expect(() => layer.apply([given[0], tensor([scores]), given[2], given[3]])).toThrow(/SHAPE_MISMATCH[\s\S]*one head/);
});
