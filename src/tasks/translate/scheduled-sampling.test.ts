import { beforeAll, describe, expect, it } from 'vitest';
import { hostWeights } from '../../../test/support/host-weights.js';
import { Random, setSeed } from '../../random.js';
import type { Tensor } from '../../tensor/tensor.js';
import { argMaxOf } from '../../training/metrics/metric.js';
import type { TrainingSnapshot } from '../../training/snapshot.js';
import { epochBatches, type PairBatch } from './pair-batches.js';
import { samplingSchedules, samplingShare, withOwnTokens } from './scheduled-sampling.js';
import type { SentencePair } from './sentence-pair.js';
import type { TranslatorOptions } from './translator-options.js';
import { TranslatorTraining } from './translator-training.js';

const options: TranslatorOptions = {
  units: 8,
  embeddingUnits: 6,
  layers: 1,
  dropout: 0.2,
  epochs: 3,
  learningRate: 0.02,
  sourceTokens: 'words',
  targetTokens: 'words',
};

function reversed(count: number): SentencePair[] {
  const random = new Random(4);
  return Array.from({ length: count }, () => {
    const words = Array.from({ length: 2 + random.integer(4) }, () => 'abcdefg'[random.integer(7)]);
    return { source: words.join(' '), target: [...words].reverse().join(' ') };
  });
}

describe('the share of tokens that a model reads as it writes them', () => {
  /** `k ln k = 1000`. */
  const inverse = 190.490600549;

  it.each(samplingSchedules)('grows from nearly none over half of it to its most: %s', (schedule) => {
    const plan = { schedule, most: 0.4, numSteps: 2000 };
    const shares = [0, 500, 1000, 1500, 2000, 9000].map((step) => samplingShare(plan, step));
    expect(shares[0]).toBeLessThan(0.003);
    expect(shares[2]).toBeCloseTo(0.2, 10);
    expect(shares[4]).toBeGreaterThan(0.397);
    expect(shares[5]).toBe(shares[4]);
    expect([...shares].sort((a, b) => a - b)).toEqual(shares);
    expect(shares[1]).toBeCloseTo(schedule === 'linear' ? 0.1 : 0.4 / (1 + inverse * Math.exp(-500 / inverse)), 9);
  });
});

describe('a batch with tokens of the model', () => {
  let training: TranslatorTraining;
  let batch: PairBatch;
  beforeAll(async () => {
    setSeed(1);
    training = new TranslatorTraining({ train: reversed(300) }, { ...options, epochs: 12, batchTokens: 100 });
    await training.train();
    const { codecs } = training.translator;
    const pairs = reversed(5).map(({ source, target }) => ({
      source: codecs.source.encode(source),
      target: codecs.target.encode(target),
    }));
    [batch] = epochBatches(pairs, { batchSize: 10, batchTokens: 1000 }, new Random(1));
  });

  it('reads what the model says likeliest of the place before, but for what begins and ends', async () => {
    const { model } = training.translator;
    const mixed = await withOwnTokens(batch, model, 1, new Random(2));
    const probabilities = await ((await model.predict(batch.x)) as Tensor).data();
    const { target } = batch.x;
    const numIds = probabilities.length / target.data.length;
    const expected = target.data.map((id, place) => {
      const said = place === 0 ? 0 : argMaxOf(probabilities, (place - 1) * numIds, numIds);
      return id > 2 && said > 2 ? said : id;
    });
    expect(mixed.x).toMatchObject({ source: batch.x.source, target: { data: expected, shape: target.shape } });
    expect(mixed.y).toBe(batch.y);
    expect([...expected]).not.toEqual([...target.data]);
  });

  it('reads a part of them for a share, and draws as often for none', async () => {
    const { model } = training.translator;
    const randoms = [new Random(3), new Random(3)];
    const none = await withOwnTokens(batch, model, 0, randoms[0]);
    const some = await withOwnTokens(batch, model, 0.5, randoms[1]);
    expect(none).toBe(batch);
    expect(randoms[0].uniform()).toBe(randoms[1].uniform());
    const all = await withOwnTokens(batch, model, 1, new Random(2));
    const dataOf = (one: typeof some): number[] => Array.from((one as PairBatch).x.target.data);
    const [own, mixed, given] = [all, some, batch].map(dataOf);
    const differing = given.flatMap((id, place) => (own[place] === id ? [] : [place]));
    const replaced = differing.filter((place) => mixed[place] === own[place]);
    expect(replaced.length).toBeGreaterThan(0);
    expect(replaced.length).toBeLessThan(differing.length);
    expect(mixed.every((id, place) => id === given[place] || id === own[place])).toBe(true);
  });
});

describe('a training with scheduled sampling', () => {
  const given: TranslatorOptions = { ...options, scheduledSampling: 0.8, samplingSchedule: 'linear' };
  const fresh = (own: TranslatorOptions): TranslatorTraining => {
    setSeed(2);
    return new TranslatorTraining({ train: reversed(120) }, own);
  };

  it('differs from one that is shown the truth, and ends with the same bits where it is resumed', async () => {
    const whole = fresh(given);
    await whole.train();
    const truth = fresh(options);
    await truth.train();
    const weights = hostWeights(whole.translator.model);
    expect(hostWeights(truth.translator.model)).not.toEqual(weights);

    const interrupted = fresh(given);
    const kept: { snapshot: TrainingSnapshot; weights: ReturnType<typeof hostWeights> }[] = [];
    const save = (snapshot: TrainingSnapshot): void => {
      kept.push({ snapshot: structuredClone(snapshot), weights: hostWeights(interrupted.translator.model) });
    };
    await interrupted.train({ checkpoint: { save, everySteps: 1 } });
    const { snapshot, weights: before } = kept.find(
      ({ snapshot: { values } }) => values.epoch === 1 && values.batch === 1,
    )!;
    const resumed = fresh(given);
    resumed.translator.model.setWeights(before);
    await resumed.train({ resumeFrom: snapshot });
    expect(hostWeights(resumed.translator.model)).toEqual(weights);
  });

  it('refuses a schedule of nothing, and shares that are none', () => {
    expect(() => fresh({ ...options, samplingSchedule: 'linear' })).toThrow(/USAGE.*`samplingSchedule`/);
    expect(() => fresh({ ...options, scheduledSampling: 1.5 })).toThrow(/OUT_OF_RANGE.*`scheduledSampling`/);
  });
});
