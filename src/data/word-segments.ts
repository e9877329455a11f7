/** A piece of a text: code units from `start` to before `end`. */
export interface TextSpan {
  readonly start: number;
  readonly end: number;
}

const segmenters = new Map<string, Intl.Segmenter>();

/**
 * The words of a text as the platform finds them (Unicode Standard Annex 29, with dictionaries for Chinese, Japanese,
 * Thai and other scripts without spaces); white space is left out, signs are words of their own.
 *
 * The dictionaries come with the platform, so another version of Node or another browser may cut a few words elsewhere.
 *
 * @param locale a BCP 47 tag; `und` serves all scripts.
 */
export function wordSegmentsOf(text: string, locale = 'und'): (TextSpan & { readonly isWordLike: boolean })[] {
  let segmenter = segmenters.get(locale);
  if (segmenter === undefined)
    segmenters.set(locale, (segmenter = new Intl.Segmenter(locale, { granularity: 'word' })));
  const found: (TextSpan & { readonly isWordLike: boolean })[] = [];
  // The platform's segmenter takes time that grows with the square of its text, so it sees one piece after the other.
  for (const { index: offset, 0: piece } of text.matchAll(/[^\s。！？，、；：]+|[。！？，、；：]/gu)) {
    for (const { segment, index, isWordLike } of segmenter.segment(piece))
      found.push({ start: offset + index, end: offset + index + segment.length, isWordLike: isWordLike ?? false });
  }
  return found;
}
