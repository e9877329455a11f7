import { refuseUnknownOptions, unknownName } from '../errors.js';

export { graphemesOf } from './graphemes.js';

/** The Unicode code points of a text, in order; never half of a surrogate pair. */
export function charactersOf(text: string): string[] {
  return Array.from(text);
}

/** The lines of a text without their ends (LF, CRLF or CR); an end after the last line opens no further line. */
export function linesOf(text: string): string[] {
  const lines = text.split(/\r\n|\n|\r/);
  if (lines[lines.length - 1] === '') lines.pop();
  return lines;
}

const punctuationChoices = ['separate', 'drop', 'attach'] as const;

export interface WordOptions {
  /** Lower-case the words; true by default, because it halves a vocabulary and costs little. */
  lower?: boolean | undefined;
  /**
   * `separate` (default): each sign is a word. `drop`: signs are left out. `attach`: only white space separates words.
   */
  punctuation?: (typeof punctuationChoices)[number] | undefined;
}

const letter = String.raw`[\p{L}\p{M}\p{N}]`;
const han = String.raw`\p{Script=Han}`;
const word = String.raw`(?:(?!${han})${letter})+(?:['’](?:(?!${han})${letter})+)*`;
const sign = String.raw`\p{Regional_Indicator}{2}|[^\s\p{L}\p{M}\p{N}](?:[\p{M}\p{Emoji_Modifier}]|\u200d\p{Extended_Pictographic})*`;
const wordsOnly = new RegExp(`${han}|${word}`, 'gu');
const wordsAndSigns = new RegExp(`${han}|${word}|${sign}`, 'gu');

/**
 * The words of a text: runs of letters, marks and digits with inner apostrophes (`don't`), in any script. Han
 * characters are words of their own, since nothing stands between Chinese words; with `attach` they are not cut.
 */
export function wordsOf(text: string, options: WordOptions = {}): string[] {
  refuseUnknownOptions('wordsOf', options, ['lower', 'punctuation']);
  const { lower = true, punctuation = 'separate' } = options;
  if (!punctuationChoices.includes(punctuation)) {
    throw unknownName('wordsOf', 'choice of `punctuation`', String(punctuation), punctuationChoices);
  }
  const cased = lower ? text.toLowerCase() : text;
  return cased.match(patternOf(punctuation)) ?? [];
}

/** Where the words of {@link wordsOf} lie in the text as it is written: code units from `start` to before `end`. */
export function wordSpansOf(
  text: string,
  punctuation: NonNullable<WordOptions['punctuation']> = 'separate',
): { start: number; end: number }[] {
  return Array.from(text.matchAll(patternOf(punctuation)), ({ index, 0: word }) => ({
    start: index,
    end: index + word.length,
  }));
}

function patternOf(punctuation: NonNullable<WordOptions['punctuation']>): RegExp {
  return punctuation === 'attach' ? /\S+/gu : punctuation === 'drop' ? wordsOnly : wordsAndSigns;
}
