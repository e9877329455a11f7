import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectClose } from '../../test/support/close.js';
import { randomise } from '../../test/support/random.js';
import { useBackend } from '../kernels/select.js';
import { Random, setSeed } from '../random.js';
import * as ops from '../tensor/index.js';
import { valueAndGradients } from '../tensor/tape.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import { maskOf } from './mask.js';
import { type CharacterEncoder, WordFeatures } from './word-features.js';

beforeEach(() => void useBackend('reference'));
afterEach(() => void useBackend('wasm'));

const [W, F] = [3, 5];

function layerOf(characterEncoder: CharacterEncoder, wordDropout = 0): WordFeatures {
  const layer = new WordFeatures({
    words: 9,
    wordUnits: W,
    characters: 7,
    characterUnits: 4,
    characterFeatures: F,
    characterEncoder,
    wordDropout,
  });
  layer.ensureBuilt([null, null, null]);
  randomise(layer, new Random(17));
  return layer;
}

/** A word: its index, and then its characters. */
type Word = readonly number[];

function inputOf(sentences: readonly (readonly Word[])[], time: number, columns: number): Tensor {
  const data = new Int32Array(sentences.length * time * columns);
  sentences.forEach((words, b) => words.forEach((word, t) => data.set(word, (b * time + t) * columns)));
  return tensor(data, [sentences.length, time, columns]);
}

const rowsOf = (output: Tensor): number[][] =>
  Array.from({ length: output.size / output.shape[2] }, (_, row) => [
    ...output.dataSync().subarray(row * output.shape[2], (row + 1) * output.shape[2]),
  ]);

describe.each(['rnn', 'conv'] as const)('word features with characters by %s', (encoder) => {
  const sentences: Word[][] = [
    [
      [2, 3, 4, 5],
      [3, 6, 2],
      [2, 3, 4, 5],
      [1, 2],
    ],
    [[5, 2, 2, 2, 2, 6]],
  ];

  it('do not depend on padding of words or characters, nor on the rest of the batch', () => {
    const layer = layerOf(encoder);
    const tight = rowsOf(layer.apply(inputOf(sentences, 4, 6)));
    const loose = rowsOf(layer.apply(inputOf(sentences, 7, 11)));
    const alone = rowsOf(layer.apply(inputOf([sentences[1]], 1, 6)));
    for (let t = 0; t < 4; t++) expectClose(loose[t], tight[t], 1e-14, `word ${t}`);
    expectClose(loose[7], tight[4], 1e-14, 'second sentence');
    expectClose(alone[0], tight[4], 1e-14, 'alone');
    // Alone, a short word has no padding at all after its characters.
    expectClose(rowsOf(layer.apply(inputOf([[sentences[0][1]]], 1, 3)))[0], tight[1], 1e-14, 'short word alone');
    expect([...maskOf(layer.apply(inputOf(sentences, 5, 6)))!]).toEqual([1, 1, 1, 1, 0, 1, 0, 0, 0, 0]);
    expect(tight[0]).toEqual(tight[2]);
    expect(tight[0].slice(W)).not.toEqual(tight[1].slice(W));
  });

  it('tell spellings apart that differ in one place only', () => {
    const layer = layerOf(encoder);
    const [a, b] = rowsOf(
      layer.apply(
        inputOf(
          [
            [
              [1, 2, 3, 4],
              [1, 2, 4, 3],
            ],
          ],
          2,
          4,
        ),
      ),
    );
    expect(a.slice(0, W)).toEqual(b.slice(0, W));
    expect(a.slice(W)).not.toEqual(b.slice(W));
  });

  it('have the derivative of central differences, spellings that repeat included', () => {
    const layer = layerOf(encoder);
    const input = inputOf(sentences, 5, 6);
    const loss = (): Tensor => ops.sum(ops.square(ops.sub(layer.apply(input), 0.3)));
    const { gradients } = valueAndGradients(loss, layer.weights);
    layer.weights.forEach((variable, i) => {
      const values = variable.dataSync();
      const numeric = values.map((value, at) => {
        const moved = (by: number): number => {
          variable.assign(values.map((other, j) => (j === at ? value + by : other)));
          return loss().item();
        };
        return (moved(1e-5) - moved(-1e-5)) / 2e-5;
      });
      variable.assign(values);
      expectClose(gradients[i].dataSync(), numeric, 1e-6, variable.name);
    });
  });
});

describe('word features', () => {
  it('without characters are the vectors of the words', () => {
    const layer = layerOf('none');
    const output = layer.apply(
      inputOf(
        [
          [
            [4, 1],
            [8, 1],
          ],
        ],
        2,
        2,
      ),
    );
    expect(output.shape).toEqual([1, 2, W]);
    const table = layer.weights[0].dataSync();
    expect(rowsOf(output)).toEqual([[...table.subarray(4 * W, 5 * W)], [...table.subarray(8 * W, 9 * W)]]);
  });

  it('show some words as unknown while training, and never padding', () => {
    const layer = layerOf('none', 0.5);
    setSeed(5);
    const words = Array.from({ length: 400 }, (): Word => [4, 1]);
    const output = rowsOf(layer.apply(inputOf([words], 500, 2), { training: true }));
    const table = layer.weights[0].dataSync();
    const numUnknown = output.slice(0, 400).filter((row) => row[0] === table[W]).length;
    expect(numUnknown).toBeGreaterThan(150);
    expect(numUnknown).toBeLessThan(250);
    expect(output.slice(400).every((row) => row[0] === table[0])).toBe(true);
    expect(rowsOf(layer.apply(inputOf([words], 400, 2))).every((row) => row[0] === table[4 * W])).toBe(true);
  });

  it('refuse indices without a row and options that cannot be', () => {
    expect(() => layerOf('rnn').apply(inputOf([[[9, 1]]], 1, 2))).toThrow('[OUT_OF_RANGE]');
    expect(() => layerOf('rnn').apply(inputOf([[[2, 7]]], 1, 2))).toThrow('[OUT_OF_RANGE]');
    expect(() => layerOf('convolution' as 'conv')).toThrow('unknown characterEncoder `convolution`');
    expect(() => layerOf('rnn').apply(tensor([[1, 2]]))).toThrow('[SHAPE_MISMATCH] WordFeatures');
  });

  const [K, A] = [2, 4];
  const withAffixes = (characterEncoder: CharacterEncoder): WordFeatures => {
    const layer = new WordFeatures({
      words: 9,
      wordUnits: W,
      affixes: 8,
      affixesPerWord: K,
      affixUnits: A,
      characters: 7,
      characterUnits: 4,
      characterFeatures: F,
      characterEncoder,
    });
    layer.ensureBuilt([null, null, null]);
    randomise(layer, new Random(19));
    return layer;
  };

  it.each(['rnn', 'conv', 'none'] as const)(
    'add up the vectors of affixes between word and characters by %s',
    (encoder) => {
      const [layer, plain] = [withAffixes(encoder), layerOf(encoder)];
      const weightOf = (name: string): Float32Array | Float64Array =>
        layer.weights.find((weight) => weight.name.includes(name))!.dataSync() as Float64Array;
      const weights = new Map([...layer.namedWeights('')].map(([name, { variable }]) => [name, variable]));
      for (const [name, { variable }] of plain.namedWeights('')) variable.assign(weights.get(name)!.dataSync());
      const output = rowsOf(
        layer.apply(
          inputOf(
            [
              [
                [2, 7, 3, 4, 5],
                [3, 0, 5, 6],
              ],
              [[1, 1, 1, 2]],
            ],
            2,
            6,
          ),
        ),
      );
      const without = rowsOf(
        plain.apply(
          inputOf(
            [
              [
                [2, 4, 5],
                [3, 6],
              ],
              [[1, 2]],
            ],
            2,
            4,
          ),
        ),
      );
      const table = weightOf('affixes');
      const sumOf = (...ids: number[]): number[] =>
        Array.from({ length: A }, (_, u) => ids.reduce((sum, id) => sum + table[id * A + u], 0) / Math.sqrt(K));
      [sumOf(7, 3), sumOf(0, 5), sumOf(1, 1)].forEach((sum, t) => {
        expectClose(output[t].slice(W, W + A), sum, 1e-14, `affixes of word ${t}`);
        expectClose([...output[t].slice(0, W), ...output[t].slice(W + A)], without[t], 1e-14, `the rest of word ${t}`);
      });
    },
  );

  it('give affixes the derivative of central differences', () => {
    const layer = withAffixes('rnn');
    const input = inputOf(
      [
        [
          [2, 7, 3, 4, 5],
          [3, 7, 7, 6],
        ],
        [[1, 1, 3, 2]],
      ],
      3,
      5,
    );
    const loss = (): Tensor => ops.sum(ops.square(ops.sub(layer.apply(input), 0.3)));
    const { gradients } = valueAndGradients(loss, layer.weights);
    const i = layer.weights.findIndex(({ name }) => name.includes('affixes'));
    const variable = layer.weights[i];
    const values = variable.dataSync();
    const numeric = values.map((value, at) => {
      const moved = (by: number): number => {
        variable.assign(values.map((other, j) => (j === at ? value + by : other)));
        return loss().item();
      };
      return (moved(1e-5) - moved(-1e-5)) / 2e-5;
    });
    expectClose(gradients[i].dataSync(), numeric, 1e-6, variable.name);
  });

  it('refuse an input without room for affixes', () => {
    expect(() => withAffixes('none').apply(inputOf([[[2, 7]]], 1, 2))).toThrow(/SHAPE_MISMATCH.*WordFeatures/s);
  });
});
