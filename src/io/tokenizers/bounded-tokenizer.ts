import { createContext, runInContext } from 'node:vm';
import { patternsOf } from '../../data/tokens/require-safe-tokenizer.js';
import type { FileTokenizer, TokenizerLibrary } from '../../data/tokens/tokenizer-codec.js';
import { RondoError } from '../../errors.js';

/** What a call may take: far more than any tokenizer needs on a slow machine, and an end. */
const [limitMs, limitMsPerCharacter] = [20_000, 1];

const context = createContext({ work: undefined });

/**
 * A library whose tokenizers end: their regular expressions come from a file, and one can take longer than the world
 * has been there on a text of a few dozen characters. V8 stops a script that takes too long, and what it calls, at a
 * back-tracking step.
 */
export function boundedLibrary(
  { Tokenizer }: TokenizerLibrary,
  limitsMs = { call: limitMs, character: limitMsPerCharacter },
): TokenizerLibrary {
  const bounded = <T>(length: number, work: () => T): T => {
    context.work = work;
    try {
      return runInContext('work()', context, { timeout: Math.ceil(limitsMs.call + limitsMs.character * length) }) as T;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw cause;
      throw new RondoError('FILE_FORMAT', {
        where: 'tokenizer.json',
        what: 'the tokenizer does not come to an end.',
        received: `${length} characters in more than ${Math.ceil(limitsMs.call + limitsMs.character * length)} ms`,
        fix: 'use a tokenizer.json from a source that you trust.',
        cause,
      });
    } finally {
      context.work = undefined;
    }
  };
  return {
    Tokenizer: class implements FileTokenizer {
      readonly #tokenizer: FileTokenizer;
      /** Decoding is called for every token that is written: a limit is set where it may be needed. */
      readonly #decodesByPatterns: boolean;

      constructor(json: object, config: object) {
        this.#tokenizer = bounded(0, () => new Tokenizer(json, config));
        this.#decodesByPatterns = !patternsOf((json as { decoder?: unknown | undefined }).decoder).next().done;
      }

      encode(
        text: string,
        options?: { add_special_tokens?: boolean | undefined },
      ): { readonly ids: ArrayLike<number> } {
        return bounded(text.length, () => this.#tokenizer.encode(text, options));
      }

      decode(
        ids: number[],
        options?: { skip_special_tokens?: boolean | undefined; clean_up_tokenization_spaces?: boolean | undefined },
      ): string {
        const decode = (): string => this.#tokenizer.decode(ids, options);
        return this.#decodesByPatterns ? bounded(ids.length, decode) : decode();
      }

      token_to_id(token: string): number | undefined {
        return this.#tokenizer.token_to_id(token);
      }

      id_to_token(id: number): string | undefined {
        return this.#tokenizer.id_to_token(id);
      }

      get_vocab(withAddedTokens?: boolean): ReadonlyMap<string, number> {
        return this.#tokenizer.get_vocab(withAddedTokens);
      }
    },
  };
}
