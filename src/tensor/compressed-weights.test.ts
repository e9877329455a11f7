import { expect, it } from 'vitest';
import { halfMatrix } from '../kernels/compress-matrix.js';
import type { CompressedMatrix } from '../kernels/compressed-matrix.js';
import type { Backend, Buffer, PlacedMatrix } from '../kernels/contract.js';
import { CompressedWeights } from './compressed-weights.js';

it('matrices for which there is no memory are given back, and laid out when there is', () => {
  let free = 1;
  const backend = {
    placeMatrix(matrix: CompressedMatrix, segment: number): PlacedMatrix {
      if (free === 0) throw new Error('no memory');
      free--;
      return { matrix, segment, buffers: [{} as Buffer] };
    },
    free: () => free++,
  } as unknown as Backend;
  const sizes = { k: 2, n: 3 };
  const matrices = [1, 2].map((number) => halfMatrix('float16', new Float32Array(6).fill(number), sizes));
  const weights = new CompressedWeights([2, 2, 3], 'matrix', matrices);
  for (const _ of [1, 2]) expect(() => weights.placedOn(backend, 3)).toThrow('no memory');
  expect(free).toBe(1);
  free = 2;
  expect(weights.placedOn(backend, 3)!.map(({ matrix }) => matrix)).toEqual(matrices);
  weights.dispose();
  expect(free).toBe(2);
});
