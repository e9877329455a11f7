import type { Table } from '../../data/table.js';
import {
  describeFrequency,
  type Frequency,
  findFrequency,
  stepsBetween,
  timeAfter,
} from '../../data/time/frequency.js';
import { RondoError } from '../../errors.js';

/** With fewer distances a step is not told from chance. */
const leastDistances = 3;
/** A row that comes after less than this share of a step is of a finer step. */
const finerShare = 0.75;

/**
 * Refuses rows whose step is not that of the training: most of them closer than a step, or none of them one step apart.
 * Gaps alone leave some neighbours one step apart.
 *
 * @param times of each series, in order.
 * @throws DATA_FORMAT
 */
export function requireSameStep(
  table: Table,
  times: readonly Float64Array[],
  known: Frequency,
  isClock: boolean,
): void {
  let [numDistances, numFiner, numSingle] = [0, 0, 0];
  for (const own of times) {
    for (let i = 1; i < own.length; i++) {
      const distance = own[i] - own[i - 1];
      if (distance <= 0) continue;
      numDistances++;
      if (distance < finerShare * (timeAfter(known, own[i - 1], 1) - own[i - 1])) numFiner++;
      if (stepsBetween(known, own[i - 1], own[i]) === 1) numSingle++;
    }
  }
  if (numDistances < leastDistances || (numFiner <= numDistances / 2 && numSingle > 0)) return;
  const found = findFrequency(times, isClock);
  const shown = (frequency: Frequency): string => (isClock ? describeFrequency(frequency) : String(frequency.step));
  throw new RondoError('DATA_FORMAT', {
    where: table.where,
    what: "the file's steps are not those of the model.",
    expected: `steps of ${shown(known)}, as in training`,
    received: found === undefined ? 'steps of no regular length' : `steps of ${shown(found)}`,
    fix: 'bring the rows to the step of the model, or train a model on this file.',
  });
}
