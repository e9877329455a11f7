import { beforeAll, describe, expect, it } from 'vitest';
import { madeReviews, reviewOptions } from '../../../test/support/made-reviews.js';
import { messageAfter } from '../../../test/support/message-after.js';
import type { LabelledTexts } from '../../data/text-rows.js';
import { serializeModel } from '../../io/checkpoint.js';
import { setSeed } from '../../random.js';
import type { TrainingSnapshot } from '../../training/snapshot.js';
import { deserializeTask, serializeTask, taskJson } from '../task-file.js';
import type { Classifier } from './classifier.js';
import type { ClassifierOptions } from './classifier-options.js';
import { ClassifierTraining, type ClassifierTrainingOptions } from './classifier-training.js';

const reviews = madeReviews(700);
const restored = (classifier: Classifier): Classifier => deserializeTask(serializeTask(classifier)).task as Classifier;
const trainingOf = (data: LabelledTexts, options: ClassifierTrainingOptions = {}): ClassifierTraining =>
  new ClassifierTraining({ train: data }, { ...reviewOptions, ...options });

describe('a classifier of texts', () => {
  let training: ClassifierTraining;
  let classifier: Classifier;
  beforeAll(async () => {
    setSeed(1);
    training = trainingOf(reviews);
    await training.train();
    ({ classifier } = training);
  });

  it('learns more than a bag of words could, on texts it has not seen', async () => {
    const report = await training.evaluate();
    expect(report).toMatchObject({ part: 'held out', numTexts: 70 });
    expect(report.accuracy).toBeGreaterThan(0.93);
    expect((await classifier.evaluate(madeReviews(300, 8))).accuracy).toBeGreaterThan(0.93);
  });

  it('knows its own texts again and measures the held-out part alone', async () => {
    const { part, numTexts, accuracy } = await classifier.evaluate(reviews);
    expect({ part, numTexts, accuracy }).toEqual({
      part: 'held out',
      numTexts: 70,
      accuracy: (await training.evaluate()).accuracy,
    });
    expect(await classifier.evaluate({ texts: reviews.texts.slice(1), labels: reviews.labels.slice(1) })).toMatchObject(
      { part: 'all', numTexts: 699 },
    );
  });

  it('counts the tokens that it does not know of what is measured', async () => {
    const texts = ['the film was zzyzx', 'good film'];
    const labels = ['positive', 'positive'];
    expect(await classifier.evaluate({ texts, labels })).toMatchObject({ numTokens: 6, numUnknown: 1 });
  });

  it('gives probabilities of all classes, the same whatever other texts are asked about', async () => {
    const texts = [
      'the film was good',
      'the film was not good',
      'awful',
      'a very long evening , and the plot was not dull',
    ];
    const all = await classifier.predict(texts);
    expect(all.map(({ label }) => label)).toEqual(['positive', 'negative', 'negative', 'positive']);
    for (const [i, text] of texts.entries()) {
      const [{ probability, probabilities }] = await classifier.predict([text]);
      expect(probability).toBeCloseTo(all[i].probability, 5);
      expect(probabilities[0] + probabilities[1]).toBeCloseTo(1, 12);
    }
  });

  it('is the same after it was saved and loaded', async () => {
    const copy = restored(classifier);
    expect(taskJson(copy)).toEqual(JSON.parse(JSON.stringify(taskJson(classifier))));
    expect(await copy.predict(reviews.texts.slice(0, 20))).toEqual(
      await classifier.predict(reviews.texts.slice(0, 20)),
    );
  });

  it('reads one token, ten thousand, emoji, and words it has never seen', async () => {
    const [one, many, strange] = await classifier.predict([
      'good',
      'the film was '.repeat(5000),
      '🏴‍☠️ z\u0301algo\u0300 \u202e \ud83d',
    ]);
    expect(one.label).toBe('positive');
    for (const { probability } of [many, strange]) expect(probability).toBeGreaterThanOrEqual(0.5);
    const [composed, decomposed] = await classifier.predict(['the caf\u00e9 was good', 'the cafe\u0301 was good']);
    expect(decomposed).toEqual(composed);
  });

  it('refuses empty texts, and leaves them out where asked', async () => {
    expect(await messageAfter(() => classifier.predict(['good', ' \n ']))).toContain(
      '[DATA_FORMAT] text 1: the text is empty.',
    );
    const data = { texts: ['good', '', 'bad'], labels: ['positive', 'positive', 'negative'], places: ['a', 'b', 'c'] };
    expect(await messageAfter(() => classifier.evaluate(data))).toContain('[DATA_FORMAT] b: the text is empty.');
    expect(await classifier.evaluate(data, { empty: 'skip' })).toMatchObject({ numTexts: 2, accuracy: 1 });
  });

  it('refuses labels that training has not seen', async () => {
    const message = await messageAfter(() =>
      classifier.evaluate({ texts: ['a', 'b', 'c'], labels: ['positive', 'positiv', 'neutral'] }),
    );
    expect(message).toMatchInlineSnapshot(`
      "[UNKNOWN_NAME] text 1: training has not seen 2 labels.
        expected: one of \`negative\`, \`positive\`
        received: \`positiv\`, \`neutral\`
        fix: check the column of labels, correct or remove these rows, or train with texts of these classes."
    `);
    expect(await messageAfter(() => classifier.evaluate({ texts: ['a'], labels: ['positiv'] }))).toContain(
      'did you mean `positive`?',
    );
  });

  it('can be stopped while it measures', async () => {
    expect(await messageAfter(() => classifier.evaluate(reviews, { signal: AbortSignal.abort() }))).toContain(
      '[ABORTED]',
    );
  });

  it('is refused from a file in which labels, vocabulary and model do not belong together', () => {
    const changed = (change: object): Uint8Array =>
      serializeModel(classifier.model, { preprocessing: { ...taskJson(classifier), ...change } });
    expect(() => deserializeTask(changed({ labels: ['a'] }))).toThrow('the labels do not fit the model');
    expect(() =>
      deserializeTask(changed({ encoder: { ...(classifier.encoder.toJSON() as object), vocabulary: ['a'] } })),
    ).toThrow('the vocabulary does not fit the model');
    expect(() => deserializeTask(changed({ calibration: { temperature: 0 } }))).toThrow('[FILE_FORMAT]');
    expect(() => deserializeTask(changed({ data: {} }))).toThrow('[FILE_FORMAT]');
  });
});

describe('training a classifier', () => {
  const variants: readonly ClassifierOptions[] = [
    { pooling: 'last', bidirectional: false, cell: 'lstm' },
    { pooling: 'last', layers: 2 },
    { pooling: 'mean', cell: 'minGRU' },
    { pooling: 'concat', classWeight: 'balanced' },
    {
      pooling: 'attention',
      labelSmoothing: 0.1,
      tokens: 'characters',
      timesteps: 30,
      truncating: 'pre',
      padding: 'pre',
    },
    { tokens: 'segments', locale: 'en', lower: false, maxTokens: 9, classWeight: { positive: 3 } },
  ];
  it.each(variants)('works and is saved with %o', async (options) => {
    setSeed(2);
    const { classifier } = await (async () => {
      const training = trainingOf(madeReviews(120), { ...options, epochs: 1 });
      await training.train();
      return training;
    })();
    expect(classifier.options).toMatchObject(options);
    const copy = restored(classifier);
    expect(copy.encoder.size).toBeLessThanOrEqual(options.maxTokens ?? Infinity);
    expect(await copy.predict(['was not good'])).toEqual(await classifier.predict(['was not good']));
  });

  it.each(['max', 'concat', 'attention', 'last'] as const)(
    'with pooling %s does not depend on the side of the padding',
    async (pooling) => {
      setSeed(4);
      const { classifier } = trainingOf(madeReviews(100), { pooling });
      const stored = taskJson(classifier) as { encoder: object };
      const other = deserializeTask(
        serializeModel(classifier.model, {
          preprocessing: { ...stored, encoder: { ...stored.encoder, padding: 'pre' } },
        }),
      ).task as Classifier;
      expect(other.encoder.settings.padding).toBe('pre');
      const texts = ['the plot was not dull', 'good', 'a very long evening and the actors'];
      const [a, b] = await Promise.all([classifier, other].map((one) => one.predict(texts)));
      a.forEach(({ probabilities }, i) =>
        probabilities.forEach((p, k) => expect(p).toBeCloseTo(b[i].probabilities[k], 6)),
      );
    },
  );

  it('that was interrupted and resumed ends with the same bits', async () => {
    const data = { train: madeReviews(150) };
    const options = { ...reviewOptions, epochs: 4, dropout: 0.2 };
    setSeed(5);
    const whole = new ClassifierTraining(data, options);
    await whole.train();
    setSeed(5);
    const first = new ClassifierTraining(data, options);
    const controller = new AbortController();
    let saved: { bytes: Uint8Array } | undefined;
    const save = (snapshot: TrainingSnapshot): void =>
      void (saved = { bytes: serializeTask(first.classifier, snapshot) });
    await first.train({
      signal: controller.signal,
      checkpoint: { save },
      callbacks: [
        { name: 'stop', onBatchEnd: ({ epoch, batch }) => void (epoch === 1 && batch === 2 && controller.abort()) },
      ],
    });
    setSeed(99);
    const loaded = deserializeTask(saved!.bytes);
    const resumed = new ClassifierTraining(data, {}, loaded.task as Classifier);
    await resumed.train({ resumeFrom: loaded.training, callbacks: [{ name: 'stop' }] });
    expect(Buffer.from(serializeTask(resumed.classifier)).equals(Buffer.from(serializeTask(whole.classifier)))).toBe(
      true,
    );
    expect(
      await messageAfter(() => new ClassifierTraining({ train: madeReviews(150, 2) }, {}, loaded.task as Classifier)),
    ).toContain('not the texts of the interrupted training');
  });

  it('weighs classes: a rare class that counts more is found more often', async () => {
    const all = madeReviews(900, 3);
    let numRare = 0;
    const kept = all.labels.flatMap((label, i) => (label === 'negative' || numRare++ < 25 ? [i] : []));
    const rare = { texts: kept.map((i) => all.texts[i]), labels: kept.map((i) => all.labels[i]) };
    const recall = async (classWeight: ClassifierOptions['classWeight']): Promise<number> => {
      setSeed(6);
      const training = trainingOf(rare, { classWeight, epochs: 10, patience: 10 });
      await training.train();
      const { classes } = await training.classifier.evaluate(madeReviews(300, 9));
      return classes.find(({ label }) => label === 'positive')!.recall;
    };
    expect(await recall('balanced')).toBeGreaterThan((await recall('none')) + 0.1);
  });

  it('starts from given vectors, frozen where asked', async () => {
    const vectors = new Map(['good', 'bad', 'film', 'the'].map((word, i) => [word, Float32Array.of(i, -i, 0.5, 2)]));
    setSeed(7);
    const training = trainingOf(madeReviews(120), {
      vectors,
      freezeVectors: true,
      epochs: 1,
      embeddingUnits: undefined,
    });
    const { classifier } = training;
    expect(classifier.data.vectors).toMatchObject({ foundTypes: 4, subwordTypes: 0 });
    await training.train();
    const rowOf = (token: string): number[] =>
      Array.from(
        classifier.model.layers[0].weights[0]
          .dataSync()
          .slice(classifier.encoder.vocabulary.idOf(token) * 4)
          .slice(0, 4),
      );
    expect(rowOf('bad')).toEqual([1, -1, 0.5, 2]);
    expect(restored(classifier).model.layers[0].trainable).toBe(false);
    expect(restored(classifier).data.vectors).toEqual(classifier.data.vectors);
    expect(await messageAfter(() => trainingOf(reviews, { vectors, embeddingUnits: 5 }))).toContain(
      '[USAGE] ClassifierTraining: the vectors decide how wide the embedding is.',
    );
    expect(
      await messageAfter(() => trainingOf(reviews, { vectors: new Map([['zebra', [1]]]), embeddingUnits: undefined })),
    ).toContain('no token of the text has a vector');
    expect(
      await messageAfter(() =>
        trainingOf(reviews, {
          vectors: new Map([
            ['good', [1, 2]],
            ['bad', [1]],
          ]),
          embeddingUnits: undefined,
        }),
      ),
    ).toContain('another width');
  });

  it('knows what its texts or the first vectors hold, and nothing from texts that are held out', () => {
    const texts = ['good film', 'good plot', 'bad film', 'bad plot'];
    const rows = (words: string) => ({ texts: texts.map((text) => `${text} ${words}`), labels: ['p', 'p', 'n', 'n'] });
    const vectors = new Map(['GOOD', 'zebra', 'two words', 'once', 'secret', 'Bad'].map((word, i) => [word, [i, 1]]));
    const data = {
      train: { ...rows(''), texts: [...texts.slice(0, 3), 'bad once'] },
      validation: rows('secret'),
      test: rows('secret'),
    };
    const { encoder } = new ClassifierTraining(data, { vectors, vectorWords: 3 }).classifier;
    expect(encoder.vocabulary.tokens.slice(2)).toEqual(['bad', 'film', 'good', 'once', 'zebra']);
    const { classifier } = new ClassifierTraining(data, { vectors, vectorWords: 3, lower: false, minCount: 3 });
    expect(classifier.encoder.vocabulary.tokens.slice(2)).toEqual(['once', 'GOOD', 'zebra']);
    expect(classifier.data.vectors).toEqual({
      numTypes: 1,
      foundTypes: 1,
      subwordTypes: 0,
      shareOfTypes: 1,
      shareOfTokens: 0.125,
      missing: [],
    });
  });

  it('takes parts that are given as they are', async () => {
    const training = new ClassifierTraining(
      { train: madeReviews(80), validation: madeReviews(20, 2), test: madeReviews(30, 3) },
      reviewOptions,
    );
    expect(training.classifier.data).toMatchObject({
      numTraining: 80,
      numValidation: 20,
      numTest: 30,
      shares: { validation: 0, test: 0 },
    });
    expect(await training.evaluate()).toMatchObject({ part: 'held out', numTexts: 30 });
    const none = trainingOf(madeReviews(80), { test: 0 });
    expect(await none.evaluate()).toMatchObject({ part: 'validation' });
  });

  it('refuses what cannot be learned from, before anything is computed', async () => {
    const fault = (data: LabelledTexts, options?: ClassifierTrainingOptions): Promise<string> =>
      messageAfter(() => trainingOf(data, options));
    expect(await fault({ texts: reviews.texts, labels: reviews.texts.map(() => 'same') })).toMatchInlineSnapshot(`
      "[DATA_FORMAT] text 0: there are not two classes to tell apart.
        expected: texts of at least two classes
        received: only \`same\`, 700 times
        fix: check the column of labels, and give texts of other classes too."
    `);
    expect(await fault({ texts: ['a', ''], labels: ['x', 'y'], places: ['f, line 1', 'f, line 2'] })).toContain(
      '[DATA_FORMAT] f, line 2: the text is empty.',
    );
    expect(await fault({ texts: ['a', 'b'], labels: ['x'] })).toContain('[DATA_FORMAT]');
    expect(await fault({ texts: ['a', 'b', 'c'], labels: ['x', 'y', 'x'] })).toContain('[OUT_OF_RANGE]');
    expect(await fault(reviews, { pooling: 'maxx' as 'max' })).toContain('did you mean `max`');
    expect(await fault(reviews, { classWeight: { positve: 2 } })).toContain('did you mean `positive`');
    expect(await fault(reviews, { classWeight: { positive: 0 } })).toContain('[OUT_OF_RANGE]');
    expect(await fault(reviews, { locale: 'no language', tokens: 'segments' })).toContain('[UNKNOWN_NAME]');
    expect(await fault(reviews, { locale: 'zh' })).toContain('[USAGE]');
    expect(await fault(reviews, { freezeVectors: true })).toContain('[USAGE]');
    expect(await fault(reviews, { labelSmoothing: 1 })).toContain('[OUT_OF_RANGE]');
    expect(await fault(reviews, { dropOut: 1 } as object)).toContain('did you mean `dropout`');
    expect(
      await messageAfter(
        () => new ClassifierTraining({ train: reviews, test: { texts: ['a'], labels: ['neutral'] } }, reviewOptions),
      ),
    ).toContain('training has not seen the label `neutral`');
  });
});
