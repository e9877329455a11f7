import { describe, expect, it } from 'vitest';
import { RondoError } from '../errors.js';
import { parseSearch } from './parse-search.js';
import { sampleTrials } from './sample-trials.js';

const message = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return error instanceof RondoError ? error.message : String(error);
  }
  return 'nothing was thrown';
};

describe('parseSearch', () => {
  it('reads choices and ranges', () => {
    expect(
      parseSearch([
        'units=64, 128,256',
        'cell=gru,lstm',
        'dropout=0..0.5',
        'learning-rate=1e-4..0.02:log',
        'layers=1..4:whole:log',
        'vectors=a=b.txt,c',
      ]),
    ).toEqual({
      units: { choices: [64, 128, 256] },
      cell: { choices: ['gru', 'lstm'] },
      dropout: { low: 0, high: 0.5 },
      'learning-rate': { low: 1e-4, high: 0.02, scale: 'log' },
      layers: { low: 1, high: 4, scale: 'log', whole: true },
      vectors: { choices: ['a=b.txt', 'c'] },
    });
  });
  it('says what is wrong with others', () => {
    expect(message(() => parseSearch(['dropout=0..0.5:lgo']))).toMatchInlineSnapshot(`
      "[USAGE] parseSearch: the search \`dropout=0..0.5:lgo\` cannot be understood: \`:lgo\` is not known; did you mean \`:log\`?.
        expected: NAME=VALUE,VALUE,... or NAME=LOW..HIGH, also with :log and :whole behind it
        received: dropout=0..0.5:lgo
        fix: write for example units=64,128 or learning-rate=0.001..0.02:log."
    `);
    for (const [spec, part] of [
      ['units', 'the name is missing'],
      ['=3,4', 'the name is missing'],
      ['units=', 'there are no values'],
      ['units=3,,4', 'a value is empty'],
      ['dropout=0..', 'not a number, two dots and a number'],
      ['dropout=0..1..2', 'not a number, two dots and a number'],
      ['dropout=0..x', 'not a number, two dots and a number'],
      ['rate=0..1:log', 'a number above 0, for a logarithmic scale'],
      ['rate=2..1', 'a number above low, 2'],
      ['layers=1..2.5:whole', 'a whole number above low'],
      ['units=3,4,3', '3 twice'],
    ])
      expect(
        message(() => parseSearch([spec])),
        spec,
      ).toContain(part);
    expect(message(() => parseSearch(['units=1,2', 'units=3']))).toContain('searched twice');
    expect(message(() => parseSearch([]))).toContain('nothing to search');
  });
});

describe('sampleTrials', () => {
  const space = parseSearch(['rate=0.001..0.1:log', 'dropout=0..0.5', 'units=5,7,11', 'layers=1..3:whole']);

  it('gives the same trials for a seed, however many are drawn', () => {
    expect(sampleTrials(space, 20, 3)).toEqual(sampleTrials(space, 50, 3).slice(0, 20));
    expect(sampleTrials(space, 20, 3)).not.toEqual(sampleTrials(space, 20, 4));
  });

  it('spreads evenly on each scale, within the bounds', () => {
    const trials = sampleTrials(space, 6000, 1) as readonly Readonly<Record<string, number>>[];
    const share = (holds: (trial: (typeof trials)[number]) => boolean): number =>
      trials.filter(holds).length / trials.length;
    // Four standard deviations of a share of 6000 draws are at most 0.026.
    expect(Math.abs(share(({ rate }) => rate < 0.01) - 0.5)).toBeLessThan(0.026);
    expect(Math.abs(share(({ dropout }) => dropout < 0.1) - 0.2)).toBeLessThan(0.026);
    for (const units of [5, 7, 11])
      expect(Math.abs(share((trial) => trial.units === units) - 1 / 3)).toBeLessThan(0.026);
    for (const layers of [1, 2, 3])
      expect(Math.abs(share((trial) => trial.layers === layers) - 1 / 3)).toBeLessThan(0.026);
    expect(trials.every(({ rate, dropout }) => rate >= 0.001 && rate <= 0.1 && dropout >= 0 && dropout <= 0.5)).toBe(
      true,
    );
    expect(trials.every(({ rate }) => String(Number(Number(rate).toPrecision(4))) === String(rate))).toBe(true);
  });

  it('repeats no trial, and says where there are too few', () => {
    const small = parseSearch(['units=1,2,3', 'layers=1..2:whole']);
    expect(new Set(sampleTrials(small, 6, 0).map((trial) => JSON.stringify(trial))).size).toBe(6);
    expect(message(() => sampleTrials(small, 7, 0))).toContain('at most 6');
    expect(message(() => sampleTrials(parseSearch(['a=1..1.001']), 4, 0))).toContain('differ in four digits');
  });
});
