import { requireRate } from '../cells/define-cell.js';
import type { CellName } from '../cells/registry.js';
import { RondoError, requireCount, unknownName } from '../errors.js';
import { currentRandom } from '../random.js';
import { describeShape } from '../shape.js';
import { gatherTensor } from '../tensor/gather.js';
import * as ops from '../tensor/index.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import { Bidirectional } from './bidirectional.js';
import { Conv1D } from './conv-1d.js';
import { Embedding, type EmbeddingOptions } from './embedding.js';
import { GlobalMaxPooling1D } from './global-max-pooling-1d.js';
import { randomNormal, randomUniform } from './initializers.js';
import { requireSequence, titleOf } from './input-axes.js';
import { type CallOptions, type Json, Layer, type LayerOptions, type OpenShape, singleInput } from './layer.js';
import { bothMasks, type Mask, setMask } from './mask.js';
import { plainOptions } from './plain-options.js';
import { RNN } from './rnn.js';

const encoders = ['rnn', 'conv', 'none'] as const;
/** What reads the characters of a word. */
export type CharacterEncoder = (typeof encoders)[number];

export interface WordFeaturesOptions extends LayerOptions {
  /** Number of word indices: 0 is padding, 1 stands for every word that is not known. */
  words: number;
  /** Width of a word's vector. */
  wordUnits: number;
  /** Whether training changes the words' vectors. Default true. */
  trainableWords?: boolean | undefined;
  /** Number of indices of affixes: parts of a word that have vectors of their own, of which each word has the sum. */
  affixes?: number | undefined;
  /** How many affixes each word has. Default 0. */
  affixesPerWord?: number | undefined;
  /** Width of that sum. Default 64. */
  affixUnits?: number | undefined;
  /** Number of character indices: 0 is padding. */
  characters: number;
  /** Width of a character's vector. Default 32. */
  characterUnits?: number | undefined;
  /**
   * `rnn` (default): a recurrent layer in both directions. `conv`: a convolution of three characters, and its maximum.
   * `none`.
   */
  characterEncoder?: CharacterEncoder | undefined;
  /**
   * Width of what the characters add to a word's vector; at least 2 for `rnn`, half of it in each direction. Default
   * 64.
   */
  characterFeatures?: number | undefined;
  /** Cell of the encoder `rnn`. Default lstm. */
  cell?: CellName | undefined;
  /**
   * Share of the words that training shows as unknown, so that the characters learn to stand in for them. Default 0.
   */
  wordDropout?: number | undefined;
}

/** The index of words that are not known. */
const UNKNOWN = 1;

/**
 * A vector for each word of a sentence, from its index, its affixes and its characters. Input: whole numbers
 * `[batch, time, 1 + affixesPerWord + length]`, the word's index, its affixes' and then its characters' indices, padded
 * with 0; output `[batch, time, wordUnits + affixUnits + characterFeatures]`, the second only where words have affixes,
 * masked where the word's index is 0. Vectors of affixes add up, divided by the root of their number. Each spelling in
 * a batch is read once. Ling et al. 2015, "Finding function in form"; Ma and Hovy 2016, "End-to-end sequence labeling
 * via bi-directional LSTM-CNNs-CRF" for `conv`.
 *
 * @throws OUT_OF_RANGE for an index that has no row, SHAPE_MISMATCH, UNKNOWN_NAME
 */
export class WordFeatures extends Layer {
  readonly className = 'WordFeatures';
  readonly #width: number;
  readonly #wordDropout: number;
  readonly #inside = new Map<string, Layer<unknown>>();
  readonly #affixesPerWord: number;
  readonly #words: Embedding;
  readonly #affixes: Embedding | undefined;
  readonly #encode: ((characters: Tensor, training: boolean) => Tensor) | undefined;

  readonly #options: WordFeaturesOptions;

  constructor(options: WordFeaturesOptions) {
    super('WordFeatures', options, [
      'words',
      'wordUnits',
      'trainableWords',
      'affixes',
      'affixesPerWord',
      'affixUnits',
      'characters',
      'characterUnits',
      'characterEncoder',
      'characterFeatures',
      'cell',
      'wordDropout',
    ]);
    this.#options = options;
    const {
      words,
      wordUnits,
      trainableWords = true,
      affixes = 1,
      affixesPerWord = 0,
      affixUnits = 64,
      characters,
      characterUnits = 32,
      characterEncoder = 'rnn',
      characterFeatures = 64,
      cell = 'lstm',
      wordDropout = 0,
    } = options;
    requireCount('WordFeatures', 'words', words, 2);
    requireCount('WordFeatures', 'wordUnits', wordUnits);
    requireCount('WordFeatures', 'affixes', affixes);
    requireCount('WordFeatures', 'affixesPerWord', affixesPerWord, 0);
    requireCount('WordFeatures', 'affixUnits', affixUnits);
    requireCount('WordFeatures', 'characterFeatures', characterFeatures, characterEncoder === 'rnn' ? 2 : 1);
    requireRate('WordFeatures', 'wordDropout', wordDropout);
    if (!encoders.includes(characterEncoder))
      throw unknownName('WordFeatures', 'characterEncoder', characterEncoder, encoders);
    this.#wordDropout = wordDropout;
    this.#affixesPerWord = affixesPerWord;
    this.#width =
      wordUnits + (affixesPerWord === 0 ? 0 : affixUnits) + (characterEncoder === 'none' ? 0 : characterFeatures);
    this.#words = this.#member('words', tableOf({ inputDim: words, outputDim: wordUnits, trainable: trainableWords }));
    if (affixesPerWord > 0)
      this.#affixes = this.#member('affixes', tableOf({ inputDim: affixes, outputDim: affixUnits }));
    if (characterEncoder === 'none') return;
    const table = this.#member(
      'characters',
      new Embedding({
        inputDim: characters,
        outputDim: characterUnits,
        maskZero: true,
        embeddingsInitializer: randomNormal({ stddev: 1 / Math.sqrt(characterUnits) }),
      }),
    );
    this.#encode =
      characterEncoder === 'rnn'
        ? this.#recurrentEncoder(table, cell, characterFeatures)
        : this.#convolutionEncoder(table, characterFeatures);
  }

  override get sublayers(): ReadonlyMap<string, Layer<unknown>> {
    return this.#inside;
  }

  override computeOutputShape(inputShape: OpenShape): OpenShape {
    requireSequence(
      this,
      inputShape,
      null,
      'give the layer [batch, time, 1 + affixes + length]: the index of each word, of its affixes, of its characters.',
    );
    return [inputShape[0], inputShape[1], this.#width];
  }

  override build(): void {
    for (const table of [this.#words, this.#affixes]) table?.ensureBuilt([null, null]);
    let shape: OpenShape = [null, null];
    for (const [name, layer] of this.#inside) {
      if (name === 'words' || name === 'affixes') continue;
      layer.ensureBuilt(shape);
      shape = layer.computeOutputShape(shape);
    }
  }

  override call(inputs: Tensor | readonly Tensor[], { training = false, mask: given }: CallOptions): Tensor {
    const input = singleInput(this.name, inputs);
    this.computeOutputShape(input.shape);
    const [batch, time, columns] = input.shape;
    const values = input.hostNumbers();
    const words = Int32Array.from({ length: batch * time }, (_, row) => values[row * columns]);
    const mask = bothMasks(
      Uint8Array.from(words, (word) => (word === 0 ? 0 : 1)),
      given,
    )!;
    if (training && this.#wordDropout > 0) this.#forgetSome(words);
    const parts = [this.#words.apply(tensor(words, [batch, time]))];
    const affixesPerWord = this.#affixesPerWord;
    if (columns < 1 + affixesPerWord) {
      throw new RondoError('SHAPE_MISMATCH', {
        where: titleOf(this),
        what: 'the input has too few columns for the affixes of a word.',
        expected: `[batch, time, at least ${1 + affixesPerWord}]`,
        received: describeShape(input.shape),
        fix: 'give the index of each word, of its affixes, of its characters.',
      });
    }
    if (this.#affixes !== undefined) {
      const affixes = new Int32Array(words.length * affixesPerWord);
      for (let at = 0; at < affixes.length; at++) {
        const row = Math.floor(at / affixesPerWord);
        affixes[at] = values[row * columns + 1 + (at % affixesPerWord)];
      }
      const vectors = this.#affixes.apply(tensor(affixes, [batch, time, affixesPerWord]));
      parts.push(ops.mul(ops.sum(vectors, 2), 1 / Math.sqrt(affixesPerWord)));
    }
    if (this.#encode !== undefined) {
      const { spellings, lengths, spellingOf } = differentSpellings(values, columns, 1 + affixesPerWord, mask);
      const encoded = this.#encode(tensor(spellings, [lengths.count, lengths.longest]), training);
      const width = encoded.shape[1];
      parts.push(gatherTensor(encoded, [batch, time, width], width, spellingOf));
    }
    const output = ops.concatenate(parts, -1);
    setMask(output, mask);
    return output;
  }

  override getConfig(): Record<string, Json | undefined> {
    return { ...plainOptions(this.#options), ...this.baseConfig() };
  }

  #forgetSome(words: Int32Array): void {
    const random = currentRandom();
    for (let i = 0; i < words.length; i++)
      if (words[i] !== 0 && random.uniform() < this.#wordDropout) words[i] = UNKNOWN;
  }

  #recurrentEncoder(
    table: Embedding,
    cell: CellName,
    features: number,
  ): (characters: Tensor, training: boolean) => Tensor {
    const half = this.#member(
      'characterEncoder',
      new Bidirectional({
        layer: new RNN({ cell, units: Math.ceil(features / 2) }),
        backwardLayer: new RNN({ cell, units: Math.floor(features / 2) }),
      }),
    );
    return (characters, training) => half.apply(table.apply(characters), { training });
  }

  #convolutionEncoder(table: Embedding, features: number): (characters: Tensor, training: boolean) => Tensor {
    const convolution = this.#member(
      'characterEncoder',
      new Conv1D({ filters: features, kernelSize: 3, padding: 'same', activation: 'relu' }),
    );
    const pooling = new GlobalMaxPooling1D();
    // A window at a word's end sees zeros, whatever stands in the padding's row.
    return (characters) => pooling.apply(convolution.apply(table.apply(characters)));
  }

  #member<T extends Layer<unknown>>(name: string, layer: T): T {
    layer.name = name;
    this.#inside.set(name, layer);
    return layer;
  }
}

/** A table of vectors whose lengths are about 1. */
function tableOf(options: Pick<EmbeddingOptions, 'inputDim' | 'outputDim' | 'trainable'>): Embedding {
  const bound = Math.sqrt(3 / options.outputDim);
  return new Embedding({ ...options, embeddingsInitializer: randomUniform({ minval: -bound, maxval: bound }) });
}

/**
 * The different rows of characters, from the column `first` on, without the columns that are padding in all of them.
 */
function differentSpellings(
  values: ArrayLike<number>,
  columns: number,
  first: number,
  mask: Mask,
): { spellings: Int32Array; lengths: { count: number; longest: number }; spellingOf: Int32Array } {
  const rows = new Map<string, number>();
  const firstRow: number[] = [];
  let longest = 1;
  const spellingOf = Int32Array.from(mask, (counts, row) => {
    if (counts === 0) return -1;
    let key = '';
    for (let c = first; c < columns; c++) {
      const index = values[row * columns + c];
      key += String.fromCharCode(index);
      if (index !== 0) longest = Math.max(longest, c - first + 1);
    }
    let at = rows.get(key);
    if (at === undefined) {
      rows.set(key, (at = rows.size));
      firstRow.push(row);
    }
    return at;
  });
  const spellings = new Int32Array(firstRow.length * longest);
  firstRow.forEach((row, i) => {
    for (let c = 0; c < longest && first + c < columns; c++)
      spellings[i * longest + c] = values[row * columns + first + c];
  });
  return { spellings, lengths: { count: firstRow.length, longest }, spellingOf };
}
