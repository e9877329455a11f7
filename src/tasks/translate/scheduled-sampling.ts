import type { Random } from '../../random.js';
import { scope, tensor } from '../../tensor/tensor.js';
import type { DatasetBatch } from '../../training/dataset.js';
import { argMaxOf } from '../../training/metrics/metric.js';
import type { Trainable } from '../../training/trainable.js';
import type { PairBatch } from './pair-batches.js';
import { specialIds } from './sentence-codec.js';

/** How the share of a model's own tokens grows. */
export const samplingSchedules = ['inverseSigmoid', 'linear'] as const;
export type SamplingSchedule = (typeof samplingSchedules)[number];

/** Where a training stands, and how far it goes. */
export interface SamplingPlan {
  readonly schedule: SamplingSchedule;
  /** The share at the end. */
  readonly most: number;
  readonly numSteps: number;
}

/**
 * The share of tokens that a model reads as it writes them itself, at a step from 0. `linear`: in proportion to the
 * step. `inverseSigmoid`: `1 - k / (k + exp(step / k))`, with the k that gives half of it at half of the steps. Bengio et
 * al. 2015, "Scheduled sampling for sequence prediction with recurrent neural networks", section 2.4. Steps behind the
 * last stay at the most.
 */
export function samplingShare({ schedule, most, numSteps }: SamplingPlan, step: number): number {
  const at = Math.min(step, numSteps);
  if (schedule === 'linear') return (most * at) / numSteps;
  const k = inverseOfProductWithLog(Math.max(numSteps, 1) / 2);
  return most / (1 + k * Math.exp(-at / k));
}

/** The k above 1 with `k ln k` equal to a number above 0; by Newton's method, from above. */
function inverseOfProductWithLog(value: number): number {
  let k = value + 2;
  for (let i = 0; i < 60; i++) k -= (k * Math.log(k) - value) / (Math.log(k) + 1);
  return k;
}

/**
 * A batch whose targets are read in part as the model writes them: a first pass over the true targets says for each place
 * the likeliest token, and the next place reads that instead of the true one, for a share of the places. So decoders whose
 * steps are computed together need two passes and no step after another. Mihaylova and Martins 2019, "Scheduled sampling
 * for transformers". What begins and ends a target, and padding, is never replaced or written instead.
 *
 * @param model from `source` and `target` to probabilities.
 * @param random draws as often whatever the model says.
 */
export async function withOwnTokens(
  batch: PairBatch,
  model: Trainable,
  share: number,
  random: Random,
): Promise<DatasetBatch> {
  const { source, target } = batch.x;
  const [rows, time] = target.shape;
  const isOwn = Array.from(target.data, (id) => random.uniform() < share && id > specialIds.end);
  if (!isOwn.includes(true)) return batch;
  const read = await scope(() => {
    const inputs = [source, target].map(({ data, shape }) => tensor(data, shape));
    const [head] = model.runBatch(inputs, { training: false }).heads;
    // Where labels can be scored, the likeliest ids come without the probabilities of all.
    const scored = head.score?.(batch.y.data, { weights: new Float64Array(rows * time).fill(1), predicted: true });
    return scored?.predicted ?? head.values();
  }).readNumbers();
  const numIds = read.length / target.data.length;
  const written = numIds === 1 ? read : target.data.map((_, place) => argMaxOf(read, place * numIds, numIds));
  // The place before says what stands here; the first of a row begins the target.
  const mixed = target.data.map((id, place) =>
    isOwn[place] && written[place - 1] > specialIds.end ? written[place - 1] : id,
  );
  return { ...batch, x: { source, target: { ...target, data: mixed } } };
}
