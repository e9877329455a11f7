import { counted } from '../../counted.js';
import { describeValue, RondoError, requireKind } from '../../errors.js';

/** For each hypothesis its reference, or several of which each is right. */
export type References = readonly (string | readonly string[])[];

/** A hypothesis, and at least one reference that is not empty. */
export interface ScoredSentence {
  readonly hypothesis: string;
  readonly references: readonly string[];
}

/**
 * Puts hypotheses and references side by side. An empty one of several references is left out, as in sacreBLEU.
 *
 * @throws USAGE for what are no lists; DATA_FORMAT for no sentences, what is no text, and a sentence whose references
 * are all empty; SHAPE_MISMATCH where there is not one entry of references for each hypothesis.
 */
export function scoredSentences(
  where: string,
  hypotheses: readonly string[],
  references: References,
): readonly ScoredSentence[] {
  requirePairs(where, hypotheses, references);
  return hypotheses.map((hypothesis, i) => {
    const given = references[i];
    const all = Array.isArray(given) ? (given as readonly string[]) : [given as string];
    for (const text of [hypothesis, ...all]) requireText(where, i, text);
    const filled = all.filter((text) => text !== '');
    if (filled.length === 0)
      throw new RondoError('DATA_FORMAT', {
        where: `${where}, sentence ${i + 1}`,
        what: 'there is no reference that is not empty.',
        expected: 'at least one reference with a text',
        received: counted(all.length, 'empty reference'),
        fix: 'give a reference, or leave the sentence out of both lists.',
      });
    return { hypothesis, references: filled };
  });
}

/** The same for scores of one reference each, which may be empty. @throws as {@link scoredSentences} */
export function requirePairs(where: string, hypotheses: readonly unknown[], references: readonly unknown[]): void {
  for (const [name, list] of Object.entries({ hypotheses, references }))
    requireKind(Array.isArray(list), list, {
      where,
      what: `the ${name} are no list.`,
      fix: 'give two lists of as many texts: what was predicted, and what is right.',
    });
  if (hypotheses.length !== references.length)
    throw new RondoError('SHAPE_MISMATCH', {
      where,
      what: 'there are not as many references as hypotheses.',
      expected: `${hypotheses.length}, as many as there are hypotheses`,
      received: `${references.length}`,
      fix: 'give what is right for each sentence; several references of one sentence stand in a list of their own.',
    });
  if (hypotheses.length === 0)
    throw new RondoError('DATA_FORMAT', {
      where,
      what: 'there are no sentences.',
      expected: 'at least one hypothesis and its reference',
      fix: 'give what was predicted and what is right.',
    });
}

export function requireText(where: string, at: number, text: unknown): asserts text is string {
  if (typeof text === 'string') return;
  throw new RondoError('DATA_FORMAT', {
    where: `${where}, sentence ${at + 1}`,
    what: 'a hypothesis or reference is no text.',
    expected: 'texts alone',
    received: describeValue(text),
    fix: 'give a text in its place; an empty one where there is none.',
  });
}

/** What white space separates, as Python's `str.split` sees it. */
export function wordsBetweenSpaces(text: string): string[] {
  return text.match(/[^\p{White_Space}\x1c-\x1f]+/gu) ?? [];
}

/** Numbers of references of each sentence, as sacreBLEU's signatures name them. */
export function referenceCount(sentences: readonly ScoredSentence[]): string {
  const counts = new Set(sentences.map(({ references }) => references.length));
  return counts.size === 1 ? String(sentences[0].references.length) : 'var';
}

/** A number as `printf('%.1f')` writes it: a half that is exact is rounded to even, where `toFixed` rounds up. */
export function fixed(value: number, digits: number): string {
  const halves = value * 2 ** (digits + 1);
  if (!Number.isInteger(halves) || halves % 2 === 0) return value.toFixed(digits);
  const below = Math.floor(value * 10 ** digits);
  return ((below % 2 === 0 ? below : below + 1) / 10 ** digits).toFixed(digits);
}
