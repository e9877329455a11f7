import { describe, expect, it } from 'vitest';
import { FormVectors } from './form-vectors.js';
import { Subwords } from './subwords.js';
import { WordVectors } from './word-vectors.js';

const words = ['The', 'the', 'Paris', 'PARIS', '1984', 'zebra'];
const subwords = new Subwords({
  minLength: 3,
  maxLength: 4,
  buckets: 2,
  dimension: 1,
  values: Float32Array.of(100, 200),
});
const vectors = new WordVectors(words, Float32Array.of(1, 2, 3, 4, 5, 6), subwords);
const formOf = (word: string): string => word.toLowerCase().replace(/\d/g, '0');

describe('vectors by form', () => {
  const byForm = new FormVectors(vectors, formOf);

  it('are those of the form itself, else of the first word with that form, else by n-grams', () => {
    const found = (form: string): [number, string] => [byForm.find(form)!.vector[0], byForm.find(form)!.source];
    expect(found('the')).toEqual([2, 'found']);
    expect(found('paris')).toEqual([3, 'found']);
    expect(found('0000')).toEqual([5, 'found']);
    expect(found('horse')[1]).toBe('subwords');
    expect(byForm.has('horse')).toBe(true);
  });

  it('fall back to lower case where forms keep theirs', () => {
    const kept = new FormVectors(new Map([['zebra', [6]]]));
    expect(kept.find('Zebra')).toEqual({ vector: [6], source: 'found' });
    expect(kept.has('horse')).toBe(false);
    expect(kept.find('horse')).toBeUndefined();
  });

  it('list the forms of the first words', () => {
    expect([...byForm.firstForms(5)]).toEqual(['the', 'paris', '0000']);
    expect(byForm.firstForms(0).size).toBe(0);
  });
});
