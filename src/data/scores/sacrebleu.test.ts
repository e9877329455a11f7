import { describe, expect, it } from 'vitest';
import { bleu } from './bleu.js';
import { chrF } from './chrf.js';
import vectors from './sacrebleu-vectors.json' with { type: 'json' };
import { ter } from './ter.js';

type Computed = { readonly score: number; readonly text: string; readonly signature: string };
const scores = { bleu, chrF, ter } as Readonly<
  Record<string, (said: readonly string[], right: readonly (string | readonly string[])[], options: object) => Computed>
>;

/** Float64 on both sides; the order of sums is that of the lists. */
const TOLERANCE = 1e-9;

describe('scores are those of sacreBLEU 2.6.0', () => {
  const { hypotheses, references } = vectors;
  const cases = vectors.cases.map((vector) => [vector.score, vector.options, vector] as const);

  it.each(cases)('%s with %o', (name, options, { first, all, sentences, text, signature }) => {
    const compute = scores[name];
    const corpus = compute(
      hypotheses,
      references.map(([reference]) => reference),
      options,
    );
    const several = compute(hypotheses, references, options);
    expect(Math.abs(corpus.score - first)).toBeLessThan(TOLERANCE);
    expect(Math.abs(several.score - all)).toBeLessThan(TOLERANCE);
    expect(corpus.text).toBe(text);
    // The signature is that of what was computed last, of single sentences.
    expect(corpus.signature.split('|').slice(1, -1)).toEqual(signature.split('|').slice(1, -1));
    expect(several.signature).toContain('nrefs:var|');
    sentences.forEach((score, i) => {
      const alone = compute([hypotheses[i]], [references[i]], options).score;
      expect(Math.abs(alone - score), `sentence ${i + 1}`).toBeLessThan(TOLERANCE);
    });
  });
});
