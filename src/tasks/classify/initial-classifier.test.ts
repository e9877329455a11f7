import { describe, expect, it } from 'vitest';
import { madeReviews } from '../../../test/support/made-reviews.js';
import { setSeed } from '../../random.js';
import { deserializeTask, serializeTask } from '../task-file.js';
import type { Classifier } from './classifier.js';
import type { ClassifierOptions } from './classifier-options.js';
import { ClassifierTraining } from './classifier-training.js';

const options: ClassifierOptions = {
  cell: 'gru',
  units: 7,
  embeddingUnits: 5,
  pooling: 'attention',
  minCount: 1,
  timesteps: 9,
  batchSize: 11,
  dropout: 0.3,
  tokenDropout: 0.2,
  epochs: 1,
};
const reviews = madeReviews(90);
const others = madeReviews(41, 2);
const more = {
  texts: others.texts.map((text, i) => (i % 5 === 0 ? `sparkling ${text}` : text)),
  labels: others.labels,
};
const first = (): Classifier => {
  setSeed(5);
  return new ClassifierTraining({ train: reviews }, options).classifier;
};

describe('a classifier that goes on from another', () => {
  it('has its weights, tokens and shape, and says of texts what it said before it learns', async () => {
    const initial = first();
    setSeed(6);
    const data = { train: more, validation: reviews, test: madeReviews(13, 3), initial };
    const { classifier, beginning } = new ClassifierTraining(data, { dropout: 0 });
    expect(classifier.encoder).toBe(initial.encoder);
    expect(classifier.options).toMatchObject({ ...options, dropout: 0, epochs: expect.any(Number) as number });
    const texts = reviews.texts.slice(0, 17);
    expect(await classifier.predict(texts)).toEqual(await initial.predict(texts));
    expect(beginning).toMatchObject({ numTaken: initial.model.countParams(), anew: [] });
    expect(beginning?.unknown).toMatchObject({ numUnknown: 9, examples: ['sparkling'] });
    expect(beginning?.learnedBefore).toEqual({ validation: initial.data.numTraining, test: 0 });
  });

  it('learns without changing the earlier one, and knows what both have seen', async () => {
    const initial = first();
    const before = await initial.predict(reviews.texts);
    const training = new ClassifierTraining({ train: more, initial }, { epochs: 2 });
    const { loss } = await training.train();
    expect(loss[1]).toBeLessThan(loss[0]);
    expect(await initial.predict(reviews.texts)).toEqual(before);
    const { classifier } = training;
    const both = { texts: [...reviews.texts, ...more.texts], labels: [...reviews.labels, ...more.labels] };
    const { numTrained } = await (deserializeTask(serializeTask(classifier)).task as Classifier).evaluate(both);
    expect(numTrained).toBe(initial.data.numTraining + classifier.data.numTraining);
    expect(await classifier.evaluate(more)).toMatchObject({ part: 'held out', numTexts: classifier.data.numTest });
  });

  it('begins its output anew where the classes are others, though there be as many', () => {
    const initial = first();
    const mails = { texts: more.texts, labels: more.labels.map((label) => (label === 'positive' ? 'spam' : 'ham')) };
    const { classifier, beginning } = new ClassifierTraining({ train: mails, initial });
    expect(classifier.labels).toEqual(['ham', 'spam']);
    expect(beginning?.anew).toEqual(['dense/kernel', 'dense/bias']);
    expect(beginning?.numTaken).toBe(initial.model.countParams() - (2 * 7 * 2 + 2));
  });

  it('measures a list of which the earlier model has learned everything, and says so', async () => {
    setSeed(5);
    const all = { train: more, validation: reviews, test: reviews };
    const { classifier: initial } = new ClassifierTraining(all, options);
    const { classifier, beginning } = new ClassifierTraining({ train: more, initial });
    const { numValidation, numTest } = classifier.data;
    expect(beginning?.learnedBefore).toEqual({ validation: numValidation, test: numTest });
    expect(await classifier.evaluate(more)).toMatchObject({ part: 'trained on', numTexts: 41 });
  });

  it('keeps what an interrupted training has learned since', async () => {
    const data = { train: more, initial: first() };
    const training = new ClassifierTraining(data, { epochs: 1 });
    await training.train();
    const before = await training.classifier.predict(reviews.texts);
    const resumed = new ClassifierTraining(data, {}, training.classifier);
    expect(resumed.beginning).toBeUndefined();
    expect(await resumed.classifier.predict(reviews.texts)).toEqual(before);
  });

  it('refuses another shape, other tokens, and vectors', () => {
    const initial = first();
    const begin = (given: object) => () => new ClassifierTraining({ train: more, initial }, given);
    expect(begin({ units: 8, tokens: 'characters' })).toThrow('expected: tokens "words", units 7');
    expect(begin({ lower: false, pooling: 'attention' })).toThrow('received: lower false');
    expect(begin({ vectors: {} })).toThrow('no `vectors` beside `initial`');
  });
});
