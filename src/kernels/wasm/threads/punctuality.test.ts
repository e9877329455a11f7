import { expect, it } from 'vitest';
import { Punctuality } from './punctuality.js';

it('gives meetings up for a while after they were late, for longer when they still are, and forgets it when they are not', () => {
  const punctuality = new Punctuality();
  const goodFrom = (nowMs: number): number => {
    while (!punctuality.isGood(nowMs)) nowMs++;
    return nowMs;
  };
  expect(goodFrom(0)).toBe(0);
  punctuality.note(2, 0);
  expect(goodFrom(0)).toBe(0);
  punctuality.note(3, 0);
  expect(goodFrom(0)).toBe(100);
  punctuality.note(50, 100);
  expect(goodFrom(100)).toBe(300);
  for (let i = 0; i < 10; i++) punctuality.note(50, 300);
  expect(goodFrom(300)).toBe(5300);
  punctuality.note(0, 5300);
  punctuality.note(50, 6000);
  expect(goodFrom(6000)).toBe(6100);
  punctuality.note(1, 6100, 0);
  expect(goodFrom(6100)).toBe(6300);
});
