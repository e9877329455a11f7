import { describe, expect, it } from 'vitest';
import type { DType } from './dtype.js';
import { Random } from './random.js';
import { halfWords, nearestWhole, numbersOfHalves, rounded } from './rounding.js';

describe.each([
  ['float16', 65504, 2 ** -24, 0x7c00],
  ['bfloat16', (2 - 2 ** -7) * 2 ** 127, 2 ** -133, 0x7f80],
] as const)('%s', (dtype, largest, least, infinityWord) => {
  /** Every finite number of the type, and the infinities. */
  const words = Uint16Array.from({ length: 2 ** 16 }, (_, word) => word);
  const numbers = numbersOfHalves(dtype, words);

  it('has its words in the order of its numbers', () => {
    for (let word = 1; word <= infinityWord; word++) expect(numbers[word]).toBeGreaterThan(numbers[word - 1]);
    expect([numbers[1], numbers[infinityWord - 1], numbers[infinityWord]]).toEqual([least, largest, Infinity]);
  });

  it('gives back every word that is no NaN', () => {
    const again = halfWords(dtype, numbers);
    words.forEach((word) => {
      if (!Number.isNaN(numbers[word])) expect(again[word]).toBe(word);
      else expect(numbersOfHalves(dtype, Uint16Array.of(again[word]))[0]).toBeNaN();
    });
  });

  it('reads few words as many', () => {
    for (let word = 0; word < words.length; word += 1000)
      expect(numbersOfHalves(dtype, words.slice(word, word + 1000))).toEqual(numbers.slice(word, word + 1000));
  });

  it('has the same words for singles by their bits', () => {
    const random = new Random(4);
    const bits = Uint32Array.from({ length: 200_000 }, () => Math.floor(random.uniform() * 2 ** 32));
    // Ties, and what lies beside them.
    const ties = numbers.map((number, word) => (number + (numbers[word + 1] ?? number)) / 2);
    const beside = [-1, 0, 1].flatMap((by) => [...new Uint32Array(ties.buffer)].map((word) => (word + by) >>> 0));
    for (const each of [bits, Uint32Array.from(beside)]) {
      const singles = new Float32Array(each.buffer);
      const expected = halfWords(dtype, [...singles]);
      halfWords(dtype, singles).forEach((word, i) => {
        if (Number.isNaN(singles[i])) expect(numbersOfHalves(dtype, Uint16Array.of(word))[0]).toBeNaN();
        else if (word !== expected[i]) expect([singles[i], word]).toEqual([singles[i], expected[i]]);
      });
    }
  });

  it('rounds to the nearest, ties to the even word', () => {
    const random = new Random(3);
    for (let i = 0; i < 20_000; i++) {
      const word = Math.floor(random.uniform() * (infinityWord - 1));
      const [low, high] = [numbers[word], numbers[word + 1]];
      const share = i % 4 === 0 ? 0.5 : random.uniform();
      const value = low + share * (high - low);
      const wanted = share < 0.5 ? low : share > 0.5 ? high : word % 2 === 0 ? low : high;
      expect(rounded(dtype, value)).toBe(wanted);
      expect(rounded(dtype, -value)).toBe(-wanted);
    }
  });

  it('is infinite from half a step beyond its largest number', () => {
    const step = largest - numbers[infinityWord - 2];
    expect(rounded(dtype, largest + 0.49 * step)).toBe(largest);
    expect(rounded(dtype, largest + 0.5 * step)).toBe(Infinity);
    expect(rounded(dtype, -largest - 0.5 * step)).toBe(-Infinity);
    expect([rounded(dtype, NaN), rounded(dtype, least / 2), rounded(dtype, 0.51 * least)]).toEqual([NaN, 0, least]);
    expect(rounded(dtype, -least / 4)).toBe(-0);
  });
});

describe('whole numbers', () => {
  it('are what is left of the point, within bounds; NaN is 0', () => {
    const given = [2.7, -2.7, 300, -300, 1e20, -1e20, NaN, -0.3, Infinity, -Infinity];
    const of = (dtype: DType) => given.map((value) => rounded(dtype, value));
    expect(of('int8')).toEqual([2, -2, 127, -128, 127, -128, 0, 0, 127, -128]);
    expect(of('uint8')).toEqual([2, 0, 255, 0, 255, 0, 0, 0, 255, 0]);
    expect(of('int32')).toEqual([2, -2, 300, -300, 2 ** 31 - 1, -(2 ** 31), 0, 0, 2 ** 31 - 1, -(2 ** 31)]);
  });
});

it('what was rounded is stored as it is', () => {
  const random = new Random(4);
  const given = Array.from({ length: 500 }, () => (random.normal() * 10) ** 3);
  for (const dtype of ['float16', 'bfloat16'] as const)
    expect([...numbersOfHalves(dtype, halfWords(dtype, given))]).toEqual(given.map((value) => rounded(dtype, value)));
});

it('the nearest whole number is that of integers and halves, ties to even, in every range', () => {
  const random = new Random(8);
  for (let i = 0; i < 3000; i++) {
    const whole = Math.floor((random.uniform() - 0.5) * 2 ** (i % 50)) + 0;
    expect(nearestWhole(whole)).toBe(whole);
    expect(nearestWhole(whole + 0.5) + 0).toBe(whole % 2 === 0 ? whole : whole + 1);
    const rest = random.uniform() - 0.5;
    if (i % 50 < 40) expect(nearestWhole(whole + rest) + 0).toBe(whole + 0);
  }
  expect(nearestWhole(NaN)).toBeNaN();
});
