import { RondoError } from '../../errors.js';
import type { Json } from '../../layers/layer.js';
import type { Callback, CallbackState, Logs } from './callback.js';

/**
 * Keeps the logs of all epochs as a CSV table. `save` gets the whole table after each epoch, so that a resumed run
 * leaves no row twice; `rondo/node` has `csvLogger`, which saves to a file.
 */
export class CSVLogger implements Callback {
  readonly name = 'csvLogger';
  #names: readonly string[] | undefined;
  #rows: string[] = [];
  #isResumed = false;
  readonly #save: (table: string) => void | Promise<void>;

  constructor(save: (table: string) => void | Promise<void>) {
    this.#save = save;
  }

  onTrainBegin(): void {
    if (!this.#isResumed) {
      this.#names = undefined;
      this.#rows = [];
    }
    this.#isResumed = false;
  }

  async onEpochEnd(epoch: number, logs: Logs): Promise<void> {
    this.#names ??= Object.keys(logs);
    this.#rows.push([epoch, ...this.#names.map((name) => logs[name])].join(','));
    await this.#save([['epoch', ...this.#names].join(','), ...this.#rows, ''].join('\n'));
  }

  getState(): CallbackState {
    return { values: { names: this.#names, rows: [...this.#rows] } };
  }

  setState({ values }: CallbackState): void {
    const { names, rows } = values;
    if (!isTexts(rows) || !(names === undefined || isTexts(names))) {
      throw new RondoError('FILE_FORMAT', {
        where: 'CSVLogger.setState',
        what: 'this is not the state of such a logger.',
        expected: 'names and rows, as texts',
        fix: 'resume from an intact checkpoint.',
      });
    }
    this.#names = names;
    this.#rows = [...rows];
    this.#isResumed = true;
  }
}

function isTexts(value: Json | undefined): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
