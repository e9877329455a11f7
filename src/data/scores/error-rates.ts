import { RondoError, refuseUnknownOptions, requireBoolean } from '../../errors.js';
import { charactersOf } from '../text.js';
import { alignTokens, type Edit } from './alignment.js';
import { fixed, requirePairs, requireText, wordsBetweenSpaces } from './scored-sentences.js';

export interface ErrorRateOptions {
  /** Compares without regard to case; false by default. */
  lowercase?: boolean | undefined;
}

/** Edits that turn hypotheses into their references; plain JSON. */
export interface ErrorRate {
  /** `(substitutions + deletions + insertions) / tokens of the references`; there may be more than 1. */
  readonly rate: number;
  readonly numSubstitutions: number;
  /** Tokens of references that hypotheses lack. */
  readonly numDeletions: number;
  /** Tokens of hypotheses that references have not. */
  readonly numInsertions: number;
  readonly numEqual: number;
  /** Tokens of the references. */
  readonly numReference: number;
  readonly numSentences: number;
  /** Share of sentences without an error. */
  readonly exactMatchRate: number;
  /** The rate in one line: `WER = 25.00 (S = 1 D = 0 I = 1 N = 8)`. */
  readonly text: string;
}

/**
 * Word error rate: the fewest substitutions, deletions and insertions of words that turn each hypothesis into its
 * reference, over the words of all references. White space separates words. See {@link alignTokens} for which edits
 * count where several ways need as few.
 *
 * @param references what is right, one text for each hypothesis; it may be empty.
 * @throws SHAPE_MISMATCH where there are not as many references as hypotheses; DATA_FORMAT for no sentences and for
 * references that are all empty; UNKNOWN_NAME and USAGE for options.
 *
 * Source: Levenshtein 1966; Morris, Maier and Green 2004, "From WER and RIL to MER and WIL".
 */
export function wordErrorRate(
  hypotheses: readonly string[],
  references: readonly string[],
  options: ErrorRateOptions = {},
): ErrorRate {
  return errorRate(
    { where: 'wordErrorRate', name: 'WER', tokensOf: wordsBetweenSpaces },
    hypotheses,
    references,
    options,
  );
}

/**
 * Character error rate: {@link wordErrorRate} of code points, white space between words among them and that around a
 * sentence not. @throws as {@link wordErrorRate}
 */
export function characterErrorRate(
  hypotheses: readonly string[],
  references: readonly string[],
  options: ErrorRateOptions = {},
): ErrorRate {
  const tokensOf = (text: string): string[] => charactersOf(text.trim());
  return errorRate({ where: 'characterErrorRate', name: 'CER', tokensOf }, hypotheses, references, options);
}

interface Kind {
  readonly where: string;
  readonly name: string;
  tokensOf(text: string): string[];
}

function errorRate(
  { where, name, tokensOf }: Kind,
  hypotheses: readonly string[],
  references: readonly string[],
  options: ErrorRateOptions,
): ErrorRate {
  refuseUnknownOptions(where, options, ['lowercase']);
  const { lowercase = false } = options;
  requireBoolean(where, 'lowercase', lowercase);
  requirePairs(where, hypotheses, references);
  const counts: Record<Edit, number> = { equal: 0, substitution: 0, deletion: 0, insertion: 0 };
  let numExact = 0;
  hypotheses.forEach((hypothesis, i) => {
    const [said, right] = [hypothesis, references[i]].map((text) => {
      requireText(where, i, text);
      return tokensOf(lowercase ? text.toLowerCase() : text);
    });
    const pairs = alignTokens(said, right);
    for (const { edit } of pairs) counts[edit]++;
    if (pairs.every(({ edit }) => edit === 'equal')) numExact++;
  });
  const { equal, substitution, deletion, insertion } = counts;
  const numReference = equal + substitution + deletion;
  if (numReference === 0)
    throw new RondoError('DATA_FORMAT', {
      where,
      what: 'all references are empty.',
      expected: 'at least one reference with a text',
      fix: 'give what is right for each hypothesis.',
    });
  const rate = (substitution + deletion + insertion) / numReference;
  return {
    rate,
    numSubstitutions: substitution,
    numDeletions: deletion,
    numInsertions: insertion,
    numEqual: equal,
    numReference,
    numSentences: hypotheses.length,
    exactMatchRate: numExact / hypotheses.length,
    text: `${name} = ${fixed(100 * rate, 2)} (S = ${substitution} D = ${deletion} I = ${insertion} N = ${numReference})`,
  };
}
