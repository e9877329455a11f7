import { describe, expect, it } from 'vitest';
import { add, mul, sub, tanh } from '../expression/build.js';
import type { Cell } from './cell.js';
import { defineCell } from './define-cell.js';
import { equationsFingerprint } from './fingerprint.js';
import { libraryCells } from './registry.js';

const mixing = (
  name: string,
  mix: 'sum' | 'swapped' | 'difference',
  factor = 0.5,
  gates: readonly ['a', 'b'] | readonly ['b', 'a'] = ['a', 'b'],
): Cell =>
  defineCell({
    name,
    gates,
    states: ['hidden'],
    step: ({ gates: { a, b }, states: { hidden } }) => ({
      hidden:
        mix === 'difference'
          ? sub(mul(factor, tanh(a), hidden), b)
          : mix === 'sum'
            ? add(mul(tanh(a), factor), b)
            : add(b, mul(factor, tanh(a))),
    }),
  });

describe('a fingerprint of equations', () => {
  it('is another for each cell of the library', () => {
    expect(new Set(libraryCells.map(equationsFingerprint)).size).toBe(libraryCells.length);
  });

  it('is equal for equal equations, whatever the name and the order of a sum', () => {
    expect(equationsFingerprint(mixing('other', 'swapped'))).toBe(equationsFingerprint(mixing('one', 'sum')));
    expect(equationsFingerprint(mixing('one', 'sum'))).toMatch(/^[0-9a-f]{8}$/);
  });

  it('sees a constant, an operation, the order of a difference and the order of gates', () => {
    const all = [
      mixing('x', 'sum'),
      mixing('x', 'sum', 0.25),
      mixing('x', 'difference'),
      mixing('x', 'sum', 0.5, ['b', 'a']),
    ];
    const reversed = defineCell({
      name: 'x',
      gates: ['a', 'b'],
      states: ['hidden'],
      step: ({ gates: { a, b }, states: { hidden } }) => ({ hidden: sub(b, mul(0.5, tanh(a), hidden)) }),
    });
    expect(new Set([...all, reversed].map(equationsFingerprint)).size).toBe(5);
  });
});
