import { RondoError } from '../../errors.js';
import { tensor } from '../../tensor/tensor.js';
import type { Sequential } from '../../training/sequential.js';
import { hostIsWaiting, yieldToHost } from '../../training/yield-to-host.js';

/** Tokens read at once: enough to fill the matrix products, few enough that logits of large vocabularies stay small. */
const pieceTokens = 256;

/** Which reader a model's carried state belongs to. */
const owners = new WeakMap<Sequential, TextReader>();

/**
 * Runs a stateful language model over a text from left to right, one step a token, whatever was read before. The state
 * is in the model, so only one reader of a model can be under way.
 */
export class TextReader {
  readonly #model: Sequential;

  /** Forgets what the model has read. */
  constructor(model: Sequential) {
    this.#model = model;
    model.resetStates();
    owners.set(model, this);
  }

  /**
   * Reads on, and gives the logits of what follows each token, `[tokens.length, vocabulary]` piece by piece.
   *
   * @throws USAGE when another reader of the same model has been started meanwhile.
   */
  async *logits(tokens: Int32Array): AsyncGenerator<{ start: number; length: number; logits: ArrayLike<number> }> {
    for (let start = 0; start < tokens.length; start += pieceTokens) {
      if (owners.get(this.#model) !== this) {
        throw new RondoError('USAGE', {
          where: 'TextReader',
          what: 'the model was used for another text before this one was done.',
          expected: 'one text at a time for each model',
          fix: 'finish one evaluation before the next, or load the model twice.',
        });
      }
      const piece = tokens.slice(start, start + pieceTokens);
      if (hostIsWaiting()) await yieldToHost();
      const logits = await this.#model.apply(tensor(piece, [1, piece.length])).data();
      yield { start, length: piece.length, logits };
    }
  }

  /** Reads on, and gives the logits of what follows the last token. */
  async next(tokens: Int32Array): Promise<ArrayLike<number>> {
    let last: ArrayLike<number> = [];
    for await (const { length, logits } of this.logits(tokens)) {
      const width = logits.length / length;
      last = Array.prototype.slice.call(logits, (length - 1) * width) as number[];
    }
    return last;
  }
}
