import { cellNamed, type TrainingOutcome } from '../src/index.js';
import { sparkline } from './terminal/plot.js';
import { counted, shortNumber } from './text-table.js';

/** Those that every task has. */
interface SharedOptions
  extends Readonly<Record<'epochs' | 'batchSize' | 'timesteps' | 'learningRate' | 'dropout', number>> {
  readonly cell: string;
  /** Most tokens of a batch, where these and not texts fill it. */
  readonly batchTokens?: number;
}

/** What `rondo inspect` says of the training of any model. */
export function trainingLines(
  { cell, epochs, batchSize, batchTokens, timesteps, learningRate, dropout }: SharedOptions,
  outcome: TrainingOutcome | undefined,
): string[] {
  return [
    `cell      ${cell}: ${cellNamed(cell).description}`,
    `training  ${counted(epochs, 'epoch')} of batches of ` +
      `${batchTokens === undefined ? `${batchSize} x ${timesteps}` : `up to ${batchTokens} tokens`}, ` +
      `learning rate ${shortNumber(learningRate)}, dropout ${dropout}`,
    ...(outcome === undefined
      ? []
      : [
          `outcome   best epoch ${outcome.bestEpoch + 1} of ${outcome.loss.length}, ` +
            (outcome.valLoss.length > 0
              ? `validation loss ${shortNumber(outcome.valLoss[outcome.bestEpoch])}`
              : `loss ${shortNumber(outcome.loss[outcome.bestEpoch])}`) +
            (outcome.valScore === undefined ? '' : `, score ${shortNumber(outcome.valScore[outcome.bestEpoch])}`) +
            `  ${sparkline(outcome.valLoss, { width: 40 })}`,
        ]),
  ];
}
