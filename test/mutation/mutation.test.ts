import { describe, expect, it } from 'vitest';
import { mutations } from './list/index.js';
import { inFile, mutated } from './mutation.js';
import { counted, markdownReport } from './report.js';

const [mutation] = inFile('a.ts', ['a.test.ts'], [['adds nothing', 'a + b', 'a']]);

describe('a mutation', () => {
  it('changes its one place', () => {
    expect(mutated('const sum = a + b;', mutation)).toEqual({ text: 'const sum = a;' });
    expect(mutated('$& a + b', { ...mutation, to: '$&' })).toEqual({ text: '$& $&' });
  });

  it('is stale where its code has gone or stands twice', () => {
    expect(mutated('a - b', mutation)).toEqual({ stale: 'its code is not in the file' });
    expect(mutated('a + b; a + b', mutation)).toEqual({ stale: 'its code is in the file more than once' });
  });

  it('of the list changes something, names its tests, and has a description of its own', () => {
    expect(mutations.length).toBeGreaterThan(50);
    for (const { from, to, tests, bug } of mutations) {
      expect(to, bug).not.toBe(from);
      expect(tests.length, bug).toBeGreaterThan(0);
    }
    const names = mutations.map(({ file, bug }) => `${file} ${bug}`);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });
});

describe('the report', () => {
  it('begins with what was not seen', () => {
    const outcomes = [
      { mutation, verdict: 'seen', detail: 'a.test.ts: adds | up' },
      { mutation: { ...mutation, bug: 'loses b' }, verdict: 'not seen', detail: '' },
    ] as const;
    expect(counted(outcomes)).toBe('1 seen, 1 not seen');
    expect(markdownReport(outcomes, 5).split('\n').slice(2)).toEqual([
      '2 of 5 were tried: 1 seen, 1 not seen.',
      '',
      '| verdict | file | bug | test |',
      '| --- | --- | --- | --- |',
      '| not seen | a.ts | loses b |  |',
      '| seen | a.ts | adds nothing | a.test.ts: adds \\| up |',
      '',
    ]);
  });
});
