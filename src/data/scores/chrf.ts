import { refuseUnknownOptions, requireBoolean, requireCount, requireNumber } from '../../errors.js';
import { libraryVersion } from '../../io/library-version.js';
import type { Resolved } from '../../resolved.js';
import { countNGrams, numNGrams, numShared } from './n-grams.js';
import { fixed, type References, referenceCount, scoredSentences, wordsBetweenSpaces } from './scored-sentences.js';

export interface ChrFOptions {
  /** The longest runs of characters that are counted; 6 by default. */
  charOrder?: number | undefined;
  /** The longest runs of words; 0 by default, 2 for chrF++. */
  wordOrder?: number | undefined;
  /** How many times recall counts as much as precision; 2 by default. */
  beta?: number | undefined;
  /** Compares without regard to case; false by default. */
  lowercase?: boolean | undefined;
  /** Counts white space among the characters; false by default. */
  whitespace?: boolean | undefined;
  /**
   * Averages the scores of all orders, as chrF++.py, NLTK and Moses do; false by default: precision and recall are
   * averaged over the orders that both sides have.
   */
  epsSmoothing?: boolean | undefined;
}

/** How {@link chrF} came about; plain JSON. */
export interface ChrFScore {
  /** From 0 to 100. */
  readonly score: number;
  /** `chrF2`, `chrF2++`: with beta, and a plus for each order of words. */
  readonly name: string;
  /** What has to be known to compute it again, in sacreBLEU's form. */
  readonly signature: string;
  /** The score in one line, as sacreBLEU writes it. */
  readonly text: string;
}

/** Runs of one length: of the hypotheses, of the references, and shared. */
interface Matches {
  hypothesis: number;
  reference: number;
  shared: number;
}

/**
 * chrF, and with `wordOrder: 2` chrF++, as sacreBLEU 2 computes them: an F-score of runs of 1 to 6 characters (and 1 to 2
 * words),
 *
 * `100 (1 + beta^2) P R / (beta^2 P + R)`,
 *
 * where `P` is the mean over the lengths of runs of the share of the hypotheses' runs that the references have too, and
 * `R` that of the references' runs that the hypotheses have. Of several references the one with the best score of its
 * sentence counts.
 *
 * @param hypotheses sentences as they were predicted, not tokenized.
 * @param references for each hypothesis what is right: a text, or several.
 * @throws SHAPE_MISMATCH where there are not as many references as hypotheses; DATA_FORMAT for no sentences and for
 * sentences without a reference; UNKNOWN_NAME, OUT_OF_RANGE and USAGE for options.
 *
 * Source: Popović 2015, "chrF: character n-gram F-score for automatic MT evaluation"; Popović 2017, "chrF++: words helping
 * character n-grams"; Post 2018 (sacreBLEU).
 */
export function chrF(hypotheses: readonly string[], references: References, options: ChrFOptions = {}): ChrFScore {
  const settings = resolved(options);
  const { charOrder, wordOrder, beta, lowercase, whitespace, epsSmoothing } = settings;
  const sentences = scoredSentences('chrF', hypotheses, references);
  const sums: Matches[] = Array.from({ length: charOrder + wordOrder }, () => ({
    hypothesis: 0,
    reference: 0,
    shared: 0,
  }));
  for (const { hypothesis, references: right } of sentences) {
    const predicted = runsOf(hypothesis, settings);
    let best: readonly Matches[] = [];
    let bestScore = -1;
    for (const text of right) {
      const matches = matchesOf(predicted, runsOf(text, settings));
      const score = fScore(matches, settings);
      if (score > bestScore) [best, bestScore] = [matches, score];
    }
    for (const [n, { hypothesis, reference, shared }] of best.entries()) {
      sums[n].hypothesis += hypothesis;
      sums[n].reference += reference;
      sums[n].shared += shared;
    }
  }
  const score = fScore(sums, settings);
  const name = `chrF${beta}${'+'.repeat(wordOrder)}`;
  const signature = [
    `nrefs:${referenceCount(sentences)}`,
    `case:${lowercase ? 'lc' : 'mixed'}`,
    `eff:${epsSmoothing ? 'no' : 'yes'}`,
    `nc:${charOrder}`,
    `nw:${wordOrder}`,
    `space:${whitespace ? 'yes' : 'no'}`,
    `version:rondo-${libraryVersion}`,
  ].join('|');
  return { score, name, signature, text: `${name} = ${fixed(score, 2)}` };
}

/** By their kind and length, runs and how many there are. */
type Runs = readonly { counts: ReadonlyMap<string, number>; total: number }[];

function runsOf(text: string, { charOrder, wordOrder, lowercase, whitespace }: Resolved<ChrFOptions>): Runs {
  const cased = lowercase ? text.toLowerCase() : text;
  const characters = Array.from(whitespace ? cased : wordsBetweenSpaces(cased).join(''));
  const words = wordOrder === 0 ? [] : wordsBetweenSpaces(cased).flatMap(withoutSign);
  return [[characters, charOrder] as const, [words, wordOrder] as const].flatMap(([items, longest]) =>
    countNGrams(items, longest).map((counts, n) => ({ counts, total: numNGrams(items.length, n + 1) })),
  );
}

/** The sign that a word ends in, or else begins with, is a word of its own; there is one at most. */
function withoutSign(word: string): string[] {
  const isSign = /^[!-/:-@[-`{-~]$/;
  const characters = Array.from(word);
  if (characters.length === 1) return [word];
  if (isSign.test(word.slice(-1))) return [word.slice(0, -1), word.slice(-1)];
  return isSign.test(word[0]) ? [word[0], word.slice(1)] : [word];
}

function matchesOf(predicted: Runs, right: Runs): Matches[] {
  return predicted.map(({ counts, total }, n) => ({
    // Runs that are longer than the reference count for nothing.
    hypothesis: right[n].total > 0 ? total : 0,
    reference: right[n].total,
    shared: numShared(counts, right[n].counts),
  }));
}

function fScore(matches: readonly Matches[], { beta, epsSmoothing }: Resolved<ChrFOptions>): number {
  const tiny = 1e-16;
  const factor = beta ** 2;
  let [precision, recall, order, scores] = [0, 0, 0, 0];
  for (const { hypothesis, reference, shared } of matches) {
    const p = hypothesis > 0 ? shared / hypothesis : tiny;
    const r = reference > 0 ? shared / reference : tiny;
    scores += factor * p + r > 0 ? ((1 + factor) * p * r) / (factor * p + r) : tiny;
    if (hypothesis === 0 || reference === 0) continue;
    precision += p;
    recall += r;
    order++;
  }
  if (epsSmoothing) return (100 * scores) / matches.length;
  if (precision + recall === 0) return 0;
  const [p, r] = [precision / order, recall / order];
  return (100 * (1 + factor) * p * r) / (factor * p + r);
}

function resolved(options: ChrFOptions): Resolved<ChrFOptions> {
  refuseUnknownOptions('chrF', options, ['charOrder', 'wordOrder', 'beta', 'lowercase', 'whitespace', 'epsSmoothing']);
  const { charOrder = 6, wordOrder = 0, beta = 2 } = options;
  const { lowercase = false, whitespace = false, epsSmoothing = false } = options;
  requireCount('chrF', 'charOrder', charOrder);
  requireCount('chrF', 'wordOrder', wordOrder, 0);
  requireNumber('chrF', 'beta', beta, 'a number above 0', (value) => value > 0);
  for (const [name, value] of Object.entries({ lowercase, whitespace, epsSmoothing }))
    requireBoolean('chrF', name, value);
  return { charOrder, wordOrder, beta, lowercase, whitespace, epsSmoothing };
}
