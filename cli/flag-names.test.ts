import { describe, expect, it } from 'vitest';
import {
  classifierOptions,
  type ErrorCode,
  forecastOptions,
  languageModelOptions,
  RondoError,
  requireNumber,
  taggerOptions,
} from '../src/index.js';
import { train as trainClassify } from './classify/train.js';
import { inFlags, optionOf } from './flag-names.js';
import { train as trainForecast } from './forecast/train.js';
import { train as trainLanguageModel } from './language-model/train.js';
import type { OptionSpec } from './options.js';
import { train as trainTag } from './tag/train.js';
import { taskOptions } from './task-flags.js';

const specs = {
  'batch-size': { type: 'count', about: '' },
  dropout: { type: 'number', about: '' },
  'dev-share': { type: 'number', sets: 'validation', about: '' },
} as const;
const line = {
  name: 'train classify',
  specs,
  options: { 'batch-size': undefined, dropout: 1.5, 'dev-share': undefined },
};

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
    expect(error.message).toBe(
      '[OUT_OF_RANGE] rondo train classify: `--dropout` is out of range.\n  expected: a number below 1\n  ' +
        'received: 1.5\n  fix: give `--dropout` a number below 1.',
    );
  });

  it('speaks of flags in passing, also where they have another name', () => {
    const { error, isUsage } = inFlags(
      new RondoError('OUT_OF_MEMORY', {
        where: 'fit',
        what: 'no room.',
        fix: 'give a smaller batchSize, or less `validation`, or noSuchOption.',
      }),
      line,
    );
    expect(isUsage).toBe(false);
    expect(error.facts.fix).toBe('give a smaller --batch-size, or less `--dev-share`, or noSuchOption.');
  });

  it('says where by the command and not by a name of the library, unless that is a file', () => {
    const whereOf = (code: ErrorCode, where: string): string =>
      inFlags(new RondoError(code, { where, what: 'no.' }), line).error.facts.where;
    expect(
      ['splitStratified', 'LanguageModelTraining, initial', 'losses', 'losses.csv', 'x.csv, line 3'].map((where) =>
        whereOf('DATA_FORMAT', where),
      ),
    ).toEqual(['rondo train classify', 'rondo train classify', 'losses', 'losses.csv', 'x.csv, line 3']);
    expect(whereOf('OUT_OF_RANGE', 'ClassifierTraining')).toBe('rondo train classify');
    expect(
      ['LanguageModel.predict', 'Table.fromRows', 'Table.csv'].map((where) => whereOf('DATA_FORMAT', where)),
    ).toEqual(['rondo train classify', 'rondo train classify', 'Table.csv']);
    expect(whereOf('NOT_FINITE', 'ClassifierTraining')).toBe('ClassifierTraining');
  });

  it('of data speaks of the flag that would help, and stays with its place and a fault of the data', () => {
    const fault = new RondoError('DATA_FORMAT', {
      where: 'x.csv, line 3',
      what: 'no.',
      fix: 'set `validation` to 0.',
      option: 'validation',
    });
    const { error, isUsage } = inFlags(fault, { ...line, options: { ...line.options, 'dev-share': 0.5 } });
    expect([error.message, isUsage]).toEqual([
      '[DATA_FORMAT] x.csv, line 3: no.\n  fix: set `--dev-share` to 0.',
      false,
    ]);
  });

  it('leaves names of columns and files alone', () => {
    const unknown = new RondoError('UNKNOWN_NAME', { where: 'x.csv', what: 'no column `dropout` or batchSize.' });
    expect(inFlags(unknown, line)).toEqual({ error: unknown, isUsage: false });
  });

  it('is wrong usage where a name that was typed is unknown, alone or in a list', () => {
    const given = { ...line, specs: { text: { type: 'text', about: '' } }, options: { text: 'body,title' } } as const;
    const unknown = (name: string): RondoError =>
      new RondoError('UNKNOWN_NAME', { where: 'x.csv', what: 'no such column.', received: `\`${name}\`` });
    expect(['title', 'body,title', 'bod', 'text'].map((name) => inFlags(unknown(name), given).isUsage)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('is wrong usage where something is missing on the command line, and not where data are at fault', () => {
    const missing = { where: 'x.csv', what: 'the share must be named.', option: 'validation' };
    expect(inFlags(new RondoError('USAGE', missing), line).isUsage).toBe(true);
    expect(inFlags(new RondoError('OUT_OF_RANGE', missing), line).isUsage).toBe(false);
    expect(inFlags(new RondoError('DATA_FORMAT', missing), line).isUsage).toBe(false);
  });

  it('is wrong usage where the message names an option that was given, though its facts do not', () => {
    const fault = new RondoError('OUT_OF_RANGE', { where: 'x', what: '`dropout` is beyond all bounds.' });
    expect(inFlags(fault, line).isUsage).toBe(true);
    expect(inFlags(fault, { ...line, options: { ...line.options, dropout: undefined } }).isUsage).toBe(false);
  });
});

describe('a flag of a training', () => {
  const tasks = [
    [trainClassify, classifierOptions],
    [trainForecast, forecastOptions],
    [trainLanguageModel, languageModelOptions],
    [trainTag, taggerOptions],
  ] as const;

  function sampleOf({ type, choices }: OptionSpec): string | number | boolean {
    if (type === 'flag') return true;
    if (type === 'number') return 0.25;
    return type === 'text' ? (choices?.at(-1) ?? 'a=3') : 3;
  }

  it.each(tasks)('says which option of the library it sets: $name', ({ options: flags }, table) => {
    const nothing = Object.fromEntries(
      Object.entries(flags).map(([flag, { type }]) => [flag, type === 'flag' ? false : undefined]),
    );
    const without: Record<string, unknown> = { ...taskOptions('x', table, nothing) };
    const wrong: string[] = [];
    let numSet = 0;
    for (const [flag, spec] of Object.entries(flags)) {
      const given: Record<string, unknown> = {
        ...taskOptions('x', table, { ...nothing, [flag]: sampleOf(spec) }),
      };
      for (const name of Object.keys(given).filter((key) => given[key] !== without[key])) {
        numSet++;
        if (name !== optionOf(flag, spec.sets)) wrong.push(`--${flag} sets ${name}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(numSet).toBeGreaterThan(15);
  });
});
