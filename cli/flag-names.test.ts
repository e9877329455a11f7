import { describe, expect, it } from 'vitest';
import { requireNumber, RondoError } from '../src/index.js';
import { inFlags } from './flag-names.js';

const specs = {
  'batch-size': { type: 'count', about: '' },
  dropout: { type: 'number', about: '' },
  'dev-share': { type: 'number', sets: 'validation', about: '' },
} as const;
const line = { name: 'train classify', specs, options: { 'batch-size': undefined, dropout: 1.5, 'dev-share': undefined } };

function thrownBy(work: () => void): RondoError {
  try {
    work();
  } catch (error) {
    if (error instanceof RondoError) return error;
  }
  throw new Error('nothing was thrown');
}

describe('an error of the library on the command line', () => {
  it('speaks of flags, and is wrong usage where the flag was given', () => {
    const range = thrownBy(() => requireNumber('Dropout', 'dropout', 1.5, 'a number below 1', (value) => value < 1));
    const { error, isUsage } = inFlags(range, line);
    expect(isUsage).toBe(true);
    expect(error.message).toBe('[OUT_OF_RANGE] rondo train classify: `--dropout` is out of range.\n  expected: a number below 1\n  received: 1.5\n  fix: give `--dropout` a number below 1.');
  });

  it('speaks of flags in passing, also where they have another name', () => {
    const { error, isUsage } = inFlags(new RondoError('OUT_OF_MEMORY', { where: 'fit', what: 'no room.', fix: 'give a smaller batchSize, or less `validation`, or noSuchOption.' }), line);
    expect(isUsage).toBe(false);
    expect(error.facts.fix).toBe('give a smaller --batch-size, or less `--dev-share`, or noSuchOption.');
  });

  it('leaves names of columns and files alone', () => {
    const unknown = new RondoError('UNKNOWN_NAME', { where: 'x.csv', what: 'no column `dropout` or batchSize.' });
    expect(inFlags(unknown, line)).toEqual({ error: unknown, isUsage: false });
  });
});
