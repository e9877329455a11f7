import { spansOf, type TagScheme } from '../../data/tag-schemes.js';
import { RondoError } from '../../errors.js';
import type { TaggedSentence } from './tagged-sentence.js';

/** Precision, recall and F1, from counts; 0 where a count divides by 0. */
export interface Agreement {
  /** In the truth. */
  readonly numTrue: number;
  /** As predicted. */
  readonly numPredicted: number;
  readonly numCorrect: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/** How well tags agree with the truth; plain JSON. */
export interface TaggingScore {
  readonly numSentences: number;
  readonly numWords: number;
  /** Share of words with the right tag. */
  readonly accuracy: number;
  /** Share of sentences in which every word has the right tag. */
  readonly sentenceAccuracy: number;
  /** Words that training never showed. */
  readonly numUnknown: number;
  /** Share of those with the right tag; null where there are none. */
  readonly unknownAccuracy: number | null;
  /** Whole spans, counted as the CoNLL shared tasks' `conlleval` counts them; null where the tags mark no spans. */
  readonly spans: Agreement | null;
}

/** The same, by tag and by kind of span. */
export interface TaggingReport extends TaggingScore {
  /** In the order of their frequency in the truth. */
  readonly byTag: Readonly<Record<string, Agreement>>;
  readonly byKind: Readonly<Record<string, Agreement>> | null;
  /** Words whose true tag training never showed: no prediction can be right. */
  readonly numUnseenTags: number;
}

export interface TaggingReportOptions {
  /** Counts spans. */
  scheme?: TagScheme | undefined;
  /** Whether training never showed a word. Default: none is unknown. */
  isUnknown?: ((word: string) => boolean) | undefined;
  /** The tags of training. Default: all are known. */
  tags?: readonly string[] | undefined;
}

/** Compares predicted tags with the truth. @throws SHAPE_MISMATCH where there is not one for each word */
export function taggingReport(
  truth: readonly TaggedSentence[],
  predicted: readonly (readonly string[])[],
  { scheme, isUnknown = () => false, tags }: TaggingReportOptions = {},
): TaggingReport {
  const byTag = new Counts();
  const byKind = new Counts();
  const seen = tags && new Set(tags);
  let [numWords, numRight, numUnknown, numUnknownRight, numWhole, numUnseenTags] = [0, 0, 0, 0, 0, 0];
  truth.forEach((sentence, s) => {
    const guesses = predicted[s] ?? [];
    if (guesses.length !== sentence.tags.length)
      throw new RondoError('SHAPE_MISMATCH', {
        where: `taggingReport, sentence ${s + 1}`,
        what: 'there is not one predicted tag for each word.',
        expected: `${sentence.tags.length}`,
        received: `${guesses.length}`,
        fix: 'predict the same sentences.',
      });
    let isWhole = true;
    sentence.tags.forEach((tag, i) => {
      const isRight = guesses[i] === tag;
      const isNew = isUnknown(sentence.words[i]);
      numWords++;
      if (isRight) numRight++;
      else isWhole = false;
      if (isNew) numUnknown++;
      if (isNew && isRight) numUnknownRight++;
      if (seen?.has(tag) === false) numUnseenTags++;
      byTag.add(tag, guesses[i], isRight);
    });
    if (isWhole) numWhole++;
    if (scheme !== undefined) byKind.addSpans(sentence.tags, guesses);
  });
  return {
    numSentences: truth.length,
    numWords,
    accuracy: ratio(numRight, numWords),
    sentenceAccuracy: ratio(numWhole, truth.length),
    numUnknown,
    unknownAccuracy: numUnknown === 0 ? null : numUnknownRight / numUnknown,
    spans: scheme === undefined ? null : byKind.total(),
    byTag: byTag.agreements(),
    byKind: scheme === undefined ? null : byKind.agreements(),
    numUnseenTags,
  };
}

/** A report without what is by tag. */
export function scoreOf({
  numSentences,
  numWords,
  accuracy,
  sentenceAccuracy,
  numUnknown,
  unknownAccuracy,
  spans,
}: TaggingReport): TaggingScore {
  return { numSentences, numWords, accuracy, sentenceAccuracy, numUnknown, unknownAccuracy, spans };
}

interface Count {
  numTrue: number;
  numPredicted: number;
  numCorrect: number;
}

class Counts {
  readonly #counts = new Map<string, Count>();

  add(truth: string, guess: string, isRight: boolean): void {
    this.#of(truth).numTrue++;
    this.#of(guess).numPredicted++;
    if (isRight) this.#of(truth).numCorrect++;
  }

  addSpans(truth: readonly string[], guesses: readonly string[]): void {
    const keyOf = ({ kind, start, end }: ReturnType<typeof spansOf>[number]): string => `${start} ${end} ${kind}`;
    const spans = spansOf(truth);
    const expected = new Set(spans.map(keyOf));
    for (const { kind } of spans) this.#of(kind).numTrue++;
    for (const span of spansOf(guesses)) {
      this.#of(span.kind).numPredicted++;
      if (expected.has(keyOf(span))) this.#of(span.kind).numCorrect++;
    }
  }

  total(): Agreement {
    const sum = { numTrue: 0, numPredicted: 0, numCorrect: 0 };
    for (const count of this.#counts.values())
      for (const name of ['numTrue', 'numPredicted', 'numCorrect'] as const) sum[name] += count[name];
    return agreementOf(sum);
  }

  agreements(): Record<string, Agreement> {
    const sorted = [...this.#counts].sort(
      ([a, countA], [b, countB]) => countB.numTrue - countA.numTrue || (a < b ? -1 : 1),
    );
    return Object.fromEntries(sorted.map(([name, count]) => [name, agreementOf(count)]));
  }

  #of(name: string): Count {
    let count = this.#counts.get(name);
    if (count === undefined) this.#counts.set(name, (count = { numTrue: 0, numPredicted: 0, numCorrect: 0 }));
    return count;
  }
}

function agreementOf({ numTrue, numPredicted, numCorrect }: Count): Agreement {
  const [precision, recall] = [ratio(numCorrect, numPredicted), ratio(numCorrect, numTrue)];
  return {
    numTrue,
    numPredicted,
    numCorrect,
    precision,
    recall,
    f1: ratio(2 * precision * recall, precision + recall),
  };
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
