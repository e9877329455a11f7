import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { errorCodes, nearestNames, RondoError, refuseUnknownOptions, requireCount, unknownName } from './errors.js';

describe('RondoError', () => {
  it('writes its facts as a message that says how to fix it', () => {
    const error = new RondoError('SHAPE_MISMATCH', {
      where: 'LSTM.call',
      what: '`input` has the wrong shape.',
      expected: '[batch, time, features = 7]',
      received: '[32, 100, 12]',
      fix: 'give the layer 7 features per step.',
    });
    expect(error.message).toBe(
      '[SHAPE_MISMATCH] LSTM.call: `input` has the wrong shape.\n  expected: [batch, time, features = 7]\n  ' +
        'received: [32, 100, 12]\n  fix: give the layer 7 features per step.',
    );
    expect(error.facts.received).toBe('[32, 100, 12]');
  });

  it('leaves out what it does not know, and keeps the cause', () => {
    const cause = new Error('disk full');
    const error = new RondoError('FILE_ACCESS', { where: 'saveModel', what: 'the file could not be written.', cause });
    expect(error.message).toBe('[FILE_ACCESS] saveModel: the file could not be written.');
    expect(error.cause).toBe(cause);
  });
});

describe('names', () => {
  const cells = ['lstm', 'gru', 'simple', 'minGRU', 'minLSTM'];

  it('suggest the nearest', () => {
    expect(nearestNames('lsmt', cells)).toEqual(['lstm']);
    expect(nearestNames('MINGRU', cells)[0]).toBe('minGRU');
    expect(nearestNames('transformer', cells)).toEqual([]);
  });

  it('are refused with the list of known ones', () => {
    expect(unknownName('RNN', 'cell', 'lsmt', cells).message).toBe(
      '[UNKNOWN_NAME] RNN: unknown cell `lsmt`; did you mean `lstm`?\n  expected: one of `lstm`, `gru`, ' +
        '`simple`, `minGRU`, `minLSTM`\n  received: `lsmt`\n  fix: use `lstm`.',
    );
  });

  it('of options are refused all at once', () => {
    expect(() =>
      refuseUnknownOptions('Dense', { units: 3, activaton: 'relu', bias: true }, ['units', 'activation']),
    ).toThrow(/`activaton`, `bias`/);
    expect(() => refuseUnknownOptions('Dense', { units: 3 }, ['units'])).not.toThrow();
  });
});

describe('numbers', () => {
  it.each([0, -1, 1.5, NaN, Infinity])('refuses %s as a count', (value) => {
    expect(() => requireCount('LSTM', 'units', value)).toThrow(/OUT_OF_RANGE/);
  });
});

describe('a message', () => {
  const long = Array.from({ length: 1_000_000 }, (_, i) => i / 7);
  const textOf = (received: string): string =>
    new RondoError('USAGE', { where: 'here', what: 'it is long.', received }).message;

  it.each<[string, string]>([
    ['an array', String(long)],
    ['a nested array', JSON.stringify(Array.from({ length: 1000 }, () => long.slice(0, 30)))],
    ['a typed array', JSON.stringify(Float32Array.from(long.slice(0, 1000)))],
    ['whatever else', 'x'.repeat(17_000_000)],
    ['one number of many digits', '1'.repeat(17_000_000)],
    ['numbers far apart', '1]  \n'.repeat(100_000) + ' '.repeat(17_000_000)],
  ])('shows a few numbers of %s', (_, received) => {
    const shown = textOf(received);
    expect(shown.length).toBeLessThan(2200);
    expect(shown.match(/\d+\.\d+/g)?.length ?? 0).toBeLessThan(10);
    expect(shown).toContain('...');
  });

  it('keeps shapes and short lists whole', () => {
    const list = '[32, 100, 12] and 1, 2, 3, 4, 5, 6, 7, 8, 9';
    expect(textOf(list)).toContain(list);
    expect(textOf('[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]')).toContain('received: [1, 2, 3, 4, 5, 6, ...]');
    expect(textOf('x [[1,2],[3,4],[5,6],[7,8],[9,10],[11,12]], then 13')).toContain(
      'received: x [[1,2],[3,4],[5,6, ...]], then 13',
    );
    expect(textOf('1, 2, 3, 4, 5, 6, 7, 8, 9, 10')).toContain('9, 10');
    expect(textOf(`${'NaN, -1.5e-7, '.repeat(6)}and ${'7'.repeat(50)}`)).toContain(
      `received: NaN, -1.5e-7, NaN, -1.5e-7, NaN, -1.5e-7, ..., and ${'7'.repeat(50)}`,
    );
  });
});

describe('docs/errors.md', () => {
  it('has a heading for every code and no other', () => {
    const text = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8');
    const headings = [...text.matchAll(/^## (\S+)$/gm)].map((match) => match[1]);
    expect(headings).toEqual([...errorCodes]);
  });
});
