import { describe, expect, it } from 'vitest';
import { BoundedCache } from './bounded-cache.js';

describe('BoundedCache', () => {
  const made: string[] = [];
  const make = (value: string) => (): string => (made.push(value), value);

  it('makes a value once while it is remembered, and forgets what was unused for longest', () => {
    made.length = 0;
    const cache = new BoundedCache<string>(10, ({ length }) => length);
    for (const value of ['aaaa', 'bbbb', 'aaaa', 'cccc', 'aaaa', 'bbbb'])
      expect(cache.get(value[0], make(value))).toBe(value);
    expect(made).toEqual(['aaaa', 'bbbb', 'cccc', 'bbbb']);
  });

  it('does not keep what would push out everything else', () => {
    made.length = 0;
    const cache = new BoundedCache<string>(10, ({ length }) => length);
    for (const value of ['aaaa', 'bbbbbb', 'bbbbbb', 'aaaa']) cache.get(value[0], make(value));
    expect(made).toEqual(['aaaa', 'bbbbbb', 'bbbbbb']);
  });
});
