import { lookUpForm } from './look-up-form.js';

/** Characters of a word's shape that are looked at. */
const longestShape = 8;

/** Longer affixes are whole words, and every one makes each word's row of numbers longer. */
export const mostAffix = 16;

export function isAffixLength(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= mostAffix;
}

/**
 * How many affixes a word has: its shape, and a prefix and a suffix of each length. @param longest 0: no affixes at
 * all.
 */
export function numAffixesOf(longest: number): number {
  return longest === 0 ? 0 : 1 + 2 * longest;
}

/**
 * What a word looks like, whole parts of it at once: its shape (`X` for capitals, `x` for other letters, `d` for
 * digits, each once where several follow each other), then its prefixes and suffixes of 1 to `longest` characters, in
 * lower case and with digits as `0`; empty where the word is shorter. Huang, Xu and Yu 2015, "Bidirectional LSTM-CRF
 * models for sequence tagging", section 4.2.1.
 */
export function affixesOf(word: string, longest: number): string[] {
  if (longest === 0) return [];
  const shape = Array.from(word, kindOf).filter((kind, i, kinds) => kind !== kinds[i - 1]);
  const form = Array.from(lookUpForm(word, { lower: true, digits: true }));
  const affixes = [`w${shape.slice(0, longestShape).join('')}`];
  for (let length = 1; length <= longest; length++) {
    const isShorter = form.length < length;
    affixes.push(isShorter ? '' : `p${form.slice(0, length).join('')}`);
    affixes.push(isShorter ? '' : `s${form.slice(form.length - length).join('')}`);
  }
  return affixes;
}

/** The affixes of at least two different words: what only one word has says no more than the word. */
export function sharedAffixes(words: Iterable<string>, longest: number): string[] {
  const counts = new Map<string, number>();
  for (const word of new Set(words))
    for (const affix of affixesOf(word, longest)) if (affix !== '') counts.set(affix, (counts.get(affix) ?? 0) + 1);
  return [...counts].filter(([, count]) => count > 1).map(([affix]) => affix);
}

function kindOf(character: string): string {
  if (/\p{Lu}/u.test(character)) return 'X';
  if (/\p{L}/u.test(character)) return 'x';
  return /\p{Nd}/u.test(character) ? 'd' : character;
}
