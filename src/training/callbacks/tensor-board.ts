import { refuseUnknownOptions, requireCount } from '../../errors.js';
import { encodeFileVersion, encodeScalar } from '../tensorboard.js';
import type { Callback, Logs, Progress, TrainingContext } from './callback.js';

export interface TensorBoardOptions {
  /** Appends bytes to the event file. */
  write: (records: Uint8Array) => void | Promise<void>;
  /** Writes the running loss after every so many steps. Default: only after epochs. */
  everySteps?: number | undefined;
}

/**
 * Writes losses, metrics and the learning rate as event records of TensorBoard: `loss/train` and `loss/validation`
 * after each epoch, `step/loss` between them. `rondo/node` has `tensorBoard`, which writes to a folder.
 */
export class TensorBoard implements Callback {
  readonly name = 'tensorBoard';
  readonly #options: TensorBoardOptions;

  /** @throws OUT_OF_RANGE */
  constructor(options: TensorBoardOptions) {
    this.#options = options;
    refuseUnknownOptions('TensorBoard', options, ['write', 'everySteps']);
    if (options.everySteps !== undefined) requireCount('TensorBoard', 'everySteps', options.everySteps);
  }

  async onTrainBegin(): Promise<void> {
    await this.#options.write(encodeFileVersion(Date.now() / 1000));
  }

  /** Is not asynchronous where there is nothing to write. */
  onBatchEnd({ loss }: Progress, { numSteps }: TrainingContext): void | Promise<void> {
    const { everySteps } = this.#options;
    if (everySteps === undefined || numSteps % everySteps !== 0) return;
    return this.#write({ 'step/loss': loss }, numSteps);
  }

  onEpochEnd(epoch: number, logs: Logs, { model }: TrainingContext): void | Promise<void> {
    const values: Record<string, number> = {};
    for (const [name, value] of Object.entries(logs)) values[tagOf(name, logs)] = value;
    return this.#write({ ...values, learningRate: model.optimizer.learningRate }, epoch);
  }

  #write(values: Logs, step: number): void | Promise<void> {
    const wallTimeSeconds = Date.now() / 1000;
    const records = Object.entries(values).map(([tag, value]) => encodeScalar({ tag, value, step, wallTimeSeconds }));
    const joined = new Uint8Array(records.reduce((size, { length }) => size + length, 0));
    let offset = 0;
    for (const record of records) {
      joined.set(record, offset);
      offset += record.length;
    }
    return this.#options.write(joined);
  }
}

/** `valLoss` is `loss/validation`, where there is a `loss`. */
function tagOf(name: string, logs: Logs): string {
  const rest = name.startsWith('val') ? name.charAt(3).toLowerCase() + name.slice(4) : '';
  return rest in logs ? `${rest}/validation` : `${name}/train`;
}
