import { RondoError } from '../../errors.js';
import type { Callback, Logs, TrainingContext } from './callback.js';

/**
 * Validates the moving averages of the weights that an optimizer with `useEMA` keeps, while training goes on with the
 * weights themselves. Keras's callback of that name with `swap_on_epoch`; Polyak and Juditsky 1992. `fit` ends with the
 * averages, or with the best epoch's where EarlyStopping stands before this callback in the list and restores it.
 *
 * @throws USAGE with an optimizer that keeps no averages
 */
export class SwapEMAWeights implements Callback {
  readonly name: string = 'swapEMAWeights';
  #isSwapped = false;

  onTrainBegin({ model: { optimizer } }: TrainingContext): void {
    this.#isSwapped = false;
    if (optimizer.hasAverages) return;
    throw new RondoError('USAGE', {
      where: 'SwapEMAWeights',
      what: 'the optimizer keeps no averages of the weights.',
      received: optimizer.name,
      fix: `compile the model with an optimizer that has \`useEMA: true\`, as optimizers.${optimizer.name}({ useEMA: true }).`,
    });
  }

  onValidationBegin(_epoch: number, { model }: TrainingContext): void {
    model.optimizer.swapAverages();
    this.#isSwapped = true;
  }

  onValidationStopped(_epoch: number, { model }: TrainingContext): void {
    if (this.#isSwapped) model.optimizer.swapAverages();
    this.#isSwapped = false;
  }

  onEpochEnd(epoch: number, _logs: Logs, context: TrainingContext): void | Promise<void> {
    this.onValidationStopped(epoch, context);
  }
}
