import { expect, it } from 'vitest';
import { withReading } from './read-series.js';

it('takes the encoding and the names of columns from a model file where none are given, and nothing else', () => {
  const kept = { columns: 'day,load', encoding: 'utf-16le', decimal: 'comma' };
  const none = { columns: undefined, encoding: undefined, decimal: undefined };
  expect(withReading(none, kept)).toEqual({ columns: 'day,load', encoding: 'utf-16le' });
  expect(withReading({ ...none, decimal: 'point', columns: 'a,b' }, kept)).toEqual({
    columns: 'a,b',
    encoding: 'utf-16le',
    decimal: 'point',
  });
});
