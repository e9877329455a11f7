import { RondoError, refuseUnknownOptions, requireNumber } from '../errors.js';
import type { Random } from '../random.js';

/** One value of a trial. */
export type SearchValue = string | number;

/** Some values, each equally likely. */
export interface Choices {
  readonly choices: readonly SearchValue[];
}

/** Numbers from `low` to `high`, both possible. */
export interface NumberRange {
  readonly low: number;
  readonly high: number;
  /** Evenly spread on this scale. Default linear. */
  readonly scale?: 'linear' | 'log' | undefined;
  /** Whole numbers only. Default false. */
  readonly whole?: boolean | undefined;
}

/** What one hyper-parameter may be. */
export type SearchDimension = Choices | NumberRange;

/** What is searched, by name. */
export type SearchSpace = Readonly<Record<string, SearchDimension>>;

/** The values of one trial, by name. */
export type TrialValues = Readonly<Record<string, SearchValue>>;

/** Digits of a drawn number: those of a command line that is read and typed. */
const digits = 4;

/** @throws USAGE where there is nothing to search; OUT_OF_RANGE naming the dimension */
export function requireSearchSpace(where: string, space: SearchSpace): void {
  const entries = Object.entries(space);
  if (entries.length === 0)
    throw new RondoError('USAGE', {
      where,
      what: 'there is nothing to search.',
      expected: 'at least one hyper-parameter',
      fix: 'give one, such as { units: { choices: [64, 128] } }.',
    });
  for (const [name, dimension] of entries) requireDimension(where, name, dimension);
}

function requireDimension(where: string, name: string, dimension: SearchDimension): void {
  if ('choices' in dimension) {
    refuseUnknownOptions(`${where}, ${name}`, dimension, ['choices']);
    const { choices } = dimension;
    const repeated = choices.find((choice, i) => choices.indexOf(choice) < i);
    if (choices.length > 0 && repeated === undefined) return;
    throw new RondoError('OUT_OF_RANGE', {
      where,
      what: `the choices of \`${name}\` are not a list of different values.`,
      expected: 'at least one value, each once',
      received: repeated === undefined ? 'none' : `${repeated} twice`,
      fix: 'give each value once.',
    });
  }
  refuseUnknownOptions(`${where}, ${name}`, dimension, ['low', 'high', 'scale', 'whole']);
  const { low, high, scale = 'linear', whole = false } = dimension;
  const isBound = (value: number): boolean => !whole || Number.isInteger(value);
  const kind = whole ? 'a whole number' : 'a number';
  requireNumber(
    where,
    `low of ${name}`,
    low,
    scale === 'log' ? `${kind} above 0, for a logarithmic scale` : kind,
    (value) => isBound(value) && (scale !== 'log' || value > 0),
  );
  requireNumber(where, `high of ${name}`, high, `${kind} above low, ${low}`, (value) => isBound(value) && value > low);
}

/** How many different values a dimension has; Infinity for a range of numbers that need not be whole. */
export function numValuesOf(dimension: SearchDimension): number {
  if ('choices' in dimension) return dimension.choices.length;
  return dimension.whole ? dimension.high - dimension.low + 1 : Infinity;
}

/** A value of the dimension; numbers have four digits. */
export function drawValue(dimension: SearchDimension, random: Random): SearchValue {
  const share = random.uniform();
  if ('choices' in dimension) return dimension.choices[Math.floor(share * dimension.choices.length)];
  const { low, high, scale = 'linear', whole = false } = dimension;
  // Whole numbers have the interval from half below to half above themselves, so that both ends are as likely as the
  // others.
  const [from, to] = whole ? [low - 0.5, high + 0.5] : [low, high];
  const drawn = scale === 'log' ? from * (to / from) ** share : from + share * (to - from);
  return Math.min(high, Math.max(low, whole ? Math.round(drawn) : Number(drawn.toPrecision(digits))));
}
