import type { TokenKind } from '../../data/token-spans.js';
import { NaiveBayes } from './naive-bayes.js';

/** What is right without a network, as shares of the same texts. */
export interface ClassifierBaseline {
  /** Always the class that most texts of training have. */
  readonly majority: number;
  /** See `NaiveBayes`. */
  readonly naiveBayes: number;
  /** Texts that were measured and read differently: a text that comes again says nothing new. */
  readonly numDistinct: number;
}

/** Texts as tokens, with their classes. */
export interface TokenisedPart {
  readonly tokens: readonly (readonly string[])[];
  readonly classes: Int32Array;
}

/** Pairs of words, but letters in runs of up to four. */
const longestGrams: Readonly<Record<TokenKind, number>> = { words: 2, segments: 2, characters: 4 };

/** The baselines of a part that is measured: learned from `train`, their only choice made on `validation`. */
export function classifierBaseline(
  kind: TokenKind,
  numClasses: number,
  parts: Readonly<Record<'train' | 'validation' | 'measured', TokenisedPart>>,
): ClassifierBaseline {
  const { train, validation, measured } = parts;
  const counts = new Float64Array(numClasses);
  for (const label of train.classes) counts[label]++;
  const commonest = counts.indexOf(counts.reduce((most, count) => Math.max(most, count), 0));
  const bayes = new NaiveBayes(longestGrams[kind], numClasses, train.tokens, train.classes).tune(
    validation.tokens,
    validation.classes,
  );
  const total = Math.max(1, measured.classes.length);
  return {
    majority: measured.classes.reduce((sum, label) => sum + (label === commonest ? 1 : 0), 0) / total,
    naiveBayes: bayes.numRight(measured.tokens, measured.classes) / total,
    numDistinct: new Set(measured.tokens.map((tokens) => tokens.join('\n'))).size,
  };
}
