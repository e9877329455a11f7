import { RondoError } from '../../errors.js';
import type { Trainable } from '../trainable.js';
import type { TrainingContext } from './callback.js';
import { swapAveragesOf, ValidatedAverages } from './validated-averages.js';

/**
 * Validates the moving averages of the weights that an optimizer with `useEMA` keeps, while training goes on with the
 * weights themselves. Keras's callback of that name with `swap_on_epoch`; Polyak and Juditsky 1992. `fit` ends with the
 * averages, or with the best epoch's where EarlyStopping restores it. EarlyStopping and ModelCheckpoint are to stand
 * before this callback in the list: those behind it find the weights themselves beside the losses of the averages.
 *
 * @throws USAGE with an optimizer that keeps no averages
 */
export class SwapEMAWeights extends ValidatedAverages {
  readonly name: string = 'swapEMAWeights';

  onTrainBegin({ model: { optimizer } }: TrainingContext): void {
    if (optimizer.hasAverages) return;
    throw new RondoError('USAGE', {
      where: 'SwapEMAWeights',
      what: 'the optimizer keeps no averages of the weights.',
      received: optimizer.name,
      fix: `compile the model with an optimizer that has \`useEMA: true\`, as optimizers.${optimizer.name}({ useEMA: true }).`,
    });
  }

  protected override swap(model: Trainable): () => void {
    return swapAveragesOf(model);
  }
}
