import { describe, expect, it } from 'vitest';
import {
  classifierOptions,
  forecastOptions,
  languageModelOptions,
  type OptionTable,
  taggerOptions,
} from '../src/index.js';
import texts from './option-texts.json' with { type: 'json' };
import { taskFlags, taskOptions } from './task-flags.js';
import { WrongUsage } from './wrong-usage.js';

const tables = { classifierOptions, forecastOptions, languageModelOptions, taggerOptions };

describe('a comment above an option', () => {
  it.each(Object.entries(tables))('says the default that the table has, if any: %s', (name, table: OptionTable) => {
    const comments: Readonly<Record<string, string>> = texts[name as keyof typeof tables];
    const wrong = Object.entries(table).flatMap(([option, { default: usual }]) => {
      const text = comments[option].replace(/(\d),(?=\d{3})/g, '$1');
      const isSaid =
        usual === undefined ||
        typeof usual === 'function' ||
        !/default/i.test(text) ||
        new RegExp(`Default:? \`?${usual}(?![\\w.]*\\d)|${usual}\`?[^\`]*default|Default: found`).test(text);
      return isSaid ? [] : [`${option}: ${text} (${String(usual)})`];
    });
    expect(wrong).toEqual([]);
  });
});

describe('the flags of a task', () => {
  it('list the names that the comment leaves out, and say options by their flags', () => {
    const { cell, patience, base, refit } = taskFlags(forecastOptions);
    expect(cell.about).toMatch(/^Recurrent cell\. One of simple, lstm, .* Default gru\.$/);
    expect(taskFlags(classifierOptions).patience.about).toContain('Default half of --epochs.');
    expect(base.choices).toContain('seasonal-naive');
    expect(refit).toMatchObject({ value: 'yes|no', about: expect.stringContaining('Default yes;') });
    expect(patience).toMatchObject({ type: 'count', sets: 'patience' });
  });

  it('are options of the library once they are given', () => {
    const given = taskOptions('x', forecastOptions, {
      base: 'seasonal-naive',
      refit: 'no',
      'allow-negative': true,
      units: 'auto',
    });
    expect(given).toMatchObject({ base: 'seasonalNaive', refit: false, allowNegative: true, units: 'auto' });
    expect(given.horizon).toBeUndefined();
    expect(taskOptions('x', taggerOptions, { 'no-crf': true, 'keep-case': true })).toMatchObject({
      crf: false,
      lower: false,
    });
    expect(() => taskOptions('x', taggerOptions, { crf: true, 'no-crf': true })).toThrow(WrongUsage);
  });
});
