import { RondoError } from '../../errors.js';
import { requireFields, wrongData } from '../require-texts.js';

/** A text and what it becomes. */
export interface SentencePair {
  readonly source: string;
  readonly target: string;
}

/** What is read of a text: composed characters, and one space for any white space. */
export function cleanSentence(text: string): string {
  return text.normalize('NFC').replace(/\s+/gu, ' ').trim();
}

/**
 * Checks pairs, cleans their texts and leaves out those with an empty side.
 *
 * @throws USAGE for what are no pairs; DATA_FORMAT where none is left
 */
export function requirePairs(pairs: readonly SentencePair[], where: string): SentencePair[] {
  const example = 'pairs such as { source: "ein Haus", target: "a house" }';
  if (!Array.isArray(pairs)) throw wrongData(where, 'a list of pairs', pairs, example);
  const clean = pairs.map((pair: SentencePair, at) => {
    const place = `${where}, pair ${at + 1}`;
    requireFields(place, pair, ['source', 'target'], example);
    const { source, target } = pair;
    for (const [side, text] of Object.entries({ source, target }))
      if (typeof text !== 'string') throw wrongData(place, `a text as ${side}`, text, example);
    return { source: cleanSentence(source), target: cleanSentence(target) };
  });
  const kept = clean.filter(({ source, target }) => source !== '' && target !== '');
  if (kept.length > 0) return kept;
  throw new RondoError('DATA_FORMAT', {
    where,
    what: 'there is no pair of two texts.',
    expected: 'at least one pair whose source and target are not empty',
    received: `${pairs.length} pairs, all with an empty side`,
    fix: 'give pairs of texts.',
  });
}
