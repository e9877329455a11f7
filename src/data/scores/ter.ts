import { refuseUnknownOptions, requireBoolean } from '../../errors.js';
import { minimumOf } from '../../extremes.js';
import { libraryVersion } from '../../io/library-version.js';
import { fixed, type References, referenceCount, scoredSentences } from './scored-sentences.js';
import { shiftedEdits } from './shifted-edits.js';
import { type TerOptions, terWords } from './ter-tokenizer.js';

/** How {@link ter} came about; plain JSON. */
export interface TerScore {
  /** Edits for each 100 words of the references: 0 is best, and there may be more than 100. */
  readonly score: number;
  readonly numEdits: number;
  /** In words; of several references their mean. */
  readonly referenceLength: number;
  /** What has to be known to compute it again, in sacreBLEU's form. */
  readonly signature: string;
  /** The score in one line, as sacreBLEU writes it. */
  readonly text: string;
}

/**
 * Translation edit rate, as sacreBLEU 2 computes it:
 *
 * `100 edits / words of the references`,
 *
 * where edits are words substituted, dropped or added, and moves of a run of up to 10 words by up to 50 places, each one
 * edit. Of several references the one that needs the fewest counts, over the mean of their lengths. Moves are sought as
 * tercom does: greedily, in a beam of 25 words, up to 1000 of them for a sentence.
 *
 * @param hypotheses sentences as they were predicted, not tokenized.
 * @param references for each hypothesis what is right: a text, or several.
 * @throws SHAPE_MISMATCH where there are not as many references as hypotheses; DATA_FORMAT for no sentences and for
 * sentences without a reference; UNKNOWN_NAME and USAGE for options.
 *
 * Source: Snover, Dorr, Schwartz, Micciulla and Makhoul 2006, "A Study of Translation Edit Rate with Targeted Human
 * Annotation"; Post 2018 (sacreBLEU).
 */
export function ter(hypotheses: readonly string[], references: References, options: TerOptions = {}): TerScore {
  refuseUnknownOptions('ter', options, ['normalized', 'punctuation', 'asianSupport', 'caseSensitive']);
  const { normalized = false, punctuation = true, asianSupport = false, caseSensitive = false } = options;
  const cutting = { normalized, punctuation, asianSupport, caseSensitive };
  for (const [name, value] of Object.entries(cutting)) requireBoolean('ter', name, value);
  const sentences = scoredSentences('ter', hypotheses, references);
  let [numEdits, referenceLength] = [0, 0];
  for (const { hypothesis, references: right } of sentences) {
    const words = terWords(hypothesis, cutting);
    const rightWords = right.map((text) => terWords(text, cutting));
    numEdits += minimumOf(rightWords.map((list) => shiftedEdits(words, list)));
    referenceLength += rightWords.reduce((sum, list) => sum + list.length, 0) / right.length;
  }
  const score = referenceLength > 0 ? (100 * numEdits) / referenceLength : numEdits > 0 ? 100 : 0;
  const yes = (value: boolean): string => (value ? 'yes' : 'no');
  const signature = [
    `nrefs:${referenceCount(sentences)}`,
    `case:${caseSensitive ? 'mixed' : 'lc'}`,
    'tok:tercom',
    `norm:${yes(normalized)}`,
    `punct:${yes(punctuation)}`,
    `asian:${yes(asianSupport)}`,
    `version:rondo-${libraryVersion}`,
  ].join('|');
  return { score, numEdits, referenceLength, signature, text: `TER = ${fixed(score, 2)}` };
}
