import { afterEach, describe, expect, it } from 'vitest';
import { messageOf } from '../test/support/central-differences.js';
import { currentRandom, Random, type RandomState, setSeed } from './random.js';

afterEach(() => setSeed(0));

const draw = (random: Random, count: number): number[] => Array.from({ length: count }, () => random.uint32());

/** Pearson's statistic of counts that should be equal, over its number of degrees of freedom: near 1. */
function chiSquareRatio(counts: readonly number[]): number {
  const expected = counts.reduce((a, b) => a + b, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0) / (counts.length - 1);
}

describe('Random', () => {
  it("is xoshiro128**: the numbers of its authors' C code from the state 1, 2, 3, 4", () => {
    const random = new Random(0);
    random.state = { words: [1, 2, 3, 4], spareNormal: null };
    expect(draw(random, 10)).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ]);
    random.state = { words: [0xdeadbeef, 0x80000000, 0xffffffff, 0x12345678], spareNormal: null };
    expect(draw(random, 6)).toEqual([576, 3132614827, 2263960055, 3306064138, 3071822689, 1879777386]);
  });

  it('gives the same numbers for a seed everywhere and always', () => {
    expect(draw(new Random(0), 3)).toEqual([1789933344, 44971166, 2521392804]);
    expect(draw(new Random(1), 3)).toEqual([393288148, 2174103013, 3814759091]);
    expect(draw(new Random(-1), 3)).toEqual([4104197751, 1825856343, 1152209388]);
    expect(draw(new Random(42, 'weights'), 3)).toEqual([765585232, 417093182, 3944922263]);
    const random = new Random(5);
    expect([random.normal(), random.normal(), random.normal()]).toEqual([
      0.6759938048449754, 0.0866834688192477, -1.309049188046073,
    ]);
    expect(random.shuffle([0, 1, 2, 3, 4, 5, 6])).toEqual([6, 3, 2, 1, 5, 4, 0]);
  });

  it('gives every seed and every stream numbers of its own', () => {
    const firsts = new Set(Array.from({ length: 5000 }, (_, seed) => draw(new Random(seed), 2).join()));
    expect(firsts.size).toBe(5000);
    const streams = ['', 'a', 'b', 'ab', 'ba', 'lstm', 'gru'].map((stream) => draw(new Random(3, stream), 2).join());
    expect(new Set(streams).size).toBe(streams.length);
  });

  it.each([0, 1, 2, 3, 4, 5])('goes on from a saved state exactly where it stopped, after %d draws', (count) => {
    const random = new Random(7);
    for (let i = 0; i < count; i++) random.normal();
    const saved = JSON.parse(JSON.stringify(random.state)) as RandomState;
    const resumed = new Random(99);
    resumed.normal();
    resumed.state = saved;
    const next = (from: Random): number[] => [
      from.normal(),
      from.uniform(),
      from.normal(),
      from.integer(1000),
      from.uint32(),
    ];
    expect(next(resumed)).toEqual(next(random));
    expect(resumed.state).toEqual(random.state);
  });

  it.each([
    [{ words: [1, 2, 3], spareNormal: null }],
    [{ words: [1, 2, 3, 0.5], spareNormal: null }],
    [{ words: [1, 2, 3, null], spareNormal: null }],
    [{ spareNormal: null }],
  ])('refuses the damaged state %j', (state) => {
    const random = new Random(7);
    expect(messageOf(() => (random.state = state as unknown as RandomState))).toBe(
      '[FILE_FORMAT] Random.state: the saved state of the random generator is damaged.\n  expected: four 32-bit ' +
        `words\n  received: ${JSON.stringify(state)}\n  fix: use an intact checkpoint.`,
    );
    expect(draw(random, 2)).toEqual(draw(new Random(7), 2));
  });

  it('is uniform in [0, 1), in its high and its low bits', () => {
    const random = new Random(11);
    const [high, low] = [new Array<number>(64).fill(0), new Array<number>(64).fill(0)];
    let sum = 0;
    for (let i = 0; i < 200_000; i++) {
      const value = random.uniform();
      if (!(value >= 0 && value < 1)) throw new Error(`${value}`);
      high[Math.floor(value * 64)]++;
      low[random.uint32() & 63]++;
      sum += value;
    }
    // Three standard deviations of the statistic are 0.54, of the mean 0.002.
    expect(Math.abs(chiSquareRatio(high) - 1)).toBeLessThan(0.54);
    expect(Math.abs(chiSquareRatio(low) - 1)).toBeLessThan(0.54);
    expect(Math.abs(sum / 200_000 - 0.5)).toBeLessThan(0.002);
  });

  it('gives each whole number below a limit equally often', () => {
    const random = new Random(13);
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 70_000; i++) counts[random.integer(7)]++;
    expect(counts).toHaveLength(7);
    expect(chiSquareRatio(counts)).toBeLessThan(2.8);
    expect(random.integer(1)).toBe(0);
  });

  it('gives normal numbers: mean 0, variance 1, no skew, kurtosis 3, and no echo', () => {
    const random = new Random(17);
    const count = 200_000;
    const values = Float64Array.from({ length: count }, () => random.normal());
    const moment = (power: number): number => values.reduce((sum, value) => sum + value ** power, 0) / count;
    expect(Math.abs(moment(1))).toBeLessThan(0.007);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.01);
    expect(Math.abs(moment(3))).toBeLessThan(0.026);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.07);
    let echo = 0;
    for (let i = 1; i < count; i++) echo += values[i] * values[i - 1];
    expect(Math.abs(echo / count)).toBeLessThan(0.007);
  });

  it('shuffles in place, into each order equally often', () => {
    const random = new Random(19);
    const counts = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const items = Int32Array.of(0, 1, 2, 3);
      expect(random.shuffle(items)).toBe(items);
      counts.set(items.join(), (counts.get(items.join()) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    expect(chiSquareRatio([...counts.values()])).toBeLessThan(1.9);
    expect(random.shuffle([])).toEqual([]);
  });
});

describe('setSeed', () => {
  it('starts the generator of the library anew', () => {
    setSeed(42);
    const first = draw(currentRandom(), 4);
    expect(draw(currentRandom(), 4)).not.toEqual(first);
    setSeed(42);
    expect(draw(currentRandom(), 4)).toEqual(first);
  });
});

it('fills numbers as single draws would, and goes on behind them', () => {
  const [filling, drawing] = [new Random(5), new Random(5)];
  const numbers = new Float32Array(301);
  const limit = 0.7 * 2 ** 32;
  filling.fillBelow(numbers, limit, 1.5);
  expect([...numbers]).toEqual(draw(drawing, 301).map((word) => (word < limit ? 1.5 : 0)));
  expect(filling.state).toEqual(drawing.state);
});
