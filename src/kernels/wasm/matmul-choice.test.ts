import { afterEach, describe, expect, it, vi } from 'vitest';
import { chooseTiles, standardTiles } from './matmul-choice.js';

describe('the choice of tiles', () => {
  afterEach(() => vi.restoreAllMocks());

  it('is the standard one where the machine leaves no time to measure', () => {
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => (now += 200));
    const { family, measured } = chooseTiles({ deterministic: true });
    expect(family).toBe(standardTiles({ deterministic: true }));
    expect(measured.every(({ gigaflops }) => gigaflops > 0)).toBe(true);
  });
});
