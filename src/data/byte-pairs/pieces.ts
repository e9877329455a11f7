/**
 * A run of letters, of digits, or of other signs, each with the one space before it; or white space. No pair of tokens
 * joins two pieces. Long runs are cut, so that a text without spaces costs no more than another.
 */
const piece = / ?[\p{L}\p{M}]{1,40}| ?\p{N}{1,3}| ?[^\s\p{L}\p{M}\p{N}]{1,40}|\s{1,40}(?= \S)|\s{1,40}/gu;

/** The pieces of a text, in order; joined, they are the text. */
export function piecesOf(text: string): string[] {
  return text.match(piece) ?? [];
}
