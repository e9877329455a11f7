import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitStratified } from './stratified-split.js';

const texts = Array.from({ length: 200 }, (_, i) => `text ${i}`);
const labels = texts.map((_, i) => (i % 10 === 0 ? 'rare' : i % 2 === 0 ? 'even' : 'odd'));
const countOf = (positions: Int32Array, label: string): number => positions.filter((i) => labels[i] === label).length;

describe('a stratified split', () => {
  it('gives every class its share, and the same parts for the same seed', () => {
    const split = splitStratified(texts, labels, { validation: 0.1, test: 0.2 }, 3);
    expect([split.train.length, split.validation.length, split.test.length]).toEqual([140, 20, 40]);
    for (const [label, size] of [
      ['rare', 20],
      ['even', 80],
      ['odd', 100],
    ] as const) {
      expect(countOf(split.test, label)).toBe(0.2 * size);
      expect(countOf(split.validation, label)).toBe(0.1 * size);
    }
    expect(splitStratified(texts, labels, { validation: 0.1, test: 0.2 }, 3)).toEqual(split);
    expect(splitStratified(texts, labels, { validation: 0.1, test: 0.2 }, 4)).not.toEqual(split);
  });

  it('does not move the test part when the validation share changes', () => {
    expect(splitStratified(texts, labels, { validation: 0.3, test: 0.2 }, 3).test).toEqual(
      splitStratified(texts, labels, { validation: 0.1, test: 0.2 }, 3).test,
    );
  });

  it('loses no text, keeps equal texts together and every class in training', () => {
    const row = fc.record({ text: fc.integer({ max: 40, min: 0 }), label: fc.constantFrom('a', 'b', 'c') });
    fc.assert(
      fc.property(fc.array(row, { minLength: 30, maxLength: 120 }), fc.integer({ min: 0, max: 99 }), (rows, seed) => {
        const own = rows.map(({ text }) => String(text));
        const classes = rows.map(({ label }) => label);
        // Too few different texts can leave a part empty, which is refused.
        fc.pre(new Set(own).size > 20);
        const split = splitStratified(own, classes, { validation: 0.2, test: 0.2 }, seed);
        const partOf = new Map<number, string>();
        for (const [part, positions] of Object.entries(split)) for (const i of positions) partOf.set(i, part);
        expect(partOf.size).toBe(rows.length);
        for (const [i, text] of own.entries()) expect(partOf.get(own.indexOf(text))).toBe(partOf.get(i));
        for (const label of new Set(classes)) expect([...split.train].some((i) => classes[i] === label)).toBe(true);
      }),
      { numRuns: 200, seed: 7 },
    );
  });

  it('keeps the only text of a class for training, however large the other parts', () => {
    const own = Array.from({ length: 13 }, (_, i) => `text ${i}`);
    const classes = own.map((_, i) => (i === 12 ? 'alone' : 'x'));
    for (let seed = 0; seed < 20; seed++)
      expect(splitStratified(own, classes, { validation: 0.2, test: 0.6 }, seed).train).toContain(12);
  });

  it('keeps a class to train on whose every text is one of another class too', () => {
    const own = ['doubtful', 'doubtful', ...Array.from({ length: 11 }, (_, i) => `text ${i}`)];
    const classes = own.map((_, i) => (i === 1 ? 'y' : 'x'));
    for (let seed = 0; seed < 20; seed++)
      expect([...splitStratified(own, classes, { validation: 0.2, test: 0.4 }, seed).train]).toEqual(
        expect.arrayContaining([0, 1]),
      );
  });

  it('refuses shares that leave nothing, and a part that would be empty', () => {
    expect(() => splitStratified(texts, labels, { validation: 0.6, test: 0.5 }, 0)).toThrow('[OUT_OF_RANGE]');
    expect(() => splitStratified(['a', 'b'], ['x', 'y'], { validation: 0.1, test: 0 }, 0)).toThrow(
      'the validation part would be empty',
    );
    expect(() => splitStratified(['a', 'b', 'a', 'b'], ['x', 'y', 'x', 'y'], { validation: 0.1, test: 0 }, 0)).toThrow(
      '0.1 of 4 texts, 2 of them different, of 2 classes',
    );
  });
});
