import { expect, it } from 'vitest';
import { base64 } from './base64.js';

it('bytes become the text that others write, also in several pieces', () => {
  for (const length of [0, 1, 2, 3, 4, 3 * 2 ** 18 + 1, 6 * 2 ** 18 + 2]) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 167 + (i >> 8)) & 255);
    expect(base64(bytes) === Buffer.from(bytes).toString('base64'), `${length} bytes`).toBe(true);
  }
});
