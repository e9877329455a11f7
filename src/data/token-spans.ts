import { graphemesOf } from './graphemes.js';
import { wordSpansOf } from './text.js';
import { type TextSpan, wordSegmentsOf } from './word-segments.js';

export const tokenKinds = ['words', 'characters', 'segments'] as const;
/**
 * What a token is. `words`: runs of letters and digits, each sign, and each Chinese character by itself. `characters`:
 * what a reader sees as one (an emoji with its skin tone, a letter with its accents), runs of white space as one.
 * `segments`: the platform's words, also where nothing stands between them, as in Chinese, Japanese and Thai.
 */
export type TokenKind = (typeof tokenKinds)[number];

/** A token and where it stands in the text as it is written. */
export interface TokenSpan extends TextSpan {
  readonly token: string;
}

export interface TokenSpanOptions {
  readonly tokens: TokenKind;
  /** Lower-case the tokens. */
  readonly lower: boolean;
  /** For segments: the language, as a BCP 47 tag; `und` serves all. */
  readonly locale: string;
}

/**
 * The tokens of a text with their places. Tokens are in Unicode's composed form (NFC), so that a letter with an accent
 * is the same token however it was typed.
 */
export function tokenSpansOf(text: string, { tokens, lower, locale }: TokenSpanOptions): TokenSpan[] {
  const spans =
    tokens === 'words'
      ? wordSpansOf(text)
      : tokens === 'segments'
        ? wordSegmentsOf(text, locale)
        : characterSpansOf(text);
  return spans.map(({ start, end }) => {
    const written = text.slice(start, end);
    return { token: tokens === 'characters' && /^\s/u.test(written) ? ' ' : tokenForm(written, lower), start, end };
  });
}

/** A word as a token is written. */
export function tokenForm(word: string, lower: boolean): string {
  const composed = word.normalize('NFC');
  return lower ? composed.toLowerCase() : composed;
}

/** Graphemes, runs of white space as one, none at either end. */
function characterSpansOf(text: string): TextSpan[] {
  const spans: TextSpan[] = [];
  for (const { index: offset, 0: run } of text.matchAll(/\s+|\S+/gu)) {
    if (/^\s/u.test(run)) {
      if (offset > 0 && offset + run.length < text.length) spans.push({ start: offset, end: offset + run.length });
      continue;
    }
    let at = offset;
    for (const grapheme of graphemesOf(run)) spans.push({ start: at, end: (at += grapheme.length) });
  }
  return spans;
}
