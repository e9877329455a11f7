import { describe, expect, it } from 'vitest';
import { defaultTimesteps } from './forecast-parts.js';

describe('the default window', () => {
  it('holds a season or four horizons, and not a season that would cost most of the time', () => {
    expect([
      defaultTimesteps(3, 12, 500),
      defaultTimesteps(7, 12, 500),
      defaultTimesteps(14, 168, 2000),
      defaultTimesteps(14, 365, 2000),
    ]).toEqual([12, 28, 168, 56]);
  });
  it('leaves half of a short training part to begin windows in', () => {
    expect([defaultTimesteps(5, 24, 35), defaultTimesteps(100, 7, 5000)]).toEqual([15, 336]);
  });
});
