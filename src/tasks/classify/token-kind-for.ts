import { type TokenKind, tokenSpansOf } from '../../data/token-spans.js';

/** Texts that are looked at. */
const mostSampled = 2000;

/**
 * What the tokens of texts should be where nothing is said: characters where the texts are single words that hardly
 * ever occur again, such as names, because whole words would all be unknown; else words.
 */
export function tokenKindFor(texts: readonly string[]): TokenKind {
  const step = Math.max(1, Math.floor(texts.length / mostSampled));
  const sample = texts.filter((_, i) => i % step === 0);
  const counts = new Map<string, number>();
  let numWords = 0;
  for (const text of sample) {
    for (const { token } of tokenSpansOf(text, { tokens: 'words', lower: true, locale: 'und' })) {
      numWords++;
      counts.set(token, (counts.get(token) ?? 0) + 1);
    }
  }
  const numOnce = [...counts.values()].reduce((sum, count) => sum + (count === 1 ? 1 : 0), 0);
  return numWords <= 2 * sample.length && numOnce > 0.5 * counts.size ? 'characters' : 'words';
}
