import { wordsBetweenSpaces } from './scored-sentences.js';

/**
 * How sacreBLEU cuts a sentence before BLEU is computed (Post 2018, "A Call for Clarity in Reporting BLEU Scores"; the
 * rules are those of mteval-v13a.pl and mteval-v14.pl).
 */
export const bleuTokenizers = {
  /** Only white space separates. */
  none: wordsBetweenSpaces,
  /** ASCII signs but the apostrophe are words, and hyphens after and stops and commas that are not between digits. */
  '13a': (text: string) =>
    westernWords(` ${unescaped(text.replaceAll('<skipped>', '').replaceAll('-\n', '').replaceAll('\n', ' '))} `),
  /** Punctuation of any script that is not between numbers, and every symbol. */
  intl: (text: string) =>
    wordsBetweenSpaces(
      text
        .replace(/(\P{N})(\p{P})/gu, '$1 $2 ')
        .replace(/(\p{P})(\P{N})/gu, ' $1 $2')
        .replace(/\p{S}/gu, ' $& '),
    ),
  /** Chinese characters are words; the rest as `13a`, without its escapes. */
  zh: (text: string) => westernWords(text.trim().replace(chinese, ' $& ')),
  /** Every code point that is no white space. */
  char: (text: string) => wordsBetweenSpaces(Array.from(text).join(' ')),
} as const satisfies Readonly<Record<string, (text: string) => string[]>>;

/** The name of a way to cut sentences for {@link bleu}. */
export type BleuTokenizer = keyof typeof bleuTokenizers;

/** The names of all of them. */
export const bleuTokenizerNames = Object.keys(bleuTokenizers) as readonly BleuTokenizer[];

/**
 * What sacreBLEU takes for Chinese: ideographs of the basic plane, their punctuation and full-width forms, and, because
 * two of its ranges are written with five digits and read with four, everything from U+2001 to U+2A6D.
 */
const chinese = new RegExp(
  String.raw`[\u2001-\u2a6d\u2e80-\u2fdf\u2ff0-\u303f\u3100-\u312f\u31a0-\u31bf\u31c0-\u31ef\u3200-\u4db5` +
    String.raw`\u4e00-\u9fbb\uf900-\ufa2d\ufa30-\ufa6a\ufa70-\ufad9\ufe10-\ufe1f\ufe30-\ufe4f\uff00-\uffef]`,
  'g',
);

/** The four escapes of the files that mteval reads. */
export function unescaped(text: string): string {
  return text.replaceAll('&quot;', '"').replaceAll('&amp;', '&').replaceAll('&lt;', '<').replaceAll('&gt;', '>');
}

/** ASCII signs stand alone, but for apostrophe, comma, hyphen and stop. */
export function separateSigns(text: string): string {
  return text.replace(/[!-&(-+/:-@[-`{-~]/g, ' $& ');
}

/** Stops and commas stand alone unless digits are on both sides, and hyphens after a digit. */
export function separateByDigits(text: string): string {
  return text
    .replace(/([^0-9])([.,])/g, '$1 $2 ')
    .replace(/([.,])([^0-9])/g, ' $1 $2')
    .replace(/([0-9])-/g, '$1 - ');
}

/** mteval-v13a's rules for Western languages. */
function westernWords(text: string): string[] {
  return wordsBetweenSpaces(separateByDigits(separateSigns(text)));
}
