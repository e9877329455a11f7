import { afterEach, describe, expect, it, vi } from 'vitest';

describe('the choice of tiles', () => {
  afterEach(() => vi.restoreAllMocks());

  it('is the standard one where the machine leaves no time to measure', async () => {
    // A choice is kept for the process, and other tests may have made it.
    vi.resetModules();
    const { chooseTiles, standardTiles } = await import('./matmul-choice.js');
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => (now += 200));
    const { family, measured } = chooseTiles({ deterministic: true });
    expect(family).toBe(standardTiles({ deterministic: true }));
    expect(measured.every(({ gigaflops }) => gigaflops > 0)).toBe(true);
  });
});
