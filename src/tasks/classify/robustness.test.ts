import { beforeAll, describe, expect, it } from 'vitest';
import { madeReviews, reviewOptions } from '../../../test/support/made-reviews.js';
import { messageAfter } from '../../../test/support/message-after.js';
import { setSeed } from '../../random.js';
import type { Classifier } from './classifier.js';
import { ClassifierTraining } from './classifier-training.js';
import { robustness } from './robustness.js';
import { textNoises } from './text-noise.js';

describe('the robustness of a classifier', () => {
  let classifier: Classifier;
  const others = madeReviews(150, 7);
  beforeAll(async () => {
    setSeed(1);
    const training = new ClassifierTraining({ train: madeReviews(500) }, reviewOptions);
    await training.train();
    ({ classifier } = training);
  });

  it('is measured without and with each kind of slips at each rate, repeatably', async () => {
    const report = await robustness(classifier, others, { rates: [0.1, 0.6] });
    const { accuracy, macroF1 } = await classifier.evaluate(others);
    expect(report).toMatchObject({ part: 'all', numTexts: 150, clean: { accuracy, macroF1 } });
    expect(report.rows.map(({ noise, rate }) => [noise, rate])).toEqual(
      textNoises.flatMap((noise) => [
        [noise, 0.1],
        [noise, 0.6],
      ]),
    );
    for (const { numFlipped, numChanged, accuracy: noisy } of report.rows) {
      expect(numFlipped).toBeLessThanOrEqual(numChanged);
      expect(Math.abs(noisy - accuracy)).toBeLessThanOrEqual(numFlipped / 150 + 1e-9);
    }
    expect(await robustness(classifier, others, { rates: [0.1, 0.6] })).toEqual(report);
    expect(await robustness(classifier, others, { rates: [0.1, 0.6], seed: 1 })).not.toEqual(report);
    const dropped = report.rows.filter(({ noise }) => noise === 'dropped words');
    expect(dropped[1].accuracy).toBeLessThan(accuracy - 0.1);
  });

  it('is measured on the held-out part of its own texts', async () => {
    expect(await robustness(classifier, madeReviews(500), { rates: [0.1], noises: ['swapped words'] })).toMatchObject({
      part: 'held out',
      numTexts: 50,
    });
  });

  it('refuses impossible rates and unknown slips', async () => {
    expect(await messageAfter(() => robustness(classifier, others, { rates: [0] }))).toContain('[OUT_OF_RANGE]');
    expect(await messageAfter(() => robustness(classifier, others, { rates: [] }))).toContain('[OUT_OF_RANGE]');
    expect(
      await messageAfter(() => robustness(classifier, others, { noises: ['dropped word' as 'dropped words'] })),
    ).toContain('did you mean `dropped words`');
  });
});
