import { expect, it } from 'vitest';
import { tensor } from '../tensor/tensor.js';
import { CategoryEncoding, type CategoryEncodingOptions } from './category-encoding.js';

const words = [
  [1, 3, 1],
  [0, 2, 0],
];

it.each<[CategoryEncodingOptions['outputMode'], unknown, unknown]>([
  [
    'oneHot',
    [
      [
        [0, 1, 0, 0],
        [0, 0, 0, 1],
        [0, 1, 0, 0],
      ],
      [
        [1, 0, 0, 0],
        [0, 0, 1, 0],
        [1, 0, 0, 0],
      ],
    ],
    undefined,
  ],
  [
    undefined,
    [
      [0, 1, 0, 1],
      [1, 0, 1, 0],
    ],
    [
      [0, 1, 0, 0],
      [1, 0, 0, 0],
    ],
  ],
  [
    'count',
    [
      [0, 2, 0, 1],
      [2, 0, 1, 0],
    ],
    [
      [0, 2, 0, 0],
      [2, 0, 0, 0],
    ],
  ],
])('%s says which categories there are; what is masked does not count', (outputMode, expected, withoutSecond) => {
  const layer = new CategoryEncoding({ numTokens: 4, outputMode });
  expect(layer.apply(tensor(words)).array()).toEqual(expected);
  const mask = Uint8Array.from([1, 0, 1, 1, 0, 1]);
  expect(layer.apply(tensor(words), { mask }).array()).toEqual(withoutSecond ?? expected);
});

it.each([
  [4, /OUT_OF_RANGE.*index 4 at \[1, 0\] is no category[\s\S]*numTokens at least 5/],
  [-1, /OUT_OF_RANGE.*index -1[\s\S]*whole numbers from 0/],
  [0.5, /OUT_OF_RANGE.*index 0\.5/],
])('refuses %d, which is no category', (index, message) => {
  const layer = new CategoryEncoding({ numTokens: 4 });
  expect(() => layer.apply(tensor([[0], [index]]))).toThrow(message);
});

it('refuses what it cannot be', () => {
  expect(() => new CategoryEncoding({ numTokens: 0 })).toThrow(/OUT_OF_RANGE/);
  expect(() => new CategoryEncoding({ numTokens: 4, outputMode: 'onehot' as never })).toThrow(
    /UNKNOWN_NAME.*did you mean|UNKNOWN_NAME/,
  );
});
