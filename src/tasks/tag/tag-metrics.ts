import { spansOf } from '../../data/tag-schemes.js';
import { weightsOfChain } from '../../layers/crf.js';
import type { Json } from '../../layers/layer.js';
import { tensor } from '../../tensor/tensor.js';
import type { Metric, MetricBatch } from '../../training/metrics/metric.js';
import type { Sequential } from '../../training/sequential.js';
import { crfOf, decodeScores } from './tagger.js';

/** Counts of a measure: of the truth, of what was predicted, of what agrees. */
type Counts = [numTrue: number, numPredicted: number, numCorrect: number];

/** @internal What decoded tags are compared by: words, or whole spans. */
export type TagMeasure = 'accuracy' | 'spanF1';

/**
 * @internal A metric of the tags that a tagger's model decodes: the share of right words, or F1 of whole spans.
 * Padding, at the end of a sentence, does not count.
 */
export function tagMetric(measure: TagMeasure, model: Sequential, tags: readonly string[]): Metric {
  let counts: Counts = [0, 0, 0];
  const add = (truth: readonly number[], guess: readonly number[]): void => {
    const named = (labels: readonly number[]): string[] => labels.map((label) => tags[label]);
    const [trueKeys, guessKeys] =
      measure === 'accuracy'
        ? [truth.map(keyOfLabel), guess.map(keyOfLabel)]
        : [keysOfSpans(named(truth)), keysOfSpans(named(guess))];
    const expected = new Set(trueKeys);
    counts = [
      counts[0] + trueKeys.length,
      counts[1] + guessKeys.length,
      counts[2] + guessKeys.filter((key) => expected.has(key)).length,
    ];
  };
  return {
    name: measure,
    better: 'higher',
    reset: () => void (counts = [0, 0, 0]),
    alsoReads: () => crfOf(model)?.chainVariables ?? [],
    update: ({ yTrue, yPred, mask, alsoRead }: MetricBatch) => {
      const [batch, time] = yPred.shape;
      const lengths = Array.from({ length: batch }, (_, b) =>
        Array.from({ length: time }, (_, t): number => mask?.data[b * time + t] ?? 1).reduce(
          (sum, counted) => sum + counted,
          0,
        ),
      );
      const scores = tensor(yPred.data as Float32Array, yPred.shape);
      decodeScores(model, scores, lengths, alsoRead?.length === 3 ? weightsOfChain(alsoRead) : undefined).forEach(
        (guess, b) =>
          add(
            guess.map((_, t) => yTrue.data[b * time + t]),
            guess,
          ),
      );
    },
    result: () => (2 * counts[2]) / (counts[0] + counts[1]),
    getState: (): Json => [...counts],
    setState: (state: Json) => void (counts = [...(state as Counts)]),
    getConfig: () => ({ name: measure, config: {} }),
  };
}

function keyOfLabel(label: number, place: number): string {
  return `${place} ${label}`;
}

function keysOfSpans(tags: readonly string[]): string[] {
  return spansOf(tags).map(({ kind, start, end }) => `${start} ${end} ${kind}`);
}
