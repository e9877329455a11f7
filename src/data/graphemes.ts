/**
 * Code units that are whole graphemes whenever they stand next to each other: ASCII but for the carriage return,
 * Latin, Greek, Cyrillic, kana, Han, Hangul syllables and full-width forms. No combining marks.
 */
const simple = new RegExp(
  String.raw`[\0-\x0c\x0e-\x7e\xa0-\xa8\xaa-\xac\xaf-\u02ff\u0370-\u0482\u048a-\u052f` +
    String.raw`\u3000-\u3029\u3041-\u3096\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff9d]`,
);

/** Code units that may bind to what follows them: prepended signs, leading Hangul letters, low surrogates. */
const mayBindForward = /[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u0d4e\u1100-\u115f\ua960-\ua97c\udc00-\udfff]/;

let segmenter: Intl.Segmenter | undefined;

/**
 * The characters as a reader sees them (extended grapheme clusters, Unicode Standard Annex 29): an emoji with its skin
 * tone, a letter with its accents, a Hangul syllable, a line end of two code points.
 *
 * The platform's segmenter takes time that grows with the square of its text, so it sees only the short runs in which
 * graphemes can be longer than one code unit.
 */
export function graphemesOf(text: string): string[] {
  segmenter ??= new Intl.Segmenter('und', { granularity: 'grapheme' });
  const graphemes: string[] = [];
  let at = 0;
  while (at < text.length) {
    if (isSimple(text, at) && (at + 1 === text.length || isSimple(text, at + 1))) {
      graphemes.push(text[at]);
      at += 1;
      continue;
    }
    let end = at + 1;
    while (end < text.length && !isBoundary(text, end)) end++;
    for (const { segment } of segmenter.segment(text.slice(at, end))) graphemes.push(segment);
    at = end;
  }
  return graphemes;
}

function isSimple(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code < 0x7f ? code !== 0x0d : simple.test(text[at]);
}

/** Whether a grapheme certainly begins at `at`: a sufficient test, not a necessary one. */
function isBoundary(text: string, at: number): boolean {
  if (!isSimple(text, at)) return false;
  if (isSimple(text, at - 1)) return true;
  return text[at] !== '\n' && !mayBindForward.test(text[at - 1]);
}
