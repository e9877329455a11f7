import { calibrationError, likeliest } from './calibration.js';

/** Scores of one class. */
export interface ClassScores {
  readonly label: string;
  /** Right among those predicted to be of the class; 0 where there are none, as in scikit-learn. */
  readonly precision: number;
  /** Found among those of the class; 0 where there are none. */
  readonly recall: number;
  /** `2 precision recall / (precision + recall)`; 0 where both are. */
  readonly f1: number;
  /** Texts of the class. */
  readonly support: number;
}

/** How good class probabilities are. */
export interface ClassificationReport {
  readonly numTexts: number;
  readonly accuracy: number;
  /** Mean of the classes' f1, over the classes that occur or are predicted. */
  readonly macroF1: number;
  /** f1 of all decisions together; with one class a text it equals the accuracy. */
  readonly microF1: number;
  /** Mean cross-entropy, nats a text. */
  readonly loss: number;
  /** See {@link calibrationError}. */
  readonly calibrationError: number;
  readonly classes: readonly ClassScores[];
  /** `confusion[truth][predicted]`: numbers of texts. */
  readonly confusion: readonly (readonly number[])[];
}

/**
 * @param probabilities `[texts, labels.length]`.
 * @param truth the class of each text, as a position in `labels`.
 */
export function classificationReport(
  labels: readonly string[],
  truth: ArrayLike<number>,
  probabilities: ArrayLike<number>,
): ClassificationReport {
  const numClasses = labels.length;
  const confusion = labels.map(() => new Array<number>(numClasses).fill(0));
  let loss = 0;
  for (let row = 0; row < truth.length; row++) {
    confusion[truth[row]][likeliest(probabilities, row, numClasses)]++;
    loss -= Math.log(Math.max(probabilities[row * numClasses + truth[row]], Number.MIN_VALUE));
  }
  const classes = labels.map((label, k): ClassScores => {
    const right = confusion[k][k];
    const support = confusion[k].reduce((sum, count) => sum + count, 0);
    const predicted = confusion.reduce((sum, row) => sum + row[k], 0);
    return {
      label,
      precision: share(right, predicted),
      recall: share(right, support),
      f1: share(2 * right, support + predicted),
      support,
    };
  });
  const isSeen = (k: number): boolean => classes[k].support > 0 || confusion.some((row) => row[k] > 0);
  const seen = classes.filter((_, k) => isSeen(k));
  const numRight = labels.reduce((sum, _, k) => sum + confusion[k][k], 0);
  const accuracy = share(numRight, truth.length);
  return {
    numTexts: truth.length,
    accuracy,
    macroF1: share(
      seen.reduce((sum, { f1 }) => sum + f1, 0),
      seen.length,
    ),
    microF1: accuracy,
    loss: share(loss, truth.length),
    calibrationError: calibrationError(probabilities, truth, numClasses),
    classes,
    confusion,
  };
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
