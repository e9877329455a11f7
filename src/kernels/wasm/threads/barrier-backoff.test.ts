import { expect, it } from 'vitest';
import { BarrierBackoff } from './barrier-backoff.js';

it(
  'gives barriers up for a while after they were late, for longer when they still are, and forgets it when they ' +
    'are not',
  () => {
    const barrierBackoff = new BarrierBackoff();
    const goodFrom = (nowMs: number): number => {
      while (!barrierBackoff.isGood(nowMs)) nowMs++;
      return nowMs;
    };
    expect(goodFrom(0)).toBe(0);
    barrierBackoff.note(2, 0);
    expect(goodFrom(0)).toBe(0);
    barrierBackoff.note(3, 0);
    expect(goodFrom(0)).toBe(100);
    barrierBackoff.note(50, 100);
    expect(goodFrom(100)).toBe(300);
    for (let i = 0; i < 10; i++) barrierBackoff.note(50, 300);
    expect(goodFrom(300)).toBe(5300);
    barrierBackoff.note(0, 5300);
    barrierBackoff.note(50, 6000);
    expect(goodFrom(6000)).toBe(6100);
    barrierBackoff.note(1, 6100, 0);
    expect(goodFrom(6100)).toBe(6300);
  },
);
