import { RondoError } from '../../errors.js';
import { requireFields, wrongData } from '../require-texts.js';

/** A sentence with a tag for each word. */
export interface TaggedSentence {
  readonly words: readonly string[];
  readonly tags: readonly string[];
}

/**
 * Words and tags side by side, empty sentences left out.
 *
 * @param where the file's name, for messages.
 * @throws SHAPE_MISMATCH where a sentence has another number of tags than words; DATA_FORMAT for an empty word or tag,
 * or no word at all
 */
export function taggedSentences(
  words: readonly (readonly string[])[],
  tags: readonly (readonly string[])[],
  where = 'taggedSentences',
): TaggedSentence[] {
  return requireTagged(
    words.map((own, s) => ({ words: own, tags: tags[s] ?? [] })),
    where,
  );
}

/** @internal Checks sentences and leaves out the empty ones. */
export function requireTagged(sentences: readonly TaggedSentence[], where: string): TaggedSentence[] {
  const example = 'sentences such as { words: ["They", "sleep"], tags: ["PRON", "VERB"] }';
  if (!Array.isArray(sentences)) throw wrongData(where, 'a list of sentences', sentences, example);
  sentences.forEach((sentence: TaggedSentence, s) => {
    requireFields(`${where}, sentence ${s + 1}`, sentence, ['words', 'tags'], example);
    const { words, tags } = sentence;
    const at = `${where}, sentence ${s + 1}`;
    if (words.length !== tags.length) {
      throw new RondoError('SHAPE_MISMATCH', {
        where: at,
        what: 'there is not one tag for each word.',
        expected: `${words.length} tags`,
        received: `${tags.length}`,
        fix: 'give every word of the sentence one tag.',
      });
    }
    const empty = [...words, ...tags].findIndex((text) => typeof text !== 'string' || text === '');
    if (empty >= 0) {
      throw new RondoError('DATA_FORMAT', {
        where: at,
        what: `${empty < words.length ? 'word' : 'tag'} ${(empty % words.length) + 1} is empty.`,
        expected: 'a text',
        received: JSON.stringify([...words, ...tags][empty]) ?? 'undefined',
        fix: 'fill it in, or leave the word out.',
      });
    }
  });
  const kept = sentences.filter(({ words }) => words.length > 0);
  if (kept.length > 0) return kept;
  throw new RondoError('DATA_FORMAT', {
    where,
    what: 'there are no words.',
    expected: 'at least one sentence of one word',
    received: `${sentences.length} empty sentences`,
    fix: 'give tagged sentences.',
  });
}

/** Equal for sentences that differ in case and digits alone: in another part one would be known by heart. */
export function sentenceKey(words: readonly string[]): string {
  return words
    .map((word) =>
      word
        .normalize('NFC')
        .toLowerCase()
        .replace(/\p{Nd}/gu, '0'),
    )
    .join('\n');
}

/** How many words sentences have together. */
export function numWordsOf(sentences: readonly { readonly words: readonly unknown[] }[]): number {
  return sentences.reduce((sum, { words }) => sum + words.length, 0);
}
