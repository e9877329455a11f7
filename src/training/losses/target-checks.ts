import { RondoError } from '../../errors.js';
import { describeShape, placeOf } from '../../shape.js';
import { SUM_SLACK } from '../../tensor/class-labels.js';
import type { Targets } from './loss.js';

/** How far a target may lie beyond its range: rounding of float32. */
const SLACK = 1e-6;

/** What messages call the targets, and where they come from. */
interface Naming {
  readonly where: string;
  readonly name: string;
}

/** Refuses targets outside of a range, naming the first. @throws OUT_OF_RANGE */
export function requireTargetRange(
  { data, shape }: Targets,
  { where, name }: Naming,
  range: { least: number; most?: number | undefined; expected: string; fix: string },
): void {
  const { least, most = Infinity, expected, fix } = range;
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    if (value >= least - SLACK && value <= most + SLACK) continue;
    throw new RondoError('OUT_OF_RANGE', {
      where,
      what: `${name} hold a number that the loss has no meaning for, at ${describeShape(placeOf(i, shape))}.`,
      expected: `${expected}, also for padding that a mask leaves out`,
      received: String(value),
      fix,
    });
  }
}

/**
 * Refuses predictions that are no probabilities: rounding apart, and NaN, which training names itself. @throws
 * OUT_OF_RANGE
 */
export function requireProbabilities(
  predictions: ArrayLike<number>,
  loss: string,
  activation: string,
  most: number,
  where: string,
): void {
  for (let i = 0; i < predictions.length; i++) {
    const value = predictions[i];
    if (!(value < -SLACK || value > most + SLACK)) continue;
    throw new RondoError('OUT_OF_RANGE', {
      where,
      what: `\`${loss}\` is given a prediction that is no probability.`,
      expected: 'numbers from 0 to 1',
      received: String(value),
      fix: `use activation: '${activation}', or { fromLogits: true }.`,
    });
  }
}

/**
 * Refuses rows that are no distribution over classes; a row of zeros says nothing, as padding does. @throws
 * SHAPE_MISMATCH, OUT_OF_RANGE
 */
export function requireDistributions(targets: Targets, classes: number, naming: Naming): void {
  const { data, shape } = targets;
  const { where, name } = naming;
  requireSeveralClasses(targets, classes, naming);
  if ((shape.at(-1) ?? 1) !== classes) throw noRows(targets, classes, naming);
  const fix =
    'give one-hot rows or probabilities; use binaryCrossentropy (and sigmoid) where several classes may hold at once.';
  requireTargetRange(targets, naming, { least: 0, most: 1, expected: 'probabilities from 0 to 1', fix });
  for (let start = 0; start < data.length; start += classes) {
    let sum = 0;
    for (let i = start; i < start + classes; i++) sum += data[i];
    if (sum === 0 || Math.abs(sum - 1) <= SUM_SLACK) continue;
    throw new RondoError('OUT_OF_RANGE', {
      where,
      what:
        `${name} hold a row that is no distribution over the classes, at ` +
        `${describeShape(placeOf(start, shape).slice(0, -1))}.`,
      expected: 'rows whose sum is 1 (or 0, for padding)',
      received: `a row whose sum is ${Number(sum.toPrecision(6))}`,
      fix,
    });
  }
}

/** Refuses a distribution over a single class. @throws SHAPE_MISMATCH */
export function requireSeveralClasses(
  { shape }: Pick<Targets, 'shape'>,
  classes: number,
  { where, name }: Naming,
): void {
  if (classes > 1) return;
  throw new RondoError('SHAPE_MISMATCH', {
    where,
    what: 'a softmax over one class is always 1.',
    expected: 'predictions for at least 2 classes',
    received: `1 class, for ${name} of shape ${describeShape(shape)}`,
    fix:
      "give the last layer one unit for each class; for yes or no use { units: 1, activation: 'sigmoid' } and " +
      'binaryCrossentropy.',
  });
}

function noRows({ shape }: Targets, classes: number, { where, name }: Naming): RondoError {
  return new RondoError('SHAPE_MISMATCH', {
    where,
    what: `${name} are no rows over the ${classes} classes that the model predicts.`,
    expected: `one-hot rows, [..., ${classes}]`,
    received: describeShape(shape),
    fix:
      "use the loss 'sparseCategoricalCrossentropy' for class indices such as 0, 1, 2; else correct the units of " +
      'the last layer.',
  });
}
