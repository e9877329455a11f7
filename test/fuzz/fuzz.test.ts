import { describe, expect, it } from 'vitest';
import { fuzzedFormats } from './formats.js';
import { fuzz } from './fuzz-run.js';

describe('damaged files of each format', () => {
  it.each(fuzzedFormats.map((format) => [format.name, format] as const))(
    'are read or refused with a code: %s',
    async (_, format) => {
      const { numRead, numRefused, faults } = await fuzz(format, { count: 300 });
      expect(faults).toEqual([]);
      expect(numRead + numRefused).toBe(300);
      expect(numRefused).toBeGreaterThan(20);
    },
  );

  it('are told from good ones by what is seen', async () => {
    const throwing = { name: 'none', good: async () => [new Uint8Array(9)], read: () => ({}) as { a: string[] } };
    const { faults } = await fuzz({ ...throwing, read: () => throwing.read().a.length }, { count: 1 });
    expect(faults[0].what).toMatch(/^threw TypeError/);
    expect((await fuzz(throwing, { count: 3 })).numRead).toBe(3);
  });
});
