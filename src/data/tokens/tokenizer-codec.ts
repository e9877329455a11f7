import { RondoError } from '../../errors.js';
import type { Json } from '../../layers/layer.js';
import { SavedFields } from '../saved-fields.js';
import { requireSafeTokenizer } from './require-safe-tokenizer.js';
import type { TokenCodec, TokenWriter } from './token-codec.js';

/** What is used of a tokenizer of `@huggingface/tokenizers`, or of another library of this form. */
export interface FileTokenizer {
  encode(text: string, options?: { add_special_tokens?: boolean | undefined }): { readonly ids: ArrayLike<number> };
  decode(
    ids: number[],
    options?: { skip_special_tokens?: boolean | undefined; clean_up_tokenization_spaces?: boolean | undefined },
  ): string;
  token_to_id(token: string): number | undefined;
  id_to_token(id: number): string | undefined;
  get_vocab(withAddedTokens?: boolean): ReadonlyMap<string, number>;
}

/** The npm package `@huggingface/tokenizers`, or another of this form. */
export interface TokenizerLibrary {
  readonly Tokenizer: new (tokenizer: object, config: object) => FileTokenizer;
}

/** Tokens before the one that is written which its text may depend on. */
const contextTokens = 8;

/**
 * A tokenizer that another program trained, from its `tokenizer.json`. Whether a text comes back exactly is the file's
 * choice: with byte-level pairs it does, with lower case or an unknown token it does not.
 */
export class TokenizerCodec implements TokenCodec {
  readonly level = 'file';
  readonly size: number;
  readonly unknownId: number | undefined;

  readonly #tokenizer: FileTokenizer;
  readonly #json: Json;

  /** @param json the content of the file. @throws FILE_FORMAT where its ids have no end */
  constructor(tokenizer: FileTokenizer, json: Json, where = 'TokenizerCodec') {
    this.#tokenizer = tokenizer;
    this.#json = json;
    let largest = -1;
    for (const id of tokenizer.get_vocab(true).values()) largest = Math.max(largest, id);
    this.size = largest + 1;
    if (!Number.isSafeInteger(this.size) || this.size < 1 || this.size > 2 ** 26)
      throw new RondoError('FILE_FORMAT', {
        where,
        what: 'the tokenizer has no tokens, or impossible ids.',
        expected: 'ids from 0 up',
        received: String(largest),
        fix: 'use an intact tokenizer.json.',
      });
    const { model } = json as { model?: { unk_token?: unknown | undefined } | undefined };
    this.unknownId = typeof model?.unk_token === 'string' ? tokenizer.token_to_id(model.unk_token) : undefined;
  }

  encode(text: string): Int32Array {
    return text === ''
      ? new Int32Array(0)
      : Int32Array.from(this.#tokenizer.encode(text, { add_special_tokens: false }).ids);
  }

  decode(ids: ArrayLike<number>): string {
    return ids.length === 0
      ? ''
      : this.#tokenizer.decode(Array.from(ids), { skip_special_tokens: false, clean_up_tokenization_spaces: false });
  }

  written(token: number, before: number | undefined): string | undefined {
    const text =
      before === undefined ? this.decode([token]) : this.decode([before, token]).slice(this.decode([before]).length);
    return text.includes('\ufffd') ? undefined : text;
  }

  shown(token: number): string {
    return this.#tokenizer.id_to_token(token) ?? '';
  }

  writer(before?: number): TokenWriter {
    let shown: number[] = before === undefined ? [] : [before];
    let waiting: number[] = [];
    const next = (): string => this.decode([...shown, ...waiting]).slice(this.decode(shown).length);
    return {
      write: (token) => {
        waiting.push(token);
        const text = next();
        // The bytes of a character are not all there yet.
        if (text.endsWith('\ufffd')) return '';
        shown = [...shown, ...waiting].slice(-contextTokens);
        waiting = [];
        return text;
      },
      end: () => (waiting.length === 0 ? '' : next()),
    };
  }

  toJSON(): Json {
    return { level: this.level, tokenizer: this.#json };
  }

  /** Checks the content of a `tokenizer.json` before the library sees it. @throws FILE_FORMAT */
  static from(json: { [key: string]: Json }, { Tokenizer }: TokenizerLibrary, where: string): TokenizerCodec {
    requireSafeTokenizer(json, where);
    return new TokenizerCodec(new Tokenizer(json, {}), json, where);
  }

  /** @throws FILE_FORMAT; BACKEND_UNAVAILABLE without a library */
  static fromJSON(value: unknown, where: string, library: TokenizerLibrary | undefined): TokenizerCodec {
    const json = new SavedFields(where, value).read(
      'tokenizer',
      'an object',
      (found): found is { [key: string]: Json } => typeof found === 'object' && found !== null && !Array.isArray(found),
    );
    if (library !== undefined) return TokenizerCodec.from(json, library, where);
    throw new RondoError('BACKEND_UNAVAILABLE', {
      where,
      what: 'the model has the tokenizer of another program, which needs a library.',
      expected: 'the npm package @huggingface/tokenizers',
      received: 'none',
      fix: 'give it as `tokenizers`; in Node, loadTask does.',
    });
  }
}
