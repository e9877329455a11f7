import { nextRoundEnd, type TrainingOutcome, type TrainingRounds } from '../src/index.js';

/** What the last quarter of the epochs must have gained: of the loss, or of what a score lacks to 1. */
const leastGain = 0.01;

/**
 * Says by which flag training would go on, where the best epoch is the last and more epochs can be expected to help;
 * else undefined.
 *
 * Where rounds decide, the last round was clearly better than those before it, or it would not be the best. In a single
 * round the rate falls to 0, so that the last epoch nearly always is the best: what the last quarter of the epochs
 * gained decides. Of one epoch nothing is known, and one is hardly ever enough.
 *
 * @param rounds those of the training; in a single one `--epochs` alone says how long it is.
 */
export function longerTrainingHint(
  { epochs, maxEpochs }: TrainingRounds,
  { loss, valLoss, valScore, bestEpoch, stopReason }: TrainingOutcome,
): string | undefined {
  const values = valScore ?? valLoss;
  if (stopReason !== 'completed' || values.length === 0 || loss.length < maxEpochs || bestEpoch !== loss.length - 1)
    return undefined;
  if (maxEpochs > epochs) {
    const end = nextRoundEnd({ epochs, maxEpochs });
    return `the best epoch is the last of all rounds, so more may be better: --max-epochs ${end}`;
  }
  const flag = `so more may be better: --epochs ${2 * epochs}`;
  if (values.length === 1) return `there was one epoch alone, ${flag}`;
  const numLast = Math.max(1, Math.round(values.length / 4));
  const [before, last] = [values[values.length - 1 - numLast], values[values.length - 1]];
  const gain = valScore === undefined ? (before - last) / Math.abs(before) : (last - before) / (1 - before);
  if (!(gain > leastGain)) return undefined;
  const percent = `${(100 * gain).toFixed(1)} %`;
  const what =
    valScore === undefined
      ? `the validation loss fell by ${percent}`
      : `${percent} of the validation score's lack was made good`;
  return `the best epoch is the last, and in the last ${numLast === 1 ? 'epoch' : `${numLast} epochs`} ${what}, ${flag}`;
}
