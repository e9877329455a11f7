import { describe, expect, it } from 'vitest';
import { setSeed } from '../../random.js';
import { LanguageModelTraining } from './language-model-training.js';

/**
 * Letters of the first part never come in the second: what a model learned from is seen in the rows of its embedding.
 */
const [first, second] = ['abcd. ', 'wxyz! '].map((words) => words.trim());

const rowsThatMoved = async (training: LanguageModelTraining): Promise<string> => {
  const { model, codec } = training.languageModel;
  const table = (): Float64Array[] => {
    const [rows] = model.weights;
    const values = rows.dataSync();
    const width = rows.shape[1];
    return Array.from({ length: rows.shape[0] }, (_, row) =>
      Float64Array.from(values.subarray(row * width, (row + 1) * width)),
    );
  };
  const before = table();
  await training.train();
  const after = table();
  return [...(first + second)]
    .filter((letter) => {
      const [row] = codec.encode(letter);
      return before[row].some((value, i) => value !== after[row][i]);
    })
    .join('');
};

describe('the held-out end of a text', () => {
  const options = { units: 6, epochs: 2, batchSize: 2, timesteps: 5, embeddingUnits: 3 };

  it('is not learned from', async () => {
    setSeed(3);
    const training = new LanguageModelTraining(first.repeat(40) + second.repeat(10), { ...options, validation: 0.2 });
    expect([training.numTrainingTokens, training.numValidationTokens]).toEqual([200, 50]);
    // Nor counted: of ten letters and the unknown one five come in 200 tokens. Two streams of 24 tokens have four windows of five.
    const { frequencies, ngram, numTokens } = training.languageModel.text.baseline!;
    expect(numTokens).toBe(40);
    expect(frequencies).toBeCloseTo(-Math.log(5 / 11 / 205), 12);
    expect(ngram).toBeCloseTo(frequencies, 12);
    expect(await rowsThatMoved(training)).toBe(first);
  });

  it('is not learned from where it is a text of its own', async () => {
    setSeed(3);
    const train = first.repeat(40);
    const codec = new LanguageModelTraining(train + second, { ...options, validation: 0.2 }).languageModel.codec;
    expect(
      await rowsThatMoved(new LanguageModelTraining({ train, validation: second.repeat(10), codec }, options)),
    ).toBe(first);
  });

  it('chooses the epoch: its loss is that of a model that never saw it', async () => {
    setSeed(3);
    const training = new LanguageModelTraining(first.repeat(60) + second.repeat(15), {
      ...options,
      epochs: 4,
      validation: 0.2,
    });
    const { valLoss } = await training.train();
    // Ten letters cost about ln 10 at first; those that never came only become less likely.
    expect(valLoss).toHaveLength(4);
    for (const loss of valLoss) expect(loss).toBeGreaterThan(2);
  });
});
