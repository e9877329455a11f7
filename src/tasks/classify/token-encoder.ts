import { isBoolean, isCount, isText, isTexts, SavedFields } from '../../data/saved-fields.js';
import { type TokenKind, type TokenSpan, tokenKinds, tokenSpansOf } from '../../data/token-spans.js';
import { Vocabulary } from '../../data/vocabulary.js';
import type { FormVectors } from '../../io/word-vectors/form-vectors.js';
import type { Json } from '../../layers/layer.js';

const sides = ['pre', 'post'] as const;
/** An end of a text: `pre` its beginning, `post` its end. */
export type TextSide = (typeof sides)[number];

/** How texts become rows of token ids. */
export interface TokenEncoderSettings {
  readonly tokens: TokenKind;
  readonly lower: boolean;
  readonly locale: string;
  /** Longest row; longer texts lose tokens at the side `truncating`. */
  readonly timesteps: number;
  readonly truncating: TextSide;
  /** The side at which shorter rows of a batch are filled with id 0, which is masked. */
  readonly padding: TextSide;
}

const special = { paddingToken: '<pad>', oovToken: '<unk>' };

/** The tokens of a text that a model with these settings reads, with their places. */
export function tokensRead(text: string, settings: TokenEncoderSettings): TokenSpan[] {
  const spans = tokenSpansOf(text, settings);
  const { timesteps, truncating } = settings;
  if (spans.length <= timesteps) return spans;
  return truncating === 'pre' ? spans.slice(-timesteps) : spans.slice(0, timesteps);
}

/**
 * Texts to token ids, with the vocabulary of the texts it was made from: id 0 is padding, 1 stands for unknown tokens.
 */
export class TokenEncoder {
  private constructor(
    readonly settings: TokenEncoderSettings,
    readonly vocabulary: Vocabulary,
  ) {}

  /**
   * @param limits the size of the vocabulary, special tokens included, and how often a token must be seen to be in it.
   * @param pretrained vectors of words: a token that has one need not be seen so often, and the first `numWords` of the
   *   words that can be tokens are in the vocabulary too, after those of the texts and beyond `maxTokens`.
   */
  static fromTexts(
    texts: readonly string[],
    settings: TokenEncoderSettings,
    limits: { maxTokens: number; minCount: number },
    pretrained?: { vectors: FormVectors; numWords: number },
  ): TokenEncoder {
    function* tokens(): Generator<string> {
      for (const text of texts) for (const { token } of tokenSpansOf(text, settings)) yield token;
    }
    const fromVectors = pretrained && {
      keep: (token: string) => pretrained.vectors.has(token),
      more: [...pretrained.vectors.firstForms(pretrained.numWords)].filter(
        (form) => tokenSpansOf(form, settings)[0]?.token === form,
      ),
    };
    return new TokenEncoder(settings, Vocabulary.fromTokens(tokens(), { ...special, ...limits, ...fromVectors }));
  }

  /** Number of ids. */
  get size(): number {
    return this.vocabulary.size;
  }

  /** The tokens of a text that the model reads, with their places. */
  spans(text: string): TokenSpan[] {
    return tokensRead(text, this.settings);
  }

  /** The ids of {@link spans}. */
  encode(text: string): Int32Array {
    return this.ids(this.spans(text));
  }

  ids(spans: readonly TokenSpan[]): Int32Array {
    return Int32Array.from(spans, ({ token }) => this.vocabulary.idInText(token));
  }

  /** The id of every token that the vocabulary does not hold. */
  get unknownId(): number {
    return this.vocabulary.idOf(special.oovToken);
  }

  toJSON(): Json {
    return { ...this.settings, vocabulary: [...this.vocabulary.toJSON().tokens] };
  }

  /** @throws FILE_FORMAT when the value is not what {@link toJSON} writes. */
  static fromJSON(value: unknown, where: string): TokenEncoder {
    const saved = new SavedFields(where, value);
    const isSide = (found: unknown): found is TextSide => sides.includes(found as TextSide);
    const settings: TokenEncoderSettings = {
      tokens: saved.read('tokens', tokenKinds.join(' or '), (found): found is TokenKind =>
        tokenKinds.includes(found as TokenKind),
      ),
      lower: saved.read('lower', 'true or false', isBoolean),
      locale: saved.read('locale', 'a language tag', isText),
      timesteps: saved.read('timesteps', 'a count', isCount),
      truncating: saved.read('truncating', 'pre or post', isSide),
      padding: saved.read('padding', 'pre or post', isSide),
    };
    const tokens = saved.read('vocabulary', 'a list of texts', isTexts);
    return new TokenEncoder(settings, Vocabulary.fromJSON({ tokens, ...special }, where));
  }
}
