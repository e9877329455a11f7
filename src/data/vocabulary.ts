import { nearestNames, RondoError, refuseUnknownOptions, requireCount } from '../errors.js';
import { isTextOrNull, isTexts, SavedFields } from './saved-fields.js';

export interface VocabularyOptions {
  /** The token of id 0 when given, so that a mask can tell padding from tokens; none by default. */
  paddingToken?: string | undefined;
  /** Stands for every token that is not known; none by default, and then an unknown token is an error. */
  oovToken?: string | undefined;
  /** Largest size, special tokens included; the most frequent tokens stay. */
  maxTokens?: number | undefined;
  /** Tokens seen less often are left out; 1 by default. */
  minCount?: number | undefined;
  /** Whether a token stays however seldom it is seen, such as a word with a given vector; never by default. */
  keep?: ((token: string) => boolean) | undefined;
  /** Tokens that are in it though they are not seen, after those that are and beyond `maxTokens`; none by default. */
  more?: Iterable<string> | undefined;
}

/** Tokens and how often each is seen: the most frequent first, equally frequent ones in the order of code units. */
export function tokenCounts(tokens: Iterable<string>): [token: string, count: number][] {
  const counts = new Map<string, number>();
  for (const token of tokens) counts.set(token, (counts.get(token) ?? 0) + 1);
  return [...counts].sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1));
}

/** How many of some ids stand for unknown tokens. @param unknownId undefined where every token is known. */
export function numUnknownOf(ids: ArrayLike<number>, unknownId: number | undefined): number {
  let count = 0;
  for (let i = 0; i < ids.length; i++) if (ids[i] === unknownId) count++;
  return count;
}

/** What {@link Vocabulary.toJSON} writes: the tokens in the order of their ids. */
export interface VocabularyJson {
  tokens: string[];
  paddingToken: string | null;
  oovToken: string | null;
}

/**
 * Tokens and their ids, 0 to `size - 1`: first the padding token and the out-of-vocabulary token where there are any,
 * then the tokens, most frequent first, equally frequent ones in the order of their code units. So the ids depend on
 * what was counted and not on the order in which it was read.
 */
export class Vocabulary {
  /** Tokens in the order of their ids. */
  readonly tokens: readonly string[];
  readonly paddingToken: string | undefined;
  readonly oovToken: string | undefined;
  readonly #ids = new Map<string, number>();

  /** @throws OUT_OF_RANGE when a token comes twice. */
  constructor(
    tokens: readonly string[],
    special: { paddingToken?: string | undefined; oovToken?: string | undefined } = {},
  ) {
    refuseUnknownOptions('Vocabulary', special, ['paddingToken', 'oovToken']);
    this.paddingToken = special.paddingToken;
    this.oovToken = special.oovToken;
    this.tokens = [...specialTokens(special), ...tokens];
    for (const token of this.tokens) {
      if (this.#ids.has(token)) {
        throw new RondoError('OUT_OF_RANGE', {
          where: 'Vocabulary',
          what: `the token ${describeToken(token)} comes twice.`,
          expected: 'different tokens',
          fix: 'list each token once, and give the special tokens as options only.',
        });
      }
      this.#ids.set(token, this.#ids.size);
    }
  }

  /**
   * The vocabulary of a stream of tokens.
   *
   * @throws OUT_OF_RANGE when tokens would be left out and there is no `oovToken` to stand for them.
   */
  static fromTokens(tokens: Iterable<string>, options: VocabularyOptions = {}): Vocabulary {
    const where = 'Vocabulary.fromTokens';
    refuseUnknownOptions(where, options, ['paddingToken', 'oovToken', 'maxTokens', 'minCount', 'keep', 'more']);
    const { paddingToken, oovToken, maxTokens = Infinity, minCount = 1, keep, more = [] } = options;
    const reserved = specialTokens(options);
    if (maxTokens !== Infinity) requireCount(where, 'maxTokens', maxTokens, reserved.length + 1);
    requireCount(where, 'minCount', minCount);

    const counts = tokenCounts(tokens).filter(([token]) => !reserved.includes(token));
    const kept = counts
      .filter(([token, count]) => count >= minCount || keep?.(token) === true)
      .slice(0, maxTokens - reserved.length)
      .map(([token]) => token);
    if (kept.length < counts.length && oovToken === undefined) {
      const numLeft = counts.length - kept.length;
      throw new RondoError('OUT_OF_RANGE', {
        where,
        what: `${numLeft} of ${counts.length} tokens would be left out, and nothing stands for them.`,
        expected: 'an `oovToken` when `maxTokens` or `minCount` leaves tokens out',
        received: `maxTokens ${maxTokens}, minCount ${minCount}`,
        fix:
          "give an oovToken such as '<unk>', or make room for all tokens (maxTokens: " +
          `${counts.length + reserved.length}, minCount: 1).`,
      });
    }
    const all = new Set(kept);
    for (const token of more) if (!reserved.includes(token)) all.add(token);
    return new Vocabulary([...all], { paddingToken, oovToken });
  }

  /** The id that stands for every unknown token; undefined where there is none. */
  get unknownId(): number | undefined {
    return this.oovToken === undefined ? undefined : this.#ids.get(this.oovToken);
  }

  get size(): number {
    return this.tokens.length;
  }

  has(token: string): boolean {
    return this.#ids.has(token);
  }

  /**
   * The id of a token, or of the out-of-vocabulary token.
   * @throws UNKNOWN_NAME when the token is not known and there is no out-of-vocabulary token.
   */
  idOf(token: string): number {
    const id = this.#ids.get(token) ?? this.unknownId;
    if (id !== undefined) return id;
    // Any single character is near any other, so only words get suggestions.
    const near = token.length > 2 ? nearestNames(token, this.tokens) : [];
    const suggestions = near.length > 0 ? `; near ones are ${near.map(describeToken).join(', ')}` : '';
    throw new RondoError('UNKNOWN_NAME', {
      where: 'Vocabulary.idOf',
      what: `${describeToken(token)} is not in the vocabulary.`,
      expected: `one of ${this.size} tokens${suggestions}`,
      received: describeToken(token),
      fix: 'leave it out of the text, or build the vocabulary with an oovToken.',
    });
  }

  /**
   * The id of a token that stands in a text, which may hold the very letters of the padding token: they are unknown as
   * others are. @throws UNKNOWN_NAME as {@link idOf}
   */
  idInText(token: string): number {
    const id = this.idOf(token);
    return token === this.paddingToken ? (this.unknownId ?? id) : id;
  }

  /** @throws OUT_OF_RANGE when no token has this id. */
  tokenOf(id: number): string {
    const token = this.tokens[id];
    if (token !== undefined) return token;
    throw new RondoError('OUT_OF_RANGE', {
      where: 'Vocabulary.tokenOf',
      what: 'no token has this id.',
      expected: `a whole number from 0 to ${this.size - 1}`,
      received: String(id),
      fix: 'use ids that this vocabulary made.',
    });
  }

  encode(tokens: ArrayLike<string>): Int32Array {
    const ids = new Int32Array(tokens.length);
    for (let i = 0; i < tokens.length; i++) ids[i] = this.idOf(tokens[i]);
    return ids;
  }

  decode(ids: ArrayLike<number>): string[] {
    return Array.from(ids, (id) => this.tokenOf(id));
  }

  toJSON(): VocabularyJson {
    const special = specialTokens(this);
    return {
      tokens: this.tokens.slice(special.length),
      paddingToken: this.paddingToken ?? null,
      oovToken: this.oovToken ?? null,
    };
  }

  /** @throws FILE_FORMAT when the value is not what {@link toJSON} writes. */
  static fromJSON(value: unknown, where = 'Vocabulary.fromJSON'): Vocabulary {
    const saved = new SavedFields(where, value);
    const tokens = saved.read('tokens', 'a list of texts', isTexts);
    const paddingToken = saved.read('paddingToken', 'a text or null', isTextOrNull) ?? undefined;
    const oovToken = saved.read('oovToken', 'a text or null', isTextOrNull) ?? undefined;
    const all = [...specialTokens({ paddingToken, oovToken }), ...tokens];
    if (new Set(all).size < all.length) throw saved.fault('a saved token comes twice.', 'different tokens', tokens);
    return new Vocabulary(tokens, { paddingToken, oovToken });
  }
}

function specialTokens({
  paddingToken,
  oovToken,
}: {
  paddingToken?: string | undefined;
  oovToken?: string | undefined;
}): string[] {
  return [paddingToken, oovToken].filter((token) => token !== undefined);
}

/** A token as a message shows it; signs that cannot be seen also by their code point. */
function describeToken(token: string): string {
  const points = Array.from(
    token,
    (character) => `U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}`,
  );
  return points.length === 1 ? `${JSON.stringify(token)} (${points[0]})` : JSON.stringify(token);
}
