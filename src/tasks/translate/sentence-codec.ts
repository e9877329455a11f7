import { ByteCodec } from '../../data/tokens/byte-codec.js';
import { TextCodec } from '../../data/tokens/text-codec.js';
import type { TokenCodec } from '../../data/tokens/token-codec.js';
import type { Json } from '../../layers/layer.js';
import { codecFromJSON, codecOfText } from '../codec-of-text.js';

/** Ids that stand before those of tokens: no token, and what begins and ends a target. */
export const specialIds = { padding: 0, begin: 1, end: 2 } as const;
const numSpecial = 3;

/** What a token may be: `whitespace` cuts at white space alone, for what is cut into tokens already. */
export const sentenceTokens = ['bpe', 'words', 'whitespace', 'characters'] as const;
export type SentenceTokens = (typeof sentenceTokens)[number];

/** Texts of one side of pairs as ids and back; ids 0 to 2 are {@link specialIds}. */
export class SentenceCodec {
  constructor(readonly tokens: TokenCodec) {}

  /** The codec of texts, one sentence each. @throws OUT_OF_RANGE */
  static of(
    texts: readonly string[],
    level: SentenceTokens,
    { maxTokens, lower }: { maxTokens: number; lower: boolean },
  ): SentenceCodec {
    // A line end between them would be a token of its own.
    const text = texts.join(' ');
    const own = level === 'whitespace' ? ({ level: 'words', punctuation: 'attach' } as const) : { level };
    return new SentenceCodec(codecOfText(text, { ...own, maxTokens, lower }));
  }

  /** What its tokens are. */
  get kind(): SentenceTokens {
    const { tokens } = this;
    if (!(tokens instanceof TextCodec)) return 'bpe';
    return tokens.level === 'words' && tokens.punctuation === 'attach' ? 'whitespace' : tokens.level;
  }

  /** Number of ids, the special ones included. */
  get size(): number {
    return this.tokens.size + numSpecial;
  }

  /** Whether an id stands for what the codec does not know. */
  isUnknown(id: number): boolean {
    return this.tokens.unknownId !== undefined && id === this.tokens.unknownId + numSpecial;
  }

  encode(text: string): Int32Array {
    return this.tokens.encode(text).map((id) => id + numSpecial);
  }

  /** Ids that a longer text begins with, which begins with this one, and the bytes that whatever follows them spells first. */
  encodeOpen(text: string): { readonly ids: Int32Array; readonly open: Uint8Array } {
    if (!(this.tokens instanceof ByteCodec)) return { ids: this.encode(text), open: new Uint8Array(0) };
    const { ids, open } = this.tokens.encodeOpen(text);
    return { ids: ids.map((id) => id + numSpecial), open };
  }

  /** The bytes of an id of byte pairs; none of other ids. */
  bytesOf(id: number): Uint8Array {
    const isOfBytes = this.tokens instanceof ByteCodec && id >= numSpecial;
    return isOfBytes ? this.tokens.pairs.bytesOf(id - numSpecial) : new Uint8Array(0);
  }

  /** A text's tokens as they are written; of unknown ones the text stands for itself. */
  split(text: string): string[] {
    return this.tokens instanceof TextCodec
      ? this.tokens.split(text)
      : Array.from(this.encode(text), (id) => this.shown(id));
  }

  /**
   * The text of ids; special ones are left out.
   *
   * @param instead by place: what is written instead of an unknown id.
   */
  decode(ids: ArrayLike<number>, instead: readonly (string | undefined)[] = []): string {
    const kept = Array.from(ids).filter((id) => id >= numSpecial);
    const text = this.tokens.decode(kept.map((id) => id - numSpecial));
    const words = Array.from(ids, (id, place) => (this.isUnknown(id) ? instead[place] : undefined)).filter(
      (word) => word !== undefined,
    );
    if (words.length === 0) return text;
    const unknown = this.tokens.shown(this.tokens.unknownId!);
    return text.replaceAll(unknown, () => words.shift() ?? unknown);
  }

  /** An id as a person reads it. */
  shown(id: number): string {
    return id < numSpecial ? ['', '<s>', '</s>'][id] : this.tokens.shown(id - numSpecial);
  }

  toJSON(): Json {
    return this.tokens.toJSON();
  }

  /** @throws FILE_FORMAT when the value is not what {@link toJSON} writes */
  static fromJSON(value: unknown, where: string): SentenceCodec {
    return new SentenceCodec(codecFromJSON(value, where));
  }
}

/** Symbols, such as phonemes, are few and stand alone between spaces. */
const mostSymbols = 300;

/** What is made of smaller tokens: there are other numbers than those of the training, and signs belong to sentences. */
const partedSymbol = /^\p{Nd}{2,}$|\p{L}[.,;:!?…]$/u;

/** Signs of a text on average from which on it is cut into more than characters. */
const shortText = 20;

/**
 * What suits one side of pairs: characters for single words and other short texts, such as dates, white space for
 * symbols that stand apart, such as phonemes, and byte pairs for all else.
 */
export function tokensFor(texts: readonly string[]): SentenceTokens {
  const symbols = new Set<string>();
  let numWords = 0;
  for (const text of texts) {
    const words = text.split(/\s+/u).filter((word) => word !== '');
    numWords += words.length;
    if (symbols.size <= mostSymbols) for (const word of words) symbols.add(word);
  }
  const numSigns = texts.reduce((sum, { length }) => sum + length, 0);
  const isOfWords = numWords >= 1.5 * texts.length;
  const areFew = symbols.size <= mostSymbols && numWords > 20 * symbols.size;
  if (isOfWords && areFew && ![...symbols].some((symbol) => partedSymbol.test(symbol))) return 'whitespace';
  return isOfWords && numSigns > shortText * texts.length ? 'bpe' : 'characters';
}
