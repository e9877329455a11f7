/** What a range test saw; plain JSON. One entry a step, the rates rising evenly on a logarithmic scale. */
export interface LearningRateCurve {
  readonly learningRates: readonly number[];
  /** The loss of each step's batch, from before its update. */
  readonly losses: readonly number[];
}

/** Learning rates that a curve speaks for; null where the loss never fell. */
export interface LearningRateSuggestions {
  /** Where the loss falls fastest over the logarithm of the rate. Noise moves it much. */
  readonly steepest: number | null;
  /** A tenth of the rate at which the loss is lowest: a little later it rises, so this keeps a distance. */
  readonly tenthOfMinimum: number | null;
  /** {@link LearningRateSuggestions.tenthOfMinimum} to two digits. */
  readonly suggested: number | null;
}

/** A minimum among the first steps is where learning began, not where it was best. */
const startShare = 0.1;

/**
 * Reads learning rates off a curve, from averages that look `reach` steps to both sides: one that looks back only, as
 * is usual while a test runs, shows everything `reach` steps late.
 */
export function suggestLearningRates({ learningRates, losses }: LearningRateCurve, reach = 9): LearningRateSuggestions {
  const averages = losses.map((_, at) => centredAverage(losses, at, reach));
  const start = Math.ceil(startShare * losses.length);
  const lowest = indexOfLowest(averages);
  if (lowest <= start) return { steepest: null, tenthOfMinimum: null, suggested: null };
  const slopes = losses
    .slice(0, lowest + 1)
    .map((_, at) => (at < start ? Infinity : slopeAt(losses, at, Math.min(reach, losses.length - 1 - at))));
  const tenthOfMinimum = learningRates[lowest] / 10;
  return {
    steepest: learningRates[indexOfLowest(slopes)],
    tenthOfMinimum,
    suggested: Number(tenthOfMinimum.toPrecision(2)),
  };
}

/** The mean of the values around `at`, those nearer weighing more. */
function centredAverage(values: readonly number[], at: number, reach: number): number {
  let [sum, weights] = [0, 0];
  for (let i = Math.max(0, at - reach); i <= Math.min(values.length - 1, at + reach); i++) {
    const weight = reach + 1 - Math.abs(i - at);
    sum += weight * values[i];
    weights += weight;
  }
  return sum / weights;
}

/** The slope per step of the line through the values around `at` by least squares; infinite at the ends. */
function slopeAt(values: readonly number[], at: number, reach: number): number {
  const used = Math.min(reach, at);
  let [products, squares] = [0, 0];
  for (let offset = -used; offset <= used; offset++) {
    products += offset * values[at + offset];
    squares += offset ** 2;
  }
  return squares === 0 ? Infinity : products / squares;
}

function indexOfLowest(values: readonly number[]): number {
  return values.reduce((lowest, value, i) => (value < values[lowest] ? i : lowest), 0);
}
