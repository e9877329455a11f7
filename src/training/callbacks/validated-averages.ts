import type { Trainable } from '../trainable.js';
import type { Callback, Logs, TrainingContext } from './callback.js';

/** Validates averages of the weights, while training goes on with the weights themselves. */
export abstract class ValidatedAverages implements Callback {
  abstract readonly name: string;
  #takeBack: (() => void) | undefined;

  /** Gives the model the averages. @returns what gives the weights back; undefined where there are no averages yet */
  protected abstract swap(model: Trainable): (() => void) | undefined | Promise<() => void>;

  async onValidationBegin(_epoch: number, { model }: TrainingContext): Promise<void> {
    this.#takeBack = await this.swap(model);
  }

  onValidationStopped(): void {
    const takeBack = this.#takeBack;
    this.#takeBack = undefined;
    takeBack?.();
  }

  onEpochEnd(_epoch: number, _logs: Logs, _context: TrainingContext): void | Promise<void> {
    this.onValidationStopped();
  }
}

/** Exchanges weights and the averages that the optimizer keeps; gives what exchanges them again. */
export function swapAveragesOf({ optimizer }: Trainable): () => void {
  optimizer.swapAverages();
  return () => optimizer.swapAverages();
}
