import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exponential } from './exponential.js';

describe('exponential', () => {
  it('is that of the platform to a few units in the last place', () => {
    const near = (x: number): void => {
      const expected = Math.exp(x);
      if (expected === Infinity) expect(exponential(x)).toBe(Infinity);
      else expect(Math.abs(exponential(x) - expected)).toBeLessThanOrEqual(Math.max(2 ** -51 * expected, 5e-324));
    };
    fc.assert(fc.property(fc.double({ min: -750, max: 712, noNaN: true }), near), { numRuns: 5000 });
    fc.assert(fc.property(fc.double({ min: -1, max: 1, noNaN: true }), near), { numRuns: 5000 });
    for (let k = -745; k < 710; k++) for (const x of [k, k + 0.5, k * Math.LN2 * 0.5]) near(x);
  });

  it('knows the ends', () => {
    expect([0, -0, -Infinity, Infinity, -1e9, 1e9].map(exponential)).toEqual([1, 1, 0, Infinity, 0, Infinity]);
    expect(exponential(NaN)).toBeNaN();
    expect(exponential(-745)).toBe(5e-324);
  });
});
