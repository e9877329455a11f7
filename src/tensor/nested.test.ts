import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { messageOf } from '../../test/support/central-differences.js';
import { sizeOf } from '../shape.js';
import { tensor } from './tensor.js';

const shapes = fc.array(fc.constantFrom(0, 1, 2, 3, 5), { maxLength: 4 });

describe('nested arrays', () => {
  it('are read in row-major order', () => {
    const x = tensor([
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ]);
    expect(x.shape).toEqual([1, 2, 3]);
    expect([...x.dataSync()]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('come back from a tensor of any shape as they went in', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const x = tensor(
          Float64Array.from({ length: sizeOf(shape) }, (_, i) => i + 0.5),
          shape,
        );
        const nested = x.array();
        // An empty axis ends what nested arrays can say about the axes behind it.
        const empty = shape.indexOf(0);
        const said = empty < 0 ? shape : shape.slice(0, empty + 1);
        expect(tensor(nested).shape).toEqual(said);
        expect(tensor(nested).dataSync()).toEqual(x.dataSync());
      }),
      { seed: 5 },
    );
  });

  it('may end in typed arrays', () => {
    expect(tensor([Float32Array.of(1, 2), Float32Array.of(3, 4)]).array()).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it.each([
    [
      'a short row',
      [
        [1, 2, 3],
        [4, 5],
      ],
      '3 entries at [1], as in the first row',
      '2 entries',
    ],
    ['a number among rows', [[1, 2], 3], '2 entries at [1], as in the first row', 'a number'],
    ['a row among numbers', [1, [2, 3]], 'a number at [1], as in the first row', '2 entries'],
    ['a deep short row', [[[1, 2]], [[3]]], '2 entries at [1, 0], as in the first row', '1 entries'],
  ])('are refused with %s', (_, values, wanted, received) => {
    expect(messageOf(() => tensor(values))).toBe(
      `[SHAPE_MISMATCH] tensor: the nested arrays are ragged.\n  expected: ${wanted}\n  received: ${received}\n` +
        '  fix: make rows equally long; padSequences pads them.',
    );
  });

  it.each([
    ['text', [1, 'two'], '[1]', '"two"'],
    ['only text', ['abc'], '[0]', '"abc"'],
    [
      'null',
      [
        [1, 2],
        [3, null],
      ],
      '[1, 1]',
      'null',
    ],
    ['nothing', [[undefined]], '[0, 0]', 'undefined'],
    ['truth values', [true, false], '[0]', 'true'],
    ['objects', [{ a: 1 }], '[0]', 'an object'],
    ['big integers', [3n], '[0]', '3'],
    ['a typed array of big integers', new BigInt64Array(1), '[0]', '0'],
    ['a word', 'word', '[]', '"word"'],
    ['undefined', undefined, '[]', 'undefined'],
  ])('are refused with %s', (_, values, place, received) => {
    expect(messageOf(() => tensor(values as unknown as number[]))).toBe(
      `[DATA_FORMAT] tensor: the entry at ${place} is not a number.\n  expected: numbers, nested arrays of ` +
        `numbers, or a typed array of numbers\n  received: ${received}\n  fix: encode texts, categories and ` +
        'missing entries as numbers first.',
    );
  });

  it('are refused with text behind numbers where a shape is given', () => {
    expect(messageOf(() => tensor([1, 'two'] as unknown as number[], [2]))).toMatch('[1] is not a number');
  });
});
