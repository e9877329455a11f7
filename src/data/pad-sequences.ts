import { RondoError, refuseUnknownOptions, requireCount, unknownName } from '../errors.js';
import type { NumericArray } from './array.js';

const sides = ['pre', 'post'] as const;
const dtypes = ['int32', 'float32'] as const;

export interface PadSequencesOptions<D extends (typeof dtypes)[number] = 'int32'> {
  /** Timesteps of the result; the longest sequence by default. */
  maxlen?: number | undefined;
  /** Which end is filled; 'pre' by default, as in Keras. */
  padding?: (typeof sides)[number] | undefined;
  /** Which end of a sequence that is too long is cut off; 'pre' by default, as in Keras. */
  truncating?: (typeof sides)[number] | undefined;
  /** What the padding holds; 0 by default. */
  value?: number | undefined;
  /** 'int32' by default; it takes whole numbers only, where Keras would drop the fraction in silence. */
  dtype?: D | undefined;
}

/** Numbers, or one vector of features for each timestep. */
export type Sequence = ArrayLike<number> | ArrayLike<ArrayLike<number>>;

/**
 * Sequences of different lengths as one array `[sequences, maxlen]`, or `[sequences, maxlen, features]` when every
 * timestep is a vector; exactly `keras.utils.pad_sequences`.
 *
 * @throws DATA_FORMAT for a value that does not fit `dtype` or a timestep with another number of features.
 */
export function padSequences<D extends (typeof dtypes)[number] = 'int32'>(
  sequences: readonly Sequence[],
  options: PadSequencesOptions<D> = {},
): NumericArray<D extends 'int32' ? Int32Array : Float32Array> {
  const where = 'padSequences';
  refuseUnknownOptions(where, options, ['maxlen', 'padding', 'truncating', 'value', 'dtype']);
  const { padding = 'pre', truncating = 'pre', value = 0 } = options;
  const dtype: (typeof dtypes)[number] = options.dtype ?? 'int32';
  if (!sides.includes(padding)) throw unknownName(where, 'choice of `padding`', String(padding), sides);
  if (!sides.includes(truncating)) throw unknownName(where, 'choice of `truncating`', String(truncating), sides);
  if (!dtypes.includes(dtype)) throw unknownName(where, 'dtype', String(dtype), dtypes);
  if (sequences.length === 0) {
    throw new RondoError('OUT_OF_RANGE', {
      where,
      what: 'there are no sequences.',
      expected: 'at least one sequence',
      received: '0',
      fix: 'check that the data were read.',
    });
  }
  if (options.maxlen !== undefined) requireCount(where, 'maxlen', options.maxlen);
  const maxlen = options.maxlen ?? sequences.reduce((longest, { length }) => Math.max(longest, length), 0);

  const firstStep = sequences.find(({ length }) => length > 0)?.[0];
  const numFeatures = firstStep === undefined || typeof firstStep === 'number' ? undefined : firstStep.length;
  const stepSize = numFeatures ?? 1;
  const data = new (dtype === 'int32' ? Int32Array : Float32Array)(sequences.length * maxlen * stepSize);
  const put = (at: number, item: number, row: number): void => {
    data[at] = item;
    if (dtype === 'int32' ? data[at] !== item : typeof item !== 'number') throw doesNotFit(dtype, item, row);
  };
  if (value !== 0) for (let i = 0; i < data.length; i++) put(i, value, -1);

  for (const [row, sequence] of sequences.entries()) {
    const kept = Math.min(sequence.length, maxlen);
    const from = truncating === 'pre' ? sequence.length - kept : 0;
    const to = row * maxlen + (padding === 'pre' ? maxlen - kept : 0);
    for (let t = 0; t < kept; t++) {
      const step = sequence[from + t];
      if ((typeof step === 'number' ? undefined : step?.length) !== numFeatures)
        throw otherFeatures(numFeatures, step, row, from + t);
      if (typeof step === 'number') put(to + t, step, row);
      else for (let k = 0; k < stepSize; k++) put((to + t) * stepSize + k, step[k], row);
    }
  }
  const shape = numFeatures === undefined ? [sequences.length, maxlen] : [sequences.length, maxlen, numFeatures];
  return { data: data as D extends 'int32' ? Int32Array : Float32Array, shape };
}

function doesNotFit(dtype: string, item: unknown, row: number): RondoError {
  return new RondoError('DATA_FORMAT', {
    where: row < 0 ? 'padSequences, `value`' : `padSequences, sequence ${row}`,
    what: `the value is not ${dtype === 'int32' ? 'a whole number of 32 bits' : 'a number'}.`,
    expected: dtype,
    received: String(item),
    fix: dtype === 'int32' ? "set dtype to 'float32', or round the values." : 'give numbers.',
  });
}

function otherFeatures(wanted: number | undefined, step: unknown, row: number, at: number): RondoError {
  const describe = (size: number | undefined): string =>
    size === undefined ? 'a number' : `a vector of ${size} features`;
  return new RondoError('DATA_FORMAT', {
    where: `padSequences, sequence ${row}, timestep ${at}`,
    what: 'the timestep has another shape than the first one.',
    expected: describe(wanted),
    received:
      typeof step === 'number'
        ? 'a number'
        : step instanceof Object && 'length' in step
          ? describe(Number(step.length))
          : String(step),
    fix: 'give every timestep the same features.',
  });
}
