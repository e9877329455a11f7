import {
  RondoError,
  refuseUnknownOptions,
  requireBoolean,
  requireCount,
  requireNumber,
  unknownName,
} from '../../errors.js';
import { libraryVersion } from '../../io/library-version.js';
import type { Resolved } from '../../resolved.js';
import { type BleuTokenizer, bleuTokenizers } from './bleu-tokenizers.js';
import { countNGrams, numNGrams, numShared } from './n-grams.js';
import { fixed, type References, referenceCount, scoredSentences } from './scored-sentences.js';

/** What is put in the place of counts of 0, with the value that it takes and its default (Chen and Cherry 2014). */
const smoothings = { none: undefined, exp: undefined, floor: 0.1, 'add-k': 1 } as const;

/** The name of a smoothing of {@link bleu}. */
export type BleuSmoothing = keyof typeof smoothings;

export interface BleuOptions {
  /** How sentences are cut; `13a` by default, `zh` for Chinese. */
  tokenize?: BleuTokenizer | undefined;
  /** Compares without regard to case; false by default. */
  lowercase?: boolean | undefined;
  /**
   * What an order of which no run is right counts as. `exp` (default): `1 / 2^k` runs, for the k-th such order. `floor`:
   * `smoothValue` runs. `add-k`: `smoothValue` more runs, right and in all, of every order but the first. `none`: 0.
   */
  smoothMethod?: BleuSmoothing | undefined;
  /** For `floor` (default 0.1) and `add-k` (default 1). */
  smoothValue?: number | undefined;
  /** The longest runs of words that are counted; 4 by default. */
  maxNgramOrder?: number | undefined;
  /** Leaves out orders for which the hypotheses are too short; false by default, and meant for single sentences. */
  effectiveOrder?: boolean | undefined;
}

/** How {@link bleu} came about; plain JSON. */
export interface BleuScore {
  /** From 0 to 100. */
  readonly score: number;
  /** By the length of runs, in percent, smoothed. */
  readonly precisions: readonly number[];
  /** Runs of words that stand in a reference, by their length. */
  readonly counts: readonly number[];
  /** All runs of words of the hypotheses, by their length. */
  readonly totals: readonly number[];
  readonly brevityPenalty: number;
  /** In words. */
  readonly hypothesisLength: number;
  /** Of each sentence's references the one closest in length, in words. */
  readonly referenceLength: number;
  /** What has to be known to compute it again, in sacreBLEU's form. */
  readonly signature: string;
  /** The score in one line, as sacreBLEU writes it. */
  readonly text: string;
}

/**
 * Corpus BLEU as sacreBLEU 2 computes it: how many runs of 1 to 4 words stand in a reference,
 *
 * `100 BP exp(mean over n of log p_n)`, `BP = min(1, exp(1 - referenceLength / hypothesisLength))`,
 *
 * where `p_n` is the share of the hypotheses' runs of n words that occur in a reference, each at most as often as in the
 * reference with most of it. Sums run over all sentences before they are divided.
 *
 * @param hypotheses sentences as they were predicted, not tokenized.
 * @param references for each hypothesis what is right: a text, or several.
 * @throws SHAPE_MISMATCH where there are not as many references as hypotheses; DATA_FORMAT for no sentences and for
 * sentences without a reference; UNKNOWN_NAME, OUT_OF_RANGE and USAGE for options.
 *
 * Source: Papineni, Roukos, Ward and Zhu 2002, "BLEU: a Method for Automatic Evaluation of Machine Translation"; Post
 * 2018, "A Call for Clarity in Reporting BLEU Scores" (sacreBLEU); smoothing: Chen and Cherry 2014.
 */
export function bleu(hypotheses: readonly string[], references: References, options: BleuOptions = {}): BleuScore {
  const settings = resolved(options);
  const { tokenize, lowercase, smoothMethod, smoothValue, maxNgramOrder, effectiveOrder } = settings;
  const cut = bleuTokenizers[tokenize];
  const wordsOf = (text: string): string[] => cut((lowercase ? text.toLowerCase() : text).trimEnd());
  const sentences = scoredSentences('bleu', hypotheses, references);
  const counts = new Array<number>(maxNgramOrder).fill(0);
  const totals = new Array<number>(maxNgramOrder).fill(0);
  let [hypothesisLength, referenceLength] = [0, 0];
  for (const { hypothesis, references: right } of sentences) {
    const words = wordsOf(hypothesis);
    const rightWords = right.map(wordsOf);
    hypothesisLength += words.length;
    referenceLength += closest(
      words.length,
      rightWords.map(({ length }) => length),
    );
    const runs = countNGrams(words, maxNgramOrder);
    const most = mostOfEach(rightWords.map((list) => countNGrams(list, maxNgramOrder)));
    for (let n = 0; n < maxNgramOrder; n++) {
      totals[n] += numNGrams(words.length, n + 1);
      counts[n] += numShared(runs[n], most[n]);
    }
  }
  const isShort = hypothesisLength < referenceLength;
  const brevityPenalty = isShort ? (hypothesisLength > 0 ? Math.exp(1 - referenceLength / hypothesisLength) : 0) : 1;
  const { precisions, order } = smoothed(counts, totals, settings);
  const logs = precisions.slice(0, order).reduce((sum, precision) => sum + Math.log(precision), 0);
  const score = counts.some((count) => count > 0) ? brevityPenalty * Math.exp(logs / order) : 0;
  const signature = [
    `nrefs:${referenceCount(sentences)}`,
    `case:${lowercase ? 'lc' : 'mixed'}`,
    `eff:${effectiveOrder ? 'yes' : 'no'}`,
    `tok:${tokenize}`,
    `smooth:${smoothMethod}${smoothValue === undefined ? '' : `[${fixed(smoothValue, 2)}]`}`,
    `version:rondo-${libraryVersion}`,
  ].join('|');
  const text =
    `BLEU = ${fixed(score, 2)} ${precisions.map((precision) => fixed(precision, 1)).join('/')} ` +
    `(BP = ${fixed(brevityPenalty, 3)} ratio = ${fixed(referenceLength ? hypothesisLength / referenceLength : 0, 3)} ` +
    `hyp_len = ${hypothesisLength} ref_len = ${referenceLength})`;
  return { score, precisions, counts, totals, brevityPenalty, hypothesisLength, referenceLength, signature, text };
}

/** Options with their defaults; no value where a smoothing takes none. */
type Settings = Resolved<Omit<BleuOptions, 'smoothValue'>> & Pick<BleuOptions, 'smoothValue'>;

/** Shares in percent, and how many of them are to be averaged. */
function smoothed(
  counts: readonly number[],
  totals: readonly number[],
  { smoothMethod, smoothValue = 0, effectiveOrder }: Settings,
): { precisions: number[]; order: number } {
  const precisions = counts.map(() => 0);
  let order = counts.length;
  if (counts.every((count) => count === 0)) return { precisions, order };
  let halved = 1;
  for (let n = 0; n < counts.length; n++) {
    const added = smoothMethod === 'add-k' && n > 0 ? smoothValue : 0;
    const [count, total] = [counts[n] + added, totals[n] + added];
    if (total === 0) break;
    if (effectiveOrder) order = n + 1;
    if (count === 0 && smoothMethod === 'exp') halved /= 2;
    const instead = smoothMethod === 'exp' ? halved : smoothMethod === 'floor' ? smoothValue : 0;
    precisions[n] = (100 * (count > 0 ? count : instead)) / total;
  }
  return { precisions, order };
}

/** The length that differs least, of two the shorter. */
function closest(length: number, lengths: readonly number[]): number {
  return [...lengths].sort((a, b) => Math.abs(a - length) - Math.abs(b - length) || a - b)[0];
}

/** By the length of runs, for each run the most that one reference has of it. */
function mostOfEach([first, ...others]: readonly Map<string, number>[][]): Map<string, number>[] {
  for (const counts of others)
    for (const [n, runs] of counts.entries())
      for (const [run, count] of runs) first[n].set(run, Math.max(count, first[n].get(run) ?? 0));
  return first;
}

function resolved(options: BleuOptions): Settings {
  refuseUnknownOptions('bleu', options, [
    'tokenize',
    'lowercase',
    'smoothMethod',
    'smoothValue',
    'maxNgramOrder',
    'effectiveOrder',
  ]);
  const {
    tokenize = '13a',
    lowercase = false,
    smoothMethod = 'exp',
    maxNgramOrder = 4,
    effectiveOrder = false,
  } = options;
  if (!Object.hasOwn(bleuTokenizers, tokenize))
    throw unknownName('bleu', 'choice of `tokenize`', String(tokenize), Object.keys(bleuTokenizers));
  if (!Object.hasOwn(smoothings, smoothMethod))
    throw unknownName('bleu', 'choice of `smoothMethod`', String(smoothMethod), Object.keys(smoothings));
  requireBoolean('bleu', 'lowercase', lowercase);
  requireBoolean('bleu', 'effectiveOrder', effectiveOrder);
  requireCount('bleu', 'maxNgramOrder', maxNgramOrder);
  const usual = smoothings[smoothMethod];
  if (options.smoothValue !== undefined && usual === undefined)
    throw new RondoError('USAGE', {
      where: 'bleu',
      what: `\`${smoothMethod}\` takes no \`smoothValue\`.`,
      fix: "leave it out, or choose smoothMethod: 'floor' or 'add-k'.",
    });
  const { smoothValue = usual } = options;
  if (smoothValue !== undefined)
    requireNumber('bleu', 'smoothValue', smoothValue, 'a number of at least 0', (value) => value >= 0);
  return { tokenize, lowercase, smoothMethod, smoothValue, maxNgramOrder, effectiveOrder };
}
