/** What a range test saw; plain JSON. One entry a step, the rates rising evenly on a logarithmic scale. */
export interface LearningRateCurve {
  readonly learningRates: readonly number[];
  /** The loss of each step's batch, from before its update. */
  readonly losses: readonly number[];
  /** Their moving average, corrected for its start from 0. */
  readonly smoothed: readonly number[];
}

/** Learning rates that a curve speaks for; null where the loss never fell. */
export interface LearningRateSuggestions {
  /** Where the smoothed loss falls fastest over the logarithm of the rate. */
  readonly steepest: number | null;
  /** A tenth of the rate at which the smoothed loss is lowest: a little later it rises, so this keeps a distance. */
  readonly tenthOfMinimum: number | null;
  /** Their geometric mean: noise moves the first, a loss that stays flat long the second. */
  readonly suggested: number | null;
}

/** Share of the steps at the start that cannot be the steepest: the average is of few batches there. */
const unsettledShare = 0.1;
/** Steps on each side that a slope is fitted to. */
const slopeReach = 4;

/** Reads learning rates off a curve. */
export function suggestLearningRates({ learningRates, smoothed }: LearningRateCurve): LearningRateSuggestions {
  const unsettled = Math.ceil(unsettledShare * smoothed.length);
  const lowest = indexOfLowest(smoothed);
  if (lowest <= unsettled) return { steepest: null, tenthOfMinimum: null, suggested: null };
  const slopes = smoothed.slice(0, lowest + 1).map((_, i) => (i < unsettled ? Infinity : slopeAt(smoothed, i, lowest)));
  const steepest = learningRates[indexOfLowest(slopes)];
  const tenthOfMinimum = learningRates[lowest] / 10;
  return { steepest, tenthOfMinimum, suggested: Number(Math.sqrt(steepest * tenthOfMinimum).toPrecision(2)) };
}

/** The slope per step of the line through the values around `at` by least squares. */
function slopeAt(values: readonly number[], at: number, last: number): number {
  const [from, to] = [Math.max(0, at - slopeReach), Math.min(last, at + slopeReach)];
  const middle = (from + to) / 2;
  let [products, squares] = [0, 0];
  for (let i = from; i <= to; i++) {
    products += (i - middle) * values[i];
    squares += (i - middle) ** 2;
  }
  return products / squares;
}

function indexOfLowest(values: readonly number[]): number {
  return values.reduce((lowest, value, i) => (value < values[lowest] ? i : lowest), 0);
}
