import { beforeAll, describe, expect, it } from 'vitest';
import { madeReviews, reviewOptions } from '../../../test/support/made-reviews.js';
import { messageAfter } from '../../../test/support/message-after.js';
import { setSeed } from '../../random.js';
import type { Classifier } from './classifier.js';
import { ClassifierTraining } from './classifier-training.js';
import { type Explanation, explain } from './explanation.js';

const text = 'The plot was  GOOD, and the café zzz 🙂 not bad';
const sumOf = ({ tokens }: Explanation): number => tokens.reduce((sum, { contribution }) => sum + contribution, 0);

describe.each(['max', 'attention', 'last'] as const)('an explanation of a classifier with pooling %s', (pooling) => {
  let classifier: Classifier;
  beforeAll(async () => {
    setSeed(1);
    const training = new ClassifierTraining({ train: madeReviews(500) }, { ...reviewOptions, pooling });
    await training.train();
    ({ classifier } = training);
  });

  it('by integrated gradients adds up to the probability (completeness), for every class', async () => {
    for (const given of [text, 'good', 'the film was not good , and the evening was awful']) {
      const probabilities = (await classifier.predict([given]))[0].probabilities;
      for (const [k, label] of classifier.labels.entries()) {
        const explanation = await explain(classifier, given, { label });
        expect(explanation.explainedProbability).toBeCloseTo(probabilities[k], 6);
        expect(Math.abs(explanation.baseline + sumOf(explanation) - probabilities[k])).toBeLessThan(0.003);
        expect(explanation.remainder).toBeCloseTo(probabilities[k] - explanation.baseline - sumOf(explanation), 10);
      }
    }
  });

  it('by integrated gradients gives opposite contributions to two classes, and none to a vector of zeros', async () => {
    const [a, b] = await Promise.all(classifier.labels.map((label) => explain(classifier, text, { label })));
    a.tokens.forEach(({ contribution }, i) => expect(contribution).toBeCloseTo(-b.tokens[i].contribution, 2));
    const table = classifier.model.layers[0].weights[0];
    const before = table.dataSync().slice();
    const width = table.shape[1];
    const zeroed = before.slice();
    const id = classifier.encoder.vocabulary.idOf('plot');
    zeroed.fill(0, id * width, (id + 1) * width);
    table.assign(zeroed);
    expect((await explain(classifier, text)).tokens.find(({ token }) => token === 'plot')!.contribution).toBe(0);
    table.assign(before);
  });

  it('by occlusion is what the probability loses without each token', async () => {
    const explanation = await explain(classifier, 'the film was good', { method: 'occlusion' });
    const words = ['the', 'film', 'was', 'good'];
    const k = classifier.labels.indexOf(explanation.explained);
    for (const [i, { contribution }] of explanation.tokens.entries()) {
      const [without] = await classifier.predict([words.filter((_, j) => j !== i).join(' ')]);
      expect(contribution).toBeCloseTo(explanation.probability - without.probabilities[k], 5);
    }
  });

  it.each(['integrated-gradients', 'occlusion'] as const)('by %s finds the word that decides', async (method) => {
    const { tokens, label } = await explain(classifier, 'the actors and the film was awful , a long evening', {
      method,
    });
    expect(label).toBe('negative');
    expect([...tokens].sort((a, b) => b.contribution - a.contribution)[0].token).toBe('awful');
  });

  it('names tokens with their places and whether they are known', async () => {
    const { tokens } = await explain(classifier, text);
    expect(tokens.map(({ start, end }) => text.slice(start, end))).toEqual([
      'The',
      'plot',
      'was',
      'GOOD',
      ',',
      'and',
      'the',
      'café',
      'zzz',
      '🙂',
      'not',
      'bad',
    ]);
    expect(tokens.filter(({ isKnown }) => !isKnown).map(({ token }) => token)).toEqual(['zzz']);
  });

  it('refuses an empty text, an unknown class and an unknown method', async () => {
    expect(await messageAfter(() => explain(classifier, '  '))).toContain('[DATA_FORMAT]');
    expect(await messageAfter(() => explain(classifier, 'a', { label: 'positiv' }))).toContain(
      'did you mean `positive`',
    );
    expect(await messageAfter(() => explain(classifier, 'a', { method: 'oclusion' as 'occlusion' }))).toContain(
      'did you mean `occlusion`',
    );
  });
});
